"""How long a person's verdict is held back from the agent, so that Undo is certain meanwhile."""

from datetime import datetime, timedelta

from agents_registry.policy.findings import PEOPLES_TIERS
from approvals.models import Action
from approvals.states import State

SETTLE_SECONDS = {"mandatory": 5}
CAN_BE_UNDONE = {State.APPROVED, State.REJECTED}


def settle_seconds(action: Action) -> int:
    """The action type's own figure, else the tier's; 0 for what the policy approved."""
    if action.tier not in PEOPLES_TIERS:
        return 0
    own: int | None = action.frozen["settle_seconds"]
    return SETTLE_SECONDS.get(action.tier, 0) if own is None else own


def seconds_left(action: Action, now: datetime) -> float:
    """How long the agent still sees `pending`; 0 where it sees the state as it is."""
    if action.state not in CAN_BE_UNDONE or action.decided_at is None:
        return 0
    settled_at = action.decided_at + timedelta(seconds=settle_seconds(action))
    return max(0.0, (settled_at - now).total_seconds())
