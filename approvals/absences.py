"""Somebody is away: what waits for them goes to whoever stands in, at once where it has begun."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from agents_registry import absences
from agents_registry.absences import CannotBeAway
from agents_registry.models import Absence, Person
from approvals import leaving
from approvals.errors import Conflict, Invalid
from approvals.models import Action, FollowUp
from approvals.querysets import in_teams_of
from approvals.states import State
from ledger import clock


@dataclass(frozen=True, slots=True)
class Handed:
    """How much of somebody's open work is with whom afterwards; nobody stands for the pools."""

    to: Person | None
    actions: int
    open_items: int


@dataclass(frozen=True, slots=True)
class Away:
    """An absence that was set; `handed` is empty where it begins later."""

    absence: Absence
    handed: Sequence[Handed] = ()


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits for one person in particular: ids of pending actions and of open work."""

    actions: list[Any]
    open_items: list[int]


@transaction.atomic
def set_away(
    *,
    person: Person,
    starts_at: datetime,
    ends_at: datetime,
    delegate: Person | None,
    note: str = "",
    actor: Person,
) -> Away:
    """Sets the absence; where it has begun, open work moves in the same transaction.

    Later ones move with the sweep. Raises PermissionDenied, or Invalid that says what to do.
    """
    try:
        absence = absences.set_away(
            person=person,
            starts_at=starts_at,
            ends_at=ends_at,
            delegate=delegate,
            note=note,
            actor=actor,
        )
    except CannotBeAway as first:
        raise Invalid(str(first), code="cannot_be_away") from None
    if absence.starts_at > clock.now():
        return Away(absence)
    waiting = waiting_for(person, actor)
    leaving.move_from(person)
    return Away(absence, _handed(waiting))


def preview(
    *,
    person: Person,
    starts_at: datetime,
    ends_at: datetime,
    delegate: Person | None,
    actor: Person,
) -> Sequence[Handed]:
    """To whom what waits now would go: it is done as of that moment, and taken back."""
    with transaction.atomic():
        with clock.simulated(max(starts_at, clock.now())):
            away = set_away(
                person=person,
                starts_at=starts_at,
                ends_at=ends_at,
                delegate=delegate,
                actor=actor,
            )
        transaction.set_rollback(True)
    return away.handed


def call_off(*, absence: Absence, actor: Person) -> None:
    """Raises PermissionDenied, or Conflict where it is over already."""
    try:
        absences.call_off(absence=absence, actor=actor)
    except CannotBeAway as first:
        raise Conflict(str(first), code="absence_over") from None


def waiting_for(person: Person, reader: Person) -> Waiting:
    """As far as the reader sees it: not what is another team's."""
    visible = in_teams_of(reader)
    pending = visible.filter(assignee=person, state=State.PENDING)
    opened = FollowUp.objects.filter(action__in=visible, assignee=person, closed_at__isnull=True)
    return Waiting(
        list(pending.values_list("pk", flat=True)), list(opened.values_list("pk", flat=True))
    )


def _handed(was: Waiting) -> list[Handed]:
    """Where it is now, the most first."""
    actions = _holders(Action.objects.filter(pk__in=was.actions))
    items = _holders(FollowUp.objects.filter(pk__in=was.open_items))
    people = Person.objects.in_bulk([pk for pk in (actions | items) if pk])
    holders = sorted(actions | items, key=lambda pk: -(actions[pk] + items[pk]))
    return [Handed(people.get(pk or 0), actions[pk], items[pk]) for pk in holders]


def _holders(rows: Any) -> Counter[int | None]:
    found: Iterable[int | None] = rows.values_list("assignee", flat=True)
    return Counter(found)
