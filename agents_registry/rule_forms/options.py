"""PURE: what can be chosen in these forms, in the words of the glossary."""

from collections.abc import Iterable, Mapping
from typing import Any

from agents_registry import words
from agents_registry.policy.cumulative import COUNT, WHO
from agents_registry.policy.floors import BUILT_IN, FLOORS, LOOSENABLE
from agents_registry.policy.schema import OWN_METRICS
from agents_registry.policy.wording import OPERATORS
from agents_registry.rule_forms.paths import paths
from agents_registry.rule_forms.reading import get
from agents_registry.rule_forms.showing import Option, Options
from agents_registry.spec.rows import Document, Row
from agents_registry.spec.shape import OWNER_ROLES

EFFECTS = {
    "raise_to spot_check": "at least spot check",
    "raise_to batch_review": "at least batch review",
    "raise_to mandatory": "at least mandatory approval",
    "block": "blocked: nobody can approve it",
    "mode_to approval_gated": "approval-gated: a person approves first",
    "mode_to draft_only": "draft-only: never carried out",
}
DONE_AGAIN = {
    "": "not chosen: at least mandatory approval",
    "batch_review": "at least batch review",
    "mandatory": "at least mandatory approval",
    "blocked": "blocked: nobody can approve it",
}
REJECTED_AGAIN = {
    "": "not chosen: at least mandatory approval",
    "raise": "at least mandatory approval",
    "block": "blocked: nobody can approve it",
}
HOWS = {
    "": "not computed",
    "value": "what stands at",
    "count": "how many there are at",
    "sum": "the sum of",
    "const": "always",
}
REACHES = {"low": "low", "high": "high"}


def options(whole: Document, row: Row) -> Options:
    """Everything that can be chosen for this row; `whole` is all that it may refer to."""
    schema = row.get("payload_schema")
    places = paths(schema)
    metrics = list(get(row, "impact/metrics") or ()) if _has_metrics(row) else []
    return {
        "verbs": _coded(words.VERBS, without=BUILT_IN),
        "authority_levels": _named(words.AUTHORITY_LEVELS),
        "authorities": _named(words.AUTHORITIES),
        "reaches": _named(REACHES),
        "reversibilities": _named(words.REVERSIBILITIES),
        "modes": _named(words.MODES),
        "laxest": _named({"": "any mode", **words.MODES}),
        "tiers": _named(words.TIERS),
        "waives": _named(words.WAIVED),
        "effects": _named(EFFECTS),
        "done_again": _named(DONE_AGAIN),
        "rejected_again": _named(REJECTED_AGAIN),
        "operators": _named(OPERATORS),
        "limits": _named({sign: OPERATORS[sign] for sign in (">", ">=")}),
        "floors": _coded({name: FLOORS[name].what for name in LOOSENABLE}),
        "hows": _named(HOWS),
        "metrics": _same([*OWN_METRICS, *metrics]),
        "sums": _same([COUNT, "affected", "spend_delta", *metrics]),
        "per": _same([*WHO, *places]),
        "paths": _same(places),
        "who": who(whole),
        "chains": chains(whole),
        "calendars": calendars(whole),
    }


def chains(whole: Document) -> list[Option]:
    named = [Option(slug, chain["name"]) for slug, chain in whole["chains"].items()]
    return [Option("", "as the workflow has it"), *named]


def calendars(whole: Document) -> list[Option]:
    named = [Option(slug, row["name"]) for slug, row in whole["calendars"].items()]
    return [Option("", "at any time"), *named]


def who(whole: Document) -> list[Option]:
    """Whom a rule can ask: the usual people, an owner, a manager, a pool, a person."""
    roles = [Option(role, f"the {words.ROLES[role]}") for role in OWNER_ROLES]
    pools = [Option(f"pool:{slug}", f"pool {row['name']}") for slug, row in whole["pools"].items()]
    people = [
        Option(f"person:{username}", row["name"] or username)
        for username, row in whole["people"].items()
        if row["role"] != "auditor"
    ]
    return [Option("", "as usual"), *roles, Option("manager", "a manager"), *pools, *people]


def _has_metrics(row: Row) -> bool:
    return isinstance(get(row, "impact/metrics"), dict)


def _named(labels: Mapping[str, str]) -> list[Option]:
    return [Option(value, label) for value, label in labels.items()]


def _coded(labels: Mapping[str, str], without: Iterable[Any] = ()) -> list[Option]:
    """With the word that documents use, by which people know verbs and floors."""
    return [
        Option(value, f"{value.replace('_', ' ')}: {label}")
        for value, label in labels.items()
        if value not in set(without)
    ]


def _same(values: Iterable[str]) -> list[Option]:
    return [Option(value, value) for value in values]
