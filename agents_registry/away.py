"""Who is away at this moment, and who stands in for them meanwhile."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from agents_registry.models import (
    DEPUTIES,
    OWNER_ROLES,
    Absence,
    Membership,
    Person,
    Pool,
    Role,
    Team,
    Workflow,
)
from agents_registry.rungs import Rung, may_stand_in, rung
from ledger import clock

MOST_HOPS = 3

Refused = Callable[[Person], bool]


def nobody(person: Person) -> bool:
    """Refuses nobody."""
    return False


def away_now(people: Iterable[int] | None = None) -> dict[int, Absence]:
    """The absence in force of whoever is away, by the id of the person, with its delegate.

    Asks for these people, or for everybody.
    """
    now = clock.within_query()
    in_force = Absence.objects.select_related("person", "delegate").filter(
        starts_at__lte=now, ends_at__gt=now, called_off_at=None
    )
    if people is not None:
        in_force = in_force.filter(person__in=list(people))
    return {absence.person_id: absence for absence in in_force.order_by("ends_at")}


def rungs_in(team: Team | UUID) -> dict[int, Rung]:
    """The rung on which everybody stands who is in the team, by person; auditors are left out."""
    person, its = OuterRef("person"), OuterRef("team")
    owned = Q()
    for column in (*OWNER_ROLES, *DEPUTIES.values()):
        owned |= Q(**{column: person})
    members = Membership.objects.filter(team=team).exclude(role=Role.AUDITOR)
    rows = members.annotate(
        owns=Exists(Workflow.objects.filter(owned, team=its, archived_at=None)),
        reviews=Exists(Pool.objects.filter(team=its, people=person)),
    ).values_list("person_id", "role", "owns", "reviews")
    return {
        person: rung(answers=owns or role == Role.MANAGER, reviews=reviews)
        for person, role, owns, reviews in rows
    }


@dataclass(slots=True)
class Roster:
    """Who is away and who may act, as looked up once: for one request or one turn of the sweep.

    `away` is what `away_now` answers; nobody is away in `Roster({})`.
    """

    away: dict[int, Absence] = field(default_factory=away_now)
    teams: dict[UUID, dict[int, Rung]] = field(default_factory=dict)

    def is_present(self, person: Person) -> bool:
        return person.is_active and person.pk not in self.away

    def may_act(self, person: Person, team: UUID) -> bool:
        """Whether they are in the team, with an active account, and no auditor of it."""
        return person.is_active and person.pk in self._rungs(team)

    def delegates(self, person: int, team: UUID) -> tuple[Person, ...]:
        """From the first delegate of this person to the one who is present and stands in; empty
        where nobody does."""
        found: list[Person] = []
        met = {person}
        while len(found) < MOST_HOPS:
            absence = self.away.get(person)
            delegate = absence.delegate if absence else None
            if delegate is None or delegate.pk in met or not self._follows(delegate, person, team):
                return ()
            found.append(delegate)
            if self.is_present(delegate):
                return tuple(found)
            met.add(delegate.pk)
            person = delegate.pk
        return ()

    def stands_in_for(self, person: Person, team: UUID) -> set[int]:
        """The ids of the people for whom this person acts in the team now."""
        if all(absence.delegate_id != person.pk for absence in self.away.values()):
            return set()
        return {away for away in self.away if self.delegates(away, team)[-1:] == (person,)}

    def _follows(self, delegate: Person, person: int, team: UUID) -> bool:
        """Whether both may act here, and the delegate stands no lower than whom they act for."""
        rungs = self._rungs(team)
        return (
            delegate.is_active
            and {person, delegate.pk} <= rungs.keys()
            and may_stand_in(rungs[delegate.pk], rungs[person])
        )

    def _rungs(self, team: UUID) -> dict[int, Rung]:
        if team not in self.teams:
            self.teams[team] = rungs_in(team)
        return self.teams[team]


def stand_in(
    person: Person, team: Team | UUID, *, refused: Refused = nobody, roster: Roster | None = None
) -> Person | None:
    """Who acts in the team for somebody who is away; None where nobody does.

    Follows up to three delegates, each active, in the team, no auditor, on no lower rung than who
    named them, and not `refused`; the last of them is present.
    """
    team_id = team.pk if isinstance(team, Team) else team
    delegates = (roster or Roster()).delegates(person.pk, team_id)
    if not delegates or any(refused(delegate) for delegate in delegates):
        return None
    return delegates[-1]
