"""What runs alone and is drawn: a desk, things done on it, and answers to the rubric."""

from typing import Any

from agents_registry.models import ActionType, Agent
from approvals import outcome, release, rubric
from approvals.models import Action, Lease, SpotCheck
from approvals.rubric import Answer
from tests.approvals.windowed import create_tag_type, sure
from tests.factories import create_desk

PASSED: dict[str, str] = {criterion.key: Answer.PASS for criterion in rubric.CRITERIA}
FAILED = {**PASSED, "accuracy": Answer.FAIL}


def create_drawing_desk(rate: Any = 1, **fields: Any) -> tuple[Agent, ActionType]:
    """An agent that tags orders alone, and how large a share of that is looked at."""
    agent, workflow, _ = create_desk()
    return agent, create_tag_type(workflow, spot_check_rate=rate, **fields)


def do(agent: Agent, action: Action, status: str = "succeeded", **fields: Any) -> Action:
    """Takes it and reports what came of it."""
    release.lease(agent=agent, action_id=action.pk)
    return report(agent, action, status, **fields)


def report(agent: Agent, action: Action, status: str = "succeeded", **fields: Any) -> Action:
    lease = Lease.objects.get(action=action, ended_at=None)
    outcome.report(
        agent=agent,
        action_id=action.pk,
        lease_id=lease.pk,
        status=status,
        body_digest="d",
        **fields,
    )
    action.refresh_from_db()
    return action


def drawn(agent: Agent, tag: ActionType, status: str = "succeeded") -> SpotCheck:
    """Something done, with its open check."""
    return SpotCheck.objects.get(action=do(agent, sure(agent, tag), status))
