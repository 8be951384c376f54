"""Plain functions that make policy documents and judge by them, without a database."""

from typing import Any

from agents_registry.policy import documents
from agents_registry.policy.evaluate import evaluate
from agents_registry.policy.findings import Facts, Finding, Verdict

ONE_AFFECTED = {"affected": {"const": 1}, "high_affected": 10}
MONEY = {
    "affected": {"const": 1},
    "high_affected": 10,
    "spend_delta": "/amount",
    "high_spend": "500",
    "currency": "/currency",
}


def create_policy(**fields: Any) -> dict[str, Any]:
    """A confirmed small write that can be undone: it runs alone until a field says otherwise."""
    return {
        "key": "update_crm",
        "verb": "write",
        "authority_level": "system_write_back",
        "authority": "binding",
        "blast_radius": "low",
        "reversibility": "reversible",
        "mode": "auto_executed",
        "confirmed": True,
        "impact": ONE_AFFECTED,
    } | fields


def create_facts(**fields: Any) -> Facts:
    """A complete action with an empty payload."""
    return Facts(**{"payload": {}, "has_before": True, "has_trace": True} | fields)


def judge(document: dict[str, Any], **facts: Any) -> Verdict:
    return evaluate(documents.parse(document), create_facts(**facts))


def finding(verdict: Verdict, rule: str) -> Finding:
    """The one finding of that rule."""
    (found,) = (found for found in verdict.findings if found.rule == rule)
    return found


def rules(verdict: Verdict) -> set[str]:
    return {found.rule for found in verdict.findings}
