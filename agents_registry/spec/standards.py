"""PURE: finds what is wrong with a standard, and with what a type is judged by under several."""

from collections.abc import Iterator, Mapping
from typing import Any

from agents_registry.policy import documents, inheritance, schema
from agents_registry.policy.impact import METRIC
from agents_registry.policy.schema import OWN_METRICS, PolicyError
from agents_registry.spec import timing
from agents_registry.spec.problems import Problem
from agents_registry.spec.rows import Document, Row

ASKING = ("thresholds", "cumulative", "stop_rules")
_PROBE: Row = {
    "key": "standard",
    "verb": "write",
    "authority_level": "system_write_back",
    "mode": "auto_executed",
    "confirmed": True,
}


def problems(place: str, slug: str, row: Row, whole: Document) -> Iterator[Problem]:
    """What is wrong with the rules of a filled standard; `whole` is all that they may refer to."""
    rules, at = row["rules"], f"{place}/rules"
    wrong = list(_faults(slug, rules))
    for error in wrong:
        yield Problem(f"{at}{error.pointer.replace('/loosened', '/floors', 1)}", error.detail)
    yield from _line(at, rules)
    if not wrong:
        for name in ASKING:
            for number, rule in enumerate(rules[name]):
                if rule.get("ask"):
                    yield from timing.addressee(f"{at}/{name}/{number}/ask", rule["ask"], whole)


def inherited(workflow: Row, whole: Document) -> dict[str, Row]:
    """The rules that a workflow is under, by the slug of their standard."""
    return {
        slug: standard["rules"]
        for slug, standard in whole["standards"].items()
        if standard["everywhere"] or slug in workflow["standards"]
    }


def together(place: str, policy: Row, rules: Mapping[str, Row]) -> Iterator[Problem]:
    """Where a policy that is right by itself cannot be read under what its workflow inherits."""
    named = [inheritance.named(slug, each) for slug, each in rules.items()]
    for error in schema.errors(inheritance.merged(policy, named)):
        said = f"Together with the standards {', '.join(rules)}: {error.detail}"
        yield Problem(f"{place}{error.pointer}", said)


def _faults(slug: str, rules: Row) -> list[PolicyError]:
    """The errors of a type that has these rules for its own, first as they are, then by name."""
    probe = _probe(rules)
    wrong = documents.validate(probe)
    return wrong or list(schema.errors(inheritance.named(slug, probe)))


def _probe(rules: Row) -> Row:
    """A type that any rule can be held against: it has each figure that a rule may speak of."""
    said = {name: value for name, value in rules.items() if value is not None}
    floors, _ = said.pop("floors"), said.pop("verbs")
    limits = [row for row in (*rules["thresholds"], *rules["cumulative"]) if isinstance(row, dict)]
    impact = {
        "affected": {"const": 1},
        "spend_delta": {"const": 0},
        "currency": {"const": "USD"},
        "metrics": {row["metric"]: {"const": 0} for row in limits if _is_own(row.get("metric"))},
    }
    return {**_PROBE, "impact": impact, "loosened": floors, **said}


def _is_own(metric: Any) -> bool:
    return isinstance(metric, str) and bool(METRIC.fullmatch(metric)) and metric not in OWN_METRICS


def _line(at: str, rules: Row) -> Iterator[Problem]:
    line = rules["confidence_line"]
    if line is None and rules["confidence_tier"] is not None:
        yield Problem(f"{at}/confidence_tier", "It lacks the confidence_line below which that is.")
    if isinstance(line, float) and round(line, 3) != line:
        yield Problem(f"{at}/confidence_line", "It has more than three decimals.")
