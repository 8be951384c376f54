"""Takes people out of a team or out of the installation, and hands their roles to somebody."""

from collections.abc import Iterator

from django.db import transaction

from agents_registry.changes import rights
from agents_registry.changes.saving import save
from agents_registry.models import (
    DEPUTIES,
    OWNER_ROLES,
    Membership,
    Person,
    Pool,
    Role,
    Team,
    Workflow,
)
from agents_registry.permissions import check_is_administrator, owned_by
from ledger import record


class CannotLeave(Exception):
    """What has to be settled first, in words."""


@transaction.atomic
def leave_team(
    *, team: Team, person: Person, actor: Person, successor: Person | None = None, reason: str = ""
) -> None:
    """Ends the membership. `successor` takes over what the person owns in this team.

    Raises PermissionDenied for who does not manage the team, CannotLeave where an owner leaves
    without a successor, or the last manager.
    """
    rights.check(actor, rights.Right.MANAGE, team=team, workflow=None)
    Team.objects.select_for_update().get(pk=team.pk)
    membership = Membership.objects.filter(team=team, person=person).first()
    if membership is None:
        raise CannotLeave(f"{person} is not in this team.")
    _check_somebody_manages(membership)
    _hand_over_roles(team, person, successor, actor)
    _end_deputies(team, person, actor)
    for pool in Pool.objects.filter(team=team, people=person):
        save(row=pool, changes={"people": frozenset(pool.people.all()) - {person}}, actor=actor)
    membership.delete()
    _tell(team, person, actor, "person.removed", reason)


@transaction.atomic
def deactivate(*, person: Person, actor: Person, reason: str = "") -> None:
    """Closes the account everywhere. Whatever they owned is a hole from this commit on."""
    check_is_administrator(actor)
    Person.objects.filter(pk=person.pk).update(is_active=False)
    person.is_active = False
    for team in Team.objects.select_for_update().filter(members=person).order_by("pk"):
        _tell(team, person, actor, "account.closed", reason)


def owned(team: Team, person: Person) -> Iterator[tuple[Workflow, str]]:
    """Each role of a workflow of the team that this person holds."""
    for workflow in Workflow.objects.filter(owned_by(person), team=team):
        for role in OWNER_ROLES:
            if getattr(workflow, f"{role}_id") == person.pk:
                yield workflow, role


def _check_somebody_manages(membership: Membership) -> None:
    others = Membership.objects.filter(
        team=membership.team_id, role=Role.MANAGER, person__is_active=True
    ).exclude(pk=membership.pk)
    if membership.role == Role.MANAGER and not others.exists():
        raise CannotLeave("Name another manager first: nobody else manages this team.")


def _hand_over_roles(team: Team, person: Person, successor: Person | None, actor: Person) -> None:
    held = list(owned(team, person))
    if held and (successor is None or successor == person):
        roles = ", ".join(f"{role.replace('_', ' ')} of {workflow}" for workflow, role in held)
        raise CannotLeave(f"Choose who takes over first: {person} is {roles}.")
    if successor and not Membership.objects.filter(team=team, person=successor).exists():
        raise CannotLeave(f"{successor} is not in this team.")
    for workflow, role in held:
        save(row=workflow, changes={role: successor}, actor=actor)


def _end_deputies(team: Team, person: Person, actor: Person) -> None:
    """Who leaves stands in for nobody, and who took over a role not for themselves."""
    for workflow in team.workflows.all():
        for role, column in DEPUTIES.items():
            deputy = getattr(workflow, column)
            if deputy and deputy in {person, getattr(workflow, role)}:
                save(row=workflow, changes={column: None}, actor=actor)


def _tell(team: Team, person: Person, actor: Person, event: str, reason: str) -> None:
    record.append(
        scope=str(team.pk),
        stream=f"team:{team.pk}",
        type=event,
        actor=f"person:{actor.pk}",
        body={"row": f"person:{person.pk}"},
        sealed={"reason": reason} if reason else None,
    )
