"""Says what a policy is asked about (`Facts`) and what it answers (`Finding`, `Verdict`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from agents_registry.policy.impact import Impact


class _Scale(StrEnum):
    """Words in order from lax to strict: they compare by strictness, `max()` is the strictest."""

    rank: int

    def __init__(self, _word: str) -> None:
        self.rank = len(type(self).__members__)

    def __lt__(self, other: str) -> bool:
        return self.rank < type(self)(other).rank

    def __le__(self, other: str) -> bool:
        return self.rank <= type(self)(other).rank

    def __gt__(self, other: str) -> bool:
        return self.rank > type(self)(other).rank

    def __ge__(self, other: str) -> bool:
        return self.rank >= type(self)(other).rank


class Tier(_Scale):
    """How much of a person an action needs."""

    AUTONOMOUS = "autonomous"
    SPOT_CHECK = "spot_check"
    BATCH_REVIEW = "batch_review"
    MANDATORY = "mandatory"
    BLOCKED = "blocked"

    @property
    def effect(self) -> "Effect":
        """What a rule does that asks for this tier."""
        if self is Tier.BLOCKED:
            return Effect.BLOCK
        return Effect.ALLOW if self <= Tier.SPOT_CHECK else Effect.RAISE


PEOPLES_TIERS = frozenset({Tier.BATCH_REVIEW, Tier.MANDATORY})
"""The tiers in which a person decides before anything is done."""

APPROVABLE = tuple(tier for tier in Tier if tier is not Tier.BLOCKED)
"""The tiers in which there is an approval, by a person or by the policy."""


class Mode(_Scale):
    """What becomes of an action once it is decided."""

    AUTO_EXECUTED = "auto_executed"
    APPROVAL_GATED = "approval_gated"
    DRAFT_ONLY = "draft_only"

    @property
    def floor(self) -> Tier:
        """The laxest tier that the mode lets through."""
        return Tier.AUTONOMOUS if self is Mode.AUTO_EXECUTED else Tier.BATCH_REVIEW


class Effect(StrEnum):
    ALLOW = "allow"
    RAISE = "raise"
    BLOCK = "block"
    MODE_TO = "mode_to"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one rule found, in words that agent, reviewer and auditor read alike.

    `because` names the value that was read and its bound, and never repeats text of the agent.
    `values` is JSON. `ask` names who signs: an owner role, `manager`, `pool:<slug>`,
    `person:<username>`. `instead` tells the agent what to do.
    """

    rule: str
    effect: Effect
    tier: Tier
    because: str
    mode: Mode | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    ask: str | None = None
    instead: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """JSON: rule, effect, tier and because always, the rest where it says something."""
        said = {"values": dict(self.values), "mode": self.mode and str(self.mode)}
        said |= {"ask": self.ask, "instead": self.instead}
        return {
            "rule": self.rule,
            "effect": str(self.effect),
            "tier": str(self.tier),
            "because": self.because,
            **{name: value for name, value in said.items() if value},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The strictest of all findings. The findings stand strictest first."""

    tier: Tier
    mode: Mode
    findings: tuple[Finding, ...]
    impact: Impact

    @property
    def signs(self) -> tuple[str, ...]:
        """Who the findings ask to sign, each once; empty: the pool and the approval owner."""
        return tuple(dict.fromkeys(finding.ask for finding in self.findings if finding.ask))


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known about one action when it is judged.

    `claimed` is the impact as the agent states it, unread: `{"affected", "spend_delta",
    "currency", "metrics"}`. `holes` are the roles of the workflow that nobody fills. `totals` are
    the sums before this action that its cumulative limits are about, by the id of the limit:
    `{"value": "123.45" or None, "count": 3}`. `again` is what was looked for before it, by `done`
    and `rejected`: `{"days": 14, "found": None or {"at", "same", "action"}}`. `at` is when it is
    judged, with its time zone.
    """

    payload: Any
    claimed: Mapping[str, Any] | None = None
    confidence: Decimal | None = None
    signals: Mapping[str, Any] = field(default_factory=dict)
    evidence: Sequence[Any] = ()
    handoff: Mapping[str, Any] = field(default_factory=dict)
    subject: Mapping[str, Any] = field(default_factory=dict)
    has_before: bool = False
    has_trace: bool = False
    trace: Any = None
    holes: tuple[str, ...] = ()
    totals: Mapping[str, Any] = field(default_factory=dict)
    again: Mapping[str, Any] = field(default_factory=dict)
    at: datetime | None = None
    agent: str = ""
    workflow: str = ""
