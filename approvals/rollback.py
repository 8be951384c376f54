"""Asks an agent to undo what it did: by whom, for which reason, and when that is possible."""

from uuid import UUID

from django.db import transaction

from agents_registry.models import Person
from approvals import follow_ups, transitions
from approvals.errors import Conflict, Invalid, Missing
from approvals.models import Action, FollowUpChoice, FollowUpKind
from approvals.permissions import check_can_ask_for_rollback
from approvals.states import Mover, State

ANSWERS = (
    FollowUpKind.FAILED,
    FollowUpKind.ROLLBACK_FAILED,
    FollowUpKind.CHECK_FAILED,
    FollowUpKind.MISTAKE,
)
"""The open work that asking for rollback answers."""

CAN_BE_ASKED = frozenset({State.SUCCEEDED, State.FAILED, State.ROLLBACK_FAILED})
IN_BETWEEN = {
    State.APPROVED: "No agent has taken it yet. Nothing was asked. Undo the approval instead.",
    State.RELEASED: "The agent is doing it now. Nothing was asked. Ask again when it has reported.",
    State.UNKNOWN: "Nobody knows whether it was done. Nothing was asked. "
    "The system owner settles that first.",
    State.ROLLBACK_REQUESTED: "Rollback was asked for already. Nothing more was asked. "
    "The agent reports how it went.",
    State.ROLLED_BACK: "It is rolled back already. Nothing was asked. Nothing is left to do.",
}
NEVER_DONE = (
    "It was never done, so there is nothing to roll back. Nothing was asked. "
    "Report a mistake where something is wrong with it."
)


@transaction.atomic
def ask(*, action_id: UUID, person: Person, reason: str) -> Action:
    """Asks the agent to roll the action back, and closes the open work that this answers.

    Missing for another team's, PermissionDenied, Invalid without a reason, Conflict where it
    cannot be asked in this state or the type names no way back.
    """
    action = (
        Action.objects.select_for_update(of=("self",))
        .select_related("action_type", "workflow")
        .filter(pk=action_id, team__members=person)
        .first()
    )
    if action is None:
        raise Missing("There is no such action in your teams.")
    check_can_ask_for_rollback(person, action)
    if not reason.strip():
        raise Invalid("Say why it should be rolled back. Nothing was asked.", code="reason_missing")
    if obstacle := why_not_now(action):
        raise Conflict(obstacle, code="no_rollback", state=action.state)
    transitions.move(
        action=action,
        to=State.ROLLBACK_REQUESTED,
        mover=Mover.PERSON,
        actor=f"person:{person.pk}",
        event="action.rollback_requested",
        sealed={"reason": reason},
    )
    for kind in ANSWERS:
        follow_ups.close_open(
            action=action, kind=kind, reason=reason, by=person, choice=FollowUpChoice.ROLL_BACK
        )
    return action


def why_not_now(action: Action) -> str:
    """Why nobody can ask for it now, in words; empty when it can be asked."""
    state = State(action.state)
    if state not in CAN_BE_ASKED:
        return IN_BETWEEN.get(state, NEVER_DONE)
    # Without a named way the agent would have to invent one, and nobody would have reviewed that.
    if not action.action_type.rollback_path.strip():
        return (
            f"No way back is named for {action.action_type}. Nothing was asked of the agent. "
            "Report a mistake: then the workflow owner sees to it by hand."
        )
    return ""
