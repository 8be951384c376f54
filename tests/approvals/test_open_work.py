"""Nothing ends silently: what failed or is unknown waits for a named person and a choice."""

from datetime import timedelta

import pytest

from agents_registry.models import Agent, Person, Workflow
from approvals import closing, deadlines, outcome, release, review
from approvals.errors import Conflict, Invalid, Missing
from approvals.models import Action, FollowUp
from approvals.states import State
from ledger import clock
from tests.factories import create_person, seen

pytestmark = pytest.mark.django_db


@pytest.fixture
def failed(agent: Agent, action: Action, reviewer: Person) -> Action:
    """A refund that a person edited and approved, and that failed."""
    payload = {"order": "A-1", "amount": 100, "currency": "USD"}
    review.edit_and_approve(
        action_id=action.pk, person=reviewer, seen=seen(action), payload=payload, checked=["x"]
    )
    taken = release.lease(agent=agent, action_id=action.pk)
    return outcome.report(
        agent=agent,
        action_id=action.pk,
        lease_id=taken.lease.pk,
        status="failed",
        body_digest="d",
    )


def close(action: Action, person: Person, choice: str, reason: str = "seen") -> FollowUp:
    work = FollowUp.objects.get(action=action, closed_at__isnull=True)
    return closing.close(follow_up_id=work.pk, person=person, choice=choice, reason=reason)


def test_a_retry_is_a_new_action_that_is_judged_and_decided_afresh(
    failed: Action, workflow: Workflow
) -> None:
    close(failed, workflow.workflow_owner, "retry")
    again = Action.objects.get(retry_of=failed)
    assert (again.state, again.tier) == (State.PENDING, "mandatory")
    assert again.contents.get().payload["amount"] == 100
    assert Action.objects.get(pk=failed.pk).state == State.FAILED


def test_a_rollback_is_asked_of_the_agent_and_seen_through(
    failed: Action, agent: Agent, workflow: Workflow
) -> None:
    close(failed, workflow.workflow_owner, "roll_back")
    assert Action.objects.get(pk=failed.pk).state == State.ROLLBACK_REQUESTED
    outcome.report_rollback(agent=agent, action_id=failed.pk, succeeded=False, error="gone")
    assert Action.objects.get(pk=failed.pk).state == State.ROLLBACK_FAILED
    work = FollowUp.objects.get(action=failed, closed_at__isnull=True)
    assert (work.kind, work.assignee) == ("rollback_failed", workflow.system_owner)


def test_it_ends_once_and_with_a_reason(failed: Action, workflow: Workflow) -> None:
    work = FollowUp.objects.get(action=failed)
    with pytest.raises(Invalid):
        close(failed, workflow.workflow_owner, "close", reason=" ")
    close(failed, workflow.workflow_owner, "close")
    with pytest.raises(Conflict):
        closing.close(
            follow_up_id=work.pk, person=workflow.workflow_owner, choice="close", reason="again"
        )


def test_only_those_who_answer_for_it_end_it(failed: Action, workflow: Workflow) -> None:
    with pytest.raises(Missing):
        close(failed, create_person(team=workflow.team), "close")


def test_an_unknown_outcome_is_settled_by_the_system_owner_alone(
    agent: Agent, action: Action, reviewer: Person, workflow: Workflow
) -> None:
    review.approve(action_id=action.pk, person=reviewer, seen=seen(action), checked=["x"])
    taken = release.lease(agent=agent, action_id=action.pk, seconds=1)
    with clock.simulated(taken.lease.expires_at + timedelta(seconds=1)):
        deadlines.sweep_leases()
    with pytest.raises(Missing):
        close(action, workflow.risk_owner, "it_was_done")
    close(action, workflow.system_owner, "it_was_done")
    assert Action.objects.get(pk=action.pk).state == State.SUCCEEDED


def test_late_open_work_goes_to_the_workflow_owner(failed: Action, workflow: Workflow) -> None:
    work = FollowUp.objects.get(action=failed)
    FollowUp.objects.filter(pk=work.pk).update(assignee=workflow.system_owner)
    with clock.simulated(work.due_at):
        assert deadlines.sweep_follow_ups() == 1
        assert deadlines.sweep_follow_ups() == 0
    assert FollowUp.objects.get(pk=work.pk).assignee == workflow.workflow_owner
