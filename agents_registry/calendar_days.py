"""PURE: what a day is to a calendar: its hours, why it is off, and how its clock changes."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from agents_registry.calendars import ONE_DAY, Calendar, first_instant, holiday_names, spans_on

ONE_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class ClockChange:
    """What the local clock would have shown at that instant, and what it shows instead."""

    before: datetime
    after: datetime

    @property
    def ahead(self) -> bool:
        return self.after > self.before

    @property
    def shown(self) -> tuple[str, str]:
        """Both times in words, with their weekdays where these differ."""
        form = "%H:%M" if self.before.date() == self.after.date() else "%a %H:%M"
        return self.before.strftime(form), self.after.strftime(form)


@dataclass(frozen=True, slots=True)
class Day:
    """A local day. `holiday` names the public holidays of it, `own` says that it is a day off.

    `works` is false as well on a weekday that is always closed.
    """

    on: date
    works: bool
    holiday: str
    own: bool
    clock: ClockChange | None

    @property
    def named(self) -> bool:
        """Whether it is off for a reason of its own."""
        return self.own or bool(self.holiday)


def day_of(calendar: Calendar, on: date) -> Day:
    names = holiday_names(calendar.holidays, on.year) if calendar.holidays else {}
    return Day(
        on=on,
        works=bool(spans_on(calendar, on)),
        holiday=names.get(on, ""),
        own=on in calendar.days_off,
        clock=clock_change(calendar, on),
    )


def days(calendar: Calendar, first: date, last: date) -> Iterator[Day]:
    """Every day from the first to the last of them, both included."""
    for count in range((last - first).days + 1):
        yield day_of(calendar, first + count * ONE_DAY)


def clock_change(calendar: Calendar, on: date) -> ClockChange | None:
    """How the clock is put ahead or back on this day; None on all others."""
    zone = calendar.zone

    def offset(at: datetime) -> timedelta:
        return at.astimezone(zone).utcoffset() or timedelta()

    start, end = (
        first_instant(datetime.combine(day, time.min), zone) for day in (on, on + ONE_DAY)
    )
    old, new = offset(start - ONE_SECOND), offset(end - ONE_SECOND)
    if old == new or start == end:
        return None
    seconds = range(int((end - start).total_seconds()))
    changed = bisect_left(
        seconds, True, key=lambda count: offset(start + count * ONE_SECOND) != old
    )
    wall = (start + changed * ONE_SECOND).replace(tzinfo=None)
    return ClockChange(wall + old, wall + new)


def is_skipped(calendar: Calendar, wall: datetime) -> bool:
    """Whether the clock never shows this time."""
    there = wall.replace(tzinfo=calendar.zone).astimezone(UTC).astimezone(calendar.zone)
    return there.replace(tzinfo=None) != wall


def is_repeated(calendar: Calendar, wall: datetime) -> bool:
    """Whether the clock shows this time twice."""
    first, second = (wall.replace(tzinfo=calendar.zone, fold=fold) for fold in (0, 1))
    return first.utcoffset() != second.utcoffset() and not is_skipped(calendar, wall)
