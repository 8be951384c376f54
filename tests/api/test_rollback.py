"""A rollback as its agent sees it: asked for, or staged as an action of its own."""

import pytest

from agents_registry.models import ActionType, Agent, Person
from approvals import rollback
from approvals.models import Action, FollowUp
from tests.api.client import AgentClient, problem
from tests.approvals.undone import AFTER, BEFORE, create_alone, create_done, undoing

pytestmark = pytest.mark.django_db


def ask(action: Action, person: Person) -> None:
    rollback.ask(action_id=action.pk, person=person, reason="wrong")


def test_what_undoes_it_is_taken_and_reported_like_any_other(
    api: AgentClient, agent: Agent, refund: ActionType, reviewer: Person
) -> None:
    charge = create_alone(refund)
    done = create_done(agent, refund, reviewer)
    ask(done, reviewer)
    (staged,) = api.get("/actions?state=approved").json()["results"]
    assert (staged["action_type"], staged["rolls_back"]) == (charge.key, str(done.pk))
    taken = api.post(f"/actions/{staged['id']}/release").json()
    assert taken["payload"]["receipt"] == "R-9"
    report = {"lease_id": taken["lease_id"], "status": "succeeded", "after": BEFORE}
    assert api.post(f"/actions/{staged['id']}/outcome", report).status_code == 200
    assert api.get(f"/actions/{done.pk}").json()["state"] == "rolled_back"


def test_past_what_was_staged_it_reports_nothing(
    api: AgentClient, agent: Agent, refund: ActionType, reviewer: Person
) -> None:
    create_alone(refund)
    done = create_done(agent, refund, reviewer)
    ask(done, reviewer)
    answer = api.post(f"/actions/{done.pk}/rollback", {"status": "succeeded"})
    assert str(undoing(done).pk) in problem(answer, 409, "rollback_is_staged")["detail"]


def test_the_state_that_it_reports_afterwards_is_looked_at(
    api: AgentClient, agent: Agent, refund: ActionType, reviewer: Person
) -> None:
    done = create_done(agent, refund, reviewer)
    ask(done, reviewer)
    report = {"status": "succeeded", "after": AFTER}
    assert api.post(f"/actions/{done.pk}/rollback", report).json()["state"] == "rolled_back"
    assert FollowUp.objects.filter(action=done, kind="phantom_rollback").exists()


def test_a_rehearsal_reaches_no_agent_as_work(
    api: AgentClient, agent: Agent, refund: ActionType, reviewer: Person
) -> None:
    create_alone(refund)
    done = create_done(agent, refund, reviewer)
    staged = rollback.drill(action_id=done.pk, person=reviewer, reason="drill")
    assert api.get("/actions?state=approved").json()["results"] == []
    problem(api.post(f"/actions/{staged.pk}/release"), 409, "not_live")
