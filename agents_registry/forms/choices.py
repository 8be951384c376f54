"""What the forms offer to choose from: the people and rows of a team, in a few queries."""

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from agents_registry.forms.fields import Options
from agents_registry.models import OWNER_ROLES, Membership, Team
from agents_registry.spec.rows import Document
from agents_registry.words import ROLES


@dataclass(frozen=True, slots=True)
class Choices:
    """Pairs of what is stored and what is read, each in the order in which they are shown."""

    people: Options
    pools: Options
    calendars: Options
    chains: Options
    agents: Options
    standards: Options

    def addressees(self) -> Options:
        """Whom a step of a chain can ask."""
        roles = [(role, f"The {ROLES[role]}") for role in OWNER_ROLES]
        pools = [(f"pool:{slug}", f"The pool {name}") for slug, name in self.pools]
        people = [(f"person:{username}", name) for username, name in self.people]
        return [*roles, ("manager", "A manager"), *pools, *people]


def of_team(team: Team, preset: Document) -> Choices:
    """What the team has, and the standards that a preset would bring."""
    standards = dict(_named(team.standards.filter(everywhere=False)))
    standards |= {
        slug: f"{row['name']} (comes with the preset)"
        for slug, row in preset.get("standards", {}).items()
        if slug not in standards
    }
    return Choices(
        people=_people(team),
        pools=_named(team.pools.all()),
        calendars=_named(team.calendars.all()),
        chains=_named(team.chains.all()),
        agents=_named(team.agents.filter(archived_at__isnull=True)),
        standards=list(standards.items()),
    )


def with_current(options: Options, current: Any) -> Options:
    """The options and, at the end, what is chosen now though it is not offered any more."""
    values = current if isinstance(current, list) else [current]
    known = {value for value, _ in options}
    gone = [(value, f"{value} (no longer there)") for value in values if value not in known]
    return [*options, *(pair for pair in gone if pair[0])]


def asked(options: Options, words: str) -> Options:
    """The options after a line that asks to choose, for where nothing is chosen yet."""
    return [("", words), *options]


def _people(team: Team) -> Options:
    """The accounts that are open; auditors too, since rights are checked when they are used."""
    memberships = Membership.objects.filter(team=team, person__is_active=True)
    people = [each.person for each in memberships.select_related("person")]
    return sorted(
        ((person.username, f"{person} ({person.username})") for person in people),
        key=lambda choice: choice[1].lower(),
    )


def _named(rows: QuerySet[Any]) -> Options:
    return list(rows.order_by("name").values_list("slug", "name"))
