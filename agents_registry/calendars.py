"""PURE: when a team works: its hours, zone and holidays, as spans of instants.

A span opens and closes at the first instant at which the local clock shows that time or a later
one. So an hour that the clock skips has no length, and an hour that it repeats is counted once
through, as real time, wherever the change falls.
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from reprlib import repr as brief
from typing import Self
from zoneinfo import ZoneInfo, available_timezones

from holidays import country_holidays, list_supported_countries

Span = tuple[timedelta, timedelta]
"""Opening and closing time of day, each since local midnight; 24:00 is one day."""

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ONE_DAY = timedelta(days=1)
ONE_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class PublicHolidays:
    """The public holidays of a country, or of one part of it, by the codes of ISO 3166."""

    country: str
    subdivision: str | None = None

    def __post_init__(self) -> None:
        countries = list_supported_countries()
        if self.country not in countries:
            raise ValueError(f"holidays.country: {brief(self.country)} has no known holidays.")
        if self.subdivision is not None and self.subdivision not in countries[self.country]:
            place = f"{brief(self.subdivision)} is no known part of {self.country}"
            raise ValueError(f"holidays.subdivision: {place}.")


@dataclass(frozen=True, slots=True)
class Calendar:
    """The working time of a week, less holidays and days off. `hours` starts with Monday."""

    time_zone: str
    hours: tuple[tuple[Span, ...], ...]
    holidays: PublicHolidays | None = None
    days_off: frozenset[date] = frozenset()

    def __post_init__(self) -> None:
        if self.time_zone not in _known_zones():
            raise ValueError(f"time_zone: {brief(self.time_zone)} is not a known time zone.")
        for weekday, spans in zip(WEEKDAYS, self.hours, strict=True):
            _check_spans(spans, at=f"hours.{weekday}")
        if not any(self.hours):
            raise ValueError("hours: the calendar has no working time.")

    @classmethod
    def from_document(cls, document: Mapping[str, object]) -> Self:
        """Reads the JSON form that `to_document` writes; `holidays` and `days_off` may be missing.

        Raises ValueError, beginning with the place that is wrong.
        """
        fields = _object(document, ("time_zone", "hours", "holidays", "days_off"), at="calendar")
        return cls(
            time_zone=_text(fields.get("time_zone"), at="time_zone"),
            hours=_read_hours(fields.get("hours")),
            holidays=_read_holidays(fields.get("holidays")),
            days_off=_read_days_off(fields.get("days_off", [])),
        )

    def to_document(self) -> dict[str, object]:
        """Returns the calendar as JSON: times as "09:00", dates as "2026-12-24"."""
        rule = self.holidays
        return {
            "time_zone": self.time_zone,
            "hours": {
                weekday: [[_clock(opens), _clock(closes)] for opens, closes in spans]
                for weekday, spans in zip(WEEKDAYS, self.hours, strict=True)
                if spans
            },
            "holidays": rule and {"country": rule.country, "subdivision": rule.subdivision},
            "days_off": [day.isoformat() for day in sorted(self.days_off)],
        }

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @property
    def full_day(self) -> timedelta:
        """Working time of the longest weekday."""
        return max(
            sum((closes - opens for opens, closes in spans), timedelta()) for spans in self.hours
        )

    def is_off(self, day: date) -> bool:
        """Whether `day` is a day off or a public holiday, whatever its weekday."""
        if day in self.days_off:
            return True
        return self.holidays is not None and day in holiday_names(self.holidays, day.year)


@lru_cache(maxsize=1024)
def holiday_names(holidays: PublicHolidays, year: int) -> Mapping[date, str]:
    """Returns the public holidays of `year`, observed ones included, with their local names."""
    return dict(country_holidays(holidays.country, subdiv=holidays.subdivision, years=year))


# Working time as instants


@lru_cache(maxsize=16_384)
def spans_on(calendar: Calendar, day: date) -> tuple[tuple[datetime, datetime], ...]:
    """Returns the working spans of a local day in UTC, in order; none on a day without work."""
    if calendar.is_off(day):
        return ()
    midnight, zone = datetime.combine(day, time.min), calendar.zone
    spans = (
        (first_instant(midnight + opens, zone), first_instant(midnight + closes, zone))
        for opens, closes in calendar.hours[day.weekday()]
    )
    return tuple((opens, closes) for opens, closes in spans if opens < closes)


def working_spans(
    start: datetime, end: datetime, calendar: Calendar
) -> Iterator[tuple[date, datetime, datetime]]:
    """Returns the working time from `start` to `end` in order, as (local day, opens, closes)."""
    day = start.astimezone(calendar.zone).date()
    # A clock set back over midnight shows the old date again while the new day's spans run.
    last_day = end.astimezone(calendar.zone).date() + ONE_DAY
    while day <= last_day:
        for opens, closes in spans_on(calendar, day):
            first, last = max(opens, start), min(closes, end)
            if first < last:
                yield day, first, last
        day += ONE_DAY


# The local clock


def first_instant(wall: datetime, zone: ZoneInfo) -> datetime:
    """Returns the first instant, in UTC, at which the clock of `zone` shows `wall` or later."""
    first, second = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first <= second:
        return first
    return _first_second(second, first, lambda instant: _shown(instant, zone) >= wall)


def latest_wall(instant: datetime, zone: ZoneInfo) -> datetime:
    """Returns the latest time the clock of `zone` has shown by `instant`, as a naive datetime.

    While the clock repeats an hour, that is the end of the hour. `instant` is in UTC.
    """
    local = instant.astimezone(zone)
    if not local.fold:
        return local.replace(tzinfo=None)
    first_time = local.replace(fold=0).astimezone(UTC)
    set_back = _first_second(first_time, instant, lambda at: at.astimezone(zone).fold == 1)
    return _shown(set_back, zone) + (instant - first_time)


def _shown(instant: datetime, zone: ZoneInfo) -> datetime:
    return instant.astimezone(zone).replace(tzinfo=None)


def _first_second(early: datetime, late: datetime, holds: Callable[[datetime], bool]) -> datetime:
    """Finds the whole second, after `early` and up to `late`, from which on `holds` is true."""
    early = early.replace(microsecond=0)
    seconds = range(int((late - early).total_seconds()))
    found = bisect_left(seconds, True, key=lambda count: holds(early + timedelta(seconds=count)))
    return early + timedelta(seconds=found)


# Reading the document


@lru_cache(maxsize=1)
def _known_zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _check_spans(spans: tuple[Span, ...], at: str) -> None:
    earlier = timedelta()
    for opens, closes in spans:
        span = f"{_clock(opens)} to {_clock(closes)}"
        if closes <= opens:
            raise ValueError(f"{at}: {span} does not end after it begins.")
        if opens < earlier:
            raise ValueError(f"{at}: {span} overlaps the span that ends at {_clock(earlier)}.")
        earlier = closes


def _read_hours(value: object) -> tuple[tuple[Span, ...], ...]:
    week = _object(value, WEEKDAYS, at="hours")
    return tuple(_read_spans(week.get(weekday, []), at=f"hours.{weekday}") for weekday in WEEKDAYS)


def _read_spans(value: object, at: str) -> tuple[Span, ...]:
    spans = enumerate(_list(value, at=at))
    return tuple(sorted(_read_span(span, at=f"{at}[{index}]") for index, span in spans))


def _read_span(value: object, at: str) -> Span:
    match _list(value, at=at):
        case [opens, closes]:
            return _time_of_day(opens, at=at), _time_of_day(closes, at=at)
    raise ValueError(f"{at}: a span is an opening and a closing time.")


def _read_holidays(value: object) -> PublicHolidays | None:
    if value is None:
        return None
    rule = _object(value, ("country", "subdivision"), at="holidays")
    country = _text(rule.get("country"), at="holidays.country")
    part = rule.get("subdivision")
    return PublicHolidays(country, part if part is None else _text(part, at="holidays.subdivision"))


def _read_days_off(value: object) -> frozenset[date]:
    days = enumerate(_list(value, at="days_off"))
    return frozenset(_date(day, at=f"days_off[{index}]") for index, day in days)


def _time_of_day(value: object, at: str) -> timedelta:
    if re.fullmatch("([01][0-9]|2[0-3]):[0-5][0-9]|24:00", _text(value, at=at)) is None:
        raise ValueError(f"{at}: {brief(value)} is not a time like 09:00.")
    hours, minutes = str(value).split(":")
    return timedelta(hours=int(hours), minutes=int(minutes))


def _date(value: object, at: str) -> date:
    text = _text(value, at=at)
    with suppress(ValueError):
        day = date.fromisoformat(text)
        if day.isoformat() == text:
            return day
    raise ValueError(f"{at}: {brief(text)} is not a date like 2026-12-24.")


def _object(value: object, names: tuple[str, ...], at: str) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise ValueError(f"{at}: an object with {', '.join(names)} belongs here.")
    for name in value:
        if name not in names:
            raise ValueError(f"{at}: {brief(name)} is not one of {', '.join(names)}.")
    return value


def _list(value: object, at: str) -> list[object]:
    if not isinstance(value, list):
        raise ValueError(f"{at}: a list belongs here.")
    return value


def _text(value: object, at: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{at}: a text belongs here.")
    return value


def _clock(time_of_day: timedelta) -> str:
    hours, minutes = divmod(time_of_day // ONE_MINUTE, 60)
    return f"{hours:02}:{minutes:02}"


ALWAYS = Calendar(time_zone="UTC", hours=(((timedelta(), ONE_DAY),),) * 7)
