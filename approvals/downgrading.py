"""Lowers a mode and brings everything that was staged under the old one into line, at once."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Prefetch, Q, QuerySet

from agents_registry import gate, modes
from agents_registry.models import ActionType, Downgrade, Person
from agents_registry.policy.findings import Mode
from approvals import rejudging
from approvals.errors import Conflict
from approvals.models import APPROVING, Action, Content, Decision
from approvals.rejudging import Bench
from approvals.states import State
from ledger import clock

CHUNK = 500
"""Rows that are in memory at a time."""

UNDER_WAY = timedelta(hours=1)
"""The longest that storing one action takes: by then what was judged before has turned up."""


@transaction.atomic
def downgrade(
    *,
    action_type: ActionType,
    to: Mode,
    rule: str,
    because: str,
    reviewer: Person,
    actor: str,
    at: datetime | None = None,
) -> Downgrade | None:
    """Takes the mode down, judges again what waits, and recalls what the policy had approved.

    None where the mode is there already. From the commit on nothing is released that the new mode
    forbids. What agents hold under a lease stays with them, and a person's approval stands.
    """
    gate.close(action_type.workflow.team_id)
    lowered = modes.lower(
        action_type=action_type,
        to=to,
        rule=rule,
        because=because,
        reviewer=reviewer,
        actor=actor,
        at=at,
    )
    if lowered:
        _bring_into_line(lowered, Action.objects.all())
    return lowered


def sweep_late() -> int:
    """Does the same for what was being stored, or leased, while the mode went down."""
    waiting = Downgrade.objects.filter(lifted_at__isnull=True)
    return sum(_sweep_late(each) for each in waiting.select_related("action_type__workflow"))


@transaction.atomic
def _sweep_late(lowered: Downgrade) -> int:
    late = Q(state=State.APPROVED)
    if lowered.at > clock.now() - UNDER_WAY:
        late |= Q(created_at__gt=lowered.at - UNDER_WAY)
    laxer = Q(mode__in=[mode for mode in Mode if mode < Mode(lowered.to_mode)])
    there = Action.objects.filter(late, laxer)
    return _bring_into_line(lowered, there) if _open(lowered, there).exists() else 0


def _bring_into_line(lowered: Downgrade, among: QuerySet[Action]) -> int:
    """How many got stricter. In constant memory, however many there are."""
    bench = Bench.of(lowered.action_type)
    body = {"downgrade": str(lowered.pk)}
    now = Content.objects.filter(revision=F("action__revision"))
    waiting = (
        _open(lowered, among)
        .select_related("workflow", "action_type", "agent")
        .prefetch_related(Prefetch("contents", now, to_attr="current"))
    )
    rows = waiting.iterator(chunk_size=CHUNK)
    return sum(_judged_again(action, bench, body) for action in rows)


def _open(lowered: Downgrade, among: QuerySet[Action]) -> QuerySet[Action]:
    """What waits for a person, and what the policy approved and nobody has taken."""
    approved = Decision.objects.filter(
        action=OuterRef("pk"),
        revision=OuterRef("revision"),
        verdict__in=APPROVING,
        undone_at__isnull=True,
    )
    by_policy = Q(state=State.APPROVED) & ~Exists(approved)
    action_type = lowered.action_type
    return among.filter(
        Q(state=State.PENDING) | by_policy,
        workflow=action_type.workflow_id,
        action_type=action_type,
    )


def _judged_again(action: Action, bench: Bench, body: dict[str, str]) -> bool:
    """One action, by one conditional write. Who was first has it; what is left is read afresh."""
    (content,) = action.current  # type: ignore[attr-defined]  # prefetched above
    try:
        return rejudging.rejudge(action=action, content=content, bench=bench, body=body)
    except Conflict:
        return _second_look(action, bench, body)


def _second_look(action: Action, bench: Bench, body: dict[str, str]) -> bool:
    now = (
        Action.objects.select_for_update(of=("self",))
        .select_related("workflow", "action_type", "agent")
        .filter(pk=action.pk, state=State.PENDING)
        .first()
    )
    if now is None:
        return False
    content = now.contents.get(revision=now.revision)
    return rejudging.rejudge(action=now, content=content, bench=bench, body=body)
