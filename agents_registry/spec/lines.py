"""PURE: says a plan in lines that a business owner reads."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from agents_registry.changes.directions import Direction
from agents_registry.spec.plan import RowChange

LONGEST = 60
_MISSING: Any = object()


class Sign(StrEnum):
    ADDED = "+"
    CHANGED = "~"
    REMOVED = "-"


@dataclass(frozen=True, slots=True)
class Line:
    """`~ workflows/refunds/sla: 1 business day → 4 business hours`, and where it leads."""

    sign: Sign
    place: str
    words: str
    direction: Direction

    def __str__(self) -> str:
        return f"{self.sign} {self.place}{self.words and ': '}{self.words}"


def lines(change: RowChange) -> Iterator[Line]:
    """One line for a new or a retired row, and one for each value that changes in a known one."""
    place = "/".join(change.place)
    if change.added:
        yield Line(Sign.ADDED, place, _summary(change), Direction.NEUTRAL)
        return
    for field in change.fields:
        if field.name == "retired":
            yield Line(Sign.REMOVED, place, "retired", field.direction)
        else:
            yield from _leaves(f"{place}/{field.name}", field.old, field.new, field.direction)


def _summary(change: RowChange) -> str:
    """What is worth a look at first in a new row."""
    values = change.values()
    match change.place:
        case ("workflows", _):
            return ", ".join(f"{role} {who}" for role, who in values["owners"].items())
        case ("workflows", _, "action_types", _):
            names = ("verb", "authority_level", "reversibility", "blast_radius")
            return ", ".join([*(values[name] for name in names), "draft_only"])
        case ("people", _):
            return str(values["role"])
    return str(values["name"])


def _leaves(place: str, old: Any, new: Any, direction: Direction) -> Iterator[Line]:
    """One line for each value inside that differs."""
    match old, new:
        case dict(), dict():
            names = [*old, *(name for name in new if name not in old)]
            pairs = [(name, old.get(name, _MISSING), new.get(name, _MISSING)) for name in names]
        case list(), list():
            longer = range(max(len(old), len(new)))
            pairs = [(str(at), *(_at(values, at) for values in (old, new))) for at in longer]
        case _:
            if old != new:
                yield _line(place, old, new, direction)
            return
    for name, before, after in pairs:
        yield from _leaves(f"{place}/{name}", before, after, direction)


def _at(values: list[Any], place: int) -> Any:
    return values[place] if place < len(values) else _MISSING


def _line(place: str, old: Any, new: Any, direction: Direction) -> Line:
    if old is _MISSING:
        return Line(Sign.ADDED, place, _said(new), direction)
    if new is _MISSING:
        return Line(Sign.REMOVED, place, _said(old), direction)
    return Line(Sign.CHANGED, place, f"{_said(old)} → {_said(new)}", direction)


def _said(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = "".join(char if char.isprintable() else " " for char in text)
    text = " ".join(text.split()) or "nothing"
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
