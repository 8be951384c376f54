"""PURE: what like actions have in common, in what they differ, and which of them stand out."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from statistics import median
from typing import Any

from agents_registry.policy.numbers import number
from approvals.inert import Leaf, leaves

Key = tuple[str, str]
"""The side (`before`, `payload` or one of ours) and the JSON Pointer of a leaf in it."""

FEWEST = 5
"""Below this many rows nothing can be told from the rest by its value."""

RARE_SHARE = 20
REPEATED = Decimal("0.8")
FAR = Decimal("3.5")
SCALE = Decimal("0.6745")
AMOUNT = re.compile(r"-?[0-9]+\.[0-9]+")


@dataclass(frozen=True, slots=True)
class Column:
    """One leaf over all rows; None where a row has no such leaf. `odd`: how strongly the cells of
    these rows stand out, 1 or more."""

    key: Key
    cells: tuple[Leaf | None, ...]
    odd: Mapping[int, Decimal] = field(default_factory=dict)

    @property
    def leaf(self) -> Leaf:
        return next(cell for cell in self.cells if cell is not None)


@dataclass(frozen=True, slots=True)
class Alike:
    """All leaves of all rows: `same` in every row, or a column of what `differs`."""

    same: tuple[Column, ...]
    differs: tuple[Column, ...]


def row(payload: Any, before: Any = None, **words: str) -> dict[Key, Leaf]:
    """Every leaf of one action by its place, what is about to be done first. `words` are texts
    about it that are compared like leaves."""
    found = {("payload", leaf.pointer): leaf for leaf in leaves(payload)}
    if before is not None:
        found |= {("before", leaf.pointer): leaf for leaf in leaves(before)}
    return found | {(name, ""): Leaf(name, "", text, is_text=True) for name, text in words.items()}


def compare(rows: Sequence[Mapping[Key, Leaf]]) -> Alike:
    """Parts the leaves into those that are the same in all rows and those that differ."""
    keys = dict.fromkeys(key for row in rows for key in row)
    same, differs = [], []
    for key in keys:
        cells = tuple(row.get(key) for row in rows)
        if len({_said(cell) for cell in cells}) == 1:
            same.append(Column(key, cells))
        else:
            differs.append(Column(key, cells, _odd(cells)))
    return Alike(tuple(same), tuple(differs))


def below(line: Decimal | None, given: Sequence[Decimal | None]) -> dict[int, Decimal]:
    """The rows whose confidence is below the line of their type, or is not given."""
    if line is None:
        return {}
    return {
        at: 1 + line - (confidence or 0)
        for at, confidence in enumerate(given)
        if confidence is None or confidence < line
    }


def standing_out(*odd: Mapping[int, Decimal]) -> list[int]:
    """The rows with an odd cell, the strongest first: by all that is odd in them together."""
    strength: defaultdict[int, Decimal] = defaultdict(Decimal)
    for cells in odd:
        for at, strong in cells.items():
            strength[at] += strong
    return sorted(strength, key=lambda at: (-strength[at], at))


def shown(columns: Sequence[Column], most: int) -> tuple[list[Column], list[Column]]:
    """At most so many columns, in their order, and the rest: what stands out comes first, then
    what is about to be done, then what stood there before."""
    by_worth = sorted(columns, key=lambda column: (-len(column.odd), column.key[0] == "before"))
    kept = {column.key for column in by_worth[:most]}
    first = [column for column in columns if column.key in kept]
    return first, [column for column in columns if column.key not in kept]


def _said(cell: Leaf | None) -> tuple[str, bool] | None:
    """What makes two cells equal: the text "null" is not the word null."""
    return None if cell is None else (cell.value_text, cell.is_text)


def _odd(cells: Sequence[Leaf | None]) -> dict[int, Decimal]:
    if len(cells) < FEWEST:
        return {}
    return dict(_rare(cells)) | dict(_far(cells))


def _rare(cells: Sequence[Leaf | None]) -> Iterator[tuple[int, Decimal]]:
    """Values in at most one row in twenty (or in one row), where at least four rows in five hold
    a value that is not so rare. In a column of names nothing is rare: everything is."""
    counts = Counter(_said(cell) for cell in cells)
    limit = max(1, len(cells) // RARE_SHARE)
    rare = [at for at, cell in enumerate(cells) if counts[_said(cell)] <= limit]
    if len(cells) - len(rare) >= REPEATED * len(cells):
        yield from ((at, Decimal(1)) for at in rare)


def _far(cells: Sequence[Leaf | None]) -> Iterator[tuple[int, Decimal]]:
    """Numbers whose modified z-score is above 3.5: 0.6745 times the distance from the median, by
    the median absolute deviation (Iglewicz and Hoaglin, “How to Detect and Handle Outliers”,
    1993). Where half of the numbers are equal there is no such deviation, and rarity says it."""
    numbers = {at: value for at, cell in enumerate(cells) if (value := _number(cell)) is not None}
    if len(numbers) < max(FEWEST, sum(cell is not None for cell in cells)):
        return
    middle = median(numbers.values())
    deviation = median(abs(value - middle) for value in numbers.values())
    if deviation == 0:
        return
    for at, value in numbers.items():
        score = SCALE * abs(value - middle) / deviation
        if score > FAR:
            yield at, score / FAR


def _number(cell: Leaf | None) -> Decimal | None:
    """A JSON number, or an amount such as "480.00"; a text of digits is rather a name."""
    if cell is None or (cell.is_text and not AMOUNT.fullmatch(cell.value_text)):
        return None
    return number(cell.value_text)
