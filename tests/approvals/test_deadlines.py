"""When nobody answers: a reminder, the next person, the safe fallback; never an approval."""

from datetime import timedelta

import pytest
from django.db import transaction

from agents_registry.models import ActionType, Agent, Person, Stop, Workflow
from approvals import deadlines, release, review, stopping, sweep
from approvals.errors import Conflict
from approvals.models import Action, FollowUp, Sweep
from approvals.states import State
from ledger import clock
from ledger.models import Event
from tests.factories import create_action, make_due, seen

pytestmark = pytest.mark.django_db


def fresh(action: Action) -> Action:
    return Action.objects.get(pk=action.pk)


def events_of(action: Action) -> list[str]:
    return list(
        Event.objects.filter(stream=action.stream).order_by("seq").values_list("type", flat=True)
    )


def approve(action: Action, reviewer: Person) -> None:
    review.approve(action_id=action.pk, person=reviewer, seen=seen(action), checked=["all"])


def test_a_step_that_is_not_due_is_left_alone(action: Action) -> None:
    assert deadlines.sweep_steps() == 0
    assert events_of(action) == ["action.staged"]


def test_a_reminder_comes_before_the_deadline_and_once(
    agent: Agent, refund: ActionType, workflow: Workflow
) -> None:
    workflow.chain.first_remind = "3 hours"
    workflow.chain.save()
    action = create_action(agent, refund)
    assert action.next_step_at == action.created_at + timedelta(hours=3)
    Action.objects.filter(pk=action.pk).update(next_step_at=clock.now())
    assert deadlines.sweep_steps() == 1
    assert deadlines.sweep_steps() == 0
    after = fresh(action)
    assert (after.step, after.assignee) == (0, None)
    assert after.next_step_at == after.due_at == action.due_at
    assert events_of(action) == ["action.staged", "action.reminded"]


def test_a_late_action_goes_to_the_next_person_with_a_new_deadline(
    action: Action, workflow: Workflow
) -> None:
    make_due(action)
    assert deadlines.sweep_steps() == 1
    after = fresh(action)
    assert (after.state, after.step, after.assignee) == ("pending", 1, workflow.workflow_owner)
    assert after.due_at is not None
    assert after.due_at > clock.now()
    assert deadlines.sweep_steps() == 0
    assert events_of(action) == ["action.staged", "action.escalated"]


def test_whoever_escalation_reached_may_decide(action: Action, workflow: Workflow) -> None:
    make_due(action)
    deadlines.sweep_steps()
    approve(action, workflow.workflow_owner)
    assert fresh(action).state == State.APPROVED


def test_at_the_end_of_the_chain_it_expires_and_is_never_approved(action: Action) -> None:
    for _ in range(2):
        make_due(fresh(action))
        deadlines.sweep_steps()
    assert fresh(action).state == State.EXPIRED
    assert events_of(action)[-1] == "action.expired"


@pytest.mark.parametrize(("fallback", "stops"), [("hold", 0), ("hold_and_pause", 1)])
def test_a_chain_that_holds_leaves_it_to_the_owner(
    agent: Agent, refund: ActionType, workflow: Workflow, fallback: str, stops: int
) -> None:
    workflow.chain.fallback = fallback
    workflow.chain.save()
    action = create_action(agent, refund)
    for _ in range(2):
        make_due(fresh(action))
        deadlines.sweep_steps()
    after = fresh(action)
    assert (after.state, after.held) == ("pending", True)
    assert after.assignee == workflow.workflow_owner
    assert Stop.objects.filter(lifted_at__isnull=True).count() == stops
    assert deadlines.sweep_steps() == 0
    approve(action, workflow.workflow_owner)
    assert fresh(action).state == State.APPROVED


def test_a_person_who_left_is_passed_over(action: Action, workflow: Workflow) -> None:
    Person.objects.filter(pk=workflow.workflow_owner_id).update(is_active=False)
    make_due(action)
    deadlines.sweep_steps()
    assert fresh(action).assignee is None


def test_running_actions_keep_the_chain_they_were_staged_with(
    action: Action, workflow: Workflow
) -> None:
    workflow.chain.stages = []
    workflow.chain.save()
    make_due(action)
    deadlines.sweep_steps()
    assert fresh(action).state == State.PENDING


def test_a_stop_holds_the_clock_and_resuming_moves_it_on(
    action: Action, workflow: Workflow
) -> None:
    owner = workflow.risk_owner
    stop = stopping.stop(
        team=workflow.team,
        kind="workflow",
        target=str(workflow.pk),
        reason="wrong prices",
        person=owner,
    )
    with transaction.atomic():
        late = stop.at + timedelta(hours=1)
        Action.objects.filter(pk=action.pk).update(due_at=late, next_step_at=late)
    with clock.simulated(stop.at + timedelta(days=3)):
        assert deadlines.sweep_steps() == 0
        stopping.resume(stop_id=stop.pk, person=owner, note="prices mended")
        assert fresh(action).due_at == stop.at + timedelta(days=3, hours=1)
        assert deadlines.sweep_steps() == 0
    assert events_of(action)[-1] == "action.clock_moved"


def test_a_lease_that_ran_out_is_unknown_and_the_system_owner_settles_it(
    agent: Agent, action: Action, reviewer: Person, workflow: Workflow
) -> None:
    approve(action, reviewer)
    taken = release.lease(agent=agent, action_id=action.pk, seconds=1)
    with clock.simulated(taken.lease.expires_at + timedelta(seconds=1)):
        assert deadlines.sweep_leases() == 1
        assert deadlines.sweep_leases() == 0
    assert fresh(action).state == State.UNKNOWN
    assert FollowUp.objects.get(action=action).assignee == workflow.system_owner
    with pytest.raises(Conflict) as refusal:
        release.lease(agent=agent, action_id=action.pk)
    assert refusal.value.code == "not_approved"


def test_an_idempotent_type_may_be_taken_again_with_a_higher_fence(
    agent: Agent, refund: ActionType, reviewer: Person
) -> None:
    refund.idempotent = True
    refund.save()
    action = create_action(agent, refund)
    approve(action, reviewer)
    first = release.lease(agent=agent, action_id=action.pk, seconds=1)
    with clock.simulated(first.lease.expires_at + timedelta(seconds=1)):
        deadlines.sweep_leases()
        second = release.lease(agent=agent, action_id=action.pk)
    assert (first.lease.fence, second.lease.fence) == (1, 2)
    assert first.action.release_id == second.action.release_id


def test_an_approval_that_nobody_takes_expires(
    agent: Agent, action: Action, reviewer: Person
) -> None:
    approve(action, reviewer)
    end = fresh(action).approval_ends_at
    assert end is not None
    with clock.simulated(end):
        with pytest.raises(Conflict) as refusal:
            release.lease(agent=agent, action_id=action.pk)
        assert refusal.value.code == "too_late"
        assert deadlines.sweep_ends() == 1
    assert fresh(action).state == State.EXPIRED


def test_what_was_sent_back_and_not_revised_expires(action: Action, reviewer: Person) -> None:
    review.ask_for_changes(
        action_id=action.pk, person=reviewer, seen=seen(action), comment="Say the order."
    )
    due = FollowUp.objects.get(action=action).due_at
    with clock.simulated(due):
        assert deadlines.sweep_follow_ups() == 1
    assert fresh(action).state == State.EXPIRED


def test_a_fault_in_one_action_does_not_hold_up_the_others(
    agent: Agent, refund: ActionType, action: Action
) -> None:
    other = create_action(agent, refund)
    make_due(action)
    make_due(other)
    broken = {**action.frozen, "stages": [{"who": "workflow_owner"}] * 2}
    Action.objects.filter(pk=action.pk).update(frozen=broken)
    assert deadlines.sweep_steps() == 1
    assert fresh(other).step == 1
    assert fresh(action).step == 0


def test_one_turn_runs_every_job_and_notes_when(action: Action) -> None:
    make_due(action)
    first, second = sweep.turn(), sweep.turn()
    assert set(first) == set(sweep.JOBS) == set(Sweep.objects.values_list("job", flat=True))
    assert {job: count for job, count in first.items() if count} == {"steps": 1}
    assert not any(second.values())


def test_an_action_past_its_own_end_expires_even_while_it_waits(
    agent: Agent, refund: ActionType
) -> None:
    end = clock.now() + timedelta(minutes=5)
    action = create_action(agent, refund, not_after=end)
    assert deadlines.sweep_ends() == 0
    with clock.simulated(end):
        assert deadlines.sweep_ends() == 1
    assert fresh(action).state == State.EXPIRED
