"""A batch: each item for itself, in order, in one key space with single submissions."""

from typing import Any

import pytest

from approvals.models import Action
from tests.api.client import AgentClient, pointers, problem

pytestmark = pytest.mark.django_db


def test_one_bad_item_fails_alone(
    api: AgentClient, body: dict[str, Any], read_body: dict[str, Any]
) -> None:
    bad = {**body, "payload": {"order": "A-2"}, "idempotency_key": "k2"}
    items = [{**body, "idempotency_key": "k1"}, bad, read_body, "no object", {**body, "x": 1}]
    response = api.post("/actions/batch", {"actions": items})
    assert response.status_code == 207
    results = response.json()["results"]
    assert [result["status"] for result in results] == [201, 400, 201, 400, 400]
    assert results[0]["action"]["state"] == "pending"
    assert results[0]["replayed"] is False
    assert results[1]["problem"]["code"] == "payload_invalid"
    assert ("/actions/1/payload", "required") in pointers(results[1]["problem"])
    assert results[2]["action"]["state"] == "approved"
    assert results[3]["problem"]["errors"][0]["pointer"] == "/actions/3"
    assert ("/actions/4/x", "unknown_field") in pointers(results[4]["problem"])
    assert Action.objects.count() == 2


def test_a_batch_and_single_submissions_share_their_keys(
    api: AgentClient, body: dict[str, Any]
) -> None:
    single = api.stage(body, "k1").json()
    other = {**body, "run_id": "another", "idempotency_key": "k1"}
    items = [{**body, "idempotency_key": "k1"}, other]
    results = api.post("/actions/batch", {"actions": items}).json()["results"]
    assert (results[0]["action"]["id"], results[0]["replayed"]) == (single["id"], True)
    assert results[1]["status"] == 422
    assert Action.objects.count() == 1


def test_a_batch_needs_keys_as_single_submissions_do(
    api: AgentClient, body: dict[str, Any]
) -> None:
    items = [body, {**body, "idempotency_key": 7}]
    results = api.post("/actions/batch", {"actions": items}).json()["results"]
    assert results[0]["problem"]["code"] == "idempotency_key_missing"
    assert pointers(results[1]["problem"]) == [
        ("/actions/1/idempotency_key", "idempotency_key_invalid")
    ]


@pytest.mark.parametrize(
    ("actions", "code"),
    [([], "empty"), ([{}] * 201, "max_length"), ({}, "not_a_list"), (None, "null")],
)
def test_a_batch_has_one_to_two_hundred_items(api: AgentClient, actions: Any, code: str) -> None:
    found = problem(api.post("/actions/batch", {"actions": actions}), 400, "invalid")
    assert pointers(found) == [("/actions", code)]
