"""The policy of one action type as frozen values, ready to judge by."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Literal

from agents_registry.policy.findings import Effect, Mode, Tier
from agents_registry.policy.floors import BUILT_IN, READ_LEVEL, READ_VERB
from agents_registry.policy.impact import Measures

Operator = Literal[">", ">=", "<", "<=", "="]


@dataclass(frozen=True, slots=True)
class Consequence:
    """What a threshold or stop rule does when it holds. `mode` is set where it moves the mode."""

    effect: Effect
    tier: Tier
    mode: Mode | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """`metric operator limit`, e.g. spend_delta > 200 USD. `words` says what follows, in a line.

    `metric` is affected, spend_delta, confidence or a metric that the impact names.
    """

    metric: str
    operator: Operator
    limit: Decimal
    consequence: Consequence
    currency: str | None = None
    words: str = ""
    ask: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cumulative:
    """What actions of the type may come to together, e.g. 1,000 USD per agent in 24 hours.

    `metric` is count, affected, spend_delta or a metric that the impact names. `per` says which
    actions are added up: those of the agent, of the subject, of the type, or those that hold the
    same at a JSON Pointer into the payload. `window` is None where `within` says no length of
    time; the limit then counts as crossed.
    """

    id: str
    metric: str
    per: str
    within: str
    window: timedelta | None
    operator: Literal[">", ">="]
    limit: Decimal
    consequence: Consequence
    currency: str | None = None
    words: str = ""
    ask: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRule:
    """A condition in CEL beside the plain words that business owners review."""

    id: str
    words: str
    when: str
    consequence: Consequence
    ask: str | None = None
    instead: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequiredInput:
    """What the agent must have known, and how old that may be."""

    name: str
    max_age_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class Repeat:
    """What follows when the same was done, or rejected, at most so many days before."""

    days: int
    consequence: Consequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Everything that one action type is judged by. What a document leaves out is strict here."""

    key: str
    verb: str
    authority_level: str
    authority: Literal["binding", "advisory"] = "binding"
    blast_radius: Literal["low", "high"] = "high"
    reversibility: Literal["reversible", "irreversible"] = "irreversible"
    mode: Mode = Mode.DRAFT_ONLY
    confirmed: bool = False
    changes_terms: bool = False
    confidence_line: Decimal | None = None
    confidence_tier: Tier = Tier.MANDATORY
    thresholds: tuple[Threshold, ...] = ()
    cumulative: tuple[Cumulative, ...] = ()
    stop_rules: tuple[StopRule, ...] = ()
    impact: Measures | None = None
    required_inputs: tuple[RequiredInput, ...] = ()
    again: Mapping[str, Repeat] = field(default_factory=dict)
    waives: frozenset[str] = frozenset()
    loosened: Mapping[str, Tier] = field(default_factory=dict)
    systems: frozenset[str] = frozenset()
    data_classes: frozenset[str] = frozenset()

    @property
    def built_in(self) -> bool:
        """`escalate` or `ask`, which every workflow has."""
        return self.verb in BUILT_IN and self.key == self.verb

    @property
    def pure_read(self) -> bool:
        return self.verb == READ_VERB and self.authority_level == READ_LEVEL
