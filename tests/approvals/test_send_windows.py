"""Send windows and `not_before`: approved work is taken inside its window, or it is said when."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from agents_registry.models import ActionType, Agent, Calendar, Person
from approvals import answers, deadlines, release, review, staging, windows
from approvals.errors import Conflict
from approvals.models import Action
from ledger import clock
from tests.factories import (
    create_action,
    create_action_type,
    create_read_type,
    propose,
    seen,
)

OFFICE: dict[str, Any] = {
    "time_zone": "Europe/Berlin",
    "hours": {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")},
    "holidays": None,
    "days_off": ["2026-12-24"],
}
THURSDAY_NOON = datetime(2026, 11, 19, 12, tzinfo=UTC)
FRIDAY_EVENING = datetime(2026, 11, 20, 18, tzinfo=UTC)
MONDAY_NINE = datetime(2026, 11, 23, 8, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# The instants


@pytest.mark.parametrize(
    ("asked", "opens"),
    [
        ("2026-11-20 10:00", "2026-11-20 10:00"),
        ("2026-11-20 07:59:59", "2026-11-20 08:00"),
        ("2026-11-20 16:00", "2026-11-23 08:00"),
        ("2026-11-20 15:59:59", "2026-11-20 15:59:59"),
        ("2026-12-23 18:00", "2026-12-25 08:00"),
        ("2026-03-27 16:30", "2026-03-30 07:00"),
        ("2026-10-23 16:30", "2026-10-26 08:00"),
    ],
    ids=["inside", "before", "closing", "last-second", "day-off", "clock-ahead", "clock-back"],
)
def test_a_window_opens_at_its_own_local_time(asked: str, opens: str) -> None:
    assert windows.opens(at(asked), windows.read(OFFICE)) == at(opens)


def test_an_hour_that_the_clock_skips_opens_with_the_next_one() -> None:
    night = {**OFFICE, "hours": {"sun": [["02:15", "02:45"], ["03:30", "04:00"]]}, "days_off": []}
    assert windows.opens(at("2026-03-29 00:00"), windows.read(night)) == at("2026-03-29 01:30")


def test_a_window_that_never_opens_again_is_never_waited_for() -> None:
    once = {**OFFICE, "hours": {"mon": [["09:00", "10:00"]]}}
    every_monday = [at("2026-11-23 00:00") + timedelta(weeks=week) for week in range(530)]
    shut = {**once, "days_off": [f"{day:%Y-%m-%d}" for day in every_monday]}
    assert windows.opens(MONDAY_NINE, windows.read(shut)) is None


def test_without_a_window_it_is_open_at_any_time() -> None:
    assert windows.opens(FRIDAY_EVENING, windows.read(None)) == FRIDAY_EVENING


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        ("2026-11-30 00:00", "2026-11-23 08:00"),
        ("2026-11-23 08:00:01", "2026-11-23 08:00"),
        ("2026-11-23 08:00", None),
        ("2026-11-22 00:00", None),
    ],
)
def test_what_ends_before_its_window_opens_can_never_be_taken(
    ends: str, expected: str | None
) -> None:
    found = windows.releasable_at(
        FRIDAY_EVENING, windows.read(OFFICE), begins=(THURSDAY_NOON, None), ends=(at(ends), None)
    )
    assert found == (at(expected) if expected else None)


def test_the_latest_of_all_beginnings_counts() -> None:
    open_until_five = windows.read(OFFICE)
    wednesday, far = at("2026-11-25 18:00"), at("2027-01-01 00:00")
    for begins in [(wednesday, None), (None, wednesday), (THURSDAY_NOON, wednesday)]:
        found = windows.releasable_at(FRIDAY_EVENING, open_until_five, begins=begins, ends=(far,))
        assert found == at("2026-11-26 08:00")


def test_what_can_be_taken_now_says_the_same_at_every_moment() -> None:
    for minute in (0, 1, 59):
        now = at("2026-11-20 10:00") + timedelta(minutes=minute)
        found = windows.releasable_at(
            now, windows.read(OFFICE), begins=(THURSDAY_NOON,), ends=(MONDAY_NINE,)
        )
        assert found == THURSDAY_NOON


def test_an_instant_is_told_to_the_millisecond_and_never_earlier() -> None:
    assert windows.to_the_millisecond(MONDAY_NINE) == MONDAY_NINE
    odd = MONDAY_NINE + timedelta(microseconds=1001)
    assert windows.to_the_millisecond(odd) == MONDAY_NINE + timedelta(milliseconds=2)


# The verbs


@pytest.fixture
def office(refund: ActionType) -> Calendar:
    team = refund.workflow.team
    return Calendar.objects.create(team=team, slug="office", name="Office", document=OFFICE)


@pytest.fixture
def windowed(refund: ActionType, office: Calendar) -> ActionType:
    """The refund, released in office hours only."""
    refund.send_window = office
    refund.save()
    return refund


@pytest.fixture
def approve(agent: Agent, windowed: ActionType, reviewer: Person) -> Callable[..., Action]:
    """Stages a refund and approves it, at the instant of the caller."""

    def stage_and_approve(**fields: Any) -> Action:
        action = create_action(agent, windowed, **fields)
        review.approve(action_id=action.pk, person=reviewer, seen=seen(action), checked=["amount"])
        action.refresh_from_db()
        return action

    return stage_and_approve


def refused(agent: Agent, action: Action) -> Conflict:
    with pytest.raises(Conflict) as refusal:
        release.lease(agent=agent, action_id=action.pk)
    return refusal.value


def test_outside_its_window_the_agent_is_told_when(
    agent: Agent, approve: Callable[..., Action]
) -> None:
    with clock.simulated(FRIDAY_EVENING):
        action = approve()
        refusal = refused(agent, action)
        assert (refusal.code, refusal.facts["retry_at"]) == ("too_early", MONDAY_NINE)
        assert "Not before 2026-11-23T08:00:00Z" in refusal.detail
        assert answers.listed(action)["releasable_at"] == "2026-11-23T08:00:00.000Z"
    with clock.simulated(MONDAY_NINE - timedelta(milliseconds=1)):
        assert refused(agent, action).code == "too_early"
    with clock.simulated(MONDAY_NINE):
        assert release.lease(agent=agent, action_id=action.pk).lease.fence == 1


def test_not_before_inside_the_closed_hours_waits_for_the_window(
    agent: Agent, approve: Callable[..., Action]
) -> None:
    with clock.simulated(THURSDAY_NOON):
        action = approve(not_before=FRIDAY_EVENING)
        assert refused(agent, action).facts["retry_at"] == MONDAY_NINE


def test_not_before_alone_is_told_as_well(
    agent: Agent, refund: ActionType, reviewer: Person
) -> None:
    with clock.simulated(THURSDAY_NOON):
        action = create_action(agent, refund, not_before=FRIDAY_EVENING)
        review.approve(action_id=action.pk, person=reviewer, seen=seen(action), checked=["amount"])
        assert refused(agent, action).facts["retry_at"] == FRIDAY_EVENING


@pytest.mark.parametrize("not_after", [MONDAY_NINE, FRIDAY_EVENING + timedelta(hours=1)])
def test_what_ends_before_the_window_opens_is_too_late_at_once(
    agent: Agent, approve: Callable[..., Action], not_after: datetime
) -> None:
    with clock.simulated(FRIDAY_EVENING):
        action = approve(not_after=not_after)
        refusal = refused(agent, action)
        assert refusal.code == "too_late"
        assert "retry_at" not in refusal.facts
        assert answers.listed(action)["releasable_at"] is None


def test_an_approval_that_ends_over_the_weekend_is_too_late_on_friday(
    agent: Agent, windowed: ActionType, approve: Callable[..., Action]
) -> None:
    windowed.approval_life = "2 days"
    windowed.save()
    with clock.simulated(FRIDAY_EVENING):
        assert refused(agent, approve()).code == "too_late"


def test_the_life_of_an_approval_runs_on_while_the_window_is_shut(
    windowed: ActionType, approve: Callable[..., Action]
) -> None:
    windowed.approval_life = "2 days"
    windowed.save()
    with clock.simulated(FRIDAY_EVENING):
        action = approve()
    with clock.simulated(FRIDAY_EVENING + timedelta(days=2, seconds=1)):
        deadlines.sweep_ends()
    action.refresh_from_db()
    assert action.state == "expired"


def test_a_window_that_changes_reaches_what_is_approved_already(
    agent: Agent, windowed: ActionType, approve: Callable[..., Action]
) -> None:
    with clock.simulated(FRIDAY_EVENING):
        action = approve()
        windowed.send_window = None
        windowed.save()
        assert release.lease(agent=agent, action_id=action.pk)


def test_while_a_verdict_settles_nothing_is_said_of_when(
    agent: Agent, windowed: ActionType, approve: Callable[..., Action]
) -> None:
    windowed.settle_seconds = 30
    windowed.save()
    with clock.simulated(FRIDAY_EVENING):
        action = approve()
        refusal = refused(agent, action)
        assert (refusal.code, refusal.facts) == ("not_approved", {})
        assert answers.listed(action)["releasable_at"] is None


def test_what_waits_for_its_window_hides_nothing_in_the_queue(
    agent: Agent, windowed: ActionType, approve: Callable[..., Action]
) -> None:
    read = create_read_type(windowed.workflow)
    slug = windowed.workflow.slug
    with clock.simulated(FRIDAY_EVENING):
        waiting = [approve() for _ in range(3)]
        ready = create_action(agent, read, payload={"order": "A-2"})
        taken = release.lease_next(agent=agent, workflow_slug=slug, limit=1)
        assert [one.action.pk for one in taken] == [ready.pk]
        assert not release.lease_next(agent=agent, workflow_slug=slug, limit=9)
    with clock.simulated(MONDAY_NINE):
        taken = release.lease_next(agent=agent, workflow_slug=slug, limit=9)
        assert {one.action.pk for one in taken} == {each.pk for each in waiting}


def test_the_queue_asks_for_windows_once_however_many_wait(
    agent: Agent,
    windowed: ActionType,
    office: Calendar,
    approve: Callable[..., Action],
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    slug = windowed.workflow.slug

    def queries_with_nothing_to_give_out() -> int:
        with django_assert_max_num_queries(30) as counted:
            assert not release.lease_next(agent=agent, workflow_slug=slug, limit=9)
        return len(counted)

    with clock.simulated(FRIDAY_EVENING):
        approve()
        few = queries_with_nothing_to_give_out()
        for number in range(3):
            create_action_type(windowed.workflow, f"other{number}", send_window=office)
            approve()
        assert queries_with_nothing_to_give_out() == few


def test_taken_at_once_outside_the_window_it_is_staged_and_says_from_when(
    agent: Agent, windowed: ActionType, office: Calendar
) -> None:
    read = create_read_type(windowed.workflow)
    ActionType.objects.filter(pk=read.pk).update(send_window=office)
    proposal = propose(read, payload={"order": "A-1"}, before=None)
    with clock.simulated(FRIDAY_EVENING):
        answer = staging.stage(agent=agent, proposal=proposal, key="one", take=True).answer
    assert answer["state"] == "approved"
    assert "release" not in answer
    assert answer["releasable_at"] == "2026-11-23T08:00:00.000Z"


def test_the_page_says_from_when_in_the_readers_zone(
    signed_in: Client, reviewer: Person, approve: Callable[..., Action]
) -> None:
    reviewer.time_zone = "Europe/Berlin"
    reviewer.save()
    with clock.simulated(FRIDAY_EVENING):
        action = approve()
        page = signed_in.get(f"/actions/{action.pk}/").content.decode()
    assert "Approved. The agent can take it from Monday 09:00" in page
    assert "Released only Mon to Fri 09:00 to 17:00 Europe/Berlin" in page
    with clock.simulated(MONDAY_NINE):
        page = signed_in.get(f"/actions/{action.pk}/").content.decode()
    assert "The agent can take it from" not in page


def test_the_page_says_when_the_window_opens_too_late(
    signed_in: Client, approve: Callable[..., Action]
) -> None:
    with clock.simulated(FRIDAY_EVENING):
        action = approve(not_after=MONDAY_NINE)
        page = signed_in.get(f"/actions/{action.pk}/").content.decode()
    assert "it ends before the agent may take it" in page
