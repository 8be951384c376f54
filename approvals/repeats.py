"""Looks for the same that was done, or rejected, before an action: what its policy then asks of."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from agents_registry.policy.again import DONE, REJECTED, SAME_CONTENT, SAME_SUBJECT
from agents_registry.policy.shapes import Repeat
from approvals.models import Action, Purpose
from approvals.settling import seconds_left
from approvals.states import APPROVED_ONCE, State
from approvals.totals import Case
from ledger.canonical import digest

STATES = {
    DONE: sorted(
        {State.ACCEPTED, State.TAKEN_OVER, *APPROVED_ONCE} - {State.FAILED, State.ROLLED_BACK}
    ),
    REJECTED: [State.REJECTED],
}
"""What was done, may have been, or will be; and what a person rejected and did not take back."""

MOST_SETTLING = 20
"""Verdicts on the same that can still be undone at the same time; more of them count as given."""


def before(
    rules: Mapping[str, Repeat],
    case: Case,
    *,
    team: UUID,
    at: datetime,
    recorded: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """For each rule `{"days": 14, "found": None}`, or with the last action that is the same:
    `{"action": id, "at": when it was decided, "same": "content" or "subject"}`.

    One query, by index, however many rules there are. `recorded` was found when it was judged: only
    what goes further back than that is looked for again.
    """
    known = {
        kind: looked
        for kind, looked in (recorded or {}).items()
        if kind in rules and _reaches(looked, rules[kind])
    }
    sought = {kind: rule for kind, rule in rules.items() if kind not in known}
    if not sought:
        return known
    content = digest(case.payload)
    decided = _decided(sought, same(case, team=team, payload_digest=content), at)
    return known | {
        kind: {"days": rule.days, "found": _told(_newest(kind, decided, at), content)}
        for kind, rule in sought.items()
    }


def same(case: Case, *, team: UUID, payload_digest: str) -> QuerySet[Action]:
    """The other live actions of the type with the same content, or about the same subject."""
    alike = Q(payload_digest=payload_digest)
    if name := case.subject.get("id"):
        alike |= Q(subject_type=case.subject.get("type", ""), subject_id=name)
    rows = Action.objects.filter(
        alike, team=team, action_type=case.action_type, purpose=Purpose.LIVE
    )
    return rows.exclude(pk=case.action) if case.action else rows


def _reaches(looked: Mapping[str, Any], rule: Repeat) -> bool:
    return looked["found"] is not None or looked["days"] >= rule.days


def _decided(rules: Mapping[str, Repeat], same: QuerySet[Action], at: datetime) -> list[Action]:
    """The newest ones that each rule is about."""
    columns = same.only("state", "tier", "frozen", "payload_digest", "decided_at")
    first, *others = (
        columns.filter(state__in=STATES[kind], decided_at__lte=at)
        .filter(decided_at__gte=at - timedelta(days=rule.days))
        .order_by("-decided_at")[:MOST_SETTLING]
        for kind, rule in rules.items()
    )
    return list(first.union(*others, all=True) if others else first)


def _newest(kind: str, decided: list[Action], at: datetime) -> Action | None:
    """As far as its agent knows of it: a verdict that settles is not told yet."""
    rows = [row for row in decided if row.state in STATES[kind]]
    rows.sort(key=lambda row: row.decided_at or at, reverse=True)
    settled = [row for row in rows if not seconds_left(row, at)]
    if not settled and len(rows) < MOST_SETTLING:
        return None
    return (settled or rows)[0]


def _told(action: Action | None, content: str) -> dict[str, str] | None:
    if action is None or action.decided_at is None:
        return None
    return {
        "action": str(action.pk),
        "at": action.decided_at.isoformat(),
        "same": SAME_CONTENT if action.payload_digest == content else SAME_SUBJECT,
    }
