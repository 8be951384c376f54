"""Reporting back: once per lease, under the live one; and how a rollback went."""

from typing import Any

import pytest

from agents_registry.models import ActionType, Agent, Person
from approvals.models import Action, FollowUp, Outcome
from tests.api.client import AgentClient, pointers, problem
from tests.api.test_releasing import approved

pytestmark = pytest.mark.django_db


@pytest.fixture
def lease(api: AgentClient, agent: Agent, refund: ActionType, reviewer: Person) -> dict[str, Any]:
    """A refund that the agent has taken."""
    action = approved(agent, refund, reviewer)
    taken: dict[str, Any] = api.post(f"/actions/{action.pk}/release").json()
    return taken


def test_an_outcome_is_kept_whole(api: AgentClient, lease: dict[str, Any]) -> None:
    outcome = {
        "lease_id": lease["lease_id"],
        "status": "succeeded",
        "after": {"refunded": 120},
        "cost": {"amount": "0.02", "currency": "USD"},
        "value": {"amount": "120.00", "currency": "USD"},
        "occurred_at": "2026-11-21T10:00:00+01:00",
    }
    response = api.post(f"/actions/{lease['action_id']}/outcome", outcome)
    assert response.status_code == 200
    assert response.json()["state"] == "succeeded"
    kept = Outcome.objects.get()
    assert (kept.after, kept.cost) == ({"refunded": 120}, outcome["cost"])
    assert kept.occurred_at is not None
    assert kept.occurred_at.isoformat() == "2026-11-21T09:00:00+00:00"


def test_the_same_outcome_again_gets_the_same_answer_and_another_is_refused(
    api: AgentClient, lease: dict[str, Any]
) -> None:
    path = f"/actions/{lease['action_id']}/outcome"
    outcome = {"lease_id": lease["lease_id"], "status": "failed", "error": "card closed"}
    first = api.post(path, outcome)
    assert api.post(path, outcome).json() == first.json()
    problem(api.post(path, {**outcome, "error": "another"}), 409, "outcome_differs")
    assert Outcome.objects.count() == 1
    assert FollowUp.objects.get().kind == "failed"


def test_a_lease_of_another_action_is_none(
    api: AgentClient, lease: dict[str, Any], action: Action
) -> None:
    outcome = {"lease_id": lease["lease_id"], "status": "succeeded"}
    problem(api.post(f"/actions/{action.pk}/outcome", outcome), 409, "lease_lost")


@pytest.mark.parametrize(
    ("field", "pointer", "code"),
    [
        ({"status": "done"}, "/status", "invalid_choice"),
        ({"status": None}, "/status", "null"),
        ({"lease_id": "x"}, "/lease_id", "invalid"),
        ({"lease_id": 5}, "/lease_id", "invalid"),
        ({"cost": "free"}, "/cost", "invalid"),
        ({"error": "x" * 10_001}, "/error", "max_length"),
        ({"occurred_at": "yesterday"}, "/occurred_at", "instant_invalid"),
    ],
)
def test_an_outcome_of_the_wrong_shape_is_refused(
    api: AgentClient, lease: dict[str, Any], field: dict[str, Any], pointer: str, code: str
) -> None:
    outcome = {"lease_id": lease["lease_id"], "status": "succeeded", **field}
    response = api.post(f"/actions/{lease['action_id']}/outcome", outcome)
    assert pointers(problem(response, 400, "invalid")) == [(pointer, code)]
    assert not Outcome.objects.exists()


def test_a_rollback_is_reported_only_where_one_was_asked_for(
    api: AgentClient, lease: dict[str, Any]
) -> None:
    path = f"/actions/{lease['action_id']}"
    api.post(f"{path}/outcome", {"lease_id": lease["lease_id"], "status": "succeeded"})
    problem(api.post(f"{path}/rollback", {"status": "succeeded"}), 409, "no_rollback")
    Action.objects.filter(pk=lease["action_id"]).update(state="rollback_requested")
    answer = api.post(f"{path}/rollback", {"status": "failed", "error": "the card is closed"})
    assert answer.json()["state"] == "rollback_failed"
