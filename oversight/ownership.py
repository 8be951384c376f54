"""Who owns what, where nobody does, what is late and what is stopped: the ownership page."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db.models import Count, Q

from agents_registry import roles, standards, stops
from agents_registry.away import Roster
from agents_registry.models import (
    OWNER_ROLES,
    ActionType,
    Agent,
    Person,
    Standard,
    Stop,
    StopKind,
    Team,
    Workflow,
)
from agents_registry.pages.people import away_words
from agents_registry.permissions import can_stop
from agents_registry.revisions import mode_of
from approvals.pages import words
from approvals.querysets import pending
from approvals.stopping import workflows_under
from ledger import clock
from oversight.heat import Share, overruled_by_agent
from oversight.needs import Need, needs, stopped_name

DAYS_OF_AN_AGENT = 14


@dataclass(frozen=True, slots=True)
class Owner:
    """A person in a role, or the hole where nobody is. `away` says until when they are away,
    `stands_in` who acts for them."""

    role: str
    person: Person
    hole: str
    away: str = ""
    stands_in: str = ""

    @property
    def short(self) -> str:
        return short_name(self.person)


@dataclass(slots=True)
class WorkflowLine:
    """One row of the decision rights."""

    workflow: Workflow
    owners: list[Owner]
    pool_words: str
    pool_hole: bool
    modes: list[str]
    open: int = 0
    late: int = 0
    stop: Stop | None = None
    can_resume: bool = False

    @property
    def runbook(self) -> str:
        """Its address, where it is one that may be followed."""
        address: str = self.workflow.runbook
        return address if address.startswith(("https://", "http://")) else ""


@dataclass(slots=True)
class AgentLine:
    """One row of the agents."""

    agent: Agent
    staged: int = 0
    overruled: str = ""
    stop: Stop | None = None
    can_resume: bool = False
    turned_on_by: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class StopLine:
    """A stop of an action type or of a system."""

    name: str
    stop: Stop
    can_resume: bool
    turned_on_by: list[str]


@dataclass(frozen=True, slots=True)
class Ownership:
    """The whole page."""

    needs: list[Need]
    agents: list[AgentLine]
    workflows: list[WorkflowLine]
    other_stops: list[StopLine]
    systems: list[str]
    can_stop: bool


def ownership(team: Team, person: Person) -> Ownership:
    """The page as this person sees it, in a number of queries that does not grow."""
    in_force = {(stop.kind, stop.target): stop for stop in stops.in_force(team)}
    roster = Roster()
    workflows = _workflow_lines(team, person, in_force, roster)
    agents = _agent_lines(team, person, in_force)
    return Ownership(
        needs=needs(
            team, person, {w.workflow: w.late for w in workflows}, in_force.values(), roster
        ),
        agents=agents,
        workflows=workflows,
        other_stops=_other_stops(team, person, in_force),
        systems=_systems(team),
        can_stop=can_stop(person, team),
    )


def _other_stops(
    team: Team, person: Person, in_force: dict[tuple[str, str], Stop]
) -> list[StopLine]:
    lines = []
    for (kind, target), stop in in_force.items():
        if kind in {StopKind.SYSTEM, StopKind.ACTION_TYPE}:
            owners = {w.risk_owner for w in workflows_under(team, StopKind(kind), target)}
            names = sorted(str(owner) for owner in owners)
            lines.append(StopLine(stopped_name(team, stop), stop, owners == {person}, names))
    return lines


def _systems(team: Team) -> list[str]:
    """Every system that an action type of the team reads or writes."""
    documents = ActionType.objects.filter(workflow__team=team, retired_at__isnull=True)
    touched = documents.values_list("systems", flat=True)
    return sorted({name for each in touched for side in each.values() for name in side})


def _workflow_lines(
    team: Team, person: Person, in_force: dict[tuple[str, str], Stop], roster: Roster
) -> list[WorkflowLine]:
    rows = (
        Workflow.objects.filter(team=team)
        .select_related(*OWNER_ROLES, "pool", "calendar", "chain", "team")
        .prefetch_related("pool__people", "action_types__chain")
    )
    opened, late = _open_counts(team), _open_counts(team, due_at__lt=clock.now())
    inherited = standards.inherited_by(rows)
    return [
        WorkflowLine(
            workflow=workflow,
            owners=_owners(workflow, roster, person),
            pool_words=_people_words(workflow),
            pool_hole=not any(p.is_active for p in workflow.pool.people.all()),
            modes=_modes(workflow, inherited[workflow.pk]),
            open=opened[workflow.pk],
            late=late[workflow.pk],
            stop=in_force.get((StopKind.WORKFLOW, stops.workflow_target(workflow))),
            can_resume=workflow.risk_owner_id == person.pk,
        )
        for workflow in rows
    ]


def _agent_lines(
    team: Team, person: Person, in_force: dict[tuple[str, str], Stop]
) -> list[AgentLine]:
    day = clock.now() - timedelta(hours=24)
    staged = Count("actions", filter=Q(actions__created_at__gte=day))
    agents = (
        Agent.objects.filter(team=team)
        .annotate(staged=staged)
        .prefetch_related("workflows__risk_owner")
        .order_by("name")
    )
    shares = overruled_by_agent(team, clock.now() - timedelta(days=DAYS_OF_AN_AGENT))
    nothing = Share(0, 0)
    return [_agent_line(agent, shares.get(agent.pk, nothing), person, in_force) for agent in agents]


def _agent_line(
    agent: Any, share: Share, person: Person, in_force: dict[tuple[str, str], Stop]
) -> AgentLine:
    owners = {workflow.risk_owner for workflow in agent.workflows.all()}
    return AgentLine(
        agent=agent,
        staged=agent.staged,
        overruled=share.words("decided"),
        stop=in_force.get((StopKind.AGENT, stops.agent_target(agent))),
        can_resume=bool(owners) and owners == {person},
        turned_on_by=sorted(str(owner) for owner in owners),
    )


def _open_counts(team: Team, **filters: Any) -> Counter[Any]:
    """Pending actions by workflow, each counted up to one over the cap."""
    capped = []
    for workflow in Workflow.objects.filter(team=team).values_list("pk", flat=True):
        rows = pending(team).filter(workflow_id=workflow, **filters).order_by()
        capped.append(rows.values_list("workflow_id", flat=True)[: words.CAP + 1])
    return Counter(capped[0].union(*capped[1:], all=True)) if capped else Counter()


def _owners(workflow: Workflow, roster: Roster, reader: Person) -> list[Owner]:
    gone = {hole.role: hole.because for hole in roles.holes(workflow, roster)}
    owners = []
    for role, person in workflow.owners().items():
        away = away_words(person, roster, reader)
        acting = next(roles.acting(workflow, role, roster), None) if away else None
        stands_in = short_name(acting.person) if acting else ""
        owners.append(Owner(role, person, gone.get(role, ""), away, stands_in))
    return owners


def short_name(person: Person) -> str:
    return person.get_short_name() or person.username


def _people_words(workflow: Workflow) -> str:
    count = sum(1 for person in workflow.pool.people.all() if person.is_active)
    return "1 person" if count == 1 else f"{count} people"


def _modes(workflow: Workflow, inherited: list[Standard]) -> list[str]:
    """The modes that hold of its action types, in words, with how many have each."""
    listed = [row for row in workflow.action_types.all() if row.retired_at is None]
    modes = Counter(mode_of(row, inherited) for row in listed)
    return [f"{words.MODES[mode]} {count}" for mode, count in sorted(modes.items())]
