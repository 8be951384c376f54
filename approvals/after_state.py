"""Keeps what was found when a reported after-state was held against what was approved."""

from typing import Any

from approvals import as_approved, follow_ups, release
from approvals.as_approved import Difference
from approvals.models import Action, FollowUpKind
from approvals.states import State
from ledger import record

REPORTED_DONE = frozenset(
    {State.SUCCEEDED, State.ROLLBACK_REQUESTED, State.ROLLED_BACK, State.ROLLBACK_FAILED}
)
"""What an action can be that was reported as done."""


def check(action: Action, after: Any) -> None:
    """Where it was done, but not as approved, the system owner gets open work.

    The action stays succeeded: that it was done is not in doubt, what was done is.
    """
    found = _differences(action, after)
    if not found:
        return
    record.append(
        scope=str(action.team_id),
        stream=action.stream,
        type="action.not_as_approved",
        actor="system:outcomes",
        body={"places": len(found)},
        sealed={"pointers": [each.after for each in found]},
    )
    follow_ups.open_for(action=action, kind=FollowUpKind.NOT_AS_APPROVED)


def is_as_approved(action: Action) -> bool | None:
    """Whether the after-state says what was approved; None where nobody can tell."""
    if action.state not in REPORTED_DONE:
        return None
    if action.follow_ups.filter(kind=FollowUpKind.NOT_AS_APPROVED).exists():
        return False
    done = action.outcomes.filter(status=State.SUCCEEDED).first()
    if done is None:
        return None
    told = as_approved.can_be_told(_approved(action), done.after, action.action_type.matches)
    return True if told else None


def differences(action: Action) -> list[Difference]:
    """Where its after-state says something else, if that was found when it was reported."""
    if is_as_approved(action) is not False:
        return []
    done = action.outcomes.filter(status=State.SUCCEEDED).first()
    return _differences(action, done.after) if done else []


def _differences(action: Action, after: Any) -> list[Difference]:
    return as_approved.differences(_approved(action), after, action.action_type.matches)


def _approved(action: Action) -> dict[str, Any]:
    return release.approved_payload(action, action.contents.get(revision=action.revision))
