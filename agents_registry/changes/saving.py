"""Saves one row of the registry, with its event, in one transaction."""

from collections.abc import Mapping
from typing import Any

from django.db import models, transaction

from agents_registry import built_in
from agents_registry.changes import events, rights
from agents_registry.changes.directions import direction
from agents_registry.changes.rows import Row, holder_of, kind_of, team_of, workflow_of
from agents_registry.models import ActionType, Person, Team, Workflow


@transaction.atomic
def save(*, row: Row, changes: Mapping[str, Any], actor: Person) -> bool:
    """Writes those of the named fields that differ, and one event; False when none does.

    A row that is not stored yet is added with all of `changes`. Raises PermissionDenied, and
    writes nothing, where one of the changes takes a right that the actor does not hold. Shapes
    are not looked at again: `changes` come from a document that `agents_registry.spec.check`
    had nothing against.
    """
    added = row._state.adding
    _lock(row)
    was = {name: _value(row, name) for name in changes}
    now = {name: value for name, value in changes.items() if added or was[name] != value}
    if not now:
        return False
    for right in sorted(_rights(row, was, now)):
        rights.check(actor, right, team=team_of(row), workflow=workflow_of(row))
    _write(row, now)
    if added and isinstance(row, Workflow):
        ActionType.objects.bulk_create(built_in.action_types(row))
    events.tell(row=row, added=added, was=was, now=now, actor=actor)
    return True


@transaction.atomic
def add_person(*, team: Team, username: str, name: str, email: str, actor: Person) -> Person:
    """Makes an account that has no password yet; one that is there already is left as it is.

    Being in the team is another step: `save` a Membership.
    """
    rights.check(actor, rights.Right.MANAGE, team=team, workflow=None)
    Team.objects.select_for_update().get(pk=team.pk)
    known = Person.objects.filter(username=username).first()
    if known is not None:
        return known
    first, _, last = name.partition(" ")
    person = Person(username=username, first_name=first, last_name=last, email=email)
    person.set_unusable_password()
    person.save()
    events.tell_person(team=team, person=person, actor=actor)
    return person


def _lock(row: Row) -> None:
    """Holds the row whose stream will tell of this one, and reads this one afresh under it."""
    holder = holder_of(row)
    type(holder)._default_manager.select_for_update().filter(pk=holder.pk).first()
    if not row._state.adding:
        row.refresh_from_db()


def _rights(row: Row, was: Mapping[str, Any], now: Mapping[str, Any]) -> set[rights.Right]:
    confirmed = isinstance(row, ActionType) and row.confirmed
    return {
        rights.right_for(
            kind_of(row), name, direction(name, was[name], now[name], confirmed=confirmed)
        )
        for name in now
    }


def _value(row: Row, name: str) -> Any:
    """What a field holds, its default in a new row; of a many-to-many field the set of rows."""
    field = row._meta.get_field(name)
    if isinstance(field, models.ManyToManyField):
        return frozenset() if row._state.adding else frozenset(getattr(row, name).all())
    assert isinstance(field, models.Field)
    return field.get_default() if row._state.adding else getattr(row, name)


def _write(row: Row, now: Mapping[str, Any]) -> None:
    many = {name for name in now if _is_many(row, name)}
    for name in now.keys() - many:
        setattr(row, name, now[name])
    row.save()
    for name in many:
        getattr(row, name).set(now[name])


def _is_many(row: Row, name: str) -> bool:
    return isinstance(row._meta.get_field(name), models.ManyToManyField)
