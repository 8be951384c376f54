"""What waits for somebody who left goes to the next named person."""

from collections.abc import Iterable

from django.db import transaction
from django.db.models import QuerySet

from agents_registry import departures, roles
from agents_registry.models import Person, Team
from approvals import follow_ups, transitions
from approvals.errors import Conflict
from approvals.models import Action, FollowUp, FollowUpKind
from approvals.states import State
from ledger import record

LEFT = "system:leaving"
BATCH = 200


@transaction.atomic
def leave(
    *, team: Team, person: Person, actor: Person, reason: str = "", successor: Person | None = None
) -> int:
    """Takes the person out of the team; how much open work moved to somebody else.

    Raises PermissionDenied, or Conflict that says what has to be settled first.
    """
    try:
        departures.leave_team(
            team=team, person=person, actor=actor, successor=successor, reason=reason
        )
    except departures.CannotLeave as first:
        raise Conflict(str(first), code="cannot_leave") from None
    return _move(_waiting(person).filter(team=team), _open(person).filter(action__team=team))


@transaction.atomic
def deactivate(*, person: Person, actor: Person, reason: str = "") -> int:
    """Closes the account; their open work moves in the same transaction. How much moved."""
    departures.deactivate(person=person, actor=actor, reason=reason)
    return _move(_waiting(person), _open(person))


@transaction.atomic
def sweep_left(*, limit: int = BATCH) -> int:
    """Moves what waits for accounts that were closed in some other way."""
    waiting = Action.objects.filter(state=State.PENDING, assignee__is_active=False)
    opened = FollowUp.objects.filter(closed_at__isnull=True, assignee__is_active=False)
    return _move(waiting[:limit], opened[:limit])


def _waiting(person: Person) -> QuerySet[Action]:
    return Action.objects.filter(state=State.PENDING, assignee=person)


def _open(person: Person) -> QuerySet[FollowUp]:
    return FollowUp.objects.filter(assignee=person, closed_at__isnull=True)


def _move(waiting: QuerySet[Action], opened: QuerySet[FollowUp]) -> int:
    actions = waiting.select_for_update(of=("self",), skip_locked=True)
    work = opened.select_for_update(of=("self", "action"), skip_locked=True)
    moved = [_hand_on(action) for action in actions.select_related("workflow")]
    return sum([*moved, *_hand_on_work(work.select_related("action__workflow"))])


def _hand_on(action: Action) -> bool:
    """To whom its step names; to the pool where that is what the step says."""
    stage = action.stages[min(action.step, len(action.stages) - 1)]
    signers = action.signers if action.step == 0 else []
    person = roles.resolve(action.workflow, signers[0] if signers else stage["who"])
    if person and person.pk == action.assignee_id:
        return False
    try:
        transitions.advance(
            action=action,
            actor=LEFT,
            event="action.handed_on",
            changes={"assignee_id": person.pk if person else None},
            body={"step": action.step, "to": f"person:{person.pk}" if person else "pool"},
        )
    except Conflict:
        return False
    return True


def _hand_on_work(opened: Iterable[FollowUp]) -> Iterable[bool]:
    for follow_up in opened:
        role = follow_ups.ANSWERS_TO.get(FollowUpKind(follow_up.kind), "workflow_owner")
        person = roles.owner(follow_up.action.workflow, role)
        moves = person is not None and person.pk != follow_up.assignee_id
        if moves and person:
            FollowUp.objects.filter(pk=follow_up.pk).update(assignee=person)
            record.append(
                scope=str(follow_up.action.team_id),
                stream=follow_up.action.stream,
                type="follow_up.handed_on",
                actor=LEFT,
                body={"kind": follow_up.kind, "to": f"person:{person.pk}"},
            )
        yield moves
