"""PURE: tells whether a change to a row of the registry tightens a policy or loosens it."""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Any

from agents_registry.policy import again, sampling
from agents_registry.policy.findings import Mode, Tier
from agents_registry.policy.floors import AUTHORITY_LEVELS, FLOORS, READ_VERB, VERBS
from agents_registry.sla import Duration, never_longer


class Direction(StrEnum):
    NEUTRAL = "neutral"
    TIGHTENING = "tightening"
    LOOSENING = "loosening"


SIGNED_AT_BIRTH = frozenset({"confirmed", "mode", "loosened"})
"""What the risk owner signs on a type that is not confirmed yet: the rest binds nobody so far."""


def direction(field: str, old: Any, new: Any, *, confirmed: bool, life: str = "") -> Direction:
    """Where a field's change leads, on a type that was `confirmed` or not before it.

    Of other rows than types, every change binds: they are `confirmed`. `life` is how long an
    approval lasted before it in tiers that `approval_lives` does not name. What is not clearly at
    least as strict as before counts as loosening.
    """
    if old == new or field not in _AS_STRICT:
        return Direction.NEUTRAL
    if not confirmed and field not in SIGNED_AT_BIRTH:
        return Direction.NEUTRAL
    as_strict = _AS_STRICT[field]
    if field == "approval_lives":
        old, new = ({**dict.fromkeys([*old, *new], life), **lives} for lives in (old, new))
    if not as_strict(old, new):
        return Direction.LOOSENING
    return Direction.NEUTRAL if as_strict(new, old) else Direction.TIGHTENING


def direction_between(before: Mapping[str, Any], after: Mapping[str, Any]) -> Direction:
    """Where the step from one policy document to the next leads; one thing loosened is enough."""
    confirmed = bool(before["confirmed"])
    steps = {
        direction(name, before.get(name), after[name], confirmed=confirmed)
        for name in after
        if before.get(name) != after[name]
    }
    return max(steps, key=list(Direction).index, default=Direction.NEUTRAL)


def _all_kept(old: list[Any], new: list[Any]) -> bool:
    return all(row in new for row in old)


def _line(old: Any, new: Any) -> bool:
    return new is not None and (old is None or new >= old)


def _thresholds(old: list[dict[str, Any]], new: list[dict[str, Any]]) -> bool:
    """Whether everything that crossed an old line crosses a new one."""
    return _each(_threshold, old, new)


def _each(as_strict: Callable[[Any, Any], bool], old: Iterable[Any], new: Iterable[Any]) -> bool:
    return all(any(as_strict(before, after) for after in new) for before in old)


def _threshold(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    lines = ("limit", "words")
    return _without(old, *lines) == _without(new, *lines) and _limit(old, new)


def _limit(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    lower = Decimal(str(new["limit"])) - Decimal(str(old["limit"]))
    match old["operator"]:
        case ">" | ">=":
            return lower <= 0
        case "<" | "<=":
            return lower >= 0
    return lower == 0


def _cumulative(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Like a threshold; what it is called adds nothing up."""
    lines = ("id", "limit", "words")
    return _without(old, *lines) == _without(new, *lines) and _limit(old, new)


def _floor(old: Mapping[str, str], new: Mapping[str, str]) -> bool:
    return old["floor"] == new["floor"] and Tier(new["tier"]) >= Tier(old["tier"])


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


def _inputs(old: list[dict[str, Any]], new: list[dict[str, Any]]) -> bool:
    """Whether each is still required, and may be no older."""
    return _each(_input, old, new)


def _input(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    ages = old.get("max_age_seconds"), new.get("max_age_seconds")
    return bool(old["name"] == new["name"] and _age(*ages))


def _age(old: int | None, new: int | None) -> bool:
    return old is None or (new is not None and new <= old)


def _again(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Whether each is still found, as many days back, and no less follows."""
    return all(kind in new and _repeat(rule, new[kind]) for kind, rule in old.items())


def _repeat(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    return bool(new["days"] >= old["days"] and again.tier_of(new) >= again.tier_of(old))


def _declared(old: Any, new: Any) -> bool:
    """Whether what its trace may name grew no longer; where nothing is declared, it is anything."""
    before, after = _names(old), _names(new)
    return not before or (bool(after) and after <= before)


def _names(said: Any) -> set[str]:
    lists = said.values() if isinstance(said, dict) else [said or ()]
    return {name for names in lists for name in names}


def _spot_check_rate(old: Any, new: Any) -> bool:
    """Whether no tier is looked at less afterwards; null stands for the share of each tier."""
    before, after = (None if own is None else Decimal(str(own)) for own in (old, new))
    return all(sampling.rate(tier, after) >= sampling.rate(tier, before) for tier in sampling.RATES)


def _life(old: str, new: str) -> bool:
    """Whether an approval lasts no longer, whatever the calendar. What is unknown may."""
    try:
        return old == new or never_longer(Duration.parse(new), Duration.parse(old))
    except ValueError:
        return False


def _lives(old: Mapping[str, str], new: Mapping[str, str]) -> bool:
    return all(_life(old[tier], new[tier]) for tier in old)


def _windows(old: list[dict[str, Any]], new: list[dict[str, Any]]) -> bool:
    return _each(_window, old, new)


def _window(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Whether whatever took the mode down before still does, at least as far."""
    lines = ("limit", "words", "windows", "action_types", "mode_to")
    return (
        _without(old, *lines) == _without(new, *lines)
        and _limit(old, new)
        and new.get("windows", 1) <= old.get("windows", 1)
        and Mode(new["mode_to"]) >= Mode(old["mode_to"])
        and _wider(old.get("action_types"), new.get("action_types"))
    )


def _wider(old: list[str] | None, new: list[str] | None) -> bool:
    """Of lists in which nothing stands for everything."""
    return not new or (bool(old) and set(old or ()) <= set(new))


def _standard(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Whether the rules of a standard ask for all that they asked for before, of no fewer verbs."""
    asked = [name for name in _OF_STANDARD if old.get(name)]
    sure = old.get("confidence_line") is not None
    if not asked and not sure:
        return True
    return (
        _verbs(old, new)
        and (not sure or _confidence(old, new))
        and all(_OF_STANDARD[name](old[name], new.get(name)) for name in asked)
    )


def _confidence(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    before, after = (row.get("confidence_tier") or Tier.MANDATORY for row in (old, new))
    line = _line(old["confidence_line"], new.get("confidence_line"))
    return line and Tier(after) >= Tier(before)


def _verbs(old: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Where no verb is named, all are meant but reading."""
    others = set(VERBS) - {READ_VERB}
    return set(old.get("verbs") or others) <= set(new.get("verbs") or others)


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
    "cumulative": lambda old, new: _each(_cumulative, old or [], new or []),
    "required_inputs": _inputs,
    "again": _again,
    "systems": _declared,
    "data_classes": _declared,
    "waives": lambda old, new: set(new) <= set(old),
    "loosened": _loosened,
    "idempotent": lambda old, new: not new,
    "approvals_needed": lambda old, new: new > old,
    "spot_check_rate": _spot_check_rate,
    "approval_life": _life,
    "approval_lives": _lives,
    "window_thresholds": _windows,
    "standards": lambda old, new: set(old) <= set(new),
    "rules": _standard,
    "everywhere": lambda old, new: bool(new),
    "second_person": lambda old, new: bool(new),
}
_OF_STANDARD: dict[str, Callable[[Any, Any], bool]] = {
    "mode": lambda old, new: new is not None and Mode(new) >= Mode(old),
    "floors": lambda old, new: _each(_floor, old, new or []),
    "thresholds": lambda old, new: _thresholds(old, new or []),
    "cumulative": lambda old, new: _each(_cumulative, old, new or []),
    "stop_rules": lambda old, new: _stop_rules(old, new or []),
    "required_inputs": lambda old, new: _inputs(old, new or []),
    "again": lambda old, new: _again(old, new or {}),
}
