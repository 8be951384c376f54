"""The page of a calendar: its next weeks day by day, and when something staged then is due."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse

from agents_registry.calendar_days import ClockChange, Day, days
from agents_registry.calendars import ONE_DAY
from agents_registry.forms.staged import YEARS, StagedForm
from agents_registry.models import Calendar, Workflow
from agents_registry.pages import due_when, timing
from agents_registry.pages.due_when import Answer
from agents_registry.pages.editing import Field, Wrong, fields_of, wrong
from agents_registry.sla import Calendar as Times

WEEKS = 4
LENGTH = WEEKS * 7 * ONE_DAY
ASKED = ("at", "within")


@dataclass(frozen=True, slots=True)
class Cell:
    """One day. `off` says why it is off, `clock` how its clock changes, `marks` what is on it."""

    on: date
    weekday: str
    hours: str
    off: str
    clock: str
    marks: list[str]
    today: bool
    closed: bool


@dataclass(frozen=True, slots=True)
class Week:
    words: str
    days: list[Cell]


@dataclass(frozen=True, slots=True, kw_only=True)
class WeeksPage:
    """`answer` is there once the form was asked and is faultless."""

    name: str
    slug: str
    zone: str
    edit_url: str
    weekdays: list[str]
    weeks: list[Week]
    from_words: str
    earlier_url: str
    later_url: str
    fields: list[Field]
    wrong: list[Wrong]
    answer: Answer | None


def page(row: Calendar, asked: QueryDict, now: datetime, reader_zone: str) -> WeeksPage:
    """The page as this reader asks for it: `at` and `within` are the question, `from` a day."""
    calendar = Times.from_document(row.document)
    data = asked if any(name in asked for name in ASKED) else None
    form = StagedForm(calendar, data, at=now, within=_usual(row))
    answered = form.is_valid()
    start = form.cleaned_data["at"] if answered else now
    today = now.astimezone(calendar.zone).date()
    first = _monday(_day(asked.get("from", "")) or start.astimezone(calendar.zone).date())
    last = first + LENGTH - ONE_DAY
    marks = _marks(form, calendar) if answered else {}
    return WeeksPage(
        name=row.name,
        slug=row.slug,
        zone=calendar.time_zone.replace("_", " "),
        edit_url=reverse("team_row", args=["calendars", row.slug]),
        weekdays=list(timing.DAYS.values()),
        weeks=list(_weeks(calendar, row, first, marks, today)),
        from_words=f"{_span(first, last)} {last.year}",
        earlier_url=_url(row, asked, first - LENGTH),
        later_url=_url(row, asked, first + LENGTH),
        fields=fields_of(form, checked=data is not None),
        wrong=wrong(form) if data is not None else [],
        answer=due_when.answer(form, reader_zone) if answered else None,
    )


def _usual(row: Calendar) -> str:
    """How long a workflow of this calendar gives."""
    first = Workflow.objects.filter(calendar=row, archived_at__isnull=True).first()
    return first.sla if first else "1 business day"


def _weeks(
    calendar: Times, row: Calendar, first: date, marks: dict[date, list[str]], today: date
) -> Iterator[Week]:
    hours = [timing.spans(row.document["hours"].get(day, [])) for day in timing.DAYS]
    for count in range(WEEKS):
        monday = first + count * 7 * ONE_DAY
        sunday = monday + 6 * ONE_DAY
        cells = [
            _cell(day, hours[day.on.weekday()], marks.get(day.on, []), today)
            for day in days(calendar, monday, sunday)
        ]
        yield Week(_span(monday, sunday), cells)


def _cell(day: Day, hours: str, marks: list[str], today: date) -> Cell:
    return Cell(
        on=day.on,
        weekday=f"{day.on:%A}",
        hours=hours if day.works else "closed",
        off=day.holiday or ("day off" if day.own else ""),
        clock=_clock_words(day.clock) if day.clock else "",
        marks=marks,
        today=day.on == today,
        closed=not day.works,
    )


def _clock_words(clock: ClockChange) -> str:
    before, after = clock.shown
    return f"clock {'ahead' if clock.ahead else 'back'}: {before} becomes {after}"


def _marks(form: StagedForm, calendar: Times) -> dict[date, list[str]]:
    marks: dict[date, list[str]] = {}
    for words, at in (("staged", form.cleaned_data["at"]), ("due", form.due)):
        local = at.astimezone(calendar.zone)
        marks.setdefault(local.date(), []).append(f"{words} {local:%H:%M}")
    return marks


def _day(words: str) -> date | None:
    """The day that an address names; None where that is nothing we have weeks of."""
    try:
        day = date.fromisoformat(words)
    except ValueError:
        return None
    return day if day.year in YEARS else None


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _url(row: Calendar, asked: QueryDict, first: date) -> str:
    """The same page from another day on; empty outside the years that it knows."""
    if first.year not in YEARS:
        return ""
    kept = {name: asked[name] for name in ASKED if name in asked}
    address = reverse("calendar_weeks", args=[row.slug])
    return f"{address}?{urlencode({**kept, 'from': first.isoformat()})}#h-weeks"


def _span(first: date, last: date) -> str:
    """“23 to 29 Nov”, “30 Nov to 6 Dec”."""
    month = "" if first.month == last.month else f" {first:%b}"
    return f"{first.day}{month} to {last:%-d %b}"
