"""PURE: what would have to change for the registry to be as a document says."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from agents_registry.changes.directions import SIGNED_AT_BIRTH, Direction, direction
from agents_registry.spec.rows import Document, Place, Row, fill, rows
from agents_registry.spec.shape import ACTION_TYPE, TEAM

LEAD = "governance_lead"
BORN: Row = fill({}, ACTION_TYPE)
"""An action type of which nothing is said yet: unconfirmed, draft-only, strict."""


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field of a row, before and after."""

    name: str
    old: Any
    new: Any
    direction: Direction = Direction.NEUTRAL


@dataclass(frozen=True, slots=True)
class RowChange:
    """What is written of one row at once. `added` says that the row is new."""

    place: Place
    fields: tuple[FieldChange, ...]
    added: bool = False

    def values(self) -> Row:
        """The new value of each field that changes."""
        return {field.name: field.new for field in self.fields}


def plan(known: Document, document: Document) -> list[RowChange]:
    """What leads from what is `known` to what `document` says, in order; both are filled.

    A row that the document does not list stays, but an action type that its workflow, being
    listed, leaves out is retired. What only the risk owner may write is a change of its own.
    """
    before, after = rows(known), rows(document)
    listed = [
        change for place, row in after.items() for change in _of_row(place, before.get(place), row)
    ]
    return [*sorted(listed, key=_turn), *_retired(before, after)]


def _turn(change: RowChange) -> int:
    """The team, then its people, and only then who of them leads its governance."""
    if change.place == ("team",):
        return 2 if LEAD in change.values() else 0
    return 1 if change.place[0] == "people" else 2


def _of_row(place: Place, before: Row | None, after: Row) -> Iterator[RowChange]:
    if place == ("team",):
        yield from _of_team(before, after)
    elif before is not None:
        if fields := _differing(place, before, after):
            yield RowChange(place, fields)
    elif "action_types" in place:
        born, signed = _birth(after)
        yield RowChange(place, born, added=True)
        if signed:
            yield RowChange(place, signed)
    else:
        every = tuple(FieldChange(name, None, value) for name, value in after.items())
        yield RowChange(place, every, added=True)


def _of_team(before: Row | None, after: Row) -> Iterator[RowChange]:
    """Its governance lead by itself, since that can be one of the people who come after it."""
    fields = _differing(("team",), before or fill({}, TEAM), after)
    for named in (False, True):
        if part := tuple(field for field in fields if (field.name == LEAD) is named):
            yield RowChange(("team",), part, added=before is None and not named)


def _differing(place: Place, before: Row, after: Row) -> tuple[FieldChange, ...]:
    """An account's name and address are its own: a document sets them only when it makes it."""
    names = ["role"] if place[0] == "people" else list(after)
    confirmed, life = bool(before.get("confirmed", True)), before.get("approval_life", "")
    return tuple(
        _field(name, before[name], after[name], confirmed=confirmed, life=life)
        for name in names
        if before[name] != after[name]
    )


def _birth(row: Row) -> tuple[tuple[FieldChange, ...], tuple[FieldChange, ...]]:
    """How an action type is first stored, and what the risk owner signs after that."""
    born = tuple(
        FieldChange(name, None, value) for name, value in row.items() if name not in SIGNED_AT_BIRTH
    )
    signed = tuple(
        _field(name, BORN[name], value, confirmed=False)
        for name, value in row.items()
        if name in SIGNED_AT_BIRTH and value != BORN[name]
    )
    return born, signed


def _field(name: str, old: Any, new: Any, *, confirmed: bool, life: str = "") -> FieldChange:
    return FieldChange(name, old, new, direction(name, old, new, confirmed=confirmed, life=life))


def _retired(before: dict[Place, Row], after: dict[Place, Row]) -> Iterator[RowChange]:
    retired = (FieldChange("retired", False, True, Direction.TIGHTENING),)
    for place in before:
        if "action_types" in place and place[:2] in after and place not in after:
            yield RowChange(place, retired)
