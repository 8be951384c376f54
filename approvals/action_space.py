"""Finds the listed action type that a submission names, and counts what is not listed."""

from django.db.models import F

from agents_registry.models import ActionType, Agent, Workflow
from approvals.errors import Invalid, Missing
from approvals.models import Refusal
from approvals.proposals import Proposal
from ledger import clock

MOST_NAMES = 50
OTHERS = "(other names)"
"""An agent that invents names does not fill the table: beyond so many they are counted as one."""


def find(agent: Agent, proposal: Proposal) -> ActionType:
    """The listed action type, or a refusal that is counted for the risk owner to see.

    Nothing new begins in a workflow that is archived: it is as unknown as one that never was.
    """
    workflow = Workflow.objects.filter(
        team=agent.team_id, slug=proposal.workflow, archived_at__isnull=True
    ).first()
    if workflow is None or not workflow.agents.filter(pk=agent.pk).exists():
        raise Missing(f"No workflow {proposal.workflow!r} for this agent.", code="unknown_workflow")
    action_type = (
        workflow.action_types.select_related(
            "chain",
            "workflow__chain",
            "workflow__calendar",
            "workflow__pool",
            "workflow__workflow_owner",
            "workflow__system_owner",
            "workflow__risk_owner",
            "workflow__approval_owner",
        )
        .filter(key=proposal.action_type, retired_at__isnull=True)
        .first()
    )
    if action_type is None:
        _count_refusal(agent, workflow, proposal.action_type)
        raise Invalid(
            f"{workflow.slug} does not list the action type {proposal.action_type!r}.",
            code="unknown_action_type",
        )
    return action_type


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
