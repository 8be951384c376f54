"""What the server answers, as Python values. `raw` always has the whole answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Json = Mapping[str, Any]

WAITING = "pending"
TAKEABLE = "approved"


@dataclass(frozen=True, slots=True)
class Decision:
    """A person's verdict. `edits` is an RFC 6902 patch from the agent's payload to theirs."""

    action_id: str
    verdict: str
    by: str
    at: datetime
    reason: str | None
    comment: str | None
    edits: list[dict[str, Any]]
    raw: Json = field(repr=False)

    @classmethod
    def of(cls, answer: Json) -> "Decision":
        return cls(
            action_id=answer["action_id"],
            verdict=answer["verdict"],
            by=answer["by"],
            at=datetime.fromisoformat(answer["at"]),
            reason=answer["reason"],
            comment=answer["comment"],
            edits=answer["edits"] or [],
            raw=answer,
        )


@dataclass(frozen=True, slots=True)
class Action:
    """A staged action as it stands. `because` has the policy's findings in words."""

    id: str
    state: str
    tier: str
    workflow: str
    action_type: str
    sentence: str
    payload: Json
    revision: int
    because: list[str]
    review_url: str
    decision: Decision | None
    raw: Json = field(repr=False)
    replayed: bool = False
    """The key had been answered before: this is that first answer, not how it stands now."""

    @classmethod
    def of(cls, answer: Json, *, replayed: bool = False) -> "Action":
        decision = answer.get("decision")
        return cls(
            id=answer["id"],
            state=answer["state"],
            tier=answer["tier"],
            workflow=answer["workflow"],
            action_type=answer["action_type"],
            sentence=answer["sentence"],
            payload=answer["payload"],
            revision=answer["revision"],
            because=[finding["because"] for finding in answer["policy"]["findings"]],
            review_url=answer["review_url"],
            decision=Decision.of(decision) if decision else None,
            raw=answer,
            replayed=replayed,
        )


@dataclass(frozen=True, slots=True)
class Release:
    """The approved content under a lease: do what `payload` says, once, before the lease ends.

    Give `release_id` to the downstream system as its idempotency key.
    """

    action_id: str
    payload: dict[str, Any]
    lease_id: str
    lease_expires_at: datetime
    release_id: str
    fence: int
    approved_by: list[str]
    edits: list[dict[str, Any]]
    raw: Json = field(repr=False)

    @classmethod
    def of(cls, answer: Json) -> "Release":
        return cls(
            action_id=answer["action_id"],
            payload=answer["payload"],
            lease_id=answer["lease_id"],
            lease_expires_at=datetime.fromisoformat(answer["lease_expires_at"]),
            release_id=answer["release_id"],
            fence=answer["fence"],
            approved_by=answer["approved_by"],
            edits=answer["edits"],
            raw=answer,
        )


@dataclass(frozen=True, slots=True)
class Check:
    """What staging would answer. Nothing was stored."""

    tier: str
    mode: str
    authority: str
    needs_person: bool
    because: list[str]
    raw: Json = field(repr=False)

    @classmethod
    def of(cls, answer: Json) -> "Check":
        return cls(
            tier=answer["tier"],
            mode=answer["mode"],
            authority=answer["authority"],
            needs_person=answer["needs_person"],
            because=[finding["because"] for finding in answer["policy"]["findings"]],
            raw=answer,
        )
