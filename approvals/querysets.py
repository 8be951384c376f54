"""The questions that pages, agents and sweeps ask of actions, each answered from an index."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Case, Exists, OuterRef, Q, QuerySet, When

from agents_registry.away import Roster
from agents_registry.current_team import teams_seen_by
from agents_registry.models import Person, Pool, Stop, StopKind, Team
from agents_registry.policy.findings import PEOPLES_TIERS
from approvals.models import APPROVING, TIER_RANKS, Action, Decision
from approvals.states import State

PEOPLES_RANKS = sorted(TIER_RANKS[tier] for tier in PEOPLES_TIERS)
"""The ranks of the tiers in which a person decides first, the strictest before."""


def in_teams_of(person: Person) -> QuerySet[Action]:
    """The actions that this person may look at."""
    return Action.objects.filter(team__in=teams_seen_by(person))


@dataclass(frozen=True, slots=True)
class Reviewed:
    """The ids of the workflows that a person reviews, by pool or as approval owner, and of the
    pools they are in, or stands in for somebody: read once, then only index ranges are asked for.
    """

    workflows: list[Any]
    pools: list[int]

    def waiting(self) -> Q:
        """What waits with their pools: a workflow's own, unless another is named."""
        own = Q(workflow_id__in=self.workflows, pool=None)
        return own | Q(pool_id__in=self.pools) if self.pools else own


def reviewed_by(person: Person, team: Team) -> Reviewed:
    """Also what they review as whoever stands in for somebody who is away."""
    roster = Roster()
    away = roster.stands_in_for(person, team.pk)
    left = _left_to(away, team, roster) if away else []
    theirs = Q(pk__in=left) | Q(Exists(Person.objects.filter(pk=person.pk, pools=OuterRef("pk"))))
    decides = Q(workflows__approval_owner__in=[person.pk, *away]) | _deputy(person, team, roster)
    rows = list(
        Pool.objects.filter(theirs | decides, team=team)
        .annotate(theirs=Case(When(theirs, then=True), default=False))
        .values_list("pk", "theirs", "workflows")
    )
    return Reviewed(
        workflows=[workflow for _, _, workflow in rows if workflow],
        pools=list({pool for pool, is_theirs, _ in rows if is_theirs}),
    )


def _left_to(away: set[int], team: Team, roster: Roster) -> list[int]:
    """The pools of these people in which nobody is there."""
    there = Person.objects.filter(pools=OuterRef("pk"), is_active=True).exclude(pk__in=roster.away)
    left = Pool.objects.filter(~Exists(there), team=team, people__in=away)
    return list(left.values_list("pk", flat=True).distinct())


def _deputy(person: Person, team: Team, roster: Roster) -> Q:
    """The workflows in which they are the deputy of an approval owner who is gone, or away without
    a delegate."""
    alone = [pk for pk in roster.away if not roster.delegates(pk, team.pk)]
    gone = Q(workflows__approval_owner__is_active=False)
    absent = Q(workflows__approval_owner__in=alone) | gone
    return Q(absent, workflows__approval_deputy=person)


def view_of(name: str, person: Person, reviewed: Reviewed) -> Q:
    """What the inbox views show: mine, pool, all, escalated.

    Mine is what waits for me: addressed to me, or to my pool while nobody in particular has it or
    several people have to approve it; not what waits for the others' approval, after mine.
    """
    pool = reviewed.waiting()
    anybodys = Q(assignee=None) | Q(approvals_needed__gt=1)
    return {
        "mine": (Q(assignee=person) | (pool & anybodys)) & ~_approved_by(person),
        "pool": pool,
        "all": Q(),
        "escalated": Q(assignee=person, step__gt=0) | (pool & Q(step__gt=0)),
    }[name]


def _approved_by(person: Person) -> Q:
    """What this person has approved and others still have to. Only of what takes several is it
    asked: the rest is told from the row alone."""
    own = Decision.objects.filter(
        action=OuterRef("pk"),
        revision=OuterRef("revision"),
        person=person,
        verdict__in=APPROVING,
        undone_at__isnull=True,
    )
    return Q(Exists(own), state=State.PENDING, approvals_needed__gt=1)


def pending(team: Team) -> QuerySet[Action]:
    return Action.objects.filter(team=team, state=State.PENDING)


def band(section: str, as_of: datetime, day_end: datetime) -> Q:
    """The part of the inbox that is late, due today or due later; the day is the reader's."""
    return {
        "late": Q(due_at__lt=as_of),
        "today": Q(due_at__gte=as_of, due_at__lt=day_end),
        "later": Q(due_at__gte=day_end),
    }[section]


def stopped() -> Q:
    """Matches the actions that any stop in force covers."""
    covered = Q(pk__in=[])
    for kind, target in Stop.objects.filter(lifted_at__isnull=True).values_list("kind", "target"):
        covered |= _covered_by(kind, target)
    return covered


def covered_by(stop: Stop) -> QuerySet[Action]:
    """The actions of the team that this stop covers."""
    return Action.objects.filter(_covered_by(stop.kind, stop.target), team=stop.team_id)


def _covered_by(kind: str, target: str) -> Q:
    if kind == StopKind.AGENT:
        return Q(agent_id=target)
    if kind == StopKind.WORKFLOW:
        return Q(workflow_id=target)
    if kind == StopKind.ACTION_TYPE:
        workflow, _, key = target.partition("/")
        return Q(workflow_id=workflow, action_type__key=key)
    return Q(action_type__systems__writes__contains=[target]) | Q(
        action_type__systems__reads__contains=[target]
    )
