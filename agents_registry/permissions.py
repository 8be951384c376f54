"""Who may see and change what in the registry: one rule for view, button and verb."""

from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db.models import Q

from agents_registry.models import OWNER_ROLES, Membership, Person, Role, Team, Workflow


def role_in(person: Person, team_id: UUID) -> str | None:
    """The person's role in the team, read now; None for a stranger or who has left."""
    return (
        Membership.objects.filter(person=person, team=team_id, person__is_active=True)
        .values_list("role", flat=True)
        .first()
    )


def check_can_stop(person: Person, team: Team) -> None:
    """Everyone in the team may stop, except its auditors, who change nothing."""
    if role_in(person, team.pk) not in {Role.MEMBER, Role.MANAGER}:
        raise PermissionDenied("Only people of this team can stop its agents.")


def can_stop(person: Person, team: Team) -> bool:
    return role_in(person, team.pk) in {Role.MEMBER, Role.MANAGER}


def is_risk_owner(person: Person, workflow: Workflow) -> bool:
    """Read afresh: ownership may have changed since the page was made."""
    return Workflow.objects.filter(
        pk=workflow.pk, risk_owner=person, risk_owner__is_active=True
    ).exists()


def check_is_risk_owner(person: Person, workflow: Workflow) -> None:
    if not is_risk_owner(person, workflow):
        raise PermissionDenied(f"Only the risk owner of {workflow} can do this.")


def owned_by(person: Person) -> Q:
    """Workflows in which this person holds one of the four roles."""
    owned = Q()
    for role in OWNER_ROLES:
        owned |= Q(**{role: person})
    return owned


def check_is_administrator(person: Person) -> None:
    if not (person.is_superuser and person.is_active):
        raise PermissionDenied("Only an administrator can do this.")
