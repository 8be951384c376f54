"""PURE: what would have to change for the registry to be as a document says."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from agents_registry.changes.directions import SIGNED_AT_BIRTH, Direction, direction
from agents_registry.spec.rows import Document, Place, Row, fill, rows
from agents_registry.spec.shape import ACTION_TYPE

BORN: Row = fill({}, ACTION_TYPE)
"""An action type of which nothing is said yet: unconfirmed, draft-only, strict."""


@dataclass(frozen=True, slots=True)
class Change:
    """One field of a row, before and after."""

    field: str
    old: Any
    new: Any
    direction: Direction = Direction.NEUTRAL


@dataclass(frozen=True, slots=True)
class Step:
    """What is written of one row at once. `added` says that the row is new."""

    place: Place
    changes: tuple[Change, ...]
    added: bool = False


def plan(known: Document, document: Document) -> list[Step]:
    """The steps from what is `known` to what `document` says, in order; both are filled.

    A row that the document does not list stays, but an action type that its workflow, being
    listed, leaves out is retired. What only the risk owner may write is a step of its own.
    """
    before, after = rows(known), rows(document)
    steps = [step for place, row in after.items() for step in _steps(place, before.get(place), row)]
    return [*steps, *_retired(before, after)]


def _steps(place: Place, before: Row | None, after: Row) -> Iterator[Step]:
    if before is not None:
        if changes := _changes(place, before, after):
            yield Step(place, changes)
    elif "action_types" in place:
        birth, signed = _birth(after)
        yield Step(place, birth, added=True)
        if signed:
            yield Step(place, signed)
    else:
        yield Step(place, tuple(Change(f, None, v) for f, v in after.items()), added=True)


def _changes(place: Place, before: Row, after: Row) -> tuple[Change, ...]:
    """An account's name and address are its own: a document sets them only when it makes it."""
    fields = ["role"] if place[0] == "people" else list(after)
    confirmed = bool(before.get("confirmed"))
    return tuple(
        Change(f, before[f], after[f], direction(f, before[f], after[f], confirmed=confirmed))
        for f in fields
        if before[f] != after[f]
    )


def _birth(row: Row) -> tuple[tuple[Change, ...], tuple[Change, ...]]:
    """How an action type is first stored, and what the risk owner signs after that."""
    born = tuple(Change(f, None, v) for f, v in row.items() if f not in SIGNED_AT_BIRTH)
    signed = tuple(
        Change(f, BORN[f], row[f], direction(f, BORN[f], row[f], confirmed=False))
        for f in row
        if f in SIGNED_AT_BIRTH and row[f] != BORN[f]
    )
    return born, signed


def _retired(before: dict[Place, Row], after: dict[Place, Row]) -> Iterator[Step]:
    retired = (Change("retired", False, True, Direction.TIGHTENING),)
    for place in before:
        if "action_types" in place and place[:2] in after and place not in after:
            yield Step(place, retired)
