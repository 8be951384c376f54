"""What happens by itself when time passes: reminders, next persons, the safe fallback, leases and
approvals that end. Each step once, late rather than never."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db import DatabaseError, transaction
from django.db.models import Q, QuerySet

from agents_registry import roles, stops
from agents_registry.models import Fallback, StopKind, Workflow
from approvals import follow_ups, ladder, spreading, stopping, timetable, transitions
from approvals.addressees import Addressee
from approvals.errors import Conflict
from approvals.ladder import Known, Reached
from approvals.models import Action, FollowUp, FollowUpKind, Lease, LeaseEnd
from approvals.querysets import stopped
from approvals.spreading import Begun
from approvals.states import Mover, State
from approvals.transitions import Advance, Move
from ledger import clock, record

log = structlog.get_logger(__name__)

CLOCK = "system:deadlines"
BATCH = 200
STEPS = 1_000
"""Steps that are taken in one transaction, which takes less than a second."""

AGAIN = timedelta(hours=1)
"""When a step is looked at again that could not be taken."""

ESCALATED, PUT_OFF = "action.escalated", "action.step_put_off"
NEEDED = (
    *("team", "workflow", "state", "held", "step", "reminded", "assignee", "frozen"),
    *("revision", "payload_digest", "policy_revision", "signers", "requested_by"),
    *("subject_type", "subject_id", "due_at", "next_step_at", "not_after"),
)
"""The columns by which a step is planned and written: a third of the row."""

Step = Advance | Move
Plan = Callable[[Action, Known, datetime], Step]


def sweep_steps(*, limit: int = STEPS) -> int:
    """Takes the due steps of pending actions, `limit` at a time; how many were taken.

    What is stopped is left alone: its clock stands, and resuming moves it on.
    """
    due = (
        Action.objects.filter(state=State.PENDING, held=False, next_step_at__lte=clock.now())
        .exclude(stopped())
        .order_by("next_step_at")
    )
    return _sweep(due, _next_step, limit)


def sweep_ends(*, limit: int = STEPS) -> int:
    """Ends what came to its own end: approvals that nobody took, actions past `not_after`."""
    now = clock.now()
    unused = Q(state=State.APPROVED, approval_ends_at__lte=now)
    too_late = Q(state__in=[State.APPROVED, State.PENDING], not_after__lte=now)
    return _sweep(Action.objects.filter(unused | too_late), _end, limit)


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
    known = Known()
    reached = None if action.held else ladder.next_stage(action, known)
    if reached is None:
        raise Conflict("Nobody comes after this in the chain.", code="chain_at_its_end")
    now = clock.now()
    step = replace(_escalation(action, reached, now), actor=actor, sealed=words or {})
    if not transitions.advance_all(_apart([step], now)):
        raise Conflict(transitions.MOVED_ON)


def _sweep(due: QuerySet[Action], plan: Plan, limit: int) -> int:
    """Claims rows that no other sweeper holds and takes their steps together; one by one where
    that does not work, so that a fault in one never holds up the others."""
    with transaction.atomic():
        claimed = _claimed(due, limit)
        try:
            with transaction.atomic():
                return _taken(claimed, plan)
        except Exception:
            log.exception("batch_failed", actions=len(claimed))
        return sum(_taken_alone(action.pk, plan) for action in claimed)


def _claimed(due: QuerySet[Action], limit: int) -> list[Action]:
    rows = due.select_for_update(of=("self",), skip_locked=True).only(*NEEDED)
    return list(rows.prefetch_related("workflow__workflow_owner", "workflow__pool")[:limit])


def _taken(actions: Sequence[Action], plan: Plan) -> int:
    """Plans all steps, then writes them together; how many could be planned."""
    now, known = clock.now(), Known.of(actions)
    steps = [_planned(action, plan, known, now) for action in actions]
    transitions.move_all([step for step in steps if isinstance(step, Move)])
    advances = [step for step in steps if isinstance(step, Advance)]
    advanced = transitions.advance_all(_apart(advances, now))
    _pause({action.workflow for action in advanced if _pauses(action)})
    return sum(step.event != PUT_OFF for step in steps)


def _taken_alone(action_id: UUID, plan: Plan) -> bool:
    """Read anew, because what was planned for it was undone."""
    try:
        with transaction.atomic():
            return bool(_taken(_claimed(Action.objects.filter(pk=action_id), 1), plan))
    except Exception:
        log.exception("step_failed", action=str(action_id))
        return False


def _planned(action: Action, plan: Plan, known: Known, now: datetime) -> Step:
    """Its step; where none can be planned, another look later, which the record tells of."""
    try:
        return plan(action, known, now)
    except DatabaseError:
        raise
    except Exception:
        log.exception("step_failed", action=str(action.pk))
        return Advance(
            action=action,
            actor=CLOCK,
            event=PUT_OFF,
            changes={"next_step_at": now + AGAIN},
            body={"step": action.step},
        )


def _next_step(action: Action, known: Known, now: datetime) -> Step:
    """A reminder, the next person, or what happens at the end of the chain."""
    if action.due_at and now < action.due_at:
        return _reminder(action, action.due_at, now)
    if reached := ladder.next_stage(action, known):
        return _escalation(action, reached, now)
    if action.frozen["fallback"] == Fallback.EXPIRE:
        return _end(action, known, now)
    return _hold(action, known)


def _reminder(action: Action, due: datetime, now: datetime) -> Advance:
    times = action.reminded + 1
    look = timetable.next_look(action.frozen, action.step, reminded=times, due=due, start=now)
    return Advance(
        action=action,
        actor=CLOCK,
        event="action.reminded",
        changes={"reminded": times, "next_step_at": look},
        body={"step": action.step, "times": times},
    )


def _escalation(action: Action, reached: Reached, now: datetime) -> Advance:
    times = timetable.stage_times(action.frozen, reached.step, now)
    return Advance(
        action=action,
        actor=CLOCK,
        event=ESCALATED,
        changes={**times, **reached.asked.columns()},
        body=reached.body(),
    )


def _hold(action: Action, known: Known) -> Advance:
    """Nobody answered, so an owner has it, without a clock. Never an approval."""
    owner = ladder.asked(action, "workflow_owner", known) or Addressee(None)
    changes = {"held": True, "next_step_at": None, "step": action.step + 1, **owner.columns()}
    return Advance(action=action, actor=CLOCK, event="action.held", changes=changes)


def _end(action: Action, known: Known, now: datetime) -> Move:
    return Move(action=action, to=State.EXPIRED, mover=Mover.TIME, actor=CLOCK)


def _apart(steps: Sequence[Advance], now: datetime) -> list[Advance]:
    """The same; the deadlines of those that begin are moved apart."""
    begun = [_begun(step) for step in steps if step.event == ESCALATED]
    changes = iter(spreading.spread(begun, now=now))
    return [
        replace(step, changes=next(changes)) if step.event == ESCALATED else step for step in steps
    ]


def _begun(step: Advance) -> Begun:
    return Begun(
        workflow=step.action.workflow_id,
        frozen=step.action.frozen,
        times=step.changes,
        not_after=step.action.not_after,
    )


def _pauses(action: Action) -> bool:
    return action.held and action.frozen["fallback"] == Fallback.HOLD_AND_PAUSE


def _pause(workflows: Iterable[Workflow]) -> None:
    for workflow in sorted(workflows, key=lambda workflow: workflow.pk):
        stop = stops.put(
            team=workflow.team,
            kind=StopKind.WORKFLOW,
            target=str(workflow.pk),
            reason="An action reached the end of its escalation chain and nobody decided.",
            actor=CLOCK,
            by=None,
        )
        stopping.recall_leases(stop, actor=CLOCK)


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
        transitions.move(action=action, to=State.EXPIRED, mover=Mover.TIME, actor=CLOCK)
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
