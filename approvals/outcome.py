"""What the agent reports: an outcome under its lease, and how a rollback went."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from agents_registry.models import Agent
from approvals import after_state, follow_ups, rollback_ends, spot_checks, transitions
from approvals.errors import Conflict, Missing
from approvals.models import Action, FollowUpKind, Lease, LeaseEnd, Outcome
from approvals.states import Mover, State
from ledger import clock


@transaction.atomic
def report(
    *,
    agent: Agent,
    action_id: UUID,
    lease_id: UUID,
    status: str,
    body_digest: str,
    after: Any = None,
    error: str = "",
    cost: dict[str, Any] | None = None,
    value: dict[str, Any] | None = None,
    occurred_at: datetime | None = None,
) -> Action:
    """Accepts the first outcome under a live lease; the same body again changes nothing.

    `status`: succeeded or failed. Missing for another's action; Conflict lease_lost when the
    lease is not the live one or has run out, outcome_differs when another body came first.
    """
    action = _own(agent, action_id)
    held = Lease.objects.filter(pk=lease_id, action=action).select_related("outcome").first()
    if held is None:
        raise Conflict("This lease is not of this action.", code="lease_lost")
    if held.ended_at is not None:
        return _again(action, held, body_digest)
    Outcome.objects.create(
        lease=held, action=action, status=status, after=after, error=error, cost=cost,
        value=value, occurred_at=occurred_at, body_digest=body_digest, created_at=_end(held),
    )  # fmt: skip
    transitions.move(
        action=action,
        to=State(status),
        mover=Mover.AGENT,
        actor=f"agent:{agent.pk}",
        body={"lease": str(held.pk), "fence": held.fence},
        sealed={"error": error, "after": after, "cost": cost, "value": value},
    )
    if status == State.FAILED:
        follow_ups.open_for(action=action, kind=FollowUpKind.FAILED)
    else:
        after_state.check(action, after)
    spot_checks.draw(action=action)
    rollback_ends.settle(staged=action)
    return action


@transaction.atomic
def report_rollback(
    *, agent: Agent, action_id: UUID, succeeded: bool, error: str, after: Any = None
) -> Action:
    """How a rollback went that a person asked for, with the state afterwards.

    Conflict where none is asked for, or where another action was staged for it: then that one's
    outcome counts.
    """
    action = _own(agent, action_id)
    if action.state != State.ROLLBACK_REQUESTED:
        raise Conflict(f"No rollback is asked for: it is {action.state}.", code="no_rollback")
    staged = rollback_ends.staged_for(action)
    if staged and staged.state not in rollback_ends.CAME_TO_NOTHING:
        raise Conflict(
            f"It is undone by the action {staged.pk}. Nothing was reported. Take that one when it "
            "is approved, and report its outcome.",
            code="rollback_is_staged",
        )
    transitions.move(
        action=action,
        to=State.ROLLED_BACK if succeeded else State.ROLLBACK_FAILED,
        mover=Mover.AGENT,
        actor=f"agent:{agent.pk}",
        sealed={"error": error, "after": after},
    )
    rollback_ends.reported(action=action, succeeded=succeeded, after=after)
    return action


def _own(agent: Agent, action_id: UUID) -> Action:
    action = (
        Action.objects.select_for_update(of=("self",))
        .select_related("action_type", "workflow")
        .filter(pk=action_id, agent=agent)
        .first()
    )
    if action is None:
        raise Missing("This agent has no such action.")
    return action


def _end(held: Lease) -> datetime:
    """The instant at which the lease was ended by a report."""
    now = clock.now()
    ended = Lease.objects.filter(pk=held.pk, ended_at__isnull=True, expires_at__gt=now).update(
        ended_at=now, end=LeaseEnd.REPORTED
    )
    if not ended:
        raise Conflict("This lease has run out.", code="lease_lost")
    return now


def _again(action: Action, held: Lease, body_digest: str) -> Action:
    if held.end != LeaseEnd.REPORTED:
        raise Conflict("This lease has run out.", code="lease_lost")
    if held.outcome.body_digest != body_digest:
        raise Conflict("Another outcome was reported under this lease.", code="outcome_differs")
    return action
