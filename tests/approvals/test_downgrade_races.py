"""Modes that go down while others work: nothing slips through, and nothing happens twice."""

import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from agents_registry.models import ActionType, Downgrade
from agents_registry.policy.findings import Mode
from approvals import downgrading, measuring, release, review, staging
from approvals.errors import Conflict
from approvals.models import Action, Decision, Lease, Reading
from approvals.states import State
from ledger import clock
from ledger.models import Event
from tests.approvals.test_record import assert_follows_the_table
from tests.approvals.windowed import TAG, create_windowed_desk, report, rule, sure, unsure
from tests.factories import propose, reviewer_of, seen
from tests.together import at_once

pytestmark = pytest.mark.django_db(transaction=True)

THREADS = 20


def test_nothing_that_the_policy_approved_is_leased_after_the_reading_was_taken() -> None:
    """Neither by taking what was approved before, nor by staging and taking in one call."""
    agent, workflow, tag = create_windowed_desk(rule())
    waiting = [sure(agent, tag) for _ in range(60)]
    begun, over = threading.Event(), threading.Event()

    def read() -> tuple[list[Downgrade], set[Any]]:
        begun.wait()
        changed = report(workflow, 30).changed
        held = set(Lease.objects.values_list("pk", flat=True))
        over.set()
        return changed, held

    def lease(first: int) -> None:
        for action in waiting[first:] + waiting[:first]:
            with suppress(Conflict):
                release.lease(agent=agent, action_id=action.pk)
            begun.set()

    def stage_and_take() -> None:
        for _ in range(200):
            if over.is_set():
                return
            with suppress(Conflict):
                proposal = propose(tag, payload=TAG, confidence=Decimal("0.9"))
                staging.stage(agent=agent, proposal=proposal, key=str(uuid4()), take=True)
            begun.set()

    takers = [lambda first=number: lease(first) for number in range(THREADS // 2)]
    (changed, held), *others = at_once([read, *takers, *[stage_and_take] * (THREADS // 2)])
    assert [lowered.action_type for lowered in changed] == [tag]
    assert others == [None] * THREADS
    assert set(Lease.objects.values_list("pk", flat=True)) == held
    assert Action.objects.filter(state=State.RELEASED).count() == len(held)
    assert release.lease_next(agent=agent, workflow_slug=workflow.slug, limit=50) == []
    downgrading.sweep_late()
    assert not Action.objects.filter(state=State.APPROVED).exists()


def test_of_readings_at_once_each_sees_those_before_it() -> None:
    _, workflow, tag = create_windowed_desk(rule(windows=8))
    jobs = [lambda day=day: report(workflow, 30, days_ago=day) for day in range(8)]
    results = at_once(jobs)
    assert sum(len(taken.changed) for taken in results) == 1
    assert Downgrade.objects.get().action_type == tag


def test_one_reading_sent_by_many_at_once_is_taken_once() -> None:
    _, workflow, _ = create_windowed_desk(rule())
    end = clock.now() - timedelta(minutes=1)
    window = {"window_start": end - timedelta(hours=1), "window_end": end}
    results = at_once([lambda: report(workflow, 30, **window)] * 8)
    assert sum(not taken.repeated for taken in results) == 1
    assert {tuple(taken.changed) for taken in results} == {tuple(Downgrade.objects.all())}
    assert Reading.objects.count() == Downgrade.objects.count() == 1


def test_many_sweepers_read_each_window_once() -> None:
    agent, _, tag = create_windowed_desk(
        rule(source="computed", metric="volume", window="1 hour", limit=2)
    )
    for _ in range(3):
        sure(agent, tag)
    noon = datetime(2026, 3, 4, 12, tzinfo=UTC)
    Action.objects.update(created_at=noon - timedelta(minutes=30))
    measuring._looked_at.clear()

    def sweep() -> int:
        with clock.simulated(noon + measuring.GRACE):
            return measuring.sweep_windows()

    done = at_once([sweep] * 6)
    assert sum(done) == Reading.objects.count() == measuring.CAUGHT_UP
    assert Downgrade.objects.filter(action_type=tag).count() == 1


def test_who_approves_while_it_is_judged_again_wins_or_is_told() -> None:
    agent, workflow, tag = create_windowed_desk()
    person = reviewer_of(workflow)
    for _ in range(5):
        ActionType.objects.filter(pk=tag.pk).update(mode=Mode.AUTO_EXECUTED)
        tag.refresh_from_db()
        action = unsure(agent, tag)
        page = seen(action)

        def approve(action: Action = action, page: Any = page) -> Decision:
            return review.approve(action_id=action.pk, person=person, seen=page, checked=["x"])

        def lower() -> Downgrade | None:
            return downgrading.downgrade(
                action_type=ActionType.objects.get(pk=tag.pk),
                to=Mode.APPROVAL_GATED,
                rule="window:cpa",
                because="It was above.",
                reviewer=workflow.risk_owner,
                actor="agent:test",
            )

        decision, lowered = at_once([approve, lower])
        assert isinstance(lowered, Downgrade)
        action.refresh_from_db()
        if isinstance(decision, Decision):
            assert (action.state, action.mode) == (State.APPROVED, Mode.AUTO_EXECUTED)
        else:
            assert isinstance(decision, Conflict)
            assert (action.state, action.mode) == (State.PENDING, Mode.APPROVAL_GATED)
            assert not Decision.objects.filter(action=action).exists()
        assert_follows_the_table(action)


def test_a_type_that_several_lower_at_once_goes_down_once() -> None:
    agent, workflow, tag = create_windowed_desk()
    action = sure(agent, tag)

    def lower() -> Downgrade | None:
        return downgrading.downgrade(
            action_type=ActionType.objects.get(pk=tag.pk),
            to=Mode.APPROVAL_GATED,
            rule="window:cpa",
            because="It was above.",
            reviewer=workflow.risk_owner,
            actor="agent:test",
        )

    results = at_once([lower] * 6)
    assert sum(isinstance(result, Downgrade) for result in results) == 1
    assert results.count(None) == 5
    assert Event.objects.filter(stream=action.stream, type="action.recalled").count() == 1
