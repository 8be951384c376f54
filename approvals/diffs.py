"""PURE: says what a payload changes, leaf by leaf and word by word."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import Match, SequenceMatcher
from itertools import groupby
from typing import Any, Literal

from approvals.alignment import aligned
from approvals.inert import Leaf, Place, leaves, parts, value_text

LONGEST = 20_000
"""Characters of one text beyond which words are no longer compared."""

WORK = 4_000_000
"""Comparisons after which the rest of a text counts as replaced: about half a second."""

WORD = re.compile(r"\S+")
PROSE = 80
ABSENT: Any = object()


@dataclass(frozen=True, slots=True)
class Change:
    """One leaf before and after, as text. None where there is no such leaf.

    `path`, `was` and both texts are others' words: they need `inert.segments`. `was` is the path
    before, of what stands in another place of its list now.
    """

    kind: Literal["changed", "added", "removed", "moved", "same", "context"]
    path: str
    pointer: str
    before: str | None
    after: str | None
    was: str = ""

    @property
    def is_prose(self) -> bool:
        """Long enough that a reader wants the changed words instead of two whole texts."""
        texts = (self.before or "", self.after or "")
        return self.kind == "changed" and any(len(text) > PROSE or "\n" in text for text in texts)


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of text in a word diff."""

    kind: Literal["same", "add", "del"]
    text: str


def field_changes(before: Any, after: Any, *, versions: bool = False) -> list[Change]:
    """What becomes of each leaf of the payload `after`, in its order.

    `before` is the record that the payload touches: what only the record has at its top is
    `context`, not removed. With `versions` both are versions of one payload (an edit), and what is
    gone at the top is removed as well.
    """
    known = before if versions else _split(before, after)[0]
    return list(_changes(known, after, Place()))


def context(before: Any, after: Any) -> list[Change]:
    """The leaves of the record that the payload does not touch."""
    rest = _split(before, after)[1]
    if rest is ABSENT or rest is None or rest in ({}, []):
        return []
    return [_one_sided("context", leaf) for leaf in leaves(rest)]


def same(before: Any, after: Any) -> bool:
    """Whether two JSON values are equal: 1 is 1.0, but not true and not "1"."""
    inner_before, inner_after = parts(before), parts(after)
    if _sort(before) != _sort(after) or inner_before.keys() != inner_after.keys():
        return False
    if not inner_before:
        return bool(before == after)
    return all(same(inner_before[key], inner_after[key]) for key in inner_before)


def word_diff(old: str, new: str) -> list[Part]:
    """The new text with what was added and taken away, in whole words.

    Same and taken away together give `old`, same and added give `new`.
    """
    if max(len(old), len(new)) > LONGEST:
        return _replaced(old, new)
    found = groupby(_word_by_word(old, new), key=lambda part: part.kind)
    return [Part(kind, "".join(part.text for part in run)) for kind, run in found]


class _Bounded(SequenceMatcher[str]):
    """A matcher that stops looking for matches when it has worked too long."""

    def __init__(self, before: list[str], after: list[str]) -> None:
        super().__init__(None, before, after, autojunk=False)
        self._words = len(before)
        counts = Counter(after)
        matches = sum(counts[word] for word in before)
        self._cost_of_a_word = 1 + matches / (self._words or 1)
        self._left = float(WORK)

    def find_longest_match(
        self, alo: int = 0, ahi: int | None = None, blo: int = 0, bhi: int | None = None
    ) -> Match:
        end = self._words if ahi is None else ahi
        self._left -= (end - alo) * self._cost_of_a_word
        if self._left < 0:
            return Match(alo, blo, 0)
        return super().find_longest_match(alo, ahi, blo, bhi)


def _changes(before: Any, after: Any, place: Place) -> Iterator[Change]:
    inner_before, inner_after = parts(before), parts(after)
    if before and after and isinstance(before, list) and isinstance(after, list):
        yield from _entries(before, after, place)
    elif inner_before and inner_after and type(before) is type(after):
        for key in [*inner_after, *(key for key in inner_before if key not in inner_after)]:
            sides = inner_before.get(key, ABSENT), inner_after.get(key, ABSENT)
            yield from _changes(*sides, place.of(key))
    elif inner_before or inner_after or before is ABSENT or after is ABSENT:
        gone = () if before is ABSENT else leaves(before, place)
        come = () if after is ABSENT else leaves(after, place)
        yield from (_one_sided("removed", leaf) for leaf in gone)
        yield from (_one_sided("added", leaf) for leaf in come)
    else:
        yield _two_sided(before, after, place)


def _entries(before: list[Any], after: list[Any], place: Place) -> Iterator[Change]:
    """Entry by entry, each beside what it was before."""
    for pair in aligned(before, after):
        old = ABSENT if pair.before is None else before[pair.before]
        new = ABSENT if pair.after is None else after[pair.after]
        here = place.of(pair.before if pair.after is None else pair.after)  # type: ignore[arg-type]
        found = _changes(old, new, here)
        if pair.before is None or pair.after in (None, pair.before):
            yield from found
        else:
            yield from (_from(change, place.of(pair.before), here, pair.moved) for change in found)


def _from(change: Change, there: Place, here: Place, moved: bool) -> Change:
    """The same change with where its entry stood before."""
    if change.kind == "added":
        return change
    was = there.path + (change.was or change.path).removeprefix(here.path)
    return replace(change, was=was, kind="moved" if moved else change.kind)


def _two_sided(before: Any, after: Any, place: Place) -> Change:
    (leaf,) = leaves(after, place)
    texts = value_text(before), leaf.value_text
    if same(before, after):
        return Change("same", leaf.path, leaf.pointer, *texts)
    if texts[0] == texts[1]:
        texts = json.dumps(before, ensure_ascii=False), json.dumps(after, ensure_ascii=False)
    return Change("changed", leaf.path, leaf.pointer, *texts)


def _one_sided(kind: Literal["added", "removed", "context"], leaf: Leaf) -> Change:
    text = leaf.value_text
    sides = (None, text) if kind == "added" else (text, None)
    return Change(kind, leaf.path, leaf.pointer, *sides)


def _word_by_word(old: str, new: str) -> Iterator[Part]:
    before, after = list(WORD.finditer(old)), list(WORD.finditer(new))
    old_at = new_at = 0
    for a, b in _matches([word[0] for word in before], [word[0] for word in after]):
        yield from _replaced(old[old_at : before[a].start()], new[new_at : after[b].start()])
        yield Part("same", before[a][0])
        old_at, new_at = before[a].end(), after[b].end()
    yield from _replaced(old[old_at:], new[new_at:])


def _matches(before: list[str], after: list[str]) -> Iterator[tuple[int, int]]:
    """The indexes of the words that both have, in order."""
    head = _common_start(before, after)
    tail = _common_start(before[head:][::-1], after[head:][::-1])
    a_end, b_end = len(before) - tail, len(after) - tail
    middle = _Bounded(before[head:a_end], after[head:b_end]).get_matching_blocks()
    for a, b, size in [(0, 0, head), *((head + a, head + b, n) for a, b, n in middle)]:
        yield from ((a + at, b + at) for at in range(size))
    yield from ((a_end + at, b_end + at) for at in range(tail))


def _common_start(before: Sequence[str], after: Sequence[str]) -> int:
    pairs = enumerate(zip(before, after, strict=False))
    shorter = min(len(before), len(after))
    return next((at for at, (old, new) in pairs if old != new), shorter)


def _replaced(old: str, new: str) -> list[Part]:
    """Taken away and added; white space that both begin or end with stays outside."""
    lead = _common_space(old, new)
    gone, come = old.removeprefix(lead), new.removeprefix(lead)
    tail = _common_space(gone[::-1], come[::-1])[::-1]
    found = [
        Part("same", lead),
        Part("del", gone.removesuffix(tail)),
        Part("add", come.removesuffix(tail)),
        Part("same", tail),
    ]
    return [part for part in found if part.text]


def _common_space(old: str, new: str) -> str:
    both = old[: _common_start(old, new)]
    return both[: len(both) - len(both.lstrip())]


def _split(before: Any, after: Any) -> tuple[Any, Any]:
    """The record cut at its top: what the payload has as well, and the rest."""
    if not (isinstance(before, dict) and isinstance(after, dict)):
        return ABSENT, before
    shared = {key: value for key, value in before.items() if key in after}
    rest = {key: value for key, value in before.items() if key not in after}
    return shared or ABSENT, rest or ABSENT


def _sort(value: Any) -> str:
    """The JSON type; whole and broken numbers are one."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return "number"
    return type(value).__name__
