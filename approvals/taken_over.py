"""Takes down what a person did in the agent's place, when they have done it."""

from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction

from agents_registry.models import Membership, Person, Role
from approvals.errors import Conflict, Invalid, Missing
from approvals.models import Action, Verdict
from approvals.permissions import owns
from approvals.states import State
from ledger import record

DONE = "action.taken_over_done"
LONGEST = 4000


@transaction.atomic
def note_done(*, action_id: UUID, person: Person, text: str) -> Action:
    """Adds what was done about an action that was taken over; more than one note may be added.

    By whoever took it over, or an owner. Missing, PermissionDenied, Invalid, Conflict.
    """
    action = (
        Action.objects.select_for_update(of=("self",))
        .filter(pk=action_id, team__members=person)
        .first()
    )
    if action is None:
        raise Missing("There is no such action in your teams.")
    if not can_note(person, action):
        raise PermissionDenied("Only whoever took it over, or an owner, says what was done.")
    if action.state != State.TAKEN_OVER:
        raise Conflict(
            "Nobody took this over. Nothing was noted. See below what became of it.",
            code="not_taken_over",
        )
    if not text.strip() or len(text) > LONGEST:
        raise Invalid(
            f"Say what you did, in up to {LONGEST} characters. Nothing was noted yet.",
            code="text_missing",
        )
    record.append(
        scope=str(action.team_id),
        stream=action.stream,
        type=DONE,
        actor=f"person:{person.pk}",
        body={},
        sealed={"comment": text.strip()},
    )
    return action


def can_note(person: Person, action: Action) -> bool:
    """Whether this person took it over or owns its workflow; an auditor changes nothing."""
    member = Membership.objects.filter(
        person=person, team=action.team_id, person__is_active=True
    ).exclude(role=Role.AUDITOR)
    took = action.decisions.filter(person=person, verdict=Verdict.TAKEN_OVER, undone_at=None)
    return member.exists() and (took.exists() or owns(person, action))
