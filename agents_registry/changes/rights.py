"""Who may write which part of the registry: one literal table."""

from collections.abc import Iterable
from enum import StrEnum

from django.core.exceptions import PermissionDenied

from agents_registry.changes.directions import Direction
from agents_registry.models import DEPUTIES, OWNER_ROLES, Person, Role, Team, Workflow
from agents_registry.permissions import owned_by, role_in


class Right(StrEnum):
    """What a change takes."""

    MANAGE = "name people, owners and workflows"
    OPERATE = "change how a workflow runs"
    CONNECT = "add and change agents"
    TIGHTEN = "add and tighten action types"
    LOOSEN = "confirm an action type, raise its mode or loosen its policy"
    STANDARDIZE = "set and tighten standards"
    RELAX = "loosen a standard"
    UNGUARD = "let one person loosen a policy alone"


HOLDERS: dict[Right, tuple[str, ...]] = {
    Right.MANAGE: ("manager", "admin"),
    Right.OPERATE: ("workflow_owner", "manager", "admin"),
    Right.CONNECT: ("system_owner", "manager", "admin"),
    Right.TIGHTEN: (*OWNER_ROLES, "manager", "admin"),
    Right.LOOSEN: ("risk_owner",),
    Right.STANDARDIZE: ("governance_lead", "manager", "admin"),
    Right.RELAX: ("governance_lead",),
    Right.UNGUARD: ("governance_lead", "admin"),
}
SECOND = (*OWNER_ROLES, "governance_lead", "manager")
"""Who may be the second person, where a team wants one."""

_OF_KIND = {
    "team": Right.MANAGE,
    "person": Right.MANAGE,
    "pool": Right.OPERATE,
    "calendar": Right.OPERATE,
    "chain": Right.OPERATE,
    "workflow": Right.OPERATE,
    "agent": Right.CONNECT,
    "standard": Right.STANDARDIZE,
    "action_type": Right.TIGHTEN,
}
_LOOSENING = {"team": Right.UNGUARD, "standard": Right.RELAX}
_ASKED: dict[Right, tuple[str, Right]] = {
    Right.LOOSEN: ("risk_owner", Right.TIGHTEN),
    Right.RELAX: ("governance_lead", Right.STANDARDIZE),
    Right.UNGUARD: ("governance_lead", Right.MANAGE),
}
"""Who signs what these take, and what others have to hold to ask for it."""

SECOND_PERSON = "second_person"
_NAMES_PEOPLE = {"owners", "deputies", *OWNER_ROLES, *DEPUTIES.values()}


class Unsigned(PermissionDenied):
    """A change that this person may ask for, and that lacks a signature.

    `takes` says whose: risk_owner, governance_lead or second_person.
    """

    def __init__(self, sentence: str, *, takes: str) -> None:
        super().__init__(sentence)
        self.takes = takes


def right_for(kind: str, field: str, direction: Direction) -> Right:
    """What a change of this field takes. Who names a workflow's owners is new to it or manages."""
    if direction is Direction.LOOSENING:
        return _LOOSENING.get(kind, Right.LOOSEN)
    if kind == "workflow" and field in _NAMES_PEOPLE:
        return Right.MANAGE
    if kind == "workflow" and direction is Direction.TIGHTENING:
        return Right.TIGHTEN
    return _OF_KIND[kind]


def check(person: Person, right: Right, *, team: Team, workflow: Workflow | None) -> None:
    """Raises PermissionDenied, saying who could, unless the person holds the right now.

    Without a workflow, an owner of any of the team's workflows counts.
    """
    if not may(person, right, team=team, workflow=workflow):
        raise PermissionDenied(_refusal(person, right, team, workflow))


def check_change(
    person: Person,
    rights: Iterable[Right],
    *,
    team: Team,
    workflow: Workflow | None,
    signed_by: Person | None,
) -> None:
    """The same for all that one change takes: who signs it too adds the rights of theirs.

    Raises Unsigned where all that is missing is somebody's signature under a loosening.
    """
    held = roles_of(person, team, workflow)
    if signed_by and not held:
        raise PermissionDenied(f"{person.username}, who wanted it, answers for nothing here now.")
    both = held | roles_of(signed_by, team, workflow) if signed_by else held
    missing = sorted(right for right in rights if not both.intersection(HOLDERS[right]))
    for right in missing:
        if right not in _ASKED or not held.intersection(HOLDERS[_ASKED[right][1]]):
            raise PermissionDenied(_refusal(person, right, team, workflow))
    for right in missing:
        raise Unsigned(_refusal(person, right, team, workflow), takes=_ASKED[right][0])


def check_second_person(
    author: Person, signed_by: Person | None, *, team: Team, workflow: Workflow | None
) -> None:
    """Raises Unsigned unless somebody else who answers for it signs a loosening too."""
    if not Team.objects.filter(pk=team.pk, second_person=True).exists():
        return
    if signed_by is None or not may_be_second(signed_by, author, team=team, workflow=workflow):
        raise Unsigned(
            "In this team a loosening takes a second person: another of the four owners, the "
            "governance lead or a manager signs it too.",
            takes=SECOND_PERSON,
        )


def may(person: Person, right: Right, *, team: Team, workflow: Workflow | None) -> bool:
    """The same answer for a page, which then shows no way to do it."""
    return bool(roles_of(person, team, workflow).intersection(HOLDERS[right]))


def may_be_second(person: Person, author: Person, *, team: Team, workflow: Workflow | None) -> bool:
    """Whether the person answers for it too, and is not who wants it."""
    return person != author and bool(roles_of(person, team, workflow).intersection(SECOND))


def can_sign(held: set[str], takes: str) -> bool:
    """Whether somebody who holds these roles can give a signature that others asked for."""
    return bool(held.intersection(SECOND)) if takes == SECOND_PERSON else takes in held


def _refusal(person: Person, right: Right, team: Team, workflow: Workflow | None) -> str:
    holders = " or ".join(_called(role, team, workflow) for role in HOLDERS[right])
    return f"{person.username} may not {right}: that takes the {holders}."


def _called(role: str, team: Team, workflow: Workflow | None) -> str:
    """`risk owner (rhea)` where it is known who that is."""
    named = team if role == "governance_lead" else workflow
    owner: Person | None = getattr(named, role, None)
    return role.replace("_", " ") + (f" ({owner.username})" if owner else "")


def roles_of(person: Person, team: Team, workflow: Workflow | None) -> set[str]:
    """Every role that the person holds here now; without a workflow, an owner of any counts."""
    held = {"admin"} if person.is_superuser and person.is_active else set()
    match role_in(person, team.pk):
        case None | Role.AUDITOR:
            return held
        case Role.MANAGER:
            held.add("manager")
    if Team.objects.filter(pk=team.pk, governance_lead=person).exists():
        held.add("governance_lead")
    of_team = Workflow.objects.filter(team=team)
    workflows = of_team if workflow is None else of_team.filter(pk=workflow.pk)
    owned = workflows.filter(owned_by(person)).values_list(*OWNER_ROLES)
    return held.union(
        role
        for owners in owned
        for role, owner in zip(OWNER_ROLES, owners, strict=True)
        if owner == person.pk
    )
