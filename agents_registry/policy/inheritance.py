"""Lays the rules of standards over the policy of one action type: it only ever gets stricter."""

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any

from agents_registry.policy.again import tier_of
from agents_registry.policy.findings import Mode, Tier
from agents_registry.policy.floors import BUILT_IN, FLOORS, READ_VERB

Document = dict[str, Any]
Rules = Mapping[str, Any]
"""What a standard asks for, each part of it optional: see `agents_registry.models.Standard`."""

ADDED = ("thresholds", "cumulative", "stop_rules")
"""Lists of rules to which those of a standard are simply added."""

WITH_ID = ("cumulative", "stop_rules")

PREFIX = "standard:"
"""How the id of a rule begins that a type has from a standard."""


def merged(own: Mapping[str, Any], rules: Sequence[Rules]) -> Document:
    """The policy document under all of these rules; the same again where none concerns it.

    Whichever order they come in, the verdict is the same, and never laxer than under `own`.
    """
    return reduce(_tightened, (each for each in rules if concerns(each, own)), dict(own))


def named(slug: str, rules: Rules) -> Document:
    """The rules with the name of their standard in each id, as findings and totals tell it."""
    lists = {name: rules[name] for name in WITH_ID if rules.get(name)}
    return {**rules, **{name: [_called(slug, row) for row in rows] for name, rows in lists.items()}}


def concerns(rules: Rules, own: Mapping[str, Any]) -> bool:
    """Whether they are meant for this verb: those that they name, else all but reading."""
    verb, verbs = own["verb"], rules.get("verbs")
    return verb not in BUILT_IN and (verb in verbs if verbs else verb != READ_VERB)


def _called(slug: str, row: Rules) -> Document:
    return {**row, "id": f"{PREFIX}{slug}:{row['id']}"}


def _tightened(own: Document, rules: Rules) -> Document:
    return {
        **own,
        **_mode(own, rules),
        **_confidence(own, rules),
        **_floors(own, rules.get("floors") or []),
        **_inputs(own, rules.get("required_inputs") or []),
        **_again(own, rules.get("again") or {}),
        **_lists(own, rules),
    }


def _mode(own: Document, rules: Rules) -> Document:
    asked = rules.get("mode")
    return {"mode": str(max(Mode(own.get("mode", "draft_only")), Mode(asked)))} if asked else {}


def _confidence(own: Document, rules: Rules) -> Document:
    """The higher line with the stricter tier. A tier without its line says nothing."""
    if rules.get("confidence_line") is None:
        return {}
    lines = [rules, own] if own.get("confidence_line") is not None else [rules]
    tiers = [Tier(each.get("confidence_tier") or "mandatory") for each in lines]
    return {
        "confidence_line": max(each["confidence_line"] for each in lines),
        "confidence_tier": str(max(tiers)),
    }


def _floors(own: Document, asked: Sequence[Rules]) -> Document:
    """Those of its verb, level and terms that lie lower than the standard has them go up to it."""
    loosened = list(own.get("loosened") or [])
    names = {own["verb"], own["authority_level"]}
    names |= {"changes_terms"} if own.get("changes_terms") else set()
    for floor, tier in ((row["floor"], Tier(row["tier"])) for row in asked):
        if floor in names and tier > _floor(floor, loosened):
            kept = [row for row in loosened if row["floor"] != floor]
            loosened = [*kept, {"floor": floor, "tier": str(tier)}]
    return {"loosened": loosened} if loosened else {}


def _floor(name: str, loosened: Sequence[Rules]) -> Tier:
    """Where the floor lies now; where it was moved twice, the strictest counts."""
    moved = [Tier(row["tier"]) for row in loosened if row["floor"] == name]
    return max(moved, default=FLOORS[name].tier)


def _inputs(own: Document, asked: Sequence[Rules]) -> Document:
    """All of them, each as fresh as the strictest wants it."""
    rows = [*(own.get("required_inputs") or []), *asked]
    names = dict.fromkeys(row["name"] for row in rows)
    return {"required_inputs": [_input(name, rows) for name in names]} if asked else {}


def _input(name: str, rows: Sequence[Rules]) -> Document:
    ages = [row.get("max_age_seconds") for row in rows if row["name"] == name]
    known = [age for age in ages if age is not None]
    return {"name": name, **({"max_age_seconds": min(known)} if known else {})}


def _again(own: Document, asked: Mapping[str, Rules]) -> Document:
    """For what was done, and for what was rejected, the longer time with the stricter tier."""
    if not asked:
        return {}
    both = [own.get("again") or {}, asked]
    kinds = dict.fromkeys(kind for rules in both for kind in rules)
    return {"again": {kind: _repeat([r[kind] for r in both if kind in r]) for kind in kinds}}


def _repeat(rules: Sequence[Rules]) -> Document:
    strictest: Rules = max(rules, key=tier_of)
    return {**strictest, "days": max(rule["days"] for rule in rules)}


def _lists(own: Document, rules: Rules) -> Document:
    """Every rule of the standard once, after the type's own."""
    return {
        name: reduce(_with, rules[name], own.get(name) or []) for name in ADDED if rules.get(name)
    }


def _with(rows: Sequence[Rules], row: Rules) -> Sequence[Rules]:
    return rows if row in rows else [*rows, row]
