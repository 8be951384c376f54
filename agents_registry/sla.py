"""PURE: business time: when something is due, how much working time has passed, and saying so.

Everything here is arithmetic on instants and a calendar. Nothing asks what time it is.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from reprlib import repr as brief
from typing import Self

from agents_registry.calendars import (
    ALWAYS,
    ONE_DAY,
    ONE_MINUTE,
    Calendar,
    first_instant,
    latest_wall,
    spans_on,
    working_spans,
)

__all__ = [
    "ALWAYS",
    "Calendar",
    "Duration",
    "Unit",
    "due_after_work",
    "due_at",
    "in_words",
    "never_longer",
    "shift_for_stop",
    "work_between",
]

TEN_YEARS = timedelta(days=3653)
"""How far ahead a deadline is looked for, and the longest duration."""


class Unit(StrEnum):
    """What a duration counts: time of a calendar, or (the last four) time of any clock."""

    BUSINESS_DAYS = "business days"
    BUSINESS_HOURS = "business hours"
    BUSINESS_MINUTES = "business minutes"
    DAYS = "days"
    HOURS = "hours"
    MINUTES = "minutes"
    SECONDS = "seconds"


LENGTHS = {
    Unit.BUSINESS_DAYS: ONE_DAY,
    Unit.BUSINESS_HOURS: timedelta(hours=1),
    Unit.BUSINESS_MINUTES: ONE_MINUTE,
    Unit.DAYS: ONE_DAY,
    Unit.HOURS: timedelta(hours=1),
    Unit.MINUTES: ONE_MINUTE,
    Unit.SECONDS: timedelta(seconds=1),
}
_OF_CALENDAR = {
    Unit.BUSINESS_DAYS: "days",
    Unit.BUSINESS_HOURS: "work",
    Unit.BUSINESS_MINUTES: "work",
}
"""What units of a calendar count; without one nobody knows how much work a day has."""

DURATION = re.compile(rf"([0-9]{{1,9}}) ({'|'.join(unit.removesuffix('s') for unit in Unit)})s?")


@dataclass(frozen=True, slots=True)
class Duration:
    """So many of a unit, from none up to ten years."""

    amount: int
    unit: Unit

    def __post_init__(self) -> None:
        if self.amount < 0:
            raise ValueError("A duration is not negative.")
        if self.amount > TEN_YEARS // LENGTHS[self.unit]:
            raise ValueError("A duration is at most ten years.")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads words like "3 business days" or "90 minutes"; raises ValueError on others."""
        found = DURATION.fullmatch(" ".join(text.lower().split()))
        if found is None:
            example = '"3 business days", "4 business hours" or "90 minutes"'
            raise ValueError(f"{brief(text)} is not a duration. Write it like {example}.")
        return cls(int(found[1]), Unit(f"{found[2]}s"))

    def __str__(self) -> str:
        return _counted(self.amount, self.unit.removesuffix("s"))

    @property
    def length(self) -> timedelta:
        """Of units that count the same the longer one has more; a business day counts as a day."""
        return self.amount * LENGTHS[self.unit]


def due_at(start: datetime, duration: Duration, calendar: Calendar) -> datetime:
    """Returns the instant, in UTC, at which `duration` from `start` is over.

    Business hours and minutes are real time elapsed while the calendar works. Business days end
    at the same local time on the N-th working day that follows; a start outside working hours
    counts from the next opening. If that day does not work at that time, it is due at its next
    opening on that day, or else at its last closing. Other units take no notice of the calendar;
    a day is 24 hours.

    Raises ValueError on a naive start, and if the calendar has too little working time in the
    next ten years.
    """
    start, length = _in_utc(start), duration.length
    match duration.unit:
        case Unit.BUSINESS_DAYS:
            return _due_after_days(start, duration.amount, calendar)
        case Unit.BUSINESS_HOURS | Unit.BUSINESS_MINUTES:
            return due_after_work(start, length, calendar)
    return start + length


def never_longer(one: Duration, other: Duration) -> bool:
    """Whether `one` is over no later than `other`, in any calendar and whenever both begin.

    False where only a calendar could tell.
    """
    if _OF_CALENDAR.get(one.unit) == _OF_CALENDAR.get(other.unit):
        return one.length <= other.length
    return one.unit not in _OF_CALENDAR and one.length <= _least_time(other)


def work_between(start: datetime, end: datetime, calendar: Calendar) -> timedelta:
    """Returns the working time that passes from `start` to `end`; none if `end` is not later."""
    spans = working_spans(_in_utc(start), _in_utc(end), calendar)
    return sum((closes - opens for _, opens, closes in spans), timedelta())


def due_after_work(start: datetime, work: timedelta, calendar: Calendar) -> datetime:
    """Returns the first instant, in UTC, by which `work` of working time has passed since `start`.

    Raises ValueError if `work` is negative or is not over within ten years.
    """
    if work < timedelta():
        raise ValueError("Working time is not negative.")
    start = _in_utc(start)
    if not work:
        return start
    for _, opens, closes in working_spans(start, start + TEN_YEARS, calendar):
        if work <= closes - opens:
            return opens + work
        work -= closes - opens
    raise _too_little_work()


def shift_for_stop(
    due_at: datetime, stopped_at: datetime, resumed_at: datetime, calendar: Calendar
) -> datetime:
    """Returns the deadline, in UTC, after the clock stood still from `stopped_at` to `resumed_at`.

    It leaves as much working time after the stop as there was before, and never comes earlier
    than it was. A deadline already past at `stopped_at` stays. One in units of any clock is
    shifted with `ALWAYS`.
    """
    due_at, stopped_at, resumed_at = _in_utc(due_at), _in_utc(stopped_at), _in_utc(resumed_at)
    if resumed_at < stopped_at:
        raise ValueError("A stop ends after it begins.")
    if due_at <= stopped_at:
        return due_at
    left = work_between(stopped_at, due_at, calendar)
    return max(due_at, due_after_work(resumed_at, left, calendar))


def in_words(now: datetime, due: datetime, calendar: Calendar) -> str:
    """Says the working time between now and a deadline, like "1 h 48 min left" or "35 min late".

    From the calendar's longest weekday on, whole ones are counted: "2 work days left". What is
    begun is not counted, so nobody is told of more time than there is.
    """
    if now > due:
        return f"{_work_in_words(work_between(due, now, calendar), calendar)} late"
    return f"{_work_in_words(work_between(now, due, calendar), calendar)} left"


def _least_time(duration: Duration) -> timedelta:
    """How much time passes at least, by any clock.

    Business days may begin late on one day and end early on another, and a zone may skip a day.
    """
    if duration.unit is Unit.BUSINESS_DAYS:
        return max(duration.length - 2 * ONE_DAY, timedelta())
    return duration.length


def _due_after_days(start: datetime, days: int, calendar: Calendar) -> datetime:
    opening = next(working_spans(start, start + TEN_YEARS, calendar), None)
    if opening is None:
        raise _too_little_work()
    first_day, opens, _ = opening
    time_of_day = latest_wall(opens, calendar.zone) - _midnight(first_day)
    day = _working_day_after(first_day, days, calendar)
    return _nearest_work(day, _midnight(day) + time_of_day, calendar)


def _working_day_after(first_day: date, days: int, calendar: Calendar) -> date:
    day, last_day = first_day, first_day + TEN_YEARS
    while days and day < last_day:
        day += ONE_DAY
        days -= bool(spans_on(calendar, day))
    if days:
        raise _too_little_work()
    return day


def _nearest_work(day: date, wall: datetime, calendar: Calendar) -> datetime:
    moment, spans = first_instant(wall, calendar.zone), spans_on(calendar, day)
    for opens, closes in spans:
        if moment <= closes:
            return max(opens, moment)
    return spans[-1][1]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min)


def _in_utc(instant: datetime) -> datetime:
    if instant.utcoffset() is None:
        raise ValueError("An instant needs a time zone.")
    return instant.astimezone(UTC)


def _too_little_work() -> ValueError:
    return ValueError("The calendar has too little working time in the next ten years.")


def _work_in_words(work: timedelta, calendar: Calendar) -> str:
    if work >= calendar.full_day:
        return _counted(work // calendar.full_day, "work day")
    hours, minutes = divmod(work // ONE_MINUTE, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min"


def _counted(amount: int, noun: str) -> str:
    return f"{amount} {noun}" if amount == 1 else f"{amount} {noun}s"
