"""Asks for an action to be undone, or rehearses that: by whom, why, and when that is possible."""

from uuid import UUID

from django.db import transaction

from agents_registry.models import Person
from approvals import follow_ups, rollback_ends, staging, transitions, ways_back
from approvals.errors import Conflict, Invalid, Missing
from approvals.models import Action, FollowUpChoice, FollowUpKind, Purpose
from approvals.permissions import check_can_ask_for_rollback
from approvals.proposals import Proposal
from approvals.states import Mover, State
from approvals.ways_back import Way
from ledger import record

ANSWERS = (
    FollowUpKind.FAILED,
    FollowUpKind.ROLLBACK_FAILED,
    FollowUpKind.CHECK_FAILED,
    FollowUpKind.MISTAKE,
    FollowUpKind.NOT_AS_APPROVED,
)
"""The open work that asking for rollback answers."""


@transaction.atomic
def ask(*, action_id: UUID, person: Person, reason: str, act: UUID | None = None) -> Action:
    """Asks for it to be undone, and closes the open work that this answers.

    What undoes it is staged as another action where its type says which, and judged like any
    other; else its agent is asked, and the system owner sees that it reports. `act` is what many
    asked for at once have in common. Missing for another team's, PermissionDenied, Invalid without
    a reason, Conflict where it cannot be asked in this state or there is no way back.
    """
    action, way = _to_be_undone(action_id, person, reason)
    batch = f"rollback {act}" if act else ""
    staged = _stage(action, way, person, reason, batch_key=batch) if way.action_type else None
    said = {"by": str(staged.pk)} if staged else {}
    transitions.move(
        action=action,
        to=State.ROLLBACK_REQUESTED,
        mover=Mover.PERSON,
        actor=f"person:{person.pk}",
        event="action.rollback_requested",
        body={**said, "act": str(act)} if act else said,
        sealed={"reason": reason},
    )
    for kind in ANSWERS:
        follow_ups.close_open(
            action=action, kind=kind, reason=reason, by=person, choice=FollowUpChoice.ROLL_BACK
        )
    if staged is None:
        follow_ups.open_for(action=action, kind=FollowUpKind.ROLLBACK_ASKED)
    elif staged.state == State.BLOCKED:
        rollback_ends.carry_over(staged, action)
    return action


@transaction.atomic
def drill(*, action_id: UUID, person: Person, reason: str) -> Action:
    """Rehearses it: what would undo the action is staged and judged, and nothing is ever done.

    Answers with that action. Raises what `ask` raises; Conflict where only its agent knows how it
    is undone.
    """
    action, way = _to_be_undone(action_id, person, reason)
    if way.action_type is None:
        raise Conflict(
            "Only its agent knows how it is undone. Nothing was rehearsed. Name the action type "
            "that undoes it: then that can be staged, and rehearsed.",
            code="no_rollback",
        )
    staged = _stage(action, way, person, reason, purpose=Purpose.EVAL)
    record.append(
        scope=str(action.team_id),
        stream=action.stream,
        type="action.rollback_drilled",
        actor=f"person:{person.pk}",
        body={"by": str(staged.pk), "tier": staged.tier},
        sealed={"reason": reason},
    )
    return staged


def why_not_now(action: Action) -> str:
    """Why nobody can ask for it now, in words; empty when it can be asked."""
    return ways_back.of(action).obstacle


def _to_be_undone(action_id: UUID, person: Person, reason: str) -> tuple[Action, Way]:
    """The locked action, with the way in which it can be undone by this person now."""
    action = (
        Action.objects.select_for_update(of=("self",))
        .select_related("action_type", "workflow", "agent")
        .filter(pk=action_id, team__members=person)
        .first()
    )
    if action is None:
        raise Missing("There is no such action in your teams.")
    check_can_ask_for_rollback(person, action)
    if not reason.strip():
        raise Invalid("Say why it should be rolled back. Nothing was asked.", code="reason_missing")
    way = ways_back.of(action)
    if way.obstacle:
        raise Conflict(way.obstacle, code="no_rollback", state=action.state)
    return action, way


def _stage(
    action: Action,
    way: Way,
    person: Person,
    reason: str,
    *,
    batch_key: str = "",
    purpose: str = Purpose.LIVE,
) -> Action:
    """What undoes it, asked for by this person: so somebody else decides it, where anybody does.

    What many asked for at once have in common is a batch of its own."""
    assert way.action_type is not None
    handoff = {
        "decision_asked": "May it be undone like this?",
        "next_steps": ["Undo it", "Report the state afterwards"],
        **{name: said for name, said in way.action_type.handoff.items() if said},
        "trigger": f"{person} asked for rollback: {reason}"[:4000],
    }
    proposal = Proposal(
        workflow=action.workflow.slug,
        action_type=way.action_type.key,
        payload=way.payload,
        digest="",
        before=way.before,
        trace={"rolls_back": str(action.pk)},
        handoff=handoff,
        subject={
            "type": action.subject_type,
            "id": action.subject_id,
            "label": action.subject_label,
        },
        run_id=action.run_id,
        trace_id=action.trace_id,
        batch_key=batch_key,
        requested_by=person.email or person.username,
        callback_url=action.callback_url,
        purpose=purpose,
    )
    return staging.stage_rollback(action=action, proposal=proposal, actor=f"person:{person.pk}")
