"""PURE: when a channel may be used: outside its quiet hours, and once a day for what is gathered.

As in a team's calendar, a time of day is the first instant at which the local clock shows it or a
later one; so quiet hours end once, also where the clock skips or repeats an hour.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from agents_registry.calendars import first_instant

AT_ONCE = "at_once"
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Hours:
    """A channel's times, all of its own zone. Without both ends, or with equal ones, no hour is
    quiet; `quiet_until` may be the next day's."""

    time_zone: str
    quiet_from: time | None
    quiet_until: time | None
    digest_at: time

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


def when(pace: str, hours: Hours, at: datetime) -> datetime | None:
    """When something told at `at` leaves, in UTC: at once, or as the quiet hours end. None where
    it waits for a digest or is never sent."""
    return _after_quiet(hours, at) if pace == AT_ONCE else None


def next_digest(hours: Hours, after: datetime) -> datetime:
    """The first digest that leaves later than `after`, in UTC: one for each local day, as the quiet
    hours end where its time lies in them."""
    today = after.astimezone(hours.zone).date()
    times = [
        _after_quiet(hours, _instant(hours, datetime.combine(today, hours.digest_at) + days))
        for days in map(timedelta, range(-2, 3))
    ]
    return min(leaves for leaves in times if leaves > after)


def _after_quiet(hours: Hours, at: datetime) -> datetime:
    """The end of the quiet hours that `at` lies within, else `at` itself."""
    at = at.astimezone(UTC)
    begins, ends = hours.quiet_from, hours.quiet_until
    if begins is None or ends is None or begins == ends:
        return at
    today = at.astimezone(hours.zone).date()
    over_midnight = ONE_DAY if ends < begins else timedelta()
    for days in map(timedelta, range(-2, 2)):
        opens = _instant(hours, datetime.combine(today + days, begins))
        closes = _instant(hours, datetime.combine(today + days, ends) + over_midnight)
        if opens < at < closes:
            return closes
    return at


def _instant(hours: Hours, wall: datetime) -> datetime:
    return first_instant(wall, hours.zone)
