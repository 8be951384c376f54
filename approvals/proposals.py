"""PURE: what an agent submits, after its shape was checked and before anybody judged it."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """One submission. Names are those of the REST contract; `digest` is of the whole request.

    `purpose` is the token's or the drill's, never the request's: `eval` is judged and never done.
    """

    workflow: str
    action_type: str
    payload: dict[str, Any]
    digest: str
    summary: str = ""
    before: Any = None
    confidence: Decimal | None = None
    impact: dict[str, Any] | None = None
    signals: dict[str, Any] = field(default_factory=dict)
    evidence: list[dict[str, Any]] = field(default_factory=list)
    trace: dict[str, Any] | None = None
    handoff: dict[str, Any] = field(default_factory=dict)
    preconditions: list[dict[str, Any]] = field(default_factory=list)
    subject: dict[str, str] = field(default_factory=dict)
    agent_version: str = ""
    run_id: str = ""
    batch_key: str = ""
    requested_by: str = ""
    callback_url: str = ""
    depends_on: list[str] = field(default_factory=list)
    trace_id: str = ""
    purpose: str = "live"
    not_before: datetime | None = None
    not_after: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Revised:
    """What a revision may change: the content, never the type or the subject."""

    payload: dict[str, Any]
    summary: str = ""
    before: Any = None
    confidence: Decimal | None = None
    impact: dict[str, Any] | None = None
    signals: dict[str, Any] = field(default_factory=dict)
    evidence: list[dict[str, Any]] = field(default_factory=list)
    trace: dict[str, Any] | None = None
    handoff: dict[str, Any] = field(default_factory=dict)
    preconditions: list[dict[str, Any]] = field(default_factory=list)
