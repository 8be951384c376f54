"""Names whoever stands in a role, a pool or a step, and says where nobody does."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from agents_registry import roles, words
from agents_registry.models import OWNER_ROLES, Person, Pool, Team, Workflow
from agents_registry.policy.evaluate import GUARDING_ROLES

Name = Callable[[str], str]
"""Names an addressee: “approval_owner” becomes “the approval owner, Ines Carvalho”."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Who fills a role; `hole` says why nobody does, and is empty where somebody does."""

    role_words: str
    name: str
    hole: str


def owners(workflow: Workflow) -> list[Owner]:
    """The four owners, in the order of their roles."""
    gone = {hole.role: hole.because for hole in roles.holes(workflow)}
    return [
        Owner(words.ROLES[role], str(person), gone.get(role, ""))
        for role, person in workflow.owners().items()
    ]


def holes(workflow: Workflow) -> list[str]:
    """What is missing, in sentences, with what follows from it."""
    return [_hole(hole) for hole in roles.holes(workflow)]


def active(people: Iterable[Person]) -> list[str]:
    return sorted(str(person) for person in people if person.is_active)


def owner_or_nobody(workflow: Workflow, role: str) -> str:
    """For the beginning of a sentence."""
    person: Person = getattr(workflow, role)
    return str(person) if person.is_active else "Nobody"


def names_for(workflow: Workflow, addressees: Iterable[str]) -> Name:
    """Names these addressees of the workflow, read in two queries however many there are."""
    return partial(_name, workflow, _known(workflow.team_id, addressees))


def names_in(team: Team, addressees: Iterable[str]) -> Name:
    """The same where a rule is meant for many workflows: roles are named, not who fills them."""
    return partial(_name_in, _known(team.pk, addressees))


def _known(team_id: UUID, addressees: Iterable[str]) -> dict[str, str]:
    """The people and pools among them, each named."""
    parts = [who.partition(":") for who in addressees]
    usernames = [name for kind, _, name in parts if kind == "person"]
    slugs = [name for kind, _, name in parts if kind == "pool" and name]
    people = Person.objects.filter(username__in=usernames, teams=team_id, is_active=True)
    pools = Pool.objects.filter(slug__in=slugs, team=team_id)
    known = {f"person:{person.username}": str(person) for person in people}
    return known | {f"pool:{pool.slug}": f"the pool {pool}" for pool in pools}


def _name_in(known: dict[str, str], who: str) -> str:
    if who == "manager":
        return "a manager"
    return f"the {words.ROLES[who]}" if who in words.ROLES else known.get(who, words.who(who))


def _name(workflow: Workflow, known: dict[str, str], who: str) -> str:
    if who in OWNER_ROLES:
        person: Person = getattr(workflow, who)
        return f"the {words.ROLES[who]}, {person if person.is_active else 'nobody'}"
    if who == "pool":
        return f"the reviewer pool, {workflow.pool}"
    if who == "manager":
        return "a manager"
    return known.get(who, words.who(who))


def _hole(hole: roles.Hole) -> str:
    if hole.role in GUARDING_ROLES:
        role = words.ROLES[hole.role]
        return f"{hole.because} Until a {role} is named, nothing here runs without a person."
    return hole.because
