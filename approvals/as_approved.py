"""PURE: holds the after-state that an agent reports against the content that was approved."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agents_registry.policy import numbers, pointers


class _Nothing:
    """No value, not even null."""

    def __repr__(self) -> str:
        return "NOTHING"


NOTHING = _Nothing()


@dataclass(frozen=True, slots=True)
class Difference:
    """Where the after-state says something else; `found` is NOTHING where it says nothing.

    `payload` and `after` are JSON Pointers into the two.
    """

    payload: str
    after: str
    approved: Any
    found: Any


def differences(
    approved: Mapping[str, Any], after: Any, matches: Sequence[Mapping[str, str]]
) -> list[Difference]:
    """Each place at which what is reported is not what was approved.

    `matches` are pairs `{"after": pointer, "payload": pointer}`: where the payload has a value,
    the after-state has to say the same. Without them every place counts that both have. Numbers
    are the same however they are written: 120, 120.0 and "120.00".
    """
    pairs = matches or [{"payload": each, "after": each} for each in _shared(approved, after, "")]
    found = (_difference(approved, after, pair) for pair in pairs)
    return [each for each in found if each]


def can_be_told(
    approved: Mapping[str, Any], after: Any, matches: Sequence[Mapping[str, str]]
) -> bool:
    """Whether there is any place at which the two can be held against each other."""
    if not matches:
        return any(True for _ in _shared(approved, after, ""))
    return any(_at(approved, pair["payload"]) is not NOTHING for pair in matches)


def _difference(approved: Any, after: Any, pair: Mapping[str, str]) -> Difference | None:
    wanted, found = _at(approved, pair["payload"]), _at(after, pair["after"])
    if wanted is NOTHING or _same(wanted, found):
        return None
    return Difference(pair["payload"], pair["after"], wanted, found)


def _at(document: Any, pointer: str) -> Any:
    """The value there; where `*` leads to several, all of them."""
    steps = pointers.steps(pointer)
    try:
        found = pointers.find(document, steps)
    except LookupError:
        return NOTHING
    return found if "*" in steps else found[0]


def _shared(approved: Any, after: Any, pointer: str) -> Iterator[str]:
    """The places that both have, as deep as both are objects or lists of the same length."""
    if isinstance(approved, dict) and isinstance(after, dict):
        for name in sorted(approved.keys() & after.keys()):
            yield from _shared(approved[name], after[name], f"{pointer}/{_escaped(name)}")
    elif _alike(approved, after):
        for place, pair in enumerate(zip(approved, after, strict=True)):
            yield from _shared(*pair, f"{pointer}/{place}")
    elif pointer:
        yield pointer


def _alike(one: Any, other: Any) -> bool:
    both = isinstance(one, list) and isinstance(other, list)
    return both and len(one) == len(other) and bool(one)


def _same(one: Any, other: Any) -> bool:
    """JSON equality, but for numbers: true is not 1, and an order "007" is no number 7."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return bool(one == other) or _same_number(one, other)


def _same_number(one: Any, other: Any) -> bool:
    if _is_code(one) or _is_code(other):
        return False
    first, second = numbers.number(one), numbers.number(other)
    return first is not None and first == second


def _is_code(value: Any) -> bool:
    """Digits that begin with a zero are a code, where no point follows it."""
    return isinstance(value, str) and value[:1] == "0" and value[1:2].isdigit()


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
