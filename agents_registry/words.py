"""Puts what the registry holds into plain words: tiers, modes, roles, verbs, effects, durations."""

from collections.abc import Iterable, Mapping
from typing import Any

from agents_registry.policy import floors
from agents_registry.policy.findings import Tier
from agents_registry.policy.shapes import Consequence

TIERS = {
    "mandatory": "Mandatory approval",
    "batch_review": "Batch review",
    "spot_check": "Spot check",
    "autonomous": "Autonomous",
    "blocked": "Blocked",
}
MODES = {
    "draft_only": "Draft-only",
    "approval_gated": "Approval-gated",
    "auto_executed": "Auto-executed",
}
ROLES = {
    "workflow_owner": "workflow owner",
    "system_owner": "system owner",
    "risk_owner": "risk owner",
    "approval_owner": "approval owner",
    "manager": "manager",
    "pool": "reviewer pool",
}
VERBS = {name: floor.what for name, floor in floors.VERBS.items()}
AUTHORITY_LEVELS = {name: floor.what for name, floor in floors.AUTHORITY_LEVELS.items()}
AUTHORITIES = {"binding": "binding", "advisory": "a recommendation, not an order"}
REVERSIBILITIES = {"reversible": "can be undone", "irreversible": "cannot be taken back"}
WAIVED = {"before": "what was there before", "trace": "how the agent came to it"}
FALLBACKS = {
    "expire": "Nobody answers: it expires, nothing is done.",
    "hold": "Nobody answers: it is held for the workflow owner, nothing is done.",
    "hold_and_pause": "Nobody answers: it is held for the workflow owner, nothing is done, "
    "and the whole workflow is stopped.",
}
WHEN_STOPPED = {
    "hold": "what its agents stage is taken in and waits, and its deadlines stand still.",
    "refuse": "what its agents stage is refused.",
}
AFTER_STEP = {
    "halt": "what depends on it is stopped, and the workflow owner hears of it.",
    "go_on": "what depends on it goes on, and is told what is missing.",
}
_SECONDS = {"day": 86_400, "hour": 3_600, "minute": 60}


def who(stage_who: str) -> str:
    """An addressee of a chain in words: a role, a pool, a person's name or whom an action names."""
    kind, _, name = stage_who.partition(":")
    if kind == "pool" and name:
        return f"{name} pool"
    if kind == "subject":
        return f"{name} of the subject"
    if kind == "payload":
        return f"person named in the payload at {name}"
    return ROLES.get(kind, name or kind)


def at_least(tier: Tier) -> str:
    """What raising to the tier means, e.g. “at least mandatory approval”."""
    return "blocked" if tier is Tier.BLOCKED else f"at least {TIERS[tier].lower()}"


def effect(consequence: Consequence) -> str:
    """What a threshold or stop rule does when it holds."""
    raised = at_least(consequence.tier)
    return f"{raised}, {MODES[consequence.mode].lower()}" if consequence.mode else raised


def any_of(roles: Iterable[str]) -> str:
    """Whoever holds one of the roles, at the beginning of a sentence: “A manager or an admin”."""
    said = [f"{'an' if role[0] in 'ai' else 'a'} {role.replace('_', ' ')}" for role in roles]
    words = f"{', '.join(said[:-1])} or {said[-1]}" if said[1:] else said[0]
    return words[0].upper() + words[1:]


def duration(seconds: int) -> str:
    """In the largest unit that says it exactly: 7 days / 90 minutes / 5 seconds."""
    for noun, length in _SECONDS.items():
        if seconds and seconds % length == 0:
            return counted(seconds // length, noun)
    return counted(seconds, "second")


def lives(of_tiers: Mapping[str, str]) -> str:
    """How long an approval lasts in single tiers: “1 business day (mandatory approval)”."""
    named = (tier for tier in TIERS if tier in of_tiers)
    return ", ".join(f"{of_tiers[tier]} ({TIERS[tier].lower()})" for tier in named)


def way_back(path: str, rollback: Mapping[str, Any] | None) -> str:
    """How something is undone: in its owners' words, and by which other type; empty for no way."""
    staged = f"By “{rollback['type'].replace('_', ' ')}”, an action of its own." if rollback else ""
    return " ".join(part for part in (path.strip(), staged) if part)


def counted(count: int, noun: str, nouns: str = "") -> str:
    return f"{count} {noun if count == 1 else nouns or noun + 's'}"
