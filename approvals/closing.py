"""How open work ends: who may end it, with which choice, and what the choice sets going."""

from django.db import transaction

from agents_registry.models import Membership, Person, Role
from approvals import rollback, rollback_ends, spot_checks, staging, transitions
from approvals.errors import Conflict, Invalid, Missing
from approvals.follow_ups import open_for
from approvals.models import Action, FollowUp, FollowUpChoice, FollowUpKind
from approvals.permissions import owns, why_no_rollback
from approvals.states import Mover, State
from ledger import clock, record

CHOICES = {
    FollowUpKind.FAILED: ("retry", "hand_over", "roll_back", "close"),
    FollowUpKind.UNKNOWN: ("it_was_done", "it_was_not_done"),
    FollowUpKind.BLOCKED: ("hand_over", "close"),
    FollowUpKind.ROLLBACK_FAILED: ("roll_back", "hand_over", "close"),
    FollowUpKind.CHECK_FAILED: ("roll_back", "hand_over", "close"),
    FollowUpKind.MISTAKE: ("roll_back", "hand_over", "close"),
    FollowUpKind.NOT_AS_APPROVED: ("roll_back", "hand_over", "close"),
    FollowUpKind.HALTED: ("hand_over", "close"),
    FollowUpKind.ROLLBACK_ASKED: ("it_was_done", "it_was_not_done"),
    FollowUpKind.PHANTOM_ROLLBACK: ("hand_over", "close"),
}

SETTLES = {
    FollowUpChoice.IT_WAS_DONE: State.SUCCEEDED,
    FollowUpChoice.IT_WAS_NOT_DONE: State.FAILED,
}


def can_close(person: Person, follow_up: FollowUp) -> bool:
    """Its assignee, any owner of the workflow, or a manager; unknown: only the system owner."""
    action = follow_up.action
    member = Membership.objects.filter(
        team=action.team_id, person=person, person__is_active=True
    ).exclude(role=Role.AUDITOR)
    if not member.exists():
        return False
    if person.pk == follow_up.assignee_id:
        return True
    if follow_up.kind == FollowUpKind.UNKNOWN:
        return person == action.workflow.system_owner
    return owns(person, action) or member.filter(role=Role.MANAGER).exists()


def choices(follow_up: FollowUp, person: Person) -> list[tuple[str, str]]:
    """How this person can end this work now: value and words."""
    return [
        (value, str(FollowUpChoice(value).label))
        for value in CHOICES.get(FollowUpKind(follow_up.kind), ())
        if _is_open_to(value, follow_up.action, person)
    ]


def _is_open_to(choice: str, action: Action, person: Person) -> bool:
    """Whether what the choice sets going is possible in this state, and this person's to start."""
    if choice == FollowUpChoice.ROLL_BACK:
        return not rollback.why_not_now(action) and not why_no_rollback(person, action)
    return choice != FollowUpChoice.RETRY or _can_retry(action)


def _can_retry(action: Action) -> bool:
    """A retry is a new action: its type has to be listed still, and its agent let in."""
    workflow = action.workflow
    listed = action.action_type.retired_at is None and workflow.archived_at is None
    let_in = listed and workflow.agents.filter(pk=action.agent_id).exists()
    return let_in and action.state == State.FAILED


@transaction.atomic
def close(*, follow_up_id: int, person: Person, choice: str, reason: str) -> FollowUp:
    """Makes the choice that ends the work, with its reason. Missing, Invalid or Conflict."""
    follow_up = _locked(follow_up_id, person)
    if follow_up is None or not can_close(person, follow_up):
        raise Missing("There is no such open work for you.")
    if choice not in CHOICES.get(FollowUpKind(follow_up.kind), ()) or not reason.strip():
        raise Invalid("Choose how this ends, and say why.", code="choice_missing")
    closed = FollowUp.objects.filter(pk=follow_up.pk, closed_at__isnull=True).update(
        closed_at=clock.now(), closed_by=person, choice=choice, closed_reason=reason
    )
    if not closed:
        raise Conflict("Somebody closed this first. Nothing was changed. See below how it ended.")
    _carry_out(follow_up, person, choice, reason)
    return follow_up


def _locked(follow_up_id: int, person: Person) -> FollowUp | None:
    """The work, with its action's row taken first: in that order everybody takes the two."""
    work = FollowUp.objects.filter(pk=follow_up_id, action__team__members=person)
    action_id = work.values_list("action_id", flat=True).first()
    if action_id is None:
        return None
    Action.objects.select_for_update().get(pk=action_id)
    return (
        work.select_for_update(of=("self",))
        .select_related("action__workflow__system_owner", "action__action_type", "action__agent")
        .first()
    )


def _carry_out(follow_up: FollowUp, person: Person, choice: str, reason: str) -> None:
    action, actor = follow_up.action, f"person:{person.pk}"
    if choice == FollowUpChoice.ROLL_BACK:
        rollback.ask(action_id=action.pk, person=person, reason=reason)
    elif follow_up.kind == FollowUpKind.ROLLBACK_ASKED:
        done = choice == FollowUpChoice.IT_WAS_DONE
        rollback_ends.settle_by_hand(action=action, done=done, person=person, reason=reason)
    elif choice in SETTLES:
        _settle(action, SETTLES[FollowUpChoice(choice)], actor, choice, reason)
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
        _retry(action, actor)


def _retry(action: Action, actor: str) -> None:
    if not _can_retry(action):
        raise Conflict(
            "The agent cannot try it again: it is no longer failed, or no longer listed for this "
            "agent. Nothing was changed. Choose another end.",
            code="no_retry",
        )
    staging.retry(action=action, actor=actor)


def _settle(action: Action, to: State, actor: str, choice: str, reason: str) -> None:
    """Says what became of an action whose lease ran out; a failure is open work in its turn."""
    transitions.move(
        action=action,
        to=to,
        mover=Mover.PERSON,
        actor=actor,
        event="action.settled",
        body={"choice": choice},
        sealed={"reason": reason},
    )
    if to == State.FAILED:
        open_for(action=action, kind=FollowUpKind.FAILED)
    spot_checks.draw(action=action)
