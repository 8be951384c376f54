"""A refund that another action undoes, and what an agent reports of both."""

from typing import Any

from agents_registry.models import ActionType, Agent, Person, Workflow
from approvals import outcome, release, review
from approvals.models import Action, Purpose
from tests.factories import create_action, create_action_type, seen

WAY_BACK = {
    "type": "charge_again",
    "payload": {
        "order": "/payload/order",
        "amount": "/payload/amount",
        "receipt": "/after/receipt",
        "reason": {"value": "rollback"},
    },
}
BEFORE: dict[str, Any] = {"order": "A-1", "refunded": 0}
AFTER: dict[str, Any] = {"order": "A-1", "refunded": 120, "receipt": "R-9"}


def create_way_back(refund: ActionType, **fields: Any) -> ActionType:
    """The refund is undone by charging again, which a person approves first."""
    refund.rollback = WAY_BACK
    refund.save()
    schema = {
        "type": "object",
        "properties": {
            "order": {"type": "string"},
            "amount": {"type": "number"},
            "receipt": {"type": "string"},
            "reason": {"type": "string"},
        },
        "required": ["order", "amount", "receipt"],
        "additionalProperties": False,
    }
    said = {"name": "Charge again", "sentence": "Charge {amount} for order {order} again"}
    return create_action_type(
        refund.workflow, "charge_again", **{**said, "payload_schema": schema, **fields}
    )


def create_alone(refund: ActionType) -> ActionType:
    """The same, and it needs nobody."""
    return create_way_back(
        refund,
        verb="tag",
        authority_level="system_write_back",
        blast_radius="low",
        reversibility="reversible",
        mode="auto_executed",
        impact={"affected": {"const": 1}, "high_affected": 10},
    )


def create_done(
    agent: Agent, refund: ActionType, person: Person, *, after: Any = None, **fields: Any
) -> Action:
    """A refund that was approved, taken and paid."""
    action = create_action(agent, refund, **{"before": BEFORE, **fields})
    approve(action, person)
    return report(agent, action, after=AFTER if after is None else after)


def approve(action: Action, person: Person) -> None:
    review.approve(action_id=action.pk, person=person, seen=seen(action), checked=["x"])


def report(agent: Agent, action: Action, status: str = "succeeded", *, after: Any = None) -> Action:
    taken = release.lease(agent=agent, action_id=action.pk)
    return outcome.report(
        agent=agent, action_id=action.pk, lease_id=taken.lease.pk, status=status,
        body_digest="d", after=after,
    )  # fmt: skip


def undoing(action: Action, purpose: str = Purpose.LIVE) -> Action:
    """What was staged to undo it."""
    return Action.objects.filter(rolls_back=action, purpose=purpose).latest("pk")


def now(action: Action) -> Action:
    return Action.objects.get(pk=action.pk)


def second_reviewer(workflow: Workflow) -> Person:
    person: Person = workflow.pool.people.order_by("pk")[1]
    return person
