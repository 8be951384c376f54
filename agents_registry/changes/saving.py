"""Saves one row of the registry, with its event, in one transaction."""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import models, transaction

from agents_registry import built_in, going_live, policy_changes, roles
from agents_registry.changes import events, rights
from agents_registry.changes.directions import Direction, direction
from agents_registry.changes.rows import Row, holder_of, kind_of, team_of, workflow_of
from agents_registry.models import ActionType, Person, Standard, Team, Workflow
from agents_registry.policy.findings import Mode


@transaction.atomic
def save(
    *,
    row: Row,
    changes: Mapping[str, Any],
    actor: Person,
    reason: str = "",
    signed_by: Person | None = None,
) -> bool:
    """Writes those of the named fields that differ, and one event; False when none does.

    A row that is not stored yet is added with all of `changes`. Raises PermissionDenied, and
    writes nothing, where one of the changes takes a right that neither the actor nor who signed
    with them (`signed_by`) holds, or where a mode cannot go up now; `rights.Unsigned` where a
    loosening lacks only a signature. Shapes are not looked at again: `changes` come from a
    document that `agents_registry.spec.check` had nothing against.
    """
    added = row._state.adding
    _lock(row)
    was = {name: _value(row, name) for name in changes}
    now = {name: value for name, value in changes.items() if added or was[name] != value}
    if not now:
        return False
    _check_mode(row, was, now)
    _check_rights(row, was, now, actor, signed_by)
    before = policy_changes.reached(row, now)
    _write(row, now)
    if added and isinstance(row, Workflow):
        ActionType.objects.bulk_create(built_in.action_types(row))
    after = policy_changes.reached(row, now)
    steps = policy_changes.keep(
        before=before, after=after, author=actor, reason=reason, signed_by=signed_by
    )
    events.tell(
        row=row,
        added=added,
        was=was,
        now=now,
        actor=actor,
        reason=reason,
        signed_by=signed_by,
        policies=steps,
    )
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
    """Holds the row whose stream will tell of this one, and reads this one afresh under it.

    A standard reaches into the workflows of its team, so that these are held too.
    """
    holder = holder_of(row)
    _hold(type(holder)._default_manager.filter(pk=holder.pk))
    if isinstance(row, Standard):
        _hold(Workflow._default_manager.filter(team=row.team).order_by("pk"))
    if not row._state.adding:
        row.refresh_from_db()


def _hold(rows: models.QuerySet[Any]) -> None:
    """Other writers of these rows wait; staging, which only refers to them, goes on."""
    list(rows.select_for_update(no_key=True).values_list("pk"))


def _check_mode(row: Row, was: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """What keeps a mode from going up, whoever asks for it."""
    if not isinstance(row, ActionType) or "mode" not in now or Mode(now["mode"]) >= was["mode"]:
        return
    if not row._state.adding and (down := row.downgrades.filter(lifted_at__isnull=True).first()):
        raise PermissionDenied(
            f"The rule {down.rule} lowered the mode, and {down.reviewer} has not reviewed it yet. "
            "Review it first: that brings the mode back."
        )
    if was["mode"] == Mode.DRAFT_ONLY and (holes := roles.vacant(row.workflow)):
        because = " ".join(hole.because for hole in holes)
        raise PermissionDenied(f"It stays draft-only until somebody else is named. {because}")
    if was["mode"] == Mode.DRAFT_ONLY and (lacking := going_live.lacking(row, now)):
        because = " ".join(each.sentence for each in lacking)
        raise PermissionDenied(f"It stays draft-only until its handoff is whole. {because}")


def _check_rights(
    row: Row,
    was: Mapping[str, Any],
    now: Mapping[str, Any],
    actor: Person,
    signed_by: Person | None,
) -> None:
    ways = {name: _way(row, name, was[name], now[name]) for name in now}
    taken = {rights.right_for(kind_of(row), name, way) for name, way in ways.items()}
    team, workflow = team_of(row), workflow_of(row)
    rights.check_change(actor, taken, team=team, workflow=workflow, signed_by=signed_by)
    if Direction.LOOSENING in ways.values():
        rights.check_second_person(actor, signed_by, team=team, workflow=workflow)


def _way(row: Row, name: str, old: Any, new: Any) -> Direction:
    """Where the change of a field leads, on a row that still is as it was."""
    if isinstance(row, ActionType):
        life = row.approval_life
        return direction(name, old, new, confirmed=row.confirmed, life=life)
    return direction(name, old, new, confirmed=True)


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
