"""Answers who stands behind a role right now, and which roles nobody stands behind."""

from dataclasses import dataclass

from agents_registry.models import OWNER_ROLES, Membership, Person, Pool, Role, Workflow


@dataclass(frozen=True, slots=True)
class Hole:
    """A role of a workflow that nobody fills, in words."""

    role: str
    because: str


def holes(workflow: Workflow) -> list[Hole]:
    """The roles whose person has left, and an empty pool."""
    gone = [
        Hole(role, f"{person} no longer has an active account.")
        for role, person in workflow.owners().items()
        if not person.is_active
    ]
    if not any(person.is_active for person in workflow.pool.people.all()):
        gone.append(Hole("pool", f"Nobody active is in {workflow.pool}."))
    return gone


def owner(workflow: Workflow, role: str) -> Person | None:
    """The active owner; else the workflow owner; else a manager; None when all are gone."""
    for person in (getattr(workflow, role), workflow.workflow_owner):
        if person.is_active:
            return person
    return manager(workflow)


def manager(workflow: Workflow) -> Person | None:
    membership = (
        Membership.objects.select_related("person")
        .filter(team=workflow.team_id, role=Role.MANAGER, person__is_active=True)
        .order_by("id")
        .first()
    )
    return membership.person if membership else None


def resolve(workflow: Workflow, who: str) -> Person | None:
    """The person whom an escalation stage names; None stands for the workflow's pool.

    `who`: an owner role, `manager`, `person:<username>`, or `pool:<slug>`.
    """
    if who in OWNER_ROLES:
        return owner(workflow, who)
    if who == "manager":
        return manager(workflow)
    kind, _, name = who.partition(":")
    if kind != "person":
        return None
    return Person.objects.filter(
        username=name, is_active=True, teams=workflow.team_id
    ).first() or owner(workflow, "workflow_owner")


def pool_named(workflow: Workflow, who: str) -> Pool | None:
    """The pool that a stage names, where that is another than the workflow's own.

    None as well where nobody active is in it: what is asked of nobody is the workflow's pool's.
    """
    kind, _, slug = who.partition(":")
    if kind != "pool" or not slug or slug == workflow.pool.slug:
        return None
    named = Pool.objects.filter(team=workflow.team_id, slug=slug, people__is_active=True)
    return named.distinct().first()


def answerable(workflow: Workflow, role: str) -> Person:
    """Like `owner`, but never nobody: when all are gone, the named owner still stands there."""
    person: Person = owner(workflow, role) or getattr(workflow, role)
    return person
