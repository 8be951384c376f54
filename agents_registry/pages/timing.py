"""Says in words who is asked when, what happens at the end, and when a team works."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

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


def chain(row: EscalationChain, sla: str, name: Name) -> Chain:
    """The pool within the `sla`, then each stage of the chain, then its fallback."""
    first = {"who": "pool", "within": sla, "remind": row.first_remind}
    said = [_step(stage, name) for stage in [first, *row.stages]]
    steps = [f"First {said[0]}", *(f"Then {step}" for step in said[1:])]
    return Chain(steps, words.FALLBACKS[row.fallback])


def addressees(row: EscalationChain) -> list[str]:
    return [stage["who"] for stage in row.stages]


def calendar(row: Calendar) -> Times:
    hours, holidays = row.document["hours"], row.document.get("holidays")
    days = [date.fromisoformat(day) for day in sorted(row.document.get("days_off", []))]
    return Times(
        name=row.name,
        zone=row.document["time_zone"],
        hours=list(_hours(hours)),
        days_off=[*_public(holidays), *(f"{day:%-d %b %Y}" for day in days)],
    )


def _step(stage: dict[str, Any], name: Name) -> str:
    remind = f", with a reminder after {stage['remind']}" if stage.get("remind") else ""
    return f"{name(stage['who'])}: within {stage['within']}{remind}."


def _hours(hours: dict[str, list[list[str]]]) -> Iterable[Hours]:
    for spans, group in groupby(DAYS, key=lambda day: sorted(hours.get(day, []))):
        yield Hours(_days([DAYS[day] for day in group]), _spans(spans))


def _days(days: list[str]) -> str:
    if len(days) == len(DAYS):
        return "Every day"
    return days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"


def _spans(spans: list[list[str]]) -> str:
    if not spans:
        return "closed"
    said = ("all day" if span == ALL_DAY else f"{span[0]} to {span[1]}" for span in spans)
    return ", ".join(said)


def _public(holidays: dict[str, str | None] | None) -> list[str]:
    """The public holidays by their ISO 3166 code: US, or US-CA for a part of it."""
    if not holidays:
        return []
    code = "-".join(filter(None, (holidays["country"], holidays.get("subdivision"))))
    return [f"public holidays of {code}"]
