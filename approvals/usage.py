"""Takes down whether people used what was accepted as a draft or a recommendation."""

from collections.abc import Iterable
from enum import StrEnum
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction

from agents_registry.models import Membership, Person, Role
from approvals.errors import Conflict, Invalid, Missing
from approvals.models import Action
from approvals.states import State
from ledger import record
from ledger.models import Event

USED = "action.used"


class Use(StrEnum):
    """What became of an accepted draft."""

    AS_IT_IS = "as_it_is"
    WITH_CHANGES = "with_changes"
    NOT_USED = "not_used"


WORDS = {
    Use.AS_IT_IS: "used as it is",
    Use.WITH_CHANGES: "used with changes",
    Use.NOT_USED: "not used",
}


@transaction.atomic
def mark(*, action_id: UUID, person: Person, used: str) -> Action:
    """Says how an accepted action was used. One answer stands: the newest.

    By any member of the team but an auditor. Missing, PermissionDenied, Invalid, Conflict.
    """
    action = (
        Action.objects.select_for_update(of=("self",))
        .filter(pk=action_id, team__members=person)
        .first()
    )
    if action is None:
        raise Missing("There is no such action in your teams.")
    if not can_mark(person, action):
        raise PermissionDenied("An auditor changes nothing, so somebody of the team says it.")
    if used not in set(Use):
        raise Invalid("Choose how it was used. Nothing was noted yet.", code="used_missing")
    if action.state != State.ACCEPTED:
        raise Conflict(
            "It is not an accepted draft. Nothing was noted. See below what became of it.",
            code="not_accepted",
        )
    record.append(
        scope=str(action.team_id),
        stream=action.stream,
        type=USED,
        actor=f"person:{person.pk}",
        body={"used": used},
    )
    return action


def used_of(actions: Iterable[Action]) -> dict[UUID, str]:
    """The answer that stands for each accepted one of these about which somebody said so; one
    query, none where nothing is accepted."""
    accepted = {each.stream: each.pk for each in actions if each.state == State.ACCEPTED}
    if not accepted:
        return {}
    events = Event.objects.filter(stream__in=list(accepted), type=USED).order_by("seq")
    return {
        accepted[event.stream]: record.body_of(event)["used"]
        for event in events.prefetch_related("sealed")
    }


def can_mark(person: Person, action: Action) -> bool:
    member = Membership.objects.filter(person=person, team=action.team_id, person__is_active=True)
    return member.exclude(role=Role.AUDITOR).exists()
