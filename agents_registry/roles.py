"""Answers who stands behind a role right now, and which roles nobody stands behind."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from django.utils.timezone import localtime

from agents_registry.away import Roster
from agents_registry.models import (
    DEPUTIES,
    OWNER_ROLES,
    Membership,
    Person,
    Pool,
    Role,
    Workflow,
)


@dataclass(frozen=True, slots=True)
class Hole:
    """A role of a workflow that nobody fills, in words.

    `holds`: the person is gone, so no mode rises until another is named. Who is only away is back
    one day, and holds nothing.
    """

    role: str
    because: str
    holds: bool = True


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who answers now. `stands_for` is whom they act for, where it is not their own role;
    `through` are the delegates between the two, who are away themselves."""

    person: Person
    stands_for: Person | None = None
    through: tuple[Person, ...] = ()


def vacant(workflow: Workflow) -> list[Hole]:
    """The roles whose person has left, and an empty pool: what holds a mode down."""
    gone = [
        Hole(role, f"{person} no longer has an active account.")
        for role, person in workflow.owners().items()
        if not person.is_active
    ]
    if not any(person.is_active for person in workflow.pool.people.all()):
        gone.append(Hole("pool", f"Nobody active is in {workflow.pool}."))
    return gone


def holes(workflow: Workflow, roster: Roster | None = None) -> list[Hole]:
    """Those, and whoever is away while nobody stands in. Share a `roster` among many workflows."""
    return [*vacant(workflow), *_unattended(workflow, roster or Roster())]


def owner(workflow: Workflow, role: str, roster: Roster | None = None) -> Person | None:
    """Whoever answers for the role now; None where everybody is gone or away.

    Its owner; else their delegate, the role's deputy, the workflow owner or who stands in for
    them, a manager. Without a `roster` it is looked up who is away.
    """
    return _first(in_turn(workflow, role, roster or Roster()))


def answerable(workflow: Workflow, role: str, roster: Roster | None = None) -> Person:
    """Like `owner`, but never nobody: when all are gone, the named owner still stands there."""
    person: Person = owner(workflow, role, roster) or getattr(workflow, role)
    return person


def resolve(workflow: Workflow, who: str, roster: Roster | None = None) -> Person | None:
    """The person whom an escalation stage names; None stands for the workflow's pool.

    `who`: an owner role, `manager`, `person:<username>`, or `pool:<slug>`. What is asked of a
    person who is not there is the workflow owner's.
    """
    roster = roster or Roster()
    found = _first(candidates(workflow, who, roster))
    if found or not who.startswith("person:"):
        return found
    return owner(workflow, "workflow_owner", roster)


def candidates(workflow: Workflow, who: str, roster: Roster) -> Iterator[Candidate]:
    """Whoever answers to `who` now, the first one first; nobody for a pool."""
    kind, _, name = who.partition(":")
    if who in OWNER_ROLES:
        yield from in_turn(workflow, who, roster)
    elif who == "manager":
        yield from _managers(workflow, roster)
    elif kind == "person":
        for person in Person.objects.filter(username=name, teams=workflow.team_id):
            yield from standing(person, workflow.team_id, roster)


def in_turn(workflow: Workflow, role: str, roster: Roster) -> Iterator[Candidate]:
    """Whoever answers for the role, in the order in which they are asked."""
    yield from acting(workflow, role, roster)
    if not roster.is_present(getattr(workflow, role)):
        if role != "workflow_owner":
            yield from acting(workflow, "workflow_owner", roster)
        yield from _managers(workflow, roster)


def acting(workflow: Workflow, role: str, roster: Roster) -> Iterator[Candidate]:
    """Whoever has the role itself now: its owner; else their delegate, then its deputy."""
    named: Person = getattr(workflow, role)
    yield from standing(named, workflow.team_id, roster)
    if not roster.is_present(named):
        deputy: Person | None = getattr(workflow, DEPUTIES[role])
        if deputy and roster.is_present(deputy) and roster.may_act(deputy, workflow.team_id):
            yield Candidate(deputy, named)


def standing(person: Person, team: UUID, roster: Roster) -> Iterator[Candidate]:
    """The person, or the delegate who stands in for them."""
    if roster.is_present(person):
        yield Candidate(person)
    elif delegates := roster.delegates(person.pk, team):
        yield Candidate(delegates[-1], person, delegates[:-1])


def pool_named(workflow: Workflow, who: str) -> Pool | None:
    """The pool that a stage names, where that is another than the workflow's own.

    None as well where nobody active is in it: what is asked of nobody is the workflow's pool's.
    """
    kind, _, slug = who.partition(":")
    if kind != "pool" or not slug or slug == workflow.pool.slug:
        return None
    named = Pool.objects.filter(team=workflow.team_id, slug=slug, people__is_active=True)
    return named.distinct().first()


def _first(found: Iterator[Candidate]) -> Person | None:
    candidate = next(found, None)
    return candidate.person if candidate else None


def _managers(workflow: Workflow, roster: Roster) -> Iterator[Candidate]:
    """Those who are there; else who stands in for one of them."""
    rows = Membership.objects.select_related("person").filter(
        team=workflow.team_id, role=Role.MANAGER
    )
    people = [row.person for row in rows.order_by("id")]
    for person in sorted(people, key=roster.is_present, reverse=True):
        yield from standing(person, workflow.team_id, roster)


def _unattended(workflow: Workflow, roster: Roster) -> Iterator[Hole]:
    for role, person in workflow.owners().items():
        away = roster.away.get(person.pk)
        if person.is_active and away and not any(acting(workflow, role, roster)):
            back = f"{localtime(away.ends_at):%-d %b %Y}"
            yield Hole(role, f"{person} is away until {back} and nobody stands in.", holds=False)
    people = [person for person in workflow.pool.people.all() if person.is_active]
    if people and not any(any(standing(each, workflow.team_id, roster)) for each in people):
        because = f"Everybody in {workflow.pool} is away and nobody stands in."
        yield Hole("pool", because, holds=False)
