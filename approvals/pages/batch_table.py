"""The table of a batch: a row for each action, with its values where they differ."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.urls import reverse

from agents_registry.words import counted
from approvals import alike
from approvals.alike import Column
from approvals.lots import Lot
from approvals.models import Action
from approvals.pages.content import Text, text
from approvals.pages.judgement import Reading, confidence
from approvals.transitions import Seen

LONGEST_CELL = 160


@dataclass(frozen=True, slots=True)
class Heading:
    """The head of a column: the leaf's name, and whether it is what stands there now or after."""

    path: Text
    side: str


@dataclass(frozen=True, slots=True)
class Cell:
    """One value; `more` says how much of a long text is only on the action's own page."""

    text: Text
    odd: bool
    more: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One action. `box` carries what a decision is bound to; empty where `closed` says why this
    person does not decide it."""

    id: UUID
    url: str
    label: Text
    box: str
    taken: bool
    closed: str
    close: bool
    opened: bool
    drawn: bool
    changed: bool
    stands_out: bool
    cells: list[Cell]
    confidence: Reading
    confidence_odd: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What a form had chosen when it came back; None of it on a page asked for afresh."""

    seen: Mapping[UUID, Seen]
    as_of: datetime
    typed: Mapping[str, str]


def rows(lot: Lot, columns: Sequence[Column], chosen: Chosen | None) -> list[Row]:
    """Every action of the lot with its value in each of these columns."""
    cells = [_cells(column) for column in columns]
    strong = set(alike.standing_out(*(c.odd for c in lot.differences.differs), lot.low))
    return [
        _row(lot, at, action, [column[at] for column in cells], at in strong, chosen)
        for at, action in enumerate(lot.actions)
    ]


def _row(
    lot: Lot, at: int, action: Action, cells: list[Cell], strong: bool, chosen: Chosen | None
) -> Row:
    seen, posted = Seen.of(action), chosen.seen.get(action.pk) if chosen else None
    fresh = chosen is None or action.created_at > chosen.as_of
    closed = lot.closed.get(action.pk, "")
    return Row(
        id=action.pk,
        url=f"{reverse('action', args=[action.pk])}?view=batch",
        label=text(action.subject_label or action.subject_id or action.sentence),
        box="" if closed else box(action.pk, seen),
        taken=fresh or posted == seen,
        closed=closed,
        close=action.pk in lot.close,
        opened=action.pk in lot.opened,
        drawn=action.pk in lot.drawn,
        changed=posted is not None and posted != seen,
        stands_out=strong,
        cells=cells,
        confidence=confidence(action),
        confidence_odd=at in lot.low,
    )


def box(action_id: UUID, seen: Seen) -> str:
    """What the box of a row posts: the action, and what a decision on it is bound to."""
    bound = (str(action_id), str(seen.revision), seen.payload_digest, seen.policy_revision)
    return " ".join(bound)


def _cells(column: Column) -> list[Cell]:
    return [
        _cell(cell.value_text if cell else None, at in column.odd)
        for at, cell in enumerate(column.cells)
    ]


def _cell(value: str | None, odd: bool) -> Cell:
    rest = len(value or "") - LONGEST_CELL
    more = f"{counted(rest, 'more character')} on its page" if rest > 0 else ""
    return Cell(text((value or "")[:LONGEST_CELL]), odd, more)


def heading(column: Column, lot: Lot) -> Heading:
    return Heading(text(column.leaf.path), side_of(column, lot))


def side_of(column: Column, lot: Lot) -> str:
    """Whether a leaf is what stands there now, or after; where there is only one, it is after."""
    side, pointer = column.key
    if side == "before":
        return "now"
    found = (*lot.differences.same, *lot.differences.differs)
    return "after" if any(each.key == ("before", pointer) for each in found) else ""
