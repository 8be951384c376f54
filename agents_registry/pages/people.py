"""Names whoever stands in a role, a pool or a step, and says where nobody does."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from uuid import UUID
from zoneinfo import ZoneInfo

from agents_registry import roles, words
from agents_registry.away import Roster
from agents_registry.models import DEPUTIES, OWNER_ROLES, Person, Pool, Team, Workflow
from agents_registry.policy.evaluate import GUARDING_ROLES
from agents_registry.spec.timing import OF_ACTION

Name = Callable[[str], str]
"""Names an addressee: “approval_owner” becomes “the approval owner, Ines Carvalho”."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Who fills a role; `hole` says why nobody does, and is empty where somebody does.

    `deputy` stands in for them when they are away, and is empty where nobody is named.
    """

    role_words: str
    name: str
    hole: str
    deputy: str = ""


def owners(workflow: Workflow, roster: Roster | None = None) -> list[Owner]:
    """The four owners, in the order of their roles. Share a `roster` among many workflows."""
    gone = {hole.role: hole.because for hole in roles.holes(workflow, roster)}
    return [
        Owner(words.ROLES[role], str(person), gone.get(role, ""), _deputy(workflow, role))
        for role, person in workflow.owners().items()
    ]


def holes(workflow: Workflow) -> list[str]:
    """What is missing, in sentences, with what follows from it."""
    return [_hole(hole) for hole in roles.holes(workflow)]


def away_words(person: Person, roster: Roster, reader: Person) -> str:
    """“away until 1 Dec”, in the reader's zone; empty for who is here."""
    absence = roster.away.get(person.pk)
    if absence is None or not person.is_active:
        return ""
    return f"away until {absence.ends_at.astimezone(ZoneInfo(reader.time_zone)):%-d %b}"


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
    return f"the {words.ROLES[who]}" if who in words.ROLES else _other(known, who)


def _name(workflow: Workflow, known: dict[str, str], who: str) -> str:
    if who in OWNER_ROLES:
        person: Person = getattr(workflow, who)
        return f"the {words.ROLES[who]}, {person if person.is_active else 'nobody'}"
    if who == "pool":
        return f"the reviewer pool, {workflow.pool}"
    if who == "manager":
        return "a manager"
    return _other(known, who)


def _other(known: dict[str, str], who: str) -> str:
    """Whoever fills no role; whom only an action names is said by how it does."""
    of_action = who.partition(":")[0] in OF_ACTION
    return f"the {words.who(who)}" if of_action else known.get(who, words.who(who))


def _deputy(workflow: Workflow, role: str) -> str:
    deputy: Person | None = getattr(workflow, DEPUTIES[role])
    return str(deputy) if deputy and deputy.is_active else ""


def _hole(hole: roles.Hole) -> str:
    if hole.role in GUARDING_ROLES:
        role = words.ROLES[hole.role]
        return f"{hole.because} Until a {role} is named, nothing here runs without a person."
    return hole.because
