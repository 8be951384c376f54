"""Puts instants, tiers and states into the words that people read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from agents_registry.models import Person
from agents_registry.sla import in_words
from agents_registry.words import MODES, ROLES, TIERS, who
from approvals import timetable
from approvals.models import Action

__all__ = [
    "CAP",
    "MODES",
    "ROLES",
    "SOON",
    "TIERS",
    "VIEWS",
    "Due",
    "at",
    "capped",
    "clock_time",
    "day_time",
    "due_of",
    "state",
    "who",
    "why",
]

PARTICULAR = (
    "stop_rule",
    "threshold",
    "confidence_line",
    "missing",
    "hole",
    "unconfirmed",
    "matrix",
)
"""Kinds of rule from the one that says most about this action to the one that says least."""

VIEWS = {"mine": "My work", "pool": "My pool", "all": "All", "escalated": "Escalated"}
SOON = timedelta(hours=2)
CAP = 99


@dataclass(frozen=True, slots=True)
class Due:
    """A deadline in words: time left in business time, and the instant in the reader's zone."""

    words: str
    css: str
    iso: str
    title: str


def due_of(action: Action, now: datetime, person: Person) -> Due | None:
    if action.due_at is None:
        return None
    calendar = timetable.calendar_of(action.frozen)
    return Due(
        words=in_words(now, action.due_at, calendar),
        css=_urgency(action, now),
        iso=action.due_at.isoformat(),
        title=f"{at(action.due_at, person)}, work time of {calendar.time_zone}",
    )


def at(instant: datetime | None, person: Person) -> str:
    """An instant in the reader's zone, e.g. “Tue 24 Nov 2026 11:40 EST”."""
    if instant is None:
        return ""
    return instant.astimezone(ZoneInfo(person.time_zone)).strftime("%a %-d %b %Y %H:%M %Z")


def clock_time(instant: datetime, person: Person) -> str:
    """The short form of the timeline, e.g. “24 Nov 09:12”."""
    return instant.astimezone(ZoneInfo(person.time_zone)).strftime("%-d %b %H:%M")


def day_time(instant: datetime, person: Person, now: datetime) -> str:
    """When something begins, e.g. “Monday 09:00”; with its date where that is a week ahead."""
    near = instant - now < timedelta(days=6)
    form = "%A %H:%M" if near else "%-d %b %Y %H:%M"
    return instant.astimezone(ZoneInfo(person.time_zone)).strftime(form)


def capped(count: int) -> str:
    return f"{CAP}+" if count > CAP else str(count)


def state(name: str) -> str:
    return name.replace("_", " ")


def why(findings: Sequence[Mapping[str, Any]]) -> str:
    """The one finding that says most: of the strictest, the most particular kind of rule."""
    if not findings:
        return ""
    strictest = [finding for finding in findings if finding["tier"] == findings[0]["tier"]]
    return str(min(strictest, key=_generality)["because"])


def _generality(finding: Mapping[str, Any]) -> int:
    kind = str(finding["rule"]).partition(":")[0]
    return PARTICULAR.index(kind) if kind in PARTICULAR else len(PARTICULAR)


def _urgency(action: Action, now: datetime) -> str:
    assert action.due_at is not None
    if action.due_at <= now:
        return "late"
    left, given = action.due_at - now, action.due_at - action.created_at
    return "soon" if left <= SOON or left <= given / 4 else ""
