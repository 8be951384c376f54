"""Finds the listed action type that a submission names, and counts what is not listed."""

from django.db.models import F

from agents_registry.models import OWNER_ROLES, ActionType, Agent, Person, Workflow
from approvals.errors import Invalid, Missing
from approvals.models import Purpose, Refusal
from approvals.proposals import Proposal
from ledger import clock

MOST_NAMES = 50
OTHERS = "(other names)"
"""An agent that invents names does not fill the table: beyond so many they are counted as one."""


def find(agent: Agent, proposal: Proposal) -> ActionType:
    """The listed action type, or a refusal that is counted for the risk owner to see.

    Nothing new begins in a workflow that is archived: it is as unknown as one that never was.
    """
    workflow = (
        Workflow.objects.select_related("chain", "calendar", "pool")
        .filter(team=agent.team_id, slug=proposal.workflow, archived_at__isnull=True)
        .first()
    )
    if workflow is None or not workflow.agents.filter(pk=agent.pk).exists():
        raise Missing(f"No workflow {proposal.workflow!r} for this agent.", code="unknown_workflow")
    listed = workflow.action_types.select_related("chain").filter(retired_at__isnull=True)
    action_type = listed.filter(key=proposal.action_type).first()
    if action_type is None:
        if proposal.purpose == Purpose.LIVE:
            _count_refusal(agent, workflow, proposal.action_type)
        raise Invalid(
            f"{workflow.slug} does not list the action type {proposal.action_type!r}.",
            code="unknown_action_type",
        )
    _with_owners(workflow)
    return action_type


def _with_owners(workflow: Workflow) -> None:
    """Reads the four owners in one go: joined in, they cost more than all else here together."""
    people = Person.objects.in_bulk({getattr(workflow, f"{role}_id") for role in OWNER_ROLES})
    for role in OWNER_ROLES:
        setattr(workflow, role, people[getattr(workflow, f"{role}_id")])


def _count_refusal(agent: Agent, workflow: Workflow, key: str) -> None:
    now, key = clock.now(), key[:80]
    tried = Refusal.objects.filter(workflow=workflow, agent=agent)
    if not tried.filter(key=key).exists() and tried.count() >= MOST_NAMES:
        key = OTHERS
    Refusal.objects.update_or_create(
        workflow=workflow,
        agent=agent,
        key=key,
        defaults={"count": F("count") + 1, "last_at": now},
        create_defaults={"count": 1, "first_at": now, "last_at": now},
    )
