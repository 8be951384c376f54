"""PURE: what a draft changes of its stored row, value by value, and where each leads."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from agents_registry.changes.directions import Direction, direction
from agents_registry.rule_forms.fields import RULES
from agents_registry.rule_forms.reading import Draft
from agents_registry.spec.lines import Sign, lines
from agents_registry.spec.plan import FieldChange, RowChange
from agents_registry.spec.rows import Row


@dataclass(frozen=True, slots=True)
class Change:
    """`pointer` leads into the draft; for what was taken out, to the list that it stood in."""

    sign: Sign
    pointer: str
    words: str
    direction: Direction


def changes(draft: Draft, stored: Row) -> Iterator[Change]:
    """In the order of the row. A draft that has errors says nothing reliable."""
    confirmed, life = bool(stored["confirmed"]), stored["approval_life"]
    for name, new in draft.row.items():
        old = stored[name]
        leads = direction(name, old, new, confirmed=confirmed, life=life)
        if old == new:
            continue
        if name in RULES:
            yield from _weighed(leads, _of_rules(name, draft, old, confirmed=confirmed))
        else:
            yield from _leaves("", name, old, new, leads)


def _weighed(whole: Direction, found: Iterator[Change]) -> Iterator[Change]:
    """Rules are told apart; whether anything is loosened, all of them together decide."""
    parts = list(found)
    said = {part.direction for part in parts}
    for part in parts:
        apart = whole is Direction.LOOSENING and whole in said
        leads = part.direction if apart else whole
        yield Change(part.sign, part.pointer, part.words, leads)


def _of_rules(name: str, draft: Draft, old: list[Row], *, confirmed: bool) -> Iterator[Change]:
    def leads(before: list[Row], after: list[Row]) -> Direction:
        return direction(name, before, after, confirmed=confirmed)

    origins = draft.origins[name]
    for number, (origin, rule) in enumerate(zip(origins, draft.row[name], strict=True)):
        if not origin:
            words = _called(rule)
            yield Change(Sign.ADDED, f"/{name}/{number}", words, leads([], [rule]))
        elif (was := old[int(origin)]) != rule:
            yield from _leaves(f"/{name}", str(number), was, rule, leads([was], [rule]))
    kept = [int(origin) for origin in origins if origin]
    for number, rule in enumerate(old):
        if number not in kept:
            yield Change(Sign.REMOVED, f"/{name}", _called(rule), leads([rule], []))
    if kept != sorted(kept):
        yield Change(Sign.CHANGED, f"/{name}", "in another order", Direction.NEUTRAL)


def _leaves(place: str, name: str, old: Any, new: Any, leads: Direction) -> Iterator[Change]:
    for line in lines(RowChange((place,), (FieldChange(name, old, new, leads),))):
        yield Change(line.sign, line.place, line.words, line.direction)


def _called(rule: Row) -> str:
    """What a rule is known by, of the names that rules have."""
    names = ("words", "id", "name", "floor", "metric")
    return next((str(rule[name]) for name in names if rule.get(name)), "")
