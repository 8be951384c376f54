"""Says when something staged then is due, and in plain words which days do not count and why."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from itertools import groupby
from zoneinfo import ZoneInfo

from agents_registry.calendar_days import Day, days, is_repeated
from agents_registry.calendars import ONE_DAY, working_spans
from agents_registry.forms.staged import StagedForm
from agents_registry.sla import TEN_YEARS, Calendar, Duration, Unit
from agents_registry.words import counted

BUSINESS = {Unit.BUSINESS_DAYS, Unit.BUSINESS_HOURS, Unit.BUSINESS_MINUTES}
MOST_WEEKENDS = 3
"""Closed times that are named one by one; of more, only their weekdays and their number."""

MOST_DAYS = 15
MOST_CHANGES = 4
Name = Callable[[date], str]


@dataclass(frozen=True, slots=True)
class Answer:
    """The instant, as the calendar's clock and the reader's show it; `reader` is empty where
    they are the same. `because` is what did not count, in sentences."""

    due: datetime
    here: str
    reader: str
    because: list[str]


def answer(form: StagedForm, reader_zone: str) -> Answer:
    """Of a form that is valid."""
    calendar, start, duration = form.calendar, form.cleaned_data["at"], form.cleaned_data["within"]
    other = reader_zone != calendar.time_zone
    return Answer(
        due=form.due,
        here=_instant(form.due.astimezone(calendar.zone)),
        reader=_instant(form.due.astimezone(ZoneInfo(reader_zone))) if other else "",
        because=list(_because(calendar, start, form.due, duration)),
    )


def _because(
    calendar: Calendar, start: datetime, due: datetime, duration: Duration
) -> Iterator[str]:
    first, last = (at.astimezone(calendar.zone).date() for at in (start, due))
    name = partial(_day, year=first.year)
    if is_repeated(calendar, start.replace(tzinfo=None)):
        yield f"The clock shows {start:%H:%M} twice on {name(first)}: the first time is meant."
    between = list(days(calendar, first, last))
    if duration.unit in BUSINESS:
        yield from _begins(calendar, start, name)
        yield from _off([day for day in between if day.named], name)
        yield from _closed([day.on for day in between if not day.works and not day.named], name)
    else:
        yield f"{duration} count on any clock: the calendar takes nothing out."
    yield from _clock_changes(between, name)


def _begins(calendar: Calendar, start: datetime, name: Name) -> Iterator[str]:
    """When the first working time comes, where it is not now."""
    _, opens, _ = next(working_spans(start, start + TEN_YEARS, calendar))
    if opens > start:
        local = opens.astimezone(calendar.zone)
        yield f"It begins to count on {name(local.date())} at {local:%H:%M}."


def _off(named: list[Day], name: Name) -> Iterator[str]:
    """Days that have a reason of their own."""
    for day in named[:MOST_DAYS]:
        yield f"{name(day.on)} is {day.holiday or 'a day off'}."
    if more := named[MOST_DAYS:]:
        yield f"{counted(len(more), 'further day')} off as well."


def _closed(closed: list[date], name: Name) -> Iterator[str]:
    """Days on whose weekday nobody ever works."""
    weekends = list(_runs(closed))
    if len(weekends) > MOST_WEEKENDS:
        weekdays = sorted({(day.weekday(), f"{day:%A}") for day in closed})
        yield f"Closed on every {_all(word for _, word in weekdays)}: {len(closed)} days in all."
        return
    for run in weekends:
        yield f"{_all(map(name, run))} {'is' if len(run) == 1 else 'are'} closed."


def _runs(closed: list[date]) -> Iterator[list[date]]:
    """Days that follow each other, together."""
    numbered = enumerate(closed)
    for _, run in groupby(numbered, key=lambda pair: pair[1] - pair[0] * ONE_DAY):
        yield [day for _, day in run]


def _clock_changes(between: list[Day], name: Name) -> Iterator[str]:
    changes = [(day.on, day.clock) for day in between if day.clock]
    for on, clock in changes[:MOST_CHANGES]:
        way, (before, after) = "ahead" if clock.ahead else "back", clock.shown
        yield f"On {name(on)} the clock is put {way} from {before} to {after}."
    if more := changes[MOST_CHANGES:]:
        yield f"{counted(len(more), 'further change')} of the clock."


def _instant(local: datetime) -> str:
    return f"{local:%A %-d %B %Y, %H:%M} ({local.tzname()})"


def _day(day: date, year: int) -> str:
    """“Thursday 26 November”, with the year where it is another than that of the start."""
    return f"{day:%A %-d %B}" + (f" {day.year}" if day.year != year else "")


def _all(parts: Iterable[str]) -> str:
    *first, last = parts
    return f"{', '.join(first)} and {last}" if first else last
