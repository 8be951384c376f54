"""Who may write which part of the registry: one literal table."""

from enum import StrEnum

from django.core.exceptions import PermissionDenied
from django.db.models import Q

from agents_registry.changes.directions import Direction
from agents_registry.models import OWNER_ROLES, Person, Role, Team, Workflow
from agents_registry.permissions import role_in


class Right(StrEnum):
    """What a change takes."""

    MANAGE = "name people, owners and workflows"
    OPERATE = "change how a workflow runs"
    CONNECT = "add and change agents"
    TIGHTEN = "add and tighten action types"
    LOOSEN = "confirm an action type, raise its mode or loosen its policy"


HOLDERS: dict[Right, tuple[str, ...]] = {
    Right.MANAGE: ("manager", "admin"),
    Right.OPERATE: ("workflow_owner", "manager", "admin"),
    Right.CONNECT: ("system_owner", "manager", "admin"),
    Right.TIGHTEN: (*OWNER_ROLES, "manager", "admin"),
    Right.LOOSEN: ("risk_owner",),
}
_OF_KIND = {
    "team": Right.MANAGE,
    "person": Right.MANAGE,
    "pool": Right.OPERATE,
    "calendar": Right.OPERATE,
    "chain": Right.OPERATE,
    "workflow": Right.OPERATE,
    "agent": Right.CONNECT,
    "action_type": Right.TIGHTEN,
}


def right_for(kind: str, field: str, direction: Direction) -> Right:
    """What a change of this field takes. Who names a workflow's owners is new to it or manages."""
    if direction is Direction.LOOSENING:
        return Right.LOOSEN
    if kind == "workflow" and field in {"owners", *OWNER_ROLES}:
        return Right.MANAGE
    return _OF_KIND[kind]


def check(person: Person, right: Right, *, team: Team, workflow: Workflow | None) -> None:
    """Raises PermissionDenied, saying who could, unless the person holds the right now.

    Without a workflow, an owner of any of the team's workflows counts.
    """
    if not _roles(person, team, workflow).intersection(HOLDERS[right]):
        holders = " or ".join(_called(role, workflow) for role in HOLDERS[right])
        raise PermissionDenied(f"{person.username} may not {right}: that takes the {holders}.")


def _called(role: str, workflow: Workflow | None) -> str:
    """`risk owner (rhea)` where it is known who that is."""
    owner: Person | None = getattr(workflow, role, None)
    return role.replace("_", " ") + (f" ({owner.username})" if owner else "")


def _roles(person: Person, team: Team, workflow: Workflow | None) -> set[str]:
    held = {"admin"} if person.is_superuser and person.is_active else set()
    match role_in(person, team.pk):
        case None | Role.AUDITOR:
            return held
        case Role.MANAGER:
            held.add("manager")
    of_team = Workflow.objects.filter(team=team)
    workflows = of_team if workflow is None else of_team.filter(pk=workflow.pk)
    owned = workflows.filter(_owned_by(person)).values_list(*OWNER_ROLES)
    return held.union(
        role
        for owners in owned
        for role, owner in zip(OWNER_ROLES, owners, strict=True)
        if owner == person.pk
    )


def _owned_by(person: Person) -> Q:
    owned = Q()
    for role in OWNER_ROLES:
        owned |= Q(**{role: person})
    return owned
