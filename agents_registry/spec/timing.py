"""PURE: finds calendars, durations and escalation chains that cannot work."""

from collections.abc import Iterator
from datetime import UTC, datetime

from agents_registry.sla import Calendar, Duration, due_at
from agents_registry.spec.problems import Problem
from agents_registry.spec.rows import Document, Row
from agents_registry.spec.shape import OWNER_ROLES

SOME_MONDAY = datetime(2026, 1, 5, 0, 0, tzinfo=UTC)
"""Where durations of different units are laid out to be compared."""

CALENDAR_FIELDS = ("time_zone", "hours", "holidays", "days_off")


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
    if row["first_remind"]:
        yield from duration(f"{place}/first_remind", row["first_remind"])
    asked = list[str]()
    for number, stage in enumerate(row["stages"]):
        at = f"{place}/stages/{number}"
        yield from addressee(f"{at}/who", stage["who"], whole)
        if stage["who"] in asked:
            yield Problem(f"{at}/who", f"It goes in a circle: {stage['who']} was asked before.")
        asked.append(stage["who"])
        yield from duration(f"{at}/within", stage["within"])
        if stage["remind"]:
            yield from duration(f"{at}/remind", stage["remind"])


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
    """Whether every step of a faultless chain ends, and is reminded of before it does."""
    first = {"within": sla, "remind": chain["first_remind"]}
    for number, stage in enumerate([first, *chain["stages"]]):
        try:
            late = stage["remind"] and not _before(stage["remind"], stage["within"], calendar)
        except ValueError as error:
            yield Problem(place, f"Step {number + 1} of the chain never ends: {error}")
            return
        if late:
            yield Problem(place, f"Step {number + 1} of the chain is reminded of when it is over.")


def _before(remind: str, within: str, calendar: Row) -> bool:
    times = calendar_of(calendar)
    start = due_at(SOME_MONDAY, Duration.parse("1 business minute"), times)
    due, reminded = (due_at(start, Duration.parse(words), times) for words in (within, remind))
    return reminded < due
