"""What an action type has from each standard of its workflow, apart from its own rules."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from agents_registry import words
from agents_registry.models import Standard
from agents_registry.pages import rules
from agents_registry.pages.people import Name
from agents_registry.pages.rules import CumulativeRow, InputRow, StopRuleRow, ThresholdRow
from agents_registry.policy import documents, numbers, wording
from agents_registry.policy.findings import Tier
from agents_registry.policy.floors import FLOORS
from agents_registry.policy.inheritance import concerns
from agents_registry.policy.shapes import Policy

LISTS = ("thresholds", "cumulative", "stop_rules", "required_inputs")
_ANY_TYPE = {
    "key": "any",
    "verb": "write",
    "authority_level": "system_write_back",
    "mode": "auto_executed",
    "confirmed": True,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FromStandard:
    """One standard. `lines` are what it asks for beside rules, in sentences."""

    name: str
    purpose: str
    lines: list[str]
    thresholds: list[ThresholdRow]
    cumulative: list[CumulativeRow]
    stop_rules: list[StopRuleRow]
    inputs: list[InputRow]


def from_standards(
    standards: list[Standard], own: Mapping[str, Any], name: Name
) -> list[FromStandard]:
    """Those that concern the type whose own policy document this is."""
    return [_of(each, own, name) for each in standards if concerns(each.rules, own)]


def in_words(standard: Standard, name: Name) -> FromStandard:
    """What it asks for, whichever type it concerns."""
    return _of(standard, _ANY_TYPE, name)


def _of(standard: Standard, own: Mapping[str, Any], name: Name) -> FromStandard:
    policy = _policy(standard, own)
    return FromStandard(
        name=standard.name,
        purpose=standard.purpose,
        lines=list(_lines(standard.rules)),
        thresholds=rules.thresholds(policy, name),
        cumulative=rules.cumulative(policy, name),
        stop_rules=rules.stop_rules(policy, name),
        inputs=rules.inputs(policy),
    )


def _policy(standard: Standard, own: Mapping[str, Any]) -> Policy:
    """The type with the lists of this standard in the place of its own."""
    return documents.parse({**own, **{part: standard.rules.get(part) or [] for part in LISTS}})


def _lines(asked: Mapping[str, Any]) -> Iterator[str]:
    if asked.get("mode"):
        yield f"The mode is at the most {words.MODES[asked['mode']].lower()}."
    if asked.get("confidence_line") is not None:
        line = wording.figure("confidence", numbers.known(asked["confidence_line"]))
        tier = Tier(asked.get("confidence_tier") or "mandatory")
        yield f"Confidence below {line}, or none given: {words.at_least(tier)}."
    for row in asked.get("floors") or []:
        yield f"{FLOORS[row['floor']].what}: {words.at_least(Tier(row['tier']))}."
    for again in rules.again(asked.get("again") or {}):
        yield f"{again.label} {again.words}."
