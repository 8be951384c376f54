"""What waits for somebody who left goes to the next named person."""

from collections.abc import Iterable

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from agents_registry import departures, roles
from agents_registry.models import Person, Pool, Team
from approvals import follow_ups, transitions
from approvals.addressees import Addressee
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
    """Moves what waits for accounts that were closed in some other way, or with a pool that
    everybody left."""
    waiting = Action.objects.filter(Q(assignee__is_active=False) | _deserted(), state=State.PENDING)
    opened = FollowUp.objects.filter(closed_at__isnull=True, assignee__is_active=False)
    return _move(waiting[:limit], opened[:limit])


def _waiting(person: Person) -> QuerySet[Action]:
    """Whatever they have, and what is left with a pool that nobody is in any more."""
    return Action.objects.filter(Q(assignee=person) | _deserted(), state=State.PENDING)


def _deserted() -> Q:
    """Nobody in particular has it, and nobody active is in the pool that it waits with."""
    somebody = Person.objects.filter(pools=OuterRef("pk"), is_active=True)
    empty = Pool.objects.filter(~Exists(somebody))
    return Q(assignee=None, pool__in=list(empty.values_list("pk", flat=True)))


def _open(person: Person) -> QuerySet[FollowUp]:
    return FollowUp.objects.filter(assignee=person, closed_at__isnull=True)


def _move(waiting: QuerySet[Action], opened: QuerySet[FollowUp]) -> int:
    actions = waiting.select_for_update(of=("self",), skip_locked=True)
    work = opened.select_for_update(of=("self", "action"), skip_locked=True)
    moved = [_hand_on(action) for action in actions.select_related("workflow", "assignee", "pool")]
    return sum([*moved, *_hand_on_work(work.select_related("action__workflow"))])


def _hand_on(action: Action) -> bool:
    """Back to the pool that it was taken from, else to whom its step names."""
    asked = _next_asked(action)
    if asked == Addressee.of(action):
        return False
    try:
        transitions.advance(
            action=action,
            actor=LEFT,
            event="action.handed_on",
            changes=asked.columns(),
            body={"step": action.step, "to": asked.for_record()},
        )
    except Conflict:
        return False
    return True


def _next_asked(action: Action) -> Addressee:
    if action.pool and action.pool.people.filter(is_active=True).exists():
        return Addressee(None, action.pool)
    stage = action.stages[min(action.step, len(action.stages) - 1)]
    signers = action.signers if action.step == 0 else []
    return Addressee.named(action.workflow, signers[0] if signers else stage["who"])


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
