"""Says in words who is asked when, what happens at the end, and when a team works."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

from django.urls import reverse

from agents_registry import words
from agents_registry.models import Calendar, EscalationChain
from agents_registry.pages.people import Name

DAYS = {
    "mon": "Monday",
    "tue": "Tuesday",
    "wed": "Wednesday",
    "thu": "Thursday",
    "fri": "Friday",
    "sat": "Saturday",
    "sun": "Sunday",
}
ALL_DAY = ["00:00", "24:00"]


@dataclass(frozen=True, slots=True)
class Chain:
    """An escalation chain, from the pool to what happens when nobody answers."""

    steps: list[str]
    fallback_words: str


@dataclass(frozen=True, slots=True)
class Hours:
    """Days that follow each other and have the same hours."""

    days: str
    hours: str


@dataclass(frozen=True, slots=True)
class Times:
    """A calendar: where, at which hours, and when not."""

    name: str
    zone: str
    hours: list[Hours]
    days_off: list[str]
    weeks_url: str


def chain(row: EscalationChain, sla: str, name: Name) -> Chain:
    """The pool within the `sla`, then each stage of the chain, then its fallback."""
    first = {
        "who": "pool",
        "within": sla,
        "remind": row.first_remind,
        "repeat": row.first_repeat,
    }
    said = [_step(stage, name) for stage in [first, *row.stages]]
    steps = [f"First {said[0]}", *(f"Then {step}" for step in said[1:])]
    return Chain(steps, words.FALLBACKS[row.fallback])


def addressees(row: EscalationChain) -> list[str]:
    """Everybody whom its stages name, and whoever is asked in their place."""
    named = ([stage["who"], stage.get("otherwise")] for stage in row.stages)
    return [who for pair in named for who in pair if who]


def calendar(row: Calendar) -> Times:
    hours, holidays = row.document["hours"], row.document.get("holidays")
    days = [date.fromisoformat(day) for day in sorted(row.document.get("days_off", []))]
    return Times(
        name=row.name,
        zone=row.document["time_zone"],
        hours=list(_hours(hours)),
        days_off=[*_public(holidays), *(f"{day:%-d %b %Y}" for day in days)],
        weeks_url=reverse("calendar_weeks", args=[row.slug]),
    )


def window(row: Calendar) -> str:
    """The times of a calendar in a line: “Mon to Fri 09:00 to 17:00 Europe/Berlin”."""
    hours = row.document["hours"]
    said = []
    for of_day, group in groupby(DAYS, key=lambda day: sorted(hours.get(day, []))):
        first, *rest = (day.capitalize() for day in group)
        days = f"{first} to {rest[-1]}" if rest else first
        said += [f"{days} {spans(of_day)}"] if of_day else []
    free = row.document.get("holidays") or row.document.get("days_off")
    but = ", not on its days off" if free else ""
    return f"{', '.join(said)} {row.document['time_zone']}{but}"


def asked(stage: dict[str, Any], name: Name) -> str:
    """Whom a stage asks: “the account_lead of the subject, or Omar where nobody is known”."""
    who, otherwise = name(stage["who"]), stage.get("otherwise")
    return f"{who}, or {name(otherwise)} where nobody is known" if otherwise else who


def _step(stage: dict[str, Any], name: Name) -> str:
    return f"{asked(stage, name)}: within {stage['within']}{_reminders(stage)}."


def _reminders(stage: dict[str, Any]) -> str:
    times = stage.get("repeat") or 1
    if not stage.get("remind"):
        return ""
    if times == 1:
        return f", with a reminder after {stage['remind']}"
    return f", with a reminder every {_each(stage['remind'])}, at most {times} times"


def _each(duration: str) -> str:
    """After “every”: one of a unit needs no number."""
    return duration.removeprefix("1 ")


def _hours(hours: dict[str, list[list[str]]]) -> Iterable[Hours]:
    for of_day, group in groupby(DAYS, key=lambda day: sorted(hours.get(day, []))):
        yield Hours(_days([DAYS[day] for day in group]), spans(of_day))


def _days(days: list[str]) -> str:
    if len(days) == len(DAYS):
        return "Every day"
    return days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"


def spans(of_day: list[list[str]]) -> str:
    """The opening hours of a day in words."""
    if not of_day:
        return "closed"
    said = ("all day" if span == ALL_DAY else f"{span[0]} to {span[1]}" for span in of_day)
    return ", ".join(said)


def _public(holidays: dict[str, str | None] | None) -> list[str]:
    """The public holidays by their ISO 3166 code: US, or US-CA for a part of it."""
    if not holidays:
        return []
    code = "-".join(filter(None, (holidays["country"], holidays.get("subdivision"))))
    return [f"public holidays of {code}"]
