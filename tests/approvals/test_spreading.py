"""A flood of actions is not due in one minute: the further ones are due in the minutes after it."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.conf import LazySettings

from agents_registry import rates
from agents_registry.models import ActionType, Agent, Calendar, Workflow
from approvals import deadlines, spreading, staging, timetable
from approvals.models import Action
from ledger import clock
from tests.factories import create_action, make_due, propose

pytestmark = pytest.mark.django_db

MONDAY = datetime(2027, 3, 1, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
OFFICE: dict[str, Any] = {
    "time_zone": "UTC",
    "hours": {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")},
    "holidays": None,
    "days_off": [],
}


@pytest.fixture
def few(settings: LazySettings) -> int:
    settings.DUE_PER_MINUTE = 3
    return 3


@pytest.fixture
def without_redis(settings: LazySettings) -> Iterator[None]:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    rates.counter.cache_clear()
    yield
    rates.counter.cache_clear()


def frozen_for(refund: ActionType, within: str) -> dict[str, Any]:
    refund.sla = within
    return timetable.freeze(refund)


def dues(
    frozen: dict[str, Any], count: int, start: datetime, *, workflow: Any, **end: Any
) -> list[datetime]:
    times = timetable.stage_times(frozen, 0, start)
    begun = spreading.Begun(
        workflow=workflow, frozen=frozen, times=times, not_after=end.get("not_after")
    )
    spread = spreading.spread([begun] * count, now=start)
    assert all(times["due_at"] == times["next_step_at"] for times in spread)
    return [times["due_at"] for times in spread]


def minutes_after(promise: datetime, found: list[datetime]) -> list[int]:
    return [(due - promise) // MINUTE for due in found]


def test_the_further_ones_are_due_in_the_following_minutes(refund: ActionType, few: int) -> None:
    frozen, start = frozen_for(refund, "4 hours"), MONDAY + timedelta(hours=9, seconds=17)
    found = dues(frozen, 8, start, workflow=uuid4())
    assert minutes_after(start + 4 * HOUR, found) == [0, 0, 0, 1, 1, 1, 2, 2]
    assert {due.second for due in found} == {17}


def test_one_by_one_is_as_together(refund: ActionType, few: int) -> None:
    frozen, start, workflow = frozen_for(refund, "4 hours"), MONDAY, uuid4()
    found = [due for _ in range(8) for due in dues(frozen, 1, start, workflow=workflow)]
    assert minutes_after(start + 4 * HOUR, found) == [0, 0, 0, 1, 1, 1, 2, 2]


def test_what_was_moved_into_a_minute_counts_there(refund: ActionType, few: int) -> None:
    frozen, workflow = frozen_for(refund, "4 hours"), uuid4()
    first = dues(frozen, 5, MONDAY, workflow=workflow)
    second = dues(frozen, 5, MONDAY + MINUTE, workflow=workflow)
    assert Counter(minutes_after(MONDAY + 4 * HOUR, first + second)) == {0: 3, 1: 3, 2: 3, 3: 1}


def test_workflows_do_not_push_each_other(refund: ActionType, few: int) -> None:
    frozen = frozen_for(refund, "4 hours")
    for _ in range(2):
        found = dues(frozen, 3, MONDAY, workflow=uuid4())
        assert minutes_after(MONDAY + 4 * HOUR, found) == [0, 0, 0]


def test_a_flood_beyond_the_hour_is_laid_evenly_over_it(refund: ActionType, few: int) -> None:
    found = dues(frozen_for(refund, "4 hours"), 500, MONDAY, workflow=uuid4())
    often = Counter(minutes_after(MONDAY + 4 * HOUR, found))
    assert set(often) == set(range(61))
    assert set(often.values()) <= {6, 8, 9}
    assert sum(often.values()) == 500


def test_working_time_goes_on_in_the_morning(
    refund: ActionType, workflow: Workflow, few: int
) -> None:
    workflow.calendar = Calendar.objects.create(
        team=workflow.team, slug="office", name="Office", document=OFFICE
    )
    refund.workflow = workflow
    start = MONDAY + timedelta(hours=13, minutes=59)
    found = dues(frozen_for(refund, "3 business hours"), 7, start, workflow=uuid4())
    late, morning = MONDAY + timedelta(hours=16, minutes=59), MONDAY + timedelta(hours=33)
    assert found == [late] * 3 + [morning] * 3 + [morning + MINUTE]


def test_time_of_any_clock_takes_no_notice_of_the_calendar(
    refund: ActionType, workflow: Workflow, few: int
) -> None:
    workflow.calendar.document = OFFICE
    refund.workflow = workflow
    start = MONDAY + timedelta(hours=18)
    found = dues(frozen_for(refund, "4 hours"), 4, start, workflow=uuid4())
    assert minutes_after(start + 4 * HOUR, found) == [0, 0, 0, 1]


def test_nothing_is_due_after_its_own_end(refund: ActionType, few: int) -> None:
    end = MONDAY + 4 * HOUR + timedelta(minutes=2)
    frozen = frozen_for(refund, "4 hours")
    found = dues(frozen, 9, MONDAY, workflow=uuid4(), not_after=end)
    assert Counter(minutes_after(MONDAY + 4 * HOUR, found)) == {0: 6, 1: 3}
    early = dues(frozen, 9, MONDAY, workflow=uuid4(), not_after=MONDAY + HOUR)
    assert set(early) == {MONDAY + 4 * HOUR}


def test_a_reminder_stays_where_it_is(refund: ActionType, workflow: Workflow, few: int) -> None:
    workflow.chain.first_remind = "1 hour"
    refund.workflow = workflow
    frozen = frozen_for(refund, "4 hours")
    times = timetable.stage_times(frozen, 0, MONDAY)
    begun = spreading.Begun(workflow=uuid4(), frozen=frozen, times=times, not_after=None)
    found = spreading.spread([begun] * 4, now=MONDAY)
    assert {each["next_step_at"] for each in found} == {MONDAY + HOUR}
    assert found[3]["due_at"] == MONDAY + 4 * HOUR + MINUTE


def test_nothing_is_spread_without_redis(refund: ActionType, few: int, without_redis: None) -> None:
    found = dues(frozen_for(refund, "4 hours"), 9, MONDAY, workflow=uuid4())
    assert set(found) == {MONDAY + 4 * HOUR}


def test_nothing_is_spread_where_nobody_wants_it(
    refund: ActionType, settings: LazySettings
) -> None:
    settings.DUE_PER_MINUTE = 0
    found = dues(frozen_for(refund, "4 hours"), 90, MONDAY, workflow=uuid4())
    assert set(found) == {MONDAY + 4 * HOUR}


def test_what_is_staged_is_spread_and_a_replay_counts_for_nothing(
    agent: Agent, refund: ActionType, few: int
) -> None:
    with clock.simulated(MONDAY):
        for _ in range(5):
            staging.stage(agent=agent, proposal=propose(refund), key="the same")
        for _ in range(3):
            create_action(agent, refund)
    found = [action.due_at for action in Action.objects.order_by("due_at") if action.due_at]
    assert minutes_after(MONDAY + 4 * HOUR, found) == [0, 0, 0, 1]


def test_steps_that_a_late_sweep_takes_together_are_spread(
    agent: Agent, refund: ActionType, few: int
) -> None:
    with clock.simulated(MONDAY):
        for _ in range(7):
            make_due(create_action(agent, refund))
        assert deadlines.sweep_steps() == 7
    found = [action.due_at for action in Action.objects.order_by("due_at") if action.due_at]
    assert minutes_after(MONDAY + 2 * HOUR, found) == [0, 0, 0, 1, 1, 1, 2]
