"""What every part of the demo's history shares: its timeline, its texts and its dice."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID

from agents_registry.models import ActionType, Agent
from agents_registry.sla import due_after_work
from approvals import staging, timetable
from approvals.models import Action
from approvals.proposals import Proposal
from ledger import clock
from ledger.canonical import digest
from reviewqueue.demo import organisation, texts
from reviewqueue.demo.timeline import Timeline

SEED = 20261121


@dataclass(frozen=True, slots=True)
class Tale:
    """One telling of the demo. The same seed throws the same dice.

    `afterwards` is what an agent reads back when an action is done, by the action's id; `named`
    are the actions that later ones depend on.
    """

    now: datetime
    agents: dict[str, Agent]
    action_types: dict[int, ActionType]
    texts: dict[str, Any]
    timeline: Timeline = field(default_factory=Timeline)
    afterwards: dict[UUID, Any] = field(default_factory=dict)
    named: dict[str, UUID] = field(default_factory=dict)
    chance: Random = field(default_factory=lambda: Random(SEED))  # noqa: S311 (a story)


def begin(now: datetime) -> Tale:
    return Tale(
        now=now,
        agents=organisation.agents(),
        action_types=organisation.action_types(),
        texts=texts.history(),
    )


def stage(tale: Tale, agent: str, request: dict[str, Any], *, after: Any = None) -> Action:
    """Stages a request at the simulated instant, in the name of the agent."""
    said = texts.fill(request, {"on": texts.dates(clock.now())})
    staged = staging.stage(
        agent=tale.agents[agent],
        proposal=proposal(said),
        key=f"demo/{tale.now.isoformat()}/{clock.now().isoformat()}/{digest(said)[-12:]}",
    )
    action = find(tale, staged.answer["id"])
    tale.afterwards[action.pk] = after
    return action


def proposal(said: dict[str, Any]) -> Proposal:
    """A body of POST /api/v1/actions as the verbs take it."""
    fields = dict(said)
    if "confidence" in fields:
        fields["confidence"] = Decimal(str(fields["confidence"]))
    return Proposal(**fields, digest=digest(said))


def find(tale: Tale, action_id: UUID | str) -> Action:
    """The action as it stands, with its type, workflow and agent as the tale knows them."""
    action = Action.objects.get(pk=action_id)
    action.action_type = tale.action_types[action.action_type_id]
    action.workflow = action.action_type.workflow
    action.agent = next(a for a in tale.agents.values() if a.pk == action.agent_id)
    return action


def working(action: Action, minutes: float) -> datetime:
    """So many minutes of the workflow's working time from now."""
    calendar = timetable.calendar_of(action.frozen)
    return due_after_work(clock.now(), timedelta(minutes=minutes), calendar)
