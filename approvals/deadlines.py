"""What happens by itself when time passes: reminders, next persons, the safe fallback, leases and
approvals that end. Each step once, late rather than never."""

from collections.abc import Callable
from typing import Any

import structlog
from django.db import transaction
from django.db.models import Q

from agents_registry import roles, stops
from agents_registry.models import Fallback, StopKind
from approvals import follow_ups, ladder, stopping, timetable, transitions
from approvals.addressees import Addressee
from approvals.errors import Conflict
from approvals.models import Action, FollowUp, FollowUpKind, Lease, LeaseEnd
from approvals.querysets import stopped
from approvals.states import Mover, State
from ledger import clock, record

log = structlog.get_logger(__name__)

CLOCK = "system:deadlines"
BATCH = 200


def sweep_steps(*, limit: int = BATCH) -> int:
    """Takes the due steps of pending actions, `limit` at a time; how many were taken.

    What is stopped is left alone: its clock stands, and resuming moves it on.
    """
    due = (
        Action.objects.filter(state=State.PENDING, held=False, next_step_at__lte=clock.now())
        .exclude(stopped())
        .order_by("next_step_at")
    )
    return _sweep(due, _step, limit)


def sweep_ends(*, limit: int = BATCH) -> int:
    """Ends what came to its own end: approvals that nobody took, actions past `not_after`."""
    now = clock.now()
    unused = Q(state=State.APPROVED, approval_ends_at__lte=now)
    too_late = Q(state__in=[State.APPROVED, State.PENDING], not_after__lte=now)
    return _sweep(Action.objects.filter(unused | too_late), _expire, limit)


@transaction.atomic
def sweep_leases(*, limit: int = BATCH) -> int:
    """Ends leases that ran out: unknown, or to be taken again where that does no harm."""
    over = (
        Lease.objects.select_for_update(of=("self", "action"), skip_locked=True)
        .select_related("action__workflow__system_owner", "action__action_type")
        .filter(ended_at__isnull=True, expires_at__lte=clock.now())
        .order_by("expires_at")[:limit]
    )
    return sum(1 for lease in over if _end_lease(lease))


@transaction.atomic
def sweep_follow_ups(*, limit: int = BATCH) -> int:
    """Open work past its time: the agent's expires, a person's goes to the workflow owner."""
    now = clock.now()
    late = (
        FollowUp.objects.select_for_update(of=("self", "action"), skip_locked=True)
        .select_related("action__workflow__workflow_owner", "action__action_type")
        .filter(closed_at__isnull=True, reminded_at__isnull=True, due_at__lte=now)
        .order_by("due_at")[:limit]
    )
    return sum(1 for follow_up in late if _chase(follow_up))


def step_up(*, action: Action, actor: str, words: dict[str, str] | None = None) -> None:
    """The next person of the chain is asked; Conflict at the end of the chain."""
    reached = None if action.held else ladder.next_stage(action)
    if reached is None:
        raise Conflict("Nobody comes after this in the chain.", code="chain_at_its_end")
    transitions.advance(
        action=action,
        actor=actor,
        event="action.escalated",
        changes={
            **timetable.stage_times(action.frozen, reached.step, clock.now()),
            "step": reached.step,
            **reached.asked.columns(),
        },
        body={"step": reached.step, "to": reached.asked.for_record()},
        sealed=words or {},
    )


def _sweep(due: Any, act: Callable[[Action], object], limit: int) -> int:
    """Claims rows that no other sweeper holds and acts on each, in one transaction."""
    with transaction.atomic():
        claimed = list(
            due.select_for_update(of=("self",), skip_locked=True).select_related(
                "workflow__workflow_owner", "action_type__workflow", "agent"
            )[:limit]
        )
        return sum(_acted(act, action) for action in claimed)


def _acted(act: Callable[[Action], object], action: Action) -> bool:
    """One action's step in its own savepoint: a fault in one never holds up the others."""
    try:
        with transaction.atomic():
            act(action)
    except Exception:
        log.exception("step_failed", action=str(action.pk))
        return False
    return True


def _step(action: Action) -> None:
    """One step of one action: reminder, next person, or the end of the chain."""
    if action.due_at and clock.now() < action.due_at:
        transitions.advance(
            action=action,
            actor=CLOCK,
            event="action.reminded",
            changes={"next_step_at": action.due_at},
            body={"step": action.step},
        )
    elif ladder.next_stage(action):
        step_up(action=action, actor=CLOCK)
    else:
        _fall_back(action)


def _fall_back(action: Action) -> None:
    """Nobody answered: expire, or hold for an owner. Never an approval."""
    if action.frozen["fallback"] == Fallback.EXPIRE:
        transitions.move(action=action, to=State.EXPIRED, mover=Mover.TIME, actor=CLOCK)
        return
    owner = roles.owner(action.workflow, "workflow_owner")
    transitions.advance(
        action=action,
        actor=CLOCK,
        event="action.held",
        changes={
            "held": True,
            "next_step_at": None,
            "step": action.step + 1,
            **Addressee(owner).columns(),
        },
    )
    if action.frozen["fallback"] == Fallback.HOLD_AND_PAUSE:
        stop = stops.put(
            team=action.team,
            kind=StopKind.WORKFLOW,
            target=str(action.workflow_id),
            reason="An action reached the end of its escalation chain and nobody decided.",
            actor=CLOCK,
            by=None,
        )
        stopping.recall_leases(stop, actor=CLOCK)


def _expire(action: Action) -> None:
    transitions.move(action=action, to=State.EXPIRED, mover=Mover.TIME, actor=CLOCK)


def _end_lease(lease: Lease) -> bool:
    action = lease.action
    ended = Lease.objects.filter(pk=lease.pk, ended_at__isnull=True).update(
        ended_at=clock.now(), end=LeaseEnd.RAN_OUT
    )
    if not ended or action.state != State.RELEASED:
        return False
    again = action.frozen["idempotent"]
    transitions.move(
        action=action,
        to=State.APPROVED if again else State.UNKNOWN,
        mover=Mover.TIME,
        actor=CLOCK,
        event="action.lease_ran_out",
        body={"lease": str(lease.pk), "fence": lease.fence},
    )
    if not again:
        follow_ups.open_for(action=action, kind=FollowUpKind.UNKNOWN)
    return True


def _chase(follow_up: FollowUp) -> bool:
    action = follow_up.action
    if follow_up.kind == FollowUpKind.CHANGES_REQUESTED:
        follow_ups.close_open(action=action, kind=follow_up.kind, reason="not revised in time")
        _expire(action)
        return True
    owner = roles.answerable(action.workflow, "workflow_owner")
    FollowUp.objects.filter(pk=follow_up.pk).update(reminded_at=clock.now(), assignee=owner)
    record.append(
        scope=str(action.team_id),
        stream=action.stream,
        type="action.follow_up_moved",
        actor=CLOCK,
        body={"kind": follow_up.kind, "to": f"person:{owner.pk}"},
    )
    return True
