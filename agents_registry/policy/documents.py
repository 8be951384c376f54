"""Turns the JSON document of an action type's policy into a `Policy`, or says why it is none."""

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from agents_registry.policy import again, cumulative, meaning, numbers, pointers, schema
from agents_registry.policy.findings import Effect, Mode, Tier
from agents_registry.policy.floors import BUILT_IN
from agents_registry.policy.impact import Measures, Source
from agents_registry.policy.schema import PolicyError
from agents_registry.policy.shapes import (
    Consequence,
    Cumulative,
    Policy,
    Repeat,
    RequiredInput,
    StopRule,
    Threshold,
)

__all__ = ["PolicyError", "builtin", "parse", "validate"]


def parse(document: Mapping[str, Any]) -> Policy:
    """The policy that a document says; PolicyError where its shape is wrong.

    Read once for each different content: asking again costs the comparison only. A rule that has
    the right shape and makes no sense is read all the same, and counts as matched when asked.
    """
    return _parse(json.dumps(document, default=str))


def validate(document: Mapping[str, Any]) -> list[PolicyError]:
    """Everything that is wrong with a document, its shape first; empty when it may be saved."""
    plain = json.loads(json.dumps(document, default=str))
    return list(schema.errors(plain)) or list(meaning.errors(parse(document)))


def builtin(key: str) -> dict[str, Any]:
    """The policy document of `escalate` or `ask`; KeyError for any other key."""
    return {
        "key": key,
        "verb": dict(zip(BUILT_IN, BUILT_IN, strict=True))[key],
        "authority_level": "read_only",
        "authority": "advisory",
        "blast_radius": "low",
        "reversibility": "reversible",
        "mode": "approval_gated",
        "confirmed": True,
        "changes_terms": False,
        "confidence_line": None,
        "confidence_tier": "mandatory",
        "thresholds": [],
        "cumulative": [],
        "stop_rules": [],
        "impact": None,
        "required_inputs": [],
        "again": {},
        "waives": ["before", "trace"],
        "loosened": [],
    }


@lru_cache(maxsize=2048)
def _parse(text: str) -> Policy:
    document = json.loads(text)
    for error in schema.errors(document):
        raise error
    given = {name: value for name, value in document.items() if value is not None}
    return Policy(**{name: _READERS.get(name, _as_is)(value) for name, value in given.items()})


def _as_is(value: Any) -> Any:
    return value


def _thresholds(rows: list[dict[str, Any]]) -> tuple[Threshold, ...]:
    return tuple(
        Threshold(
            metric=row["metric"],
            operator=row["operator"],
            limit=numbers.known(row["limit"]),
            consequence=_consequence(row["effect"]),
            currency=row.get("currency"),
            words=row.get("words") or "",
            ask=row.get("ask"),
        )
        for row in rows
    )


def _cumulative(rows: list[dict[str, Any]]) -> tuple[Cumulative, ...]:
    return tuple(
        Cumulative(
            id=row["id"],
            metric=row["metric"],
            per=row["per"],
            within=" ".join(row["within"].split()),
            window=cumulative.known_window(row["within"]),
            operator=row["operator"],
            limit=numbers.known(row["limit"]),
            consequence=_consequence(row["effect"]),
            currency=row.get("currency"),
            words=row.get("words") or "",
            ask=row.get("ask"),
        )
        for row in rows
    )


def _stop_rules(rows: list[dict[str, Any]]) -> tuple[StopRule, ...]:
    return tuple(
        StopRule(
            id=row["id"],
            words=row["words"],
            when=row["when"],
            consequence=_consequence(row["effect"]),
            ask=row.get("ask"),
            instead=row.get("instead"),
        )
        for row in rows
    )


def _consequence(effect: dict[str, Any]) -> Consequence:
    match effect:
        case {"raise_to": tier}:
            return Consequence(Effect.RAISE, Tier(tier))
        case {"mode_to": mode}:
            return Consequence(Effect.MODE_TO, Mode(mode).floor, Mode(mode))
    return Consequence(Effect.BLOCK, Tier.BLOCKED)


def _measures(impact: dict[str, Any]) -> Measures:
    return Measures(
        affected=_source(impact.get("affected")),
        spend_delta=_source(impact.get("spend_delta")),
        currency=_source(impact.get("currency")),
        high_affected=numbers.whole(impact.get("high_affected")),
        high_spend=numbers.number(impact.get("high_spend")),
        high_currency=impact.get("high_currency"),
        metrics={
            name: source
            for name, said in impact.get("metrics", {}).items()
            if (source := _source(said))
        },
    )


def _source(said: str | dict[str, Any] | None) -> Source | None:
    match said:
        case None:
            return None
        case str():
            return Source("value", pointers.steps(said))
        case {"const": constant}:
            return Source("const", constant=constant)
        case {"count": pointer}:
            return Source("count", pointers.steps(pointer))
    return Source("sum", pointers.steps(said["sum"]))


def _required_inputs(rows: list[dict[str, Any]]) -> tuple[RequiredInput, ...]:
    return tuple(RequiredInput(**row) for row in rows)


def _again(said: dict[str, dict[str, Any]]) -> dict[str, Repeat]:
    tiers = {kind: again.tier_of(rule) for kind, rule in said.items()}
    return {
        kind: Repeat(said[kind]["days"], Consequence(tier.effect, tier))
        for kind, tier in tiers.items()
    }


def _systems(said: dict[str, list[str]]) -> frozenset[str]:
    return frozenset(name for names in said.values() for name in names)


def _loosened(rows: list[dict[str, Any]]) -> dict[str, Tier]:
    """Where a floor is named twice, the strictest counts."""
    loosened: dict[str, Tier] = {}
    for row in rows:
        tier = Tier(row["tier"])
        loosened[row["floor"]] = max(tier, loosened.get(row["floor"], tier))
    return loosened


_READERS: dict[str, Callable[[Any], Any]] = {
    "mode": Mode,
    "confidence_line": numbers.share,
    "confidence_tier": Tier,
    "thresholds": _thresholds,
    "cumulative": _cumulative,
    "stop_rules": _stop_rules,
    "impact": _measures,
    "required_inputs": _required_inputs,
    "again": _again,
    "waives": frozenset,
    "loosened": _loosened,
    "systems": _systems,
    "data_classes": frozenset,
}
