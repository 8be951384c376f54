"""Business time against its own laws, and against an oracle that walks minute by minute."""

import itertools
import random
from bisect import bisect_left
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from agents_registry.calendars import WEEKDAYS
from agents_registry.sla import (
    ALWAYS,
    Calendar,
    Duration,
    Unit,
    due_after_work,
    due_at,
    never_longer,
    shift_for_stop,
    work_between,
)

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
OFFICE = [["09:00", "17:00"]]
LUNCH = [["09:00", "12:00"], ["13:00", "17:30"]]
NIGHT = [["00:00", "01:30"], ["01:30", "02:20"], ["02:40", "06:00"], ["22:15", "24:00"]]
WHOLE_DAY = [["00:00", "24:00"]]


def create_calendar(zone="America/New_York", spans=OFFICE, days=WEEKDAYS[:5], **fields):
    return Calendar.from_document({"time_zone": zone, "hours": dict.fromkeys(days, spans)} | fields)


# Starts lie within days of a change of the clock, most of which fall in or near a weekend.

CALENDARS = [
    create_calendar(holidays={"country": "US"}),
    create_calendar(spans=LUNCH, days=WEEKDAYS[:6], holidays={"country": "US"}),
    create_calendar(spans=NIGHT, days=WEEKDAYS),
    create_calendar(spans=WHOLE_DAY, days=WEEKDAYS),
    create_calendar("Europe/Berlin", spans=NIGHT, days=["sat", "sun", "mon"]),
    create_calendar("Europe/Berlin", holidays={"country": "DE"}, days_off=["2026-03-30"]),
    create_calendar("Australia/Lord_Howe", spans=NIGHT, days=WEEKDAYS),
    create_calendar("Atlantic/Azores", spans=WHOLE_DAY, days=["sun", "tue"]),
    create_calendar("America/Sao_Paulo", spans=NIGHT, days=WEEKDAYS),
    create_calendar("America/St_Johns", spans=NIGHT, days=["sat", "sun", "mon"]),
    ALWAYS,
]
CHANGES = [
    date(2026, 3, 8),  # New York, forward
    date(2026, 11, 1),  # New York, back
    date(2026, 3, 29),  # Europe, forward; over midnight in the Azores; Good Friday is 3 April
    date(2026, 10, 25),  # Europe, back
    date(2026, 4, 5),  # Lord Howe, back by half an hour
    date(2026, 10, 4),  # Lord Howe, forward by half an hour
    date(2018, 2, 18),  # São Paulo, back from midnight
    date(2018, 11, 4),  # São Paulo, forward from midnight
    date(2010, 11, 7),  # St. John's, back at 00:01 to the day before
    date(2026, 11, 26),  # Thanksgiving
]


@st.composite
def starts(draw, minutes=False):
    offset = draw(st.integers(-3 * 1440, 3 * 1440)) * MINUTE
    if not minutes:
        offset += draw(st.integers(0, 59_999_999)) * timedelta(microseconds=1)
    return datetime.combine(draw(st.sampled_from(CHANGES)), time(), UTC) + offset


calendars = st.sampled_from(CALENDARS)
works = st.integers(0, 60 * 3_600_000_000).map(lambda count: timedelta(microseconds=count))
hours = st.integers(0, 60)
durations = st.builds(Duration, st.integers(0, 9), st.sampled_from(Unit))
law = settings(deadline=None, max_examples=200)


@law
@given(starts(), starts(), st.integers(0, 9), st.sampled_from(Unit), calendars)
def test_who_starts_later_is_not_due_earlier(start, other, amount, unit, calendar):
    early, late = sorted([start, other])
    duration = Duration(amount, unit)
    assert due_at(early, duration, calendar) <= due_at(late, duration, calendar)


@law
@given(starts(), st.integers(1, 200), st.integers(0, 9), calendars)
def test_a_start_minutes_later_is_not_due_earlier(start, minutes, amount, calendar):
    duration = Duration(amount, Unit.BUSINESS_DAYS)
    due = due_at(start, duration, calendar)
    assert start <= due <= due_at(start + minutes * MINUTE, duration, calendar)


@law
@given(starts(), st.integers(0, 9), st.integers(0, 9), st.sampled_from(Unit), calendars)
def test_who_has_longer_is_not_due_earlier(start, amount, more, unit, calendar):
    due = due_at(start, Duration(amount, unit), calendar)
    assert start <= due <= due_at(start, Duration(amount + more, unit), calendar)


@law
@given(starts(), durations, durations, calendars)
def test_what_is_never_longer_is_not_over_later_in_any_calendar(start, one, other, calendar):
    assume(never_longer(one, other))
    assert due_at(start, one, calendar) <= due_at(start, other, calendar)


@law
@given(starts(), works, calendars)
def test_just_the_working_time_asked_for_passes_until_it_is_due(start, work, calendar):
    assert work_between(start, due_after_work(start, work, calendar), calendar) == work


@law
@given(starts(), hours, hours, calendars)
def test_some_hours_and_then_more_are_as_many_hours_at_once(start, some, more, calendar):
    def after(instant, amount):
        return due_at(instant, Duration(amount, Unit.BUSINESS_HOURS), calendar)

    assert after(after(start, some), more) == after(start, some + more)


@law
@given(starts(), starts(), starts(), calendars)
def test_working_time_adds_up(first, second, third, calendar):
    first, second, third = sorted([first, second, third])
    parts = work_between(first, second, calendar) + work_between(second, third, calendar)
    assert parts == work_between(first, third, calendar)
    assert timedelta() <= parts <= third - first
    assert work_between(third, first, calendar) == timedelta()


@law
@given(starts(), works, works, works, calendars)
def test_a_stop_never_costs_working_time_nor_brings_a_deadline_forward(
    start, due_after, stopped_after, stopped_for, calendar
):
    due, stopped = start + due_after, start + stopped_after
    moved = shift_for_stop(due, stopped, stopped + stopped_for, calendar)
    left = work_between(stopped, due, calendar)
    assert moved >= due
    assert moved == due or work_between(stopped + stopped_for, moved, calendar) == left
    assert shift_for_stop(due, stopped, stopped, calendar) == due


@law
@given(starts(), st.integers(0, 60 * 1440), calendars)
def test_what_was_worked_until_an_instant_is_over_by_then(start, length, calendar):
    end = start + length * MINUTE
    done = due_after_work(start, work_between(start, end, calendar), calendar)
    assert start <= done <= end
    assert work_between(done, end, calendar) == timedelta()


# The oracle walks one minute after the other and looks at what the clock has shown so far.

FREE_DAYS = {
    "US": [
        *("2010-11-11", "2018-02-19", "2018-11-12"),
        *("2026-01-01", "2026-01-19", "2026-02-16", "2026-05-25", "2026-06-19", "2026-07-03"),
        *("2026-07-04", "2026-09-07", "2026-10-12", "2026-11-11", "2026-11-26", "2026-12-25"),
        *("2027-01-01", "2027-01-18", "2027-02-15"),
    ],
    "DE": [
        *("2026-01-01", "2026-04-03", "2026-04-06", "2026-05-01", "2026-05-14", "2026-05-25"),
        *("2026-10-03", "2026-12-25", "2026-12-26", "2027-01-01"),
    ],
}


class Minute(NamedTuple):
    at: datetime
    shown: datetime
    """The latest local time the clock has shown by then."""
    repeated: bool
    """The clock was set back, and has not caught up."""


def minutes_from(start: datetime, calendar: Calendar) -> Iterator[Minute]:
    shown = start.astimezone(calendar.zone).replace(tzinfo=None) - 4 * HOUR
    for at in (start - 3 * HOUR + count * MINUTE for count in itertools.count()):
        local = at.astimezone(calendar.zone).replace(tzinfo=None)
        shown = max(shown, local)
        if at >= start:
            yield Minute(at, shown, repeated=local < shown)


def working_minutes(minutes: Iterator[Minute], calendar: Calendar) -> Iterator[Minute]:
    document = calendar.to_document()
    free_days = FREE_DAYS.get((document["holidays"] or {}).get("country"), [])
    for minute in minutes:
        day, clock = minute.shown.isoformat()[:16].split("T")
        spans = document["hours"].get(WEEKDAYS[minute.shown.weekday()], [])
        is_open = any(opens <= clock < closes for opens, closes in spans)
        if is_open and day not in free_days and day not in document["days_off"]:
            yield minute


def oracle_due_after_days(start: datetime, amount: int, calendar: Calendar) -> datetime:
    return due_after_days(working_minutes(minutes_from(start, calendar), calendar), amount)


def due_after_days(worked: Iterator[Minute], amount: int) -> datetime:
    days = itertools.groupby(worked, key=lambda minute: minute.shown.date())
    first_day, minutes = next(days)
    opening = next(minutes)
    wall = opening.shown + opening.repeated * MINUTE
    day, minutes = next(itertools.islice(days, amount - 1, None))
    minutes, wall = list(minutes), wall + (day - first_day)
    closing = minutes[-1].at + MINUTE
    return next((minute.at for minute in minutes if minute.shown >= wall), closing)


oracle = settings(deadline=None, max_examples=60)


@oracle
@given(starts(minutes=True), st.integers(1, 3), calendars)
def test_business_days_are_those_of_the_oracle(start, amount, calendar):
    due = due_at(start, Duration(amount, Unit.BUSINESS_DAYS), calendar)
    assert due == oracle_due_after_days(start, amount, calendar)


@oracle
@given(starts(minutes=True), st.integers(1, 900), calendars)
def test_business_minutes_are_those_of_the_oracle(start, amount, calendar):
    minutes = working_minutes(minutes_from(start, calendar), calendar)
    last = next(itertools.islice(minutes, amount - 1, None))
    due = due_at(start, Duration(amount, Unit.BUSINESS_MINUTES), calendar)
    assert due == last.at + MINUTE


@oracle
@given(starts(minutes=True), st.integers(1, 3000), calendars)
def test_working_time_is_that_of_the_oracle(start, length, calendar):
    minutes = itertools.islice(minutes_from(start, calendar), length)
    work = sum(1 for _ in working_minutes(minutes, calendar)) * MINUTE
    assert work_between(start, start + length * MINUTE, calendar) == work


# A whole year, with its holidays and with both changes of the clock

ROUND_THE_CLOCK = [*NIGHT[:3], ["09:00", "12:00"], ["13:00", "17:30"], NIGHT[3]]
ACTIONS = 400
FORTNIGHT = 14 * 1440


def test_a_year_of_random_actions_is_due_when_the_oracle_says():
    calendar = create_calendar(
        spans=ROUND_THE_CLOCK,
        days=["sun", *WEEKDAYS[:5]],
        holidays={"country": "US"},
        days_off=["2026-12-24"],
    )
    new_year = datetime(2026, 1, 1, tzinfo=calendar.zone).astimezone(UTC)
    walked = itertools.islice(minutes_from(new_year, calendar), (365 + 21) * 1440)
    worked = list(working_minutes(walked, calendar))
    chance = random.Random(2026)
    for _ in range(ACTIONS):
        start = new_year + chance.randrange(365 * 1440) * MINUTE
        first = bisect_left(worked, start, key=lambda minute: minute.at)
        amount = chance.randint(1, 3600)
        due = due_at(start, Duration(amount, Unit.BUSINESS_MINUTES), calendar)
        assert due == worked[first + amount - 1].at + MINUTE, (start, amount)
        assert work_between(start, due, calendar) == amount * MINUTE
        days = chance.randint(1, 5)
        due = due_at(start, Duration(days, Unit.BUSINESS_DAYS), calendar)
        assert due == due_after_days(iter(worked[first : first + FORTNIGHT]), days), (start, days)


# Zones that changed their rules, by no law that another year could tell

RULES = [
    ("Pacific/Apia", date(2011, 12, 30)),  # a day that never was
    ("Pacific/Kwajalein", date(1993, 8, 21)),  # another one
    ("Europe/Moscow", date(2011, 3, 27)),  # ahead, for good
    ("Europe/Moscow", date(2014, 10, 26)),  # back, for good
    ("America/Caracas", date(2007, 12, 9)),  # back by half an hour
    ("America/Caracas", date(2016, 5, 1)),  # ahead by half an hour
    ("Asia/Pyongyang", date(2018, 5, 4)),  # ahead over midnight
    ("Africa/Casablanca", date(2018, 6, 17)),  # ahead after Ramadan
    ("Europe/Istanbul", date(2016, 3, 27)),  # ahead, and never back
    ("Africa/Cairo", date(2010, 9, 10)),  # ahead once more, after Ramadan
    ("Antarctica/Troll", date(2026, 3, 29)),  # ahead by two hours
]
ruled = pytest.mark.parametrize(("zone", "day"), RULES, ids=lambda part: str(part))
opened = st.sampled_from([NIGHT, WHOLE_DAY, OFFICE])
around = st.integers(-2 * 1440, 2 * 1440)
few = settings(deadline=None, max_examples=12)


@ruled
@few
@given(st.data())
def test_a_zone_that_changed_its_rules_keeps_to_the_oracle(zone, day, data):
    calendar = create_calendar(zone, spans=data.draw(opened), days=WEEKDAYS)
    start = datetime.combine(day, time(), UTC) + data.draw(around) * MINUTE
    amount, days = data.draw(st.integers(1, 900)), data.draw(st.integers(1, 3))
    minutes = working_minutes(minutes_from(start, calendar), calendar)
    last = next(itertools.islice(minutes, amount - 1, None))
    due = due_at(start, Duration(amount, Unit.BUSINESS_MINUTES), calendar)
    assert due == last.at + MINUTE
    assert work_between(start, due, calendar) == amount * MINUTE
    due = due_at(start, Duration(days, Unit.BUSINESS_DAYS), calendar)
    assert due == oracle_due_after_days(start, days, calendar)


@ruled
@few
@given(st.data())
def test_a_zone_that_changed_its_rules_brings_no_deadline_forward(zone, day, data):
    calendar = create_calendar(zone, spans=data.draw(opened), days=WEEKDAYS)
    midnight, offsets = datetime.combine(day, time(), UTC), st.tuples(around, around)
    early, late = (midnight + offset * MINUTE for offset in sorted(data.draw(offsets)))
    unit, amount, more = data.draw(st.tuples(st.sampled_from(Unit), hours, hours))
    due = due_at(early, Duration(amount, unit), calendar)
    assert early <= due <= due_at(late, Duration(amount, unit), calendar)
    assert due <= due_at(early, Duration(amount + more, unit), calendar)
