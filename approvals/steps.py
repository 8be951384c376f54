"""Sees to the actions that hang on a step which came to nothing: the step is tried again, or they
stop and its owner hears of it, or they go on without it."""

from collections.abc import Collection, Iterable
from uuid import UUID

import structlog
from django.db import DatabaseError, transaction
from django.db.models import Q

from approvals import follow_ups, staging, step_policy, transitions
from approvals.dependencies import FOLLOWER
from approvals.errors import Refused
from approvals.models import Action, Dependency, FollowUpChoice, FollowUpKind
from approvals.settling import seconds_left
from approvals.states import Mover, State
from approvals.step_policy import CAN_BE_HALTED, After, Hanging, Plan, Policy
from approvals.transitions import Move
from ledger import clock, following, record

log = structlog.get_logger(__name__)

ACTOR = "system:steps"
TRIED_AGAIN = "It is tried again, as the workflow says."
POLICY = ("action__workflow__after_failed_step", "action__workflow__after_rejected_step")


@transaction.atomic
def follow(*, limit: int = 200) -> int:
    """Hears of what came to nothing, up to `limit` events; of how many all was done.

    What somebody holds just now, and what may still be undone, is left for the next turn. Nothing
    is taken meanwhile that hangs on it, so that lateness does no harm.
    """
    events = following.take(FOLLOWER, limit=limit)
    about = {event.pk: UUID(event.stream.partition(":")[2]) for event in events}
    left = {pk for pk in _steps(about.values()) if not _seen_to(pk)}
    following.put_back(FOLLOWER, [event for event in events if about[event.pk] in left])
    return sum(pk not in left for pk in about.values())


def _steps(ids: Iterable[UUID]) -> list[UUID]:
    """Those of these actions that hang on others, or that others hang on."""
    wanted = set(ids)
    edges = Dependency.objects.filter(Q(on__in=wanted) | Q(action__in=wanted))
    ends = {pk for edge in edges.values_list("action_id", "on_id") for pk in edge}
    return sorted(ends & wanted)


def _seen_to(step_id: UUID) -> bool:
    """Whether all was done about it. A fault in one step holds up no other."""
    try:
        with transaction.atomic():
            return _see_to(step_id)
    except DatabaseError:
        raise
    except Exception:
        log.exception("step_not_seen_to", action=str(step_id))
        return False


def _see_to(step_id: UUID) -> bool:
    for step in _held([step_id], Q()):
        if not seconds_left(step, clock.now()):
            return _carry_out(step, _planned(step, _tries_left(step)))
    return False


def _carry_out(step: Action, plan: Plan[UUID]) -> bool:
    """Whether everybody concerned could be held: it is done whole, or not at all."""
    if plan.again:
        return _tried_again(step) or _carry_out(step, _planned(step, tries_left=0))
    halted = _held(plan.halted, Q(state__in=CAN_BE_HALTED))
    going_on = _held(plan.going_on, Q(state__in=CAN_BE_HALTED))
    if len(halted) < len(plan.halted) or len(going_on) < len(plan.going_on):
        return False
    if halted:
        _halt(step, halted)
    _tell_gone_on(step, going_on)
    return True


def _held(ids: Collection[UUID], still: Q) -> list[Action]:
    """Their rows, of those that nobody else holds: who waits for none can block none."""
    rows = Action.objects.select_for_update(of=("self",), skip_locked=True)
    related = rows.select_related("agent", "action_type", "workflow__workflow_owner")
    return list(related.filter(still, pk__in=ids).order_by("pk"))


def _planned(step: Action, tries_left: int) -> Plan[UUID]:
    return step_policy.plan(
        step.pk, State(step.state), tries_left=tries_left, hanging=_hanging_on(step.pk)
    )


def _hanging_on(step_id: UUID) -> dict[UUID, Hanging[UUID]]:
    """All that hangs on a step, however far, and that nobody has taken yet."""
    found: dict[UUID, Hanging[UUID]] = {}
    news = {step_id}
    while news:
        rows = Dependency.objects.filter(on__in=news, action__state__in=CAN_BE_HALTED)
        edges = list(rows.values_list("action_id", "on_id", *POLICY))
        news = {action_id for action_id, *_ in edges} - found.keys()
        for action_id, on_id, *policy in edges:
            steps = found[action_id].steps if action_id in found else frozenset()
            found[action_id] = Hanging(steps | {on_id}, Policy(*map(After, policy)))
    return found


def _tries_left(step: Action) -> int:
    """How often its own workflow has it tried again; never where somebody has done so already."""
    if Action.objects.filter(retry_of=step.pk).exists():
        return 0
    tried, first = 0, step
    while tried < step.workflow.step_retries and first.retry_of_id:
        tried, first = tried + 1, Action.objects.get(pk=first.retry_of_id)
    return step.workflow.step_retries - tried


def _tried_again(step: Action) -> bool:
    """Whether it could be staged anew; a type that is listed no longer cannot."""
    try:
        with transaction.atomic():
            retry = staging.retry(action=step, actor=ACTOR)
    except Refused as refusal:
        log.info("step_not_tried_again", action=str(step.pk), because=refusal.detail)
        return False
    _tell(step, "action.step_retried", {"retry": str(retry.pk)})
    follow_ups.close_open(
        action=step,
        kind=FollowUpKind.FAILED,
        reason=TRIED_AGAIN,
        choice=FollowUpChoice.RETRY,
    )
    return True


def _halt(step: Action, halted: list[Action]) -> None:
    """Takes back all that hangs on the step, and hands over to the owner of its workflow."""
    transitions.move_all([_withdrawal(step, action) for action in halted])
    for action in halted:
        follow_ups.close_open(
            action=action, kind=FollowUpKind.CHANGES_REQUESTED, reason="what it hangs on failed"
        )
    _tell(step, "action.step_halted", {"halted": len(halted)})
    if not step.follow_ups.filter(kind=FollowUpKind.HALTED, closed_at__isnull=True).exists():
        follow_ups.open_for(action=step, kind=FollowUpKind.HALTED)


def _withdrawal(step: Action, action: Action) -> Move:
    return Move(
        action=action,
        to=State.REVOKED if action.state == State.APPROVED else State.WITHDRAWN,
        mover=Mover.POLICY,
        actor=ACTOR,
        body={"why": "step", "step": str(step.pk)},
    )


def _tell(step: Action, event: str, body: dict[str, object]) -> None:
    _tell_all([step], event, body)


def _tell_gone_on(step: Action, going_on: list[Action]) -> None:
    _tell_all(going_on, "action.gone_on", {"without": str(step.pk)})


def _tell_all(actions: list[Action], event: str, body: dict[str, object]) -> None:
    entries = [
        record.Entry(
            scope=str(action.team_id), stream=action.stream, type=event, actor=ACTOR, body=body
        )
        for action in actions
    ]
    record.append_all(entries, at=clock.now())
