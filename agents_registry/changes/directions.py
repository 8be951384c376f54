"""PURE: tells whether a change to an action type tightens its policy or loosens it."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Any

from agents_registry.policy.findings import Mode, Tier
from agents_registry.policy.floors import AUTHORITY_LEVELS, FLOORS, VERBS


class Direction(StrEnum):
    NEUTRAL = "neutral"
    TIGHTENING = "tightening"
    LOOSENING = "loosening"


SIGNED_AT_BIRTH = frozenset({"confirmed", "mode", "loosened"})
"""What the risk owner signs on a type that is not confirmed yet: the rest binds nobody so far."""


def direction(field: str, old: Any, new: Any, *, confirmed: bool) -> Direction:
    """Where a field's change leads, on a type that was `confirmed` or not before it.

    What is not clearly at least as strict as before counts as loosening.
    """
    if old == new or field not in _AS_STRICT:
        return Direction.NEUTRAL
    if not confirmed and field not in SIGNED_AT_BIRTH:
        return Direction.NEUTRAL
    return Direction.TIGHTENING if _AS_STRICT[field](old, new) else Direction.LOOSENING


def _all_kept(old: list[Any], new: list[Any]) -> bool:
    return all(row in new for row in old)


def _line(old: Any, new: Any) -> bool:
    return new is not None and (old is None or new >= old)


def _thresholds(old: list[dict[str, Any]], new: list[dict[str, Any]]) -> bool:
    return all(any(_threshold(before, after) for after in new) for before in old)


def _threshold(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Whether everything that crossed the old line crosses the new one."""
    if _without(old, "limit", "words") != _without(new, "limit", "words"):
        return False
    lower = Decimal(str(new["limit"])) - Decimal(str(old["limit"]))
    match old["operator"]:
        case ">" | ">=":
            return lower <= 0
        case "<" | "<=":
            return lower >= 0
    return lower == 0


def _stop_rules(old: list[dict[str, Any]], new: list[dict[str, Any]]) -> bool:
    """Words may change; what a rule looks for, does and asks may not."""
    return _all_kept(
        [_without(rule, "words", "instead") for rule in old],
        [_without(rule, "words", "instead") for rule in new],
    )


def _impact(old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> bool:
    """Only a lower line from which on the same measures count as high is stricter."""
    lines = ("high_affected", "high_spend")
    if old is None or new is None or _without(old, *lines) != _without(new, *lines):
        return False
    return all(_line_lowered(old.get(name), new.get(name)) for name in lines)


def _line_lowered(old: Any, new: Any) -> bool:
    if old is None or new is None:
        return bool(old == new)
    return Decimal(str(new)) <= Decimal(str(old))


def _loosened(old: list[dict[str, str]], new: list[dict[str, str]]) -> bool:
    """Whether no floor lies lower than before."""
    before = {row["floor"]: Tier(row["tier"]) for row in old}
    after = {row["floor"]: Tier(row["tier"]) for row in new}
    return all(
        after.get(floor, FLOORS[floor].tier) >= before.get(floor, FLOORS[floor].tier)
        for floor in before.keys() | after.keys()
    )


def _without(row: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in names and value is not None}


_AS_STRICT: dict[str, Callable[[Any, Any], bool]] = {
    "mode": lambda old, new: Mode(new) > Mode(old),
    "confirmed": lambda old, new: not new,
    "retired": lambda old, new: bool(new),
    "retired_at": lambda old, new: new is not None,
    "changes_terms": lambda old, new: bool(new),
    "authority": lambda old, new: new == "advisory",
    "blast_radius": lambda old, new: new == "high",
    "reversibility": lambda old, new: new == "irreversible",
    "verb": lambda old, new: VERBS[new].tier > VERBS[old].tier,
    "authority_level": lambda old, new: AUTHORITY_LEVELS[new].tier > AUTHORITY_LEVELS[old].tier,
    "confidence_line": _line,
    "confidence_tier": lambda old, new: Tier(new) > Tier(old),
    "thresholds": _thresholds,
    "stop_rules": _stop_rules,
    "impact": _impact,
    "required_inputs": _all_kept,
    "waives": lambda old, new: set(new) <= set(old),
    "loosened": _loosened,
    "idempotent": lambda old, new: not new,
    "approvals_needed": lambda old, new: new > old,
}
