"""What waits for somebody who left or is away goes to whoever stands in, or to the next named."""

from collections.abc import Iterable, Iterator

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from agents_registry import departures, roles
from agents_registry.away import stand_in
from agents_registry.models import Person, Pool, Team, Workflow
from approvals import follow_ups, ladder, timetable, transitions
from approvals.addressees import Addressee
from approvals.errors import Conflict
from approvals.known import Known
from approvals.ladder import Reached
from approvals.models import Action, FollowUp, FollowUpKind
from approvals.rights import is_pool, right_of
from approvals.states import State
from approvals.transitions import Advance
from ledger import clock, record

LEFT = "system:leaving"
BATCH = 200
MOST = 1_000
"""How much one turn looks through, where nobody is there who could take it over."""


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
    known = Known()
    waiting = _waiting(person, known).filter(team=team)
    return _move(waiting, _open(person).filter(action__team=team), known)


@transaction.atomic
def deactivate(*, person: Person, actor: Person, reason: str = "") -> int:
    """Closes the account; their open work moves in the same transaction. How much moved."""
    departures.deactivate(person=person, actor=actor, reason=reason)
    return move_from(person)


@transaction.atomic
def move_from(person: Person) -> int:
    """Hands on what waits for somebody who is away or gone; how much moved.

    To whoever stands in for them, else back to the pool that it was taken from, else to the next of
    the chain. It stays where it is while nobody else is there; it never comes back by itself.
    """
    known = Known()
    return _move(_waiting(person, known), _open(person), known)


@transaction.atomic
def sweep_left(*, limit: int = BATCH) -> int:
    """The same for everybody whose absence has begun or whose account was closed in some other
    way, and for pools in which nobody is any more."""
    known = Known()
    absent = _absent(known)
    waiting = _pending(Q(assignee__in=absent) | _deserted(absent))
    opened = FollowUp.objects.filter(closed_at__isnull=True, assignee__in=absent)
    moved = _move_work(opened.order_by("pk")[:limit], known)
    for page in _pages(waiting, limit):
        moved += _move_actions(page, known)
        if moved >= limit:
            break
    return moved


def _waiting(person: Person, known: Known) -> QuerySet[Action]:
    """Whatever they have, and what is left with a pool in which nobody is any more."""
    return _pending(Q(assignee=person) | _deserted(_absent(known)))


def _open(person: Person) -> QuerySet[FollowUp]:
    return FollowUp.objects.filter(assignee=person, closed_at__isnull=True)


def _pending(where: Q) -> QuerySet[Action]:
    return Action.objects.filter(where, state=State.PENDING)


def _absent(known: Known) -> list[int]:
    """The ids of everybody who is away or gone."""
    gone = Person.objects.filter(is_active=False).values_list("pk", flat=True)
    return sorted({*known.roster.away, *gone})


def _deserted(absent: list[int]) -> Q:
    """Nobody in particular has it, and nobody is there in the pool that it waits with."""
    there = Person.objects.filter(pools=OuterRef("pk")).exclude(pk__in=absent)
    empty = list(Pool.objects.filter(~Exists(there)).values_list("pk", flat=True))
    theirs = list(Workflow.objects.filter(pool__in=empty).values_list("pk", flat=True))
    waits = Q(pool__in=empty) | Q(pool=None, workflow__in=theirs)
    return Q(waits, assignee=None, held=False)


def _pages(waiting: QuerySet[Action], size: int) -> Iterator[QuerySet[Action]]:
    """Some of it in parts of this size, so that what nobody can take over hides little."""
    ids = sorted(waiting.values_list("pk", flat=True)[:MOST])
    for start in range(0, len(ids), size):
        yield waiting.filter(pk__in=ids[start : start + size])


def _move(waiting: QuerySet[Action], opened: QuerySet[FollowUp], known: Known) -> int:
    return _move_actions(waiting, known) + _move_work(opened, known)


def _move_actions(waiting: QuerySet[Action], known: Known) -> int:
    held = waiting.select_for_update(of=("self",), skip_locked=True)
    rows = held.select_related("workflow__pool", "assignee", "pool").order_by("pk")
    wished = [_handed_on(action, known) for action in rows]
    return len(transitions.advance_all([each for each in wished if each]))


def _handed_on(action: Action, known: Known) -> Advance | None:
    """How it is handed on; None where nobody else is there to have it."""
    reached = _next(action, known)
    if reached is None or reached.asked == Addressee.of(action):
        return None
    further = {}
    if reached.step != action.step:
        further = timetable.stage_times(action.frozen, reached.step, clock.now())
    return Advance(
        action=action,
        actor=LEFT,
        event="action.handed_on",
        changes={**further, "step": reached.step, **reached.asked.columns()},
        body={**reached.body(), **_whence(action, known)},
    )


def _next(action: Action, known: Known) -> Reached | None:
    """Who has it next: at its step, if anybody there may decide it, else at the next one."""
    for asked in _at_this_step(action, known):
        if asked.person is None or right_of(asked.person, action, known=known):
            return Reached(action.step, asked)
    further = None if action.held else ladder.next_stage(action, known)
    if further or not (action.assignee and _is_from_a_pool(action)):
        return further
    return Reached(action.step, Addressee(None, action.pool))


def _at_this_step(action: Action, known: Known) -> Iterator[Addressee]:
    """Who stands in for whoever has it, the pool that it was taken from, whom its step names."""
    taken_from = action.pool and ladder.asked(action, f"pool:{action.pool.slug}", known)
    found = (ladder.instead(action, known), taken_from, ladder.asked_at(action, known))
    yield from filter(None, found)


def _is_from_a_pool(action: Action) -> bool:
    """Whether it was one of a pool who took it, so that the others may have it as well."""
    step = min(action.step, len(action.stages) - 1)
    return not action.held and is_pool(action.stages[step]["who"])


def _move_work(opened: QuerySet[FollowUp], known: Known) -> int:
    work = opened.select_for_update(of=("self", "action"), skip_locked=True)
    return sum(_hand_on_work(work.select_related("action__workflow", "assignee"), known))


def _hand_on_work(opened: Iterable[FollowUp], known: Known) -> Iterator[bool]:
    for follow_up in opened:
        person = _next_to_work(follow_up, known)
        moves = person is not None and person.pk != follow_up.assignee_id
        if moves and person:
            FollowUp.objects.filter(pk=follow_up.pk).update(assignee=person)
            record.append(
                scope=str(follow_up.action.team_id),
                stream=follow_up.action.stream,
                type="follow_up.handed_on",
                actor=LEFT,
                body={
                    "kind": follow_up.kind,
                    "to": f"person:{person.pk}",
                    **_who_had(follow_up.assignee, follow_up.action, known),
                },
            )
        yield moves


def _next_to_work(follow_up: FollowUp, known: Known) -> Person | None:
    """Who stands in for whoever has it, else who answers for the role that it is for."""
    action, has_it = follow_up.action, follow_up.assignee
    instead = has_it and stand_in(has_it, action.team_id, roster=known.roster)
    role = follow_ups.ANSWERS_TO.get(FollowUpKind(follow_up.kind), "workflow_owner")
    return instead or roles.owner(action.workflow, role, known.roster)


def _whence(action: Action, known: Known) -> dict[str, str]:
    """What the event says of whom it waited for, and why no longer."""
    if action.assignee:
        return _who_had(action.assignee, action, known)
    pool = Addressee.of(action).for_record()
    return {"from": pool, "why": "away" if known.crew(action, pool).people else "left"}


def _who_had(person: Person | None, action: Action, known: Known) -> dict[str, str]:
    if person is None:
        return {}
    is_away = known.roster.may_act(person, action.team_id)
    return {"from": f"person:{person.pk}", "why": "away" if is_away else "left"}
