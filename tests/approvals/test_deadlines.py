"""When nobody answers: a reminder, the next person, the safe fallback; never an approval."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import transaction

from agents_registry.models import ActionType, Agent, Person, Stop, StopKind, Workflow
from approvals import deadlines, release, review, stopping, sweep, transitions
from approvals.errors import Conflict
from approvals.models import Action, FollowUp, Sweep
from approvals.states import State
from approvals.transitions import Advance
from ledger import clock, record
from ledger.models import Event
from reviewqueue.celery import app as celery
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


def test_reminders_come_as_often_as_the_chain_says_and_begin_anew_with_the_next_person(
    agent: Agent, refund: ActionType, workflow: Workflow
) -> None:
    workflow.chain.first_remind, workflow.chain.first_repeat = "1 hour", 2
    workflow.chain.stages = [
        {"who": "workflow_owner", "within": "2 hours", "remind": "30 minutes", "repeat": 5}
    ]
    workflow.chain.save()
    action = create_action(agent, refund)
    looks = []
    while (now := fresh(action)).next_step_at and now.state == State.PENDING:
        minutes = (now.next_step_at - action.created_at) // timedelta(minutes=1)
        looks.append((now.step, now.reminded, minutes))
        with clock.simulated(now.next_step_at):
            assert deadlines.sweep_steps() == 1
            assert deadlines.sweep_steps() == 0
    first = [(0, 0, 60), (0, 1, 120), (0, 2, 240)]
    assert looks == [*first, (1, 0, 270), (1, 1, 300), (1, 2, 330), (1, 3, 360)]
    reminded = ["action.reminded"]
    assert events_of(action) == [
        "action.staged",
        *reminded * 2,
        "action.escalated",
        *reminded * 3,
        "action.expired",
    ]


def test_what_is_due_for_a_reminder_and_its_deadline_takes_the_deadline_alone(
    agent: Agent, refund: ActionType, workflow: Workflow
) -> None:
    workflow.chain.first_remind, workflow.chain.first_repeat = "1 hour", 3
    workflow.chain.save()
    action = create_action(agent, refund)
    with clock.simulated(action.created_at + timedelta(hours=5)):
        assert deadlines.sweep_steps() == 1
        assert deadlines.sweep_steps() == 0
    assert events_of(action) == ["action.staged", "action.escalated"]


def test_a_late_reminder_is_one_reminder(
    agent: Agent, refund: ActionType, workflow: Workflow
) -> None:
    workflow.chain.first_remind, workflow.chain.first_repeat = "1 hour", 3
    workflow.chain.save()
    action = create_action(agent, refund)
    late = action.created_at + timedelta(hours=2, minutes=30)
    with clock.simulated(late):
        assert deadlines.sweep_steps() == 1
        assert deadlines.sweep_steps() == 0
    assert fresh(action).next_step_at == late + timedelta(hours=1)
    event = Event.objects.get(type="action.reminded")
    assert record.body_of(event) == {"revision": 1, "step": 0, "times": 1}


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
        kind=StopKind.WORKFLOW,
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


def test_what_cannot_be_planned_is_put_off_and_on_record(
    agent: Agent, refund: ActionType, action: Action
) -> None:
    make_due(action)
    broken = {**action.frozen, "calendar": "sha256:unknown"}
    Action.objects.filter(pk=action.pk).update(frozen=broken)
    assert deadlines.sweep_steps() == 0
    assert events_of(action) == ["action.staged", "action.step_put_off"]
    after = fresh(action)
    assert after.due_at
    assert after.next_step_at
    assert after.due_at < clock.now() < after.next_step_at
    Action.objects.filter(pk=action.pk).update(frozen=action.frozen)
    with clock.simulated(after.next_step_at):
        assert deadlines.sweep_steps() == 1
    assert events_of(action)[-1] == "action.escalated"


def test_a_fault_in_writing_a_batch_leaves_it_to_one_by_one(
    agent: Agent, refund: ActionType, monkeypatch: pytest.MonkeyPatch
) -> None:
    actions = [create_action(agent, refund) for _ in range(3)]
    for each in actions:
        make_due(each)
    append_all = record.append_all

    def fails_for_one(entries: list[record.Entry], *, at: datetime) -> None:
        append_all(entries, at=at)
        if actions[1].stream in {entry.stream for entry in entries}:
            raise RuntimeError("no room on the disk")

    monkeypatch.setattr(record, "append_all", fails_for_one)
    assert deadlines.sweep_steps() == 2
    assert [fresh(each).step for each in actions] == [1, 0, 1]
    assert [len(events_of(each)) for each in actions] == [2, 1, 2]


def test_a_batch_costs_a_fixed_number_of_queries(
    agent: Agent, refund: ActionType, django_assert_max_num_queries: Any
) -> None:
    for _ in range(30):
        make_due(create_action(agent, refund))
    with django_assert_max_num_queries(25):
        assert deadlines.sweep_steps() == 30


def test_who_was_decided_meanwhile_loses_nobody_and_is_told_of_by_nobody(
    agent: Agent, refund: ActionType, reviewer: Person
) -> None:
    kept, gone = create_action(agent, refund), create_action(agent, refund)
    advances = [
        Advance(action=fresh(each), actor="test", event="action.moved", changes={"reminded": 1})
        for each in (kept, gone)
    ]
    approve(gone, reviewer)
    assert [each.pk for each in transitions.advance_all(advances)] == [kept.pk]
    assert (fresh(kept).reminded, fresh(gone).reminded) == (1, 0)
    assert "action.moved" not in events_of(gone)


@pytest.mark.parametrize("changed", ["revision", "step", "payload_digest", "policy_revision"])
def test_a_write_needs_every_column_as_it_was_seen(action: Action, changed: str) -> None:
    seen = fresh(action)
    other = {"revision": 7, "step": 7, "payload_digest": "x", "policy_revision": "x"}[changed]
    setattr(seen, changed, other)
    wish = Advance(action=seen, actor="test", event="action.moved", changes={"reminded": 1})
    assert transitions.advance_all([wish]) == []
    seen = fresh(action)
    seen.next_step_at = None
    assert transitions.advance_all([replace(wish, action=seen)]) == []
    assert events_of(action) == ["action.staged"]


def test_one_turn_runs_every_job_and_notes_when(action: Action) -> None:
    make_due(action)
    first, second = sweep.turn(), sweep.turn()
    assert set(first) == set(sweep.JOBS) == set(Sweep.objects.values_list("job", flat=True))
    assert first["steps"] == 1
    assert not any(second.values())


def test_a_tick_runs_what_nobody_has_just_done(action: Action, settings: LazySettings) -> None:
    now = clock.now()
    with clock.simulated(now):
        sweep.turn()
        make_due(action)
        assert sweep.tick() == {}
        Sweep.objects.filter(job="steps").update(finished_at=now - timedelta(seconds=3))
        assert sweep.tick() == {"steps": 1}
    with clock.simulated(now + timedelta(seconds=settings.SWEEP_SECONDS)):
        assert set(sweep.tick()) == set(sweep.JOBS)


def test_ticks_that_pile_up_cost_one_question_each(django_assert_max_num_queries: Any) -> None:
    sweep.turn()
    with clock.simulated(clock.now()):
        sweep.turn()
        with django_assert_max_num_queries(10):
            for _ in range(10):
                sweep.tick()


def test_a_job_that_never_ends_leaves_the_others_their_time(
    monkeypatch: pytest.MonkeyPatch, settings: LazySettings
) -> None:
    settings.SWEEP_SECONDS = 0
    calls = []

    def endless() -> int:
        calls.append("again")
        return deadlines.BATCH

    monkeypatch.setitem(sweep.JOBS, "steps", endless)
    assert set(sweep.tick()) == set(sweep.JOBS)
    assert calls == ["again"]


def test_no_tick_carries_an_expiry_that_a_worker_would_judge_by_its_own_clock() -> None:
    assert not any("options" in tick for tick in celery.conf.beat_schedule.values())


def test_a_job_that_fails_holds_up_no_other(
    action: Action, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> int:
        raise RuntimeError("broken")

    monkeypatch.setitem(sweep.JOBS, "steps", fail)
    assert set(sweep.turn()) == set(sweep.JOBS) - {"steps"}
    assert sweep.pulse().never == ["steps"]


def test_an_action_past_its_own_end_expires_even_while_it_waits(
    agent: Agent, refund: ActionType
) -> None:
    end = clock.now() + timedelta(minutes=5)
    action = create_action(agent, refund, not_after=end)
    assert deadlines.sweep_ends() == 0
    with clock.simulated(end):
        assert deadlines.sweep_ends() == 1
    assert fresh(action).state == State.EXPIRED
