"""How open work ends: who may end it, with which choice, and what the choice sets going."""

from django.db import transaction

from agents_registry.models import Membership, Person, Role
from approvals import staging, transitions
from approvals.errors import Conflict, Invalid, Missing
from approvals.follow_ups import open_for
from approvals.models import FollowUp, FollowUpChoice, FollowUpKind
from approvals.states import Mover, State
from ledger import clock, record

CHOICES = {
    FollowUpKind.FAILED: ("retry", "hand_over", "roll_back", "close"),
    FollowUpKind.UNKNOWN: ("it_was_done", "it_was_not_done"),
    FollowUpKind.BLOCKED: ("hand_over", "close"),
    FollowUpKind.ROLLBACK_FAILED: ("roll_back", "hand_over", "close"),
    FollowUpKind.CHECK_FAILED: ("roll_back", "hand_over", "close"),
    FollowUpKind.MISTAKE: ("roll_back", "hand_over", "close"),
}


def can_close(person: Person, follow_up: FollowUp) -> bool:
    """Its assignee, any owner of the workflow, or a manager; unknown: only the system owner."""
    workflow = follow_up.action.workflow
    member = Membership.objects.filter(
        team=workflow.team_id, person=person, person__is_active=True
    ).exclude(role=Role.AUDITOR)
    if not member.exists():
        return False
    if person.pk == follow_up.assignee_id:
        return True
    if follow_up.kind == FollowUpKind.UNKNOWN:
        return person == workflow.system_owner
    return person in workflow.owners().values() or member.filter(role=Role.MANAGER).exists()


def choices(follow_up: FollowUp) -> list[tuple[str, str]]:
    """How this work can end: value and words."""
    return [
        (value, str(FollowUpChoice(value).label))
        for value in CHOICES.get(FollowUpKind(follow_up.kind), ())
    ]


@transaction.atomic
def close(*, follow_up_id: int, person: Person, choice: str, reason: str) -> FollowUp:
    """Makes the choice that ends the work, with its reason. Missing, Invalid or Conflict."""
    follow_up = (
        FollowUp.objects.select_for_update(of=("self", "action"))
        .select_related("action__workflow__system_owner", "action__action_type")
        .filter(pk=follow_up_id, action__team__members=person)
        .first()
    )
    if follow_up is None or not can_close(person, follow_up):
        raise Missing("There is no such open work for you.")
    if choice not in CHOICES.get(FollowUpKind(follow_up.kind), ()) or not reason.strip():
        raise Invalid("Choose how this ends, and say why.", code="choice_missing")
    closed = FollowUp.objects.filter(pk=follow_up.pk, closed_at__isnull=True).update(
        closed_at=clock.now(), closed_by=person, choice=choice, closed_reason=reason
    )
    if not closed:
        raise Conflict("Somebody closed this first. Nothing was changed.")
    _carry_out(follow_up, person, choice, reason)
    return follow_up


def _carry_out(follow_up: FollowUp, person: Person, choice: str, reason: str) -> None:
    action, actor = follow_up.action, f"person:{person.pk}"
    ends = {
        FollowUpChoice.IT_WAS_DONE: State.SUCCEEDED,
        FollowUpChoice.IT_WAS_NOT_DONE: State.FAILED,
        FollowUpChoice.ROLL_BACK: State.ROLLBACK_REQUESTED,
    }
    if choice in ends:
        transitions.move(
            action=action,
            to=ends[FollowUpChoice(choice)],
            mover=Mover.PERSON,
            actor=actor,
            event="action.settled" if follow_up.kind == FollowUpKind.UNKNOWN else "",
            body={"choice": choice},
            sealed={"reason": reason},
        )
    else:
        record.append(
            scope=str(action.team_id),
            stream=action.stream,
            type="action.follow_up_closed",
            actor=actor,
            body={"kind": follow_up.kind, "choice": choice},
            sealed={"reason": reason},
        )
    if choice == FollowUpChoice.RETRY:
        staging.retry(action=action, actor=actor)
    if choice == FollowUpChoice.IT_WAS_NOT_DONE:
        open_for(action=action, kind=FollowUpKind.FAILED)
