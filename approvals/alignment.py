"""PURE: finds which entry of a list became which, where some came, went or moved."""

import json
from bisect import bisect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

NAMING = ("id", "key", "sku", "code", "email", "name")
"""The fields that tell one entry from another, the surest first; `order_id` counts as well."""

MOST_COMPARED = 1_000_000
"""Pairs of entries beyond which a list is compared place by place."""


@dataclass(frozen=True, slots=True)
class Pair:
    """An entry by its index before and after; None where it was not there. `moved`: the same
    entry elsewhere in the order, not one that others pushed along."""

    before: int | None
    after: int | None
    moved: bool = False


def aligned(before: Sequence[Any], after: Sequence[Any]) -> Iterator[Pair]:
    """Each entry of both lists once: in the order of `after`, then what is gone."""
    old, new = [_exact(item) for item in before], [_exact(item) for item in after]
    kept = dict(_in_order(old, new))
    moved = dict(_equal(old, new, kept))
    named = dict(_equal(_names(before), _names(after), kept | moved))
    found = kept | moved | named
    found |= dict(_in_the_gaps(len(old), len(new), kept, found))
    where = {came_from: at for at, came_from in found.items()}
    for at in range(len(new)):
        yield Pair(found.get(at), at, at in moved)
    yield from (Pair(at, None) for at in range(len(old)) if at not in where)


def _exact(item: Any) -> str:
    return json.dumps(item, sort_keys=True)


def _in_order(old: list[str], new: list[str]) -> Iterator[tuple[int, int]]:
    """What is equal and in the same order, as index after and index before."""
    if len(old) * len(new) > MOST_COMPARED:
        yield from ((at, at) for at in range(min(len(old), len(new))) if old[at] == new[at])
        return
    for a, b, size in SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks():
        yield from ((b + step, a + step) for step in range(size))


def _equal(
    old: Sequence[str | None], new: Sequence[str | None], found: Mapping[int, int]
) -> Iterator[tuple[int, int]]:
    """What is equal among the rest, wherever it stands: each of both lists at most once."""
    taken = set(found.values())
    free: dict[str, list[int]] = {}
    for at, name in enumerate(old):
        if name is not None and at not in taken:
            free.setdefault(name, []).append(at)
    for at, name in enumerate(new):
        if name is not None and at not in found and free.get(name):
            yield at, free[name].pop(0)


def _names(items: Sequence[Any]) -> list[str | None]:
    """What tells each object from the others, if any field of it does."""
    return [_name(item) for item in items]


def _name(item: Any) -> str | None:
    if not isinstance(item, Mapping):
        return None
    keys = [*NAMING, *(key for key in item if key.endswith("_id"))]
    key = next((key for key in keys if isinstance(item.get(key), str | int)), None)
    return None if key is None else _exact([key, item[key]])


def _in_the_gaps(
    olds: int, news: int, kept: Mapping[int, int], found: Mapping[int, int]
) -> Iterator[tuple[int, int]]:
    """What is left on both sides between the same neighbours, in its order: one for another."""
    taken, old_ends, new_ends = set(found.values()), sorted(kept.values()), sorted(kept)
    gaps: dict[int, list[int]] = {}
    for at in range(olds):
        if at not in taken:
            gaps.setdefault(bisect(old_ends, at), []).append(at)
    for at in range(news):
        gap = gaps.get(bisect(new_ends, at))
        if gap and at not in found:
            yield at, gap.pop(0)
