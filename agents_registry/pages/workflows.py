"""The list of a team's workflows, and one workflow: who decides, what it may do, and by when."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import QuerySet
from django.urls import reverse

from agents_registry import roles, standards, stops, words
from agents_registry.away import Roster
from agents_registry.changes import rights
from agents_registry.changes.rights import Right
from agents_registry.models import (
    DEPUTIES,
    OWNER_ROLES,
    ActionType,
    Agent,
    Person,
    Standard,
    StopKind,
    Team,
    Workflow,
)
from agents_registry.pages import people, timing
from agents_registry.pages.people import Owner
from agents_registry.pages.timing import Chain, Times
from agents_registry.policy import documents
from agents_registry.policy.floors import BUILT_IN
from agents_registry.policy.least import least_tier
from agents_registry.readiness import lacks_way_back
from agents_registry.revisions import mode_of, policy_document


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowLine:
    """One row of the list."""

    url: str
    name: str
    stopped: bool
    archived: bool
    agents: list[str]
    types_words: str
    unconfirmed_words: str
    owners: list[Owner]


@dataclass(frozen=True, slots=True)
class Reviewers:
    """A workflow's pool with those in it who are there."""

    name: str
    people: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeLine:
    """One row of the action space. `tier` is what each such action needs at the least."""

    url: str
    key: str
    name: str
    verb_words: str
    authority_words: str
    mode_words: str
    confirmed: bool
    tier: str
    tier_words: str
    rollback: str
    rollback_hole: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowPage:
    """The whole page of one workflow. `edit_url` is empty for who may not change it."""

    slug: str
    edit_url: str
    new_type_url: str
    archived: str
    name: str
    purpose: str
    agents: list[str]
    holes: list[str]
    owners: list[Owner]
    pool: Reviewers
    types: list[TypeLine]
    sla_words: str
    chain: Chain
    calendar: Times
    when_stopped_words: str
    steps_words: list[str]


def of_team(team: Team) -> QuerySet[Workflow]:
    """The team's workflows with everybody whom a page of the registry names."""
    return (
        Workflow.objects.filter(team=team)
        .select_related(*("team", *OWNER_ROLES, *DEPUTIES.values(), "pool", "calendar", "chain"))
        .prefetch_related("pool__people", "agents")
    )


def lines(team: Team) -> list[WorkflowLine]:
    """The list, in a number of queries that does not grow."""
    stopped = set(
        stops.in_force(team).filter(kind=StopKind.WORKFLOW).values_list("target", flat=True)
    )
    listed = ActionType.objects.filter(workflow__team=team, retired_at__isnull=True)
    counts = Counter(listed.order_by().values_list("workflow_id", "confirmed"))
    roster = Roster()
    return [
        _line(
            workflow,
            stopped=stops.workflow_target(workflow) in stopped,
            confirmed=counts[workflow.pk, True],
            unconfirmed=counts[workflow.pk, False],
            roster=roster,
        )
        for workflow in of_team(team)
    ]


def page(workflow: Workflow, person: Person) -> WorkflowPage:
    """One workflow that `of_team` read, as this person sees it."""
    listed = workflow.action_types.filter(retired_at__isnull=True)
    name = people.names_for(workflow, timing.addressees(workflow.chain))
    inherited = standards.inherited(workflow)
    may = rights.may(person, Right.OPERATE, team=workflow.team, workflow=workflow)
    may_add = rights.may(person, Right.TIGHTEN, team=workflow.team, workflow=workflow)
    return WorkflowPage(
        slug=workflow.slug,
        edit_url=reverse("registry_edit", args=[workflow.slug]) if may else "",
        new_type_url=reverse("new_type", args=[workflow.slug]) if may_add else "",
        archived=f"archived {workflow.archived_at:%-d %b %Y}" if workflow.archived_at else "",
        name=workflow.name,
        purpose=workflow.purpose,
        agents=_names(workflow.agents.all()),
        holes=people.holes(workflow),
        owners=people.owners(workflow),
        pool=Reviewers(workflow.pool.name, people.active(workflow.pool.people.all())),
        types=[_type_line(row, workflow, inherited) for row in sorted(listed, key=_built_in_last)],
        sla_words=f"A person decides within {workflow.sla}.",
        chain=timing.chain(workflow.chain, workflow.sla, name),
        calendar=timing.calendar(workflow.calendar),
        when_stopped_words=words.WHEN_STOPPED[workflow.when_stopped],
        steps_words=steps_words(workflow),
    )


def steps_words(workflow: Workflow) -> list[str]:
    """What becomes of actions that wait for one that comes to nothing, in sentences."""
    failed, rejected = workflow.after_failed_step, workflow.after_rejected_step
    times = workflow.step_retries
    again = f"it is tried again, {times} time{'' if times == 1 else 's'} at most. Then "
    return [
        f"When a step fails, {again if times else ''}{words.AFTER_STEP[failed]}",
        f"When a step is not approved, {words.AFTER_STEP[rejected]}",
    ]


def new_url(team: Team, person: Person) -> str:
    """Where this person makes a workflow; empty for who may not."""
    may = rights.may(person, Right.MANAGE, team=team, workflow=None)
    return reverse("registry_new") if may else ""


def url_of(workflow: Workflow) -> str:
    return reverse("registry_workflow", args=[workflow.slug])


def authority_words(action_type: ActionType) -> str:
    """What kind of decision it is, and whether it binds."""
    level = words.AUTHORITY_LEVELS[action_type.authority_level]
    return f"{level}, {words.AUTHORITIES[action_type.authority]}"


def least_tier_of(
    action_type: ActionType, workflow: Workflow, inherited: list[Standard] | None = None
) -> str:
    """The tier that each action of this type needs at the least, as people and holes are now."""
    policy = documents.parse(policy_document(action_type, inherited))
    return str(least_tier(policy, tuple(hole.role for hole in roles.vacant(workflow))))


def _line(
    workflow: Workflow, *, stopped: bool, confirmed: int, unconfirmed: int, roster: Roster
) -> WorkflowLine:
    return WorkflowLine(
        url=url_of(workflow),
        name=workflow.name,
        stopped=stopped,
        archived=workflow.archived_at is not None,
        agents=_names(workflow.agents.all()),
        types_words=words.counted(confirmed + unconfirmed, "action type"),
        unconfirmed_words=f"{unconfirmed} not confirmed" if unconfirmed else "",
        owners=people.owners(workflow, roster),
    )


def _type_line(action_type: ActionType, workflow: Workflow, inherited: list[Standard]) -> TypeLine:
    tier = least_tier_of(action_type, workflow, inherited)
    return TypeLine(
        url=reverse("registry_action_type", args=[workflow.slug, action_type.key]),
        key=action_type.key,
        name=str(action_type),
        verb_words=words.VERBS[action_type.verb],
        authority_words=authority_words(action_type),
        mode_words=words.MODES[mode_of(action_type, inherited)],
        confirmed=action_type.confirmed,
        tier=tier,
        tier_words=words.TIERS[tier],
        rollback=words.way_back(action_type.rollback_path, action_type.rollback),
        rollback_hole=lacks_way_back(action_type),
    )


def _built_in_last(action_type: ActionType) -> tuple[bool, str]:
    return action_type.key in BUILT_IN, action_type.key


def _names(agents: Iterable[Agent]) -> list[str]:
    return sorted(str(agent) for agent in agents)
