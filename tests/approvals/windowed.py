"""A desk whose tagging runs alone until a metric speaks against it: what these tests share."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from agents_registry.models import ActionType, Agent, Workflow
from approvals import readings, release, review
from approvals.models import Action
from approvals.readings import Taken
from ledger import clock
from tests.factories import create_action, create_action_type, create_desk, reviewer_of, seen

TAG = {"order": "A-1"}
DAY = timedelta(days=1)


def rule(**fields: Any) -> dict[str, Any]:
    """A variance that the agent reports, over 20 % once."""
    base = {
        "id": "cpa",
        "metric": "cpa_variance_pct",
        "source": "agent:bidder",
        "operator": ">",
        "limit": "20",
        "mode_to": "approval_gated",
    }
    return {**base, **fields}


def create_tag_type(workflow: Workflow, key: str = "tag_order", **fields: Any) -> ActionType:
    """Runs alone; below a confidence of 0.8 a person looks first."""
    defaults = {
        "name": "Tag an order",
        "sentence": "Tag order {order}",
        "payload_schema": {"type": "object", "properties": {"order": {"type": "string"}}},
        "verb": "tag",
        "authority_level": "system_write_back",
        "blast_radius": "low",
        "reversibility": "reversible",
        "mode": "auto_executed",
        "confidence_line": Decimal("0.8"),
        "impact": {"affected": {"const": 1}, "high_affected": 10},
    }
    return create_action_type(workflow, key, **{**defaults, **fields})


def create_windowed_desk(*rules: dict[str, Any]) -> tuple[Agent, Workflow, ActionType]:
    """Tagging, with these window thresholds, and an agent that reports."""
    agent, workflow, _ = create_desk()
    Agent.objects.filter(pk=agent.pk).update(slug="bidder")
    agent.refresh_from_db()
    workflow.window_thresholds = list(rules)
    workflow.save()
    return agent, workflow, create_tag_type(workflow)


def sure(agent: Agent, action_type: ActionType) -> Action:
    """So sure that it needs nobody, where the mode lets it."""
    return create_action(agent, action_type, payload=TAG, confidence=Decimal("0.9"))


def unsure(agent: Agent, action_type: ActionType) -> Action:
    """Waits for a person in every mode."""
    return create_action(agent, action_type, payload=TAG, confidence=Decimal("0.5"))


def approved(agent: Agent, action_type: ActionType) -> Action:
    """Approved by a person; accepted where nothing may be executed."""
    action = unsure(agent, action_type)
    person = reviewer_of(action_type.workflow)
    review.approve(action_id=action.pk, person=person, seen=seen(action), checked=["order"])
    action.refresh_from_db()
    return action


def released(agent: Agent, action: Action) -> Action:
    release.lease(agent=agent, action_id=action.pk)
    action.refresh_from_db()
    return action


def report(workflow: Workflow, value: Any, *, days_ago: int = 0, **fields: Any) -> Taken:
    """A reading of the day that ended so many days ago, as the agent's API call takes it."""
    end = clock.now() - days_ago * DAY - timedelta(seconds=1)
    defaults = {
        "metric": "cpa_variance_pct",
        "source": "agent:bidder",
        "window_start": end - DAY,
        "window_end": end,
        "value": Decimal(str(value)),
        "actor": "agent:test",
    }
    return readings.take(workflow=workflow, **{**defaults, **fields})
