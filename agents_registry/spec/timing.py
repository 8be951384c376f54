"""PURE: finds calendars, durations and escalation chains that cannot work."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from agents_registry.policy import pointers
from agents_registry.sla import Calendar, Duration, due_at
from agents_registry.spec.problems import Problem
from agents_registry.spec.rows import Document, Row
from agents_registry.spec.shape import OWNER_ROLES

SOME_MONDAY = datetime(2026, 1, 5, 0, 0, tzinfo=UTC)
"""Where durations of different units are laid out to be compared."""

CALENDAR_FIELDS = ("time_zone", "hours", "holidays", "days_off")
GONE = "gone"
"""The role of whoever is still in the team, and whose account is closed. No document says it."""

OF_ACTION = ("subject", "payload")
"""Kinds of addressees of whom only the action can tell who they are, and whether it is known."""

_RELATION = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
_POINTER = re.compile(pointers.PATTERN)


def calendar(place: str, row: Row) -> Iterator[Problem]:
    try:
        calendar_of(row)
    except ValueError as error:
        where, _, what = str(error).partition(": ")
        yield Problem(f"{place}/{where.replace('.', '/')}", what)


def calendar_of(row: Row) -> Calendar:
    """The calendar that a row describes; ValueError, beginning with the place, for none."""
    return Calendar.from_document({name: row[name] for name in CALENDAR_FIELDS})


def duration(place: str, words: str) -> Iterator[Problem]:
    """Words that are no duration, or a duration of nothing."""
    try:
        if Duration.parse(words).amount == 0:
            yield Problem(place, "It takes no time at all.")
    except ValueError as error:
        yield Problem(place, str(error))


def chain(place: str, row: Row, whole: Document) -> Iterator[Problem]:
    """Stages that reach nobody or never end; `whole` is the document with all that it refers to."""
    if not row["stages"]:
        yield Problem(f"{place}/stages", "The chain is empty: nobody is asked after the first.")
    yield from _reminders(f"{place}/first_", row["first_remind"], row["first_repeat"])
    asked = list[str]()
    for number, stage in enumerate(row["stages"]):
        at = f"{place}/stages/{number}"
        yield from _asked(at, stage, whole)
        for part in ("who", "otherwise"):
            if stage[part] in asked:
                yield Problem(
                    f"{at}/{part}", f"It goes in a circle: {stage[part]} was asked before."
                )
        asked.append(stage["who"])
        yield from duration(f"{at}/within", stage["within"])
        yield from _reminders(f"{at}/", stage["remind"], stage["repeat"], stage["within"])


def addressee(place: str, who: str, whole: Document) -> Iterator[Problem]:
    """Whoever a chain or a rule asks has to be there."""
    kind, _, name = who.partition(":")
    if who in OWNER_ROLES:
        return
    if who == "manager":
        if not any(person["role"] == "manager" for person in whole["people"].values()):
            yield Problem(place, "This team has no manager.")
    elif kind == "pool":
        if name not in whole["pools"]:
            yield Problem(place, f"There is no pool {name!r}.")
    elif kind == "person":
        if name not in whole["people"]:
            yield Problem(place, f"{name!r} is not in this team.")
    else:
        yield Problem(place, f"{who!r} is no owner role, manager, pool:… or person:….")


def fits(place: str, sla: str, chain: Row, calendar: Row) -> Iterator[Problem]:
    """Whether every step of a faultless chain ends, and each of its reminders comes before that."""
    first = {"within": sla, "remind": chain["first_remind"], "repeat": chain["first_repeat"]}
    for number, stage in enumerate([first, *chain["stages"]]):
        try:
            in_time = _reminders_in_time(stage, calendar_of(calendar))
        except ValueError as error:
            yield Problem(place, f"Step {number + 1} of the chain never ends: {error}")
            return
        if stage["remind"] and not in_time:
            yield Problem(place, f"Step {number + 1} of the chain is reminded of when it is over.")
        elif stage["remind"] and in_time < stage["repeat"]:
            too_many = _too_many(stage["remind"], stage["repeat"], stage["within"])
            yield Problem(place, f"Step {number + 1} of the chain: {too_many}")


def _reminders_in_time(stage: Row, calendar: Calendar) -> int:
    """How many of a stage's reminders come before it is over."""
    at = due_at(SOME_MONDAY, Duration.parse("1 business minute"), calendar)
    due = due_at(at, Duration.parse(stage["within"]), calendar)
    for count in range(stage["repeat"] if stage["remind"] else 0):
        at = due_at(at, Duration.parse(stage["remind"]), calendar)
        if at >= due:
            return count
    return int(stage["repeat"])


def _reminders(place: str, remind: str | None, repeat: int, within: str = "") -> Iterator[Problem]:
    """Reminders that are none, or that go past the time that they remind of in any calendar."""
    if remind:
        yield from duration(f"{place}remind", remind)
        if repeat > 1 and _same_unit_and_past(remind, repeat, within):
            yield Problem(f"{place}repeat", _too_many(remind, repeat, within))
    elif repeat > 1:
        yield Problem(f"{place}repeat", "There is no reminder that could be repeated.")


def _same_unit_and_past(remind: str, repeat: int, within: str) -> bool:
    try:
        each, end = Duration.parse(remind), Duration.parse(within)
    except ValueError:
        return False
    return each.unit == end.unit and each.amount * repeat >= end.amount


def _too_many(remind: str, repeat: int, within: str) -> str:
    return f"{repeat} reminders, each after {remind}, go past the {within} that it has."


def _asked(place: str, stage: Row, whole: Document) -> Iterator[Problem]:
    """Somebody whom the stage can reach, whatever the action."""
    kind, _, name = stage["who"].partition(":")
    if kind not in OF_ACTION:
        yield from _reached(f"{place}/who", stage["who"], whole)
        if stage["otherwise"]:
            yield Problem(f"{place}/otherwise", "It is only for subject:… and payload:….")
        return
    if kind == "subject" and not _RELATION.fullmatch(name):
        sentence = f"{name!r} is no relation: a-z, 0-9, - and _, at most 40 of them."
        yield Problem(f"{place}/who", sentence)
    if kind == "payload" and not _POINTER.fullmatch(name):
        yield Problem(f"{place}/who", f"{name!r} is no JSON Pointer like /account/owner.")
    otherwise = stage["otherwise"] or ""
    if not otherwise:
        yield Problem(f"{place}/otherwise", "Say who is asked where nobody is known.")
    elif otherwise.partition(":")[0] in OF_ACTION:
        yield Problem(f"{place}/otherwise", "Nobody may be known here either: name somebody.")
    else:
        yield from _reached(f"{place}/otherwise", otherwise, whole)


def _reached(place: str, who: str, whole: Document) -> Iterator[Problem]:
    """An addressee that is there, with somebody who may answer."""
    found = list(addressee(place, who, whole))
    yield from found
    kind, _, name = who.partition(":")
    if found or not name:
        return
    if kind == "pool" and not whole["pools"][name]["people"]:
        yield Problem(place, f"Nobody is in the pool {name!r}.")
    if kind == "person" and whole["people"][name]["role"] == GONE:
        yield Problem(place, f"{name!r} no longer has an active account.")
    if kind == "person" and whole["people"][name]["role"] == "auditor":
        yield Problem(place, f"{name!r} is an auditor, who decides nothing.")
