"""The product beside these tests: an agent stages over HTTP, a person decides over HTTP."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.frameworks.product import Product


@pytest.fixture
def refund(api: httpx.Client, product: Product) -> str:
    """A refund that waits, by its id."""
    body = {
        "workflow": product.workflow,
        "action_type": "refund",
        "payload": {"order": "A-1", "amount": 120, "currency": "USD"},
    }
    staged = api.post("/actions", json=body, headers={"Idempotency-Key": str(uuid4())})
    assert staged.json()["state"] == "pending", staged.text
    return str(staged.json()["id"])


@pytest.mark.parametrize(
    ("verdict", "state"),
    [
        ("approve", "approved"),
        ("edit", "approved"),
        ("reject", "rejected"),
        ("ask_for_changes", "changes_requested"),
        ("take_over", "taken_over"),
    ],
)
def test_a_person_decides_over_the_real_forms(
    verdict: str, state: str, refund: str, api: httpx.Client, decide: Callable[..., None]
) -> None:
    decide(refund, verdict, {"amount": 80}, comment="Half of it came back.")
    assert api.get(f"/actions/{refund}").json()["state"] == state


def test_what_a_person_edited_is_what_is_released(
    refund: str, api: httpx.Client, decide: Callable[..., None]
) -> None:
    decide(refund, "edit", {"amount": 80})
    release: dict[str, Any] = api.post(f"/actions/{refund}/release", json={}).json()
    assert release["payload"] == {"order": "A-1", "amount": 80, "currency": "USD"}
