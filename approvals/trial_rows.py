"""Reads the recorded actions of one type page by page, and asks a policy about each."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Self
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from agents_registry import revisions
from agents_registry.models import ActionType
from agents_registry.policy import documents
from agents_registry.policy.evaluate import evaluate
from agents_registry.policy.findings import Tier, Verdict
from agents_registry.policy.shapes import Cumulative, Policy
from approvals import judging, repeats, totals
from approvals.judging import Judgement
from approvals.models import Action, Content, Decision, Purpose
from approvals.models import Verdict as Decided
from approvals.proposals import Revised
from approvals.states import State
from approvals.trial_figures import Recorded
from ledger.canonical import digest

PAGE = 500

JUDGED = (
    "payload",
    "before",
    "impact",
    "signals",
    "evidence",
    "trace",
    "handoff",
)
OF_ACTION = {
    name: F(f"action__{name}")
    for name in (
        "tier",
        "mode",
        "state",
        "held",
        "step",
        "signers",
        "confidence",
        "subject_type",
        "subject_id",
        "subject_label",
        "due_at",
        "decided_at",
    )
} | {
    "staged_at": F("action__created_at"),
    "agent_id": F("action__agent_id"),
    "team_id": F("action__team_id"),
    "agent": F("action__agent__slug"),
}
DEFINES = ("metric", "per", "within", "currency")
"""What of a cumulative limit says which sum it is about; the rest says when that is too much."""


@dataclass(frozen=True, slots=True)
class Span:
    """The part of the record that is replayed, up to the moment that was `until`."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Place:
    """The last action that was looked at. Types go by id, the actions of one from new to old."""

    type_id: int
    at: datetime
    id: UUID

    @classmethod
    def from_dict(cls, said: dict[str, Any]) -> Self:
        return cls(said["type_id"], datetime.fromisoformat(said["at"]), UUID(said["id"]))

    def to_dict(self) -> dict[str, Any]:
        return {"type_id": self.type_id, "at": self.at.isoformat(), "id": str(self.id)}


def actions(type_ids: list[int], span: Span) -> QuerySet[Action]:
    """The live actions that a trial of these types replays."""
    return Action.objects.filter(
        action_type_id__in=type_ids,
        purpose=Purpose.LIVE,
        created_at__gte=span.since,
        created_at__lte=span.until,
    )


def rows(action_type: ActionType, span: Span, after: Place | None) -> Iterator[Any]:
    """The recorded actions of the type, the newest first, of which one page is in memory.

    Short queries, and not one cursor: that would need a transaction from first to last, in which
    nobody sees the progress, and which no pooler of connections carries.
    """
    while True:
        page = list(_rows(action_type, span, after)[:PAGE])
        yield from page
        if len(page) < PAGE:
            return
        after = place_of(action_type, page[-1])


def place_of(action_type: ActionType, row: Any) -> Place:
    return Place(action_type.pk, row["staged_at"], row["action_id"])


@dataclass(frozen=True, slots=True)
class Tried:
    """The policy to try on the actions of a type, read once. `sums` are its cumulative limits by
    id, each with what it adds up. `in_force` is the digest of the policy that the type has now."""

    action_type: ActionType
    policy: Policy
    sums: Mapping[str, tuple[Any, ...]]
    in_force: str

    @classmethod
    def of(cls, action_type: ActionType, document: dict[str, Any]) -> Self:
        in_force = digest(revisions.policy_document(action_type))
        return cls(action_type, documents.parse(document), _sums(document), in_force)


def judged(tried: Tried, row: Any) -> Verdict:
    """The verdict of the policy, by the very functions that staging asks."""
    facts = judging.facts_of(
        Revised(**{name: row[name] for name in JUDGED}),
        confidence=row["confidence"],
        subject=_subject(row),
        agent=row["agent"],
        workflow=tried.action_type.workflow.slug,
        circumstances=_circumstances(tried, row),
    )
    verdict = evaluate(tried.policy, facts)
    if row["revision"] == 1:
        return verdict
    return judging.looked_at_again(Judgement(verdict, policy_revision="")).verdict


def recorded(tried: Tried, span: Span, row: Any) -> Recorded:
    """What was made of it."""
    return Recorded(
        id=row["action_id"],
        workflow=tried.action_type.workflow_id,
        tier=Tier(row["tier"]),
        mode=row["mode"],
        state=row["state"],
        signers=tuple(row["signers"]),
        late=_was_late(row, span.until),
        earlier=row["policy_revision"] != tried.in_force,
    )


def _rows(action_type: ActionType, span: Span, after: Place | None) -> QuerySet[Content, Any]:
    until = Q(action__created_at__lte=after.at if after else span.until)
    if after:
        until &= Q(action__created_at__lt=after.at) | Q(action_id__lt=after.id)
    passed_on = Decision.objects.filter(action=OuterRef("action_id"), verdict=Decided.ESCALATED)
    found: QuerySet[Content, Any] = (
        Content.objects.filter(
            until,
            action__action_type=action_type,
            action__purpose=Purpose.LIVE,
            action__created_at__gte=span.since,
            revision=F("action__revision"),
        )
        .order_by("-action__created_at", "-action_id")
        .values(
            "action_id",
            "revision",
            "policy_revision",
            "created_at",
            "circumstances",
            *JUDGED,
            passed_on=Exists(passed_on),
            **OF_ACTION,
        )
    )
    return found


def _circumstances(tried: Tried, row: Any) -> dict[str, Any]:
    """What was known when it was judged. Sums that nobody added up then are added up now, as far
    as the record still has them."""
    known: dict[str, Any] = row["circumstances"]
    if tried.policy.again:
        known = {**known, "again": _again(tried, row)}
    if not tried.sums:
        return known
    then = _sums_of(row["policy_revision"])
    unknown = [limit for limit in tried.policy.cumulative if _is_new(limit, tried.sums, then)]
    if not unknown:
        return known
    added = totals.before(unknown, _case(tried, row), at=row["created_at"])
    return {**known, "totals": {**known.get("totals", {}), **added}}


def _again(tried: Tried, row: Any) -> dict[str, Any]:
    """The same that was there before it; looked for now where nobody went so far back then."""
    return repeats.before(
        tried.policy.again,
        _case(tried, row),
        team=row["team_id"],
        at=row["created_at"],
        recorded=row["circumstances"].get("again"),
    )


def _case(tried: Tried, row: Any) -> totals.Case:
    return totals.Case(
        action_type=tried.action_type.pk,
        agent=row["agent_id"],
        subject=_subject(row),
        payload=row["payload"],
        action=row["action_id"],
    )


def _is_new(
    limit: Cumulative, now: Mapping[str, tuple[Any, ...]], then: Mapping[str, tuple[Any, ...]]
) -> bool:
    return now[limit.id] != then.get(limit.id)


def _sums(document: Mapping[str, Any]) -> dict[str, tuple[Any, ...]]:
    limits = document.get("cumulative") or []
    return {limit["id"]: tuple(limit.get(name) for name in DEFINES) for limit in limits}


@lru_cache(maxsize=256)
def _sums_of(revision: str) -> dict[str, tuple[Any, ...]]:
    return _sums(revisions.document_of(revision))


def _subject(row: Any) -> dict[str, str]:
    """As it came with the request: what was left out there is left out here."""
    told = {name: row[f"subject_{name}"] for name in ("type", "id", "label")}
    return {name: value for name, value in told.items() if value}


def _was_late(row: Any, now: datetime) -> bool:
    """Time took it to the next person or to its end, or whoever decided came too late."""
    undecided = row["decided_at"] is None and row["state"] in {State.PENDING, State.EXPIRED}
    if row["held"] or (row["step"] and not row["passed_on"]):
        return True
    if undecided and row["state"] == State.EXPIRED:
        return True
    ended = now if undecided else row["decided_at"]
    return bool(row["due_at"] and ended and row["due_at"] < ended)
