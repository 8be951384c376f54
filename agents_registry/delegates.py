"""Who may stand in for somebody who is away, and why others may not, in words."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from typing import Self
from uuid import UUID

from agents_registry.away import rungs_in
from agents_registry.models import Membership, Person, Team
from agents_registry.rungs import ASK_INSTEAD, WORDS, Rung, may_stand_in


@dataclass(frozen=True, slots=True)
class Candidate:
    """A colleague; `why_not` is empty for who may stand in, `not_in` names the teams in which
    nobody would then."""

    person: Person
    why_not: str
    not_in: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """Who is in which of these teams, and on which rung: auditors are on none."""

    teams: Collection[Team]
    members: dict[UUID, set[int]]
    rungs: dict[UUID, dict[int, Rung]]

    @classmethod
    def read(cls, teams: Collection[Team]) -> Self:
        members: dict[UUID, set[int]] = defaultdict(set)
        rows = Membership.objects.filter(team__in=teams)
        for team, person in rows.values_list("team", "person"):
            members[team].add(person)
        return cls(teams, members, {team.pk: rungs_in(team) for team in teams})


def candidates(person: Person, teams: Collection[Team]) -> list[Candidate]:
    """Every active colleague in these teams, by name."""
    standing = Standing.read(teams)
    colleagues = Person.objects.filter(memberships__team__in=teams, is_active=True)
    others = colleagues.exclude(pk=person.pk).distinct()
    return [_candidate(person, each, standing) for each in sorted(others, key=str)]


def candidate(person: Person, delegate: Person, teams: Collection[Team]) -> Candidate:
    """The same for one, who may be anybody."""
    if delegate == person:
        return Candidate(delegate, "Nobody stands in for themselves. Choose a colleague.")
    if not delegate.is_active:
        return Candidate(delegate, f"{delegate} has no active account. Choose somebody who has.")
    return _candidate(person, delegate, Standing.read(teams))


def _candidate(person: Person, delegate: Person, standing: Standing) -> Candidate:
    shared = [team for team in standing.teams if delegate.pk in standing.members[team.pk]]
    works_in = [team for team in standing.teams if person.pk in standing.rungs[team.pk]]
    not_in = tuple(str(team) for team in works_in if team not in shared)
    if not shared:
        return Candidate(delegate, f"{delegate} is in no team of {person}. Choose somebody else.")
    refusals = (_why_not(person, delegate, team, standing.rungs[team.pk]) for team in shared)
    return Candidate(delegate, next(filter(None, refusals), ""), not_in)


def _why_not(person: Person, delegate: Person, team: Team, rungs: dict[int, Rung]) -> str:
    if delegate.pk not in rungs:
        return (
            f"{delegate} is an auditor of {team} and changes nothing there. Choose somebody else."
        )
    own, theirs = rungs.get(person.pk, Rung.MEMBER), rungs[delegate.pk]
    if may_stand_in(theirs, own):
        return ""
    return f"{person} {WORDS[own]} in {team}, {delegate} does not. Choose {ASK_INSTEAD[own]}."
