"""How an action was judged, for people: its impact, the findings, the confidence."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from agents_registry.policy.findings import PEOPLES_TIERS
from agents_registry.words import counted
from approvals.models import Action, Content
from approvals.pages import words

RULE_WORDS = {
    "matrix": "blast radius and reversibility",
    "mode": "the type's mode",
    "confidence_line": "confidence line",
    "done_again": "done before",
    "rejected_again": "rejected before",
    "opinion": "a checker's opinion, not a rule",
}


@dataclass(frozen=True, slots=True)
class Cell:
    """One figure of the impact."""

    label: str
    value: str
    small: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """The agent's confidence beside the line of its type."""

    text: str
    low: bool
    width: int
    line_x: int | None
    line_words: str
    record_words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """`earlier_url` leads to the action that comes again, where the rule found one."""

    tier: str
    tier_words: str
    because: str
    rule_words: str
    rule_code: str
    ask_words: str
    earlier_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """The impact and the findings; `needs_person` where they ask for one.

    `context` is what the type's owners let every reviewer know; an agent's own is its claim.
    """

    needs_person: bool
    policy_url: str
    impact: list[Cell]
    findings: list[Finding]
    context: str


def why(action: Action, content: Content) -> Why:
    return Why(
        needs_person=action.tier in PEOPLES_TIERS,
        policy_url=reverse(
            "registry_action_type", args=[action.workflow.slug, action.action_type.key]
        ),
        impact=impact(action, content),
        findings=[finding(each) for each in content.findings],
        context=action.action_type.handoff.get("context", ""),
    )


def impact(action: Action, content: Content) -> list[Cell]:
    figures = content.computed_impact or {}
    money, people = figures.get("spend_delta"), figures.get("affected")
    line = action.action_type.confidence_line
    return [
        Cell("Money", f"{money} {figures.get('currency') or ''}".strip() if money else "none"),
        Cell("Reaches", "not known" if people is None else counted(people, "record")),
        Cell("Undo", _undo_word(action)),
        Cell(
            "Confidence",
            "none given" if action.confidence is None else f"{action.confidence:.2f}",
            f"line is {line:.2f}" if line is not None else "this type has no line",
        ),
    ]


def _undo_word(action: Action) -> str:
    return "cannot be undone" if action.action_type.reversibility == "irreversible" else "possible"


def finding(found: Mapping[str, Any]) -> Finding:
    """A finding of the policy, in the same words for agent, reviewer and auditor."""
    rule, _, code = str(found["rule"]).partition(":")
    ask = found.get("ask")
    return Finding(
        tier=found["tier"],
        tier_words=words.TIERS[found["tier"]],
        because=found["because"],
        rule_words=RULE_WORDS.get(rule, rule.replace("_", " ")),
        rule_code=code,
        ask_words=f"{words.who(ask)} signs" if ask else "",
        earlier_url=_earlier_url(rule, found.get("values", {})),
    )


def _earlier_url(rule: str, values: Mapping[str, Any]) -> str:
    if not rule.endswith("_again") or "action" not in values:
        return ""
    return reverse("action", args=[values["action"]])


def confidence(action: Action) -> Reading:
    line, given = action.action_type.confidence_line, action.confidence
    return Reading(
        text="" if given is None else f"{given:.2f}",
        low=line is not None and (given is None or given < line),
        width=round(40 * float(given or 0)),
        line_x=None if line is None else round(40 * float(line)),
        line_words="" if line is None else f"{line:.2f}",
    )
