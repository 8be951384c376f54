"""One rule as a reader sees it: its words, and beside them what is computed."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from agents_registry import words
from agents_registry.pages import rules
from agents_registry.pages.people import Name
from agents_registry.policy import documents, windows, wording
from agents_registry.policy.findings import Tier
from agents_registry.policy.floors import FLOORS
from agents_registry.policy.impact import as_text
from agents_registry.policy.schema import PolicyError
from agents_registry.policy.shapes import Policy

Rule = Mapping[str, Any]

KINDS = {
    "thresholds": "Threshold",
    "cumulative": "Limit over time",
    "stop_rules": "Stop rule",
    "required_inputs": "Required input",
    "window_thresholds": "Window threshold",
    "loosened": "Floor",
    "floors": "Floor",
}
"""The lists of which each rule is a change of its own, and what one of it is called."""


@dataclass(frozen=True, slots=True)
class Said:
    """Plain words, and beside them what is computed; both empty where there is nothing."""

    words: str = ""
    code: str = ""


def known_by(field: str, rule: Rule) -> str:
    """What makes it the same rule, however its figures change."""
    if field == "thresholds":
        parts = (rule["metric"], rule["operator"], rule.get("currency"), rule["effect"], _ask(rule))
        return json.dumps(parts, sort_keys=True)
    return str(rule.get("id") or rule.get("name") or rule.get("floor"))


def label(field: str, rule: Rule) -> str:
    """Threshold / Stop rule legal_threat / Required input usage_90d."""
    name = rule.get("id") or rule.get("name") or ""
    return f"{KINDS[field]} {name}".rstrip()


def said(field: str, rule: Rule, name: Name) -> Said:
    """The rule in words. One that an older version wrote and nobody reads any more is shown raw."""
    try:
        return _SAID[field](rule, name)
    except (PolicyError, KeyError, ValueError):
        return Said(code=json.dumps(rule, ensure_ascii=False))


def _ask(rule: Rule) -> str:
    return str(rule.get("ask") or "")


def _policy(field: str, rule: Rule) -> Policy:
    """A policy that has nothing but this rule."""
    return documents.parse(
        {"key": "rule", "verb": "write", "authority_level": "read_only", field: [rule]}
    )


def _threshold(rule: Rule, name: Name) -> Said:
    policy = _policy("thresholds", rule)
    (row,) = rules.thresholds(policy, name)
    sentences = dict.fromkeys([rules.in_words(policy.thresholds[0]), row.words])
    return _then(" ".join(sentences), row, row.code)


def _cumulative(rule: Rule, name: Name) -> Said:
    (row,) = rules.cumulative(_policy("cumulative", rule), name)
    return _then(row.words, row, row.code)


def _stop_rule(rule: Rule, name: Name) -> Said:
    (row,) = rules.stop_rules(_policy("stop_rules", rule), name)
    instead = f"{row.words} The agent is told: {row.instead}" if row.instead else row.words
    return _then(instead, row, row.cel)


def _then(
    sentence: str, row: rules.ThresholdRow | rules.CumulativeRow | rules.StopRuleRow, code: str
) -> Said:
    """The sentence with what follows: “Then: at least mandatory approval, by the risk owner.”."""
    blocked = row.effect_words == words.at_least(Tier.BLOCKED)
    by = f", by {row.ask_words}" if row.ask_words and not blocked else ""
    return Said(f"{sentence} Then: {row.effect_words}{by}.", code)


def _input(rule: Rule, _name: Name) -> Said:
    (row,) = rules.inputs(_policy("required_inputs", rule))
    return Said(f"{row.name}, {row.max_age_words}")


def _floor(rule: Rule, _name: Name) -> Said:
    return Said(f"{FLOORS[rule['floor']].what}: {words.at_least(Tier(rule['tier']))}")


def _window(rule: Rule, _name: Name) -> Said:
    (row,) = windows.parse([rule])
    limit = wording.figure(row.metric, row.limit)
    length = f"of {rule['window']}" if row.window else "as the agent reports them"
    times = words.counted(row.windows, "window")
    measured = f"{row.metric} {row.operator} {as_text(row.limit)} ({row.source})"
    return Said(
        f"{wording.subject(row.metric)} is {wording.OPERATORS[row.operator]} {limit} in {times} "
        f"{length}. Then: {words.MODES[row.mode_to].lower()}. {row.words}".rstrip(),
        measured,
    )


_SAID: dict[str, Callable[[Rule, Name], Said]] = {
    "thresholds": _threshold,
    "cumulative": _cumulative,
    "stop_rules": _stop_rule,
    "required_inputs": _input,
    "window_thresholds": _window,
    "loosened": _floor,
    "floors": _floor,
}
