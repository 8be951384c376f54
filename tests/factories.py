"""Plain functions that make what a test needs, through the same models and verbs as the product."""

import copy
import itertools
from datetime import timedelta
from functools import cache
from typing import Any

from django.contrib.auth.hashers import make_password

from agents_registry import tokens
from agents_registry.models import (
    Absence,
    ActionType,
    Agent,
    Calendar,
    EscalationChain,
    Membership,
    Person,
    Pool,
    Role,
    Team,
    Workflow,
)
from approvals import staging
from approvals.models import Action
from approvals.proposals import Proposal
from approvals.transitions import Seen
from ledger import clock
from ledger.canonical import digest

PASSWORD = "correct horse battery"
_numbers = itertools.count(1)

ALWAYS: dict[str, Any] = {
    "time_zone": "UTC",
    "hours": {
        day: [["00:00", "24:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    },
    "holidays": None,
    "days_off": [],
}
REFUND_SCHEMA = {
    "type": "object",
    "properties": {
        "order": {"type": "string", "minLength": 1},
        "amount": {"type": "number", "minimum": 0},
        "currency": {"type": "string", "enum": ["USD", "EUR"]},
        "note": {"type": "string"},
    },
    "required": ["order", "amount", "currency"],
    "additionalProperties": False,
}


@cache
def _hashed() -> str:
    """Hashing is slow on purpose: once is enough for all."""
    return make_password(PASSWORD)


def create_person(name: str = "", *, team: Team | None = None, role: str = Role.MEMBER) -> Person:
    name = name or f"person{next(_numbers)}"
    person = Person.objects.create(
        username=name,
        first_name=name.capitalize(),
        email=f"{name}@example.com",
        password=_hashed(),
    )
    if team:
        Membership.objects.create(team=team, person=person, role=role)
    return person


def create_team(slug: str = "") -> Team:
    slug = slug or f"team{next(_numbers)}"
    return Team.objects.create(slug=slug, name=slug.capitalize())


def create_agent(team: Team, slug: str = "") -> Agent:
    slug = slug or f"agent{next(_numbers)}"
    return Agent.objects.create(team=team, slug=slug, name=slug.replace("-", " ").capitalize())


def create_token(agent: Agent, **options: Any) -> str:
    return tokens.issue(agent=agent, actor="person:test", **options)


def create_workflow(team: Team, slug: str = "", **fields: Any) -> Workflow:
    """A workflow with four different owners, a pool of two reviewers, a calendar that never
    closes, and a chain of one step to the workflow owner that then expires."""
    number = next(_numbers)
    slug = slug or f"workflow{number}"
    owners = {
        role: create_person(f"{role}{number}", team=team)
        for role in ("workflow_owner", "system_owner", "risk_owner", "approval_owner")
        if role not in fields
    }
    pool = Pool.objects.create(team=team, slug=f"{slug}-pool", name="Reviewers")
    pool.people.add(create_person(team=team), create_person(team=team))
    defaults = {
        "name": slug.replace("-", " ").capitalize(),
        "pool": pool,
        "calendar": Calendar.objects.create(
            team=team, slug=f"{slug}-calendar", name="Always", document=copy.deepcopy(ALWAYS)
        ),
        "chain": EscalationChain.objects.create(
            team=team,
            slug=f"{slug}-chain",
            name="To the owner",
            stages=[{"who": "workflow_owner", "within": "2 hours", "remind": None}],
        ),
        "sla": "4 hours",
    }
    return Workflow.objects.create(team=team, slug=slug, **{**defaults, **owners, **fields})


def create_action_type(workflow: Workflow, key: str = "refund", **fields: Any) -> ActionType:
    """A refund that a person must approve: irreversible, high, gated, confirmed."""
    defaults = {
        "name": "Refund",
        "sentence": "Refund {amount} {currency} for order {order}",
        "payload_schema": REFUND_SCHEMA,
        "verb": "refund",
        "authority_level": "customer_impacting_decision",
        "blast_radius": "high",
        "reversibility": "irreversible",
        "mode": "approval_gated",
        "confirmed": True,
        "impact": {
            "affected": {"const": 1},
            "spend_delta": "/amount",
            "currency": "/currency",
            "high_spend": "200",
        },
        "handoff": {
            "trigger": "a customer wrote",
            "context": "What is paid once cannot be called back from the bank.",
            "decision_asked": "May this refund be paid?",
            "next_steps": ["pay it"],
        },
        "rollback_path": "charge the customer again after a phone call",
        "settle_seconds": 0,
    }
    return ActionType.objects.create(workflow=workflow, key=key, **{**defaults, **fields})


def create_read_type(workflow: Workflow, key: str = "look_up_order") -> ActionType:
    """A read that runs alone."""
    return create_action_type(
        workflow,
        key,
        name="Look up an order",
        sentence="Look up order {order}",
        payload_schema={"type": "object", "properties": {"order": {"type": "string"}}},
        verb="read",
        authority_level="read_only",
        blast_radius="low",
        reversibility="reversible",
        mode="auto_executed",
        impact=None,
    )


def create_desk(slug: str = "") -> tuple[Agent, Workflow, ActionType]:
    """A team with an agent, one workflow it may use, and a gated refund in it."""
    team = create_team()
    workflow = create_workflow(team, slug)
    agent = create_agent(team)
    workflow.agents.add(agent)
    return agent, workflow, create_action_type(workflow)


def reviewer_of(workflow: Workflow) -> Person:
    person: Person = workflow.pool.people.order_by("pk")[0]
    return person


def propose(action_type: ActionType, **fields: Any) -> Proposal:
    """A proposal that the type's schema accepts."""
    payload = fields.pop("payload", {"order": "A-1", "amount": 120, "currency": "USD"})
    defaults = {
        "workflow": action_type.workflow.slug,
        "action_type": action_type.key,
        "payload": payload,
        "before": {"order": "A-1", "amount": 0, "currency": "USD"},
        "trace": {"model": "test"},
        "digest": digest(payload),
    }
    return Proposal(**{**defaults, **fields})


def create_action(agent: Agent, action_type: ActionType, **fields: Any) -> Action:
    """Stages one action through the verb that the API uses."""
    key = fields.pop("key", f"key-{next(_numbers)}")
    staged = staging.stage(agent=agent, proposal=propose(action_type, **fields), key=key)
    return Action.objects.get(pk=staged.answer["id"])


def seen(action: Action) -> Seen:
    """What a page that shows this action now would bind a decision to."""
    return Seen.of(Action.objects.get(pk=action.pk))


def make_due(action: Action, *, by: timedelta = timedelta(minutes=1)) -> None:
    """Moves the clock of one action into the past, as waiting would."""
    now = action.changed_at
    Action.objects.filter(pk=action.pk).update(due_at=now - by, next_step_at=now - by)


def create_absence(
    person: Person, *, delegate: Person | None = None, days: int = 7, begun: int = 1
) -> Absence:
    """Somebody is away since `begun` hours ago, for so many days from now."""
    now = clock.now()
    return Absence.objects.create(
        person=person,
        delegate=delegate,
        starts_at=now - timedelta(hours=begun),
        ends_at=now + timedelta(days=days),
        set_by=person,
        created_at=now,
    )


def end_absence(absence: Absence) -> None:
    """They are back."""
    Absence.objects.filter(pk=absence.pk).update(called_off_at=clock.now())
