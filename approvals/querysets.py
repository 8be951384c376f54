"""The questions that pages, agents and sweeps ask of actions, each answered from an index."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from agents_registry.current_team import teams_seen_by
from agents_registry.models import Person, Pool, Stop, StopKind, Team, Workflow
from approvals.judging import PEOPLES_TIERS
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
    pools they are in: read once, then only index ranges are asked for."""

    workflows: list[Any]
    pools: list[int]

    def waiting(self) -> Q:
        """What waits with their pools: a workflow's own, unless another is named."""
        own = Q(workflow_id__in=self.workflows, pool=None)
        return own | Q(pool_id__in=self.pools) if self.pools else own


def reviewed_by(person: Person, team: Team) -> Reviewed:
    named = Q(pool__people=person) | Q(approval_owner=person)
    workflows = Workflow.objects.filter(named, team=team).values_list("pk", flat=True).distinct()
    pools = Pool.objects.filter(team=team, people=person).values_list("pk", flat=True)
    return Reviewed(list(workflows), list(pools))


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
