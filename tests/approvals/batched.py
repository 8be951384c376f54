"""Like actions that wait to be reviewed together: titles of contacts, high and reversible."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from agents_registry.models import ActionType, Agent, Person, Workflow
from approvals import batch_samples, presence
from approvals.batch_samples import Batch
from approvals.models import Action
from approvals.transitions import Seen
from tests.factories import create_action, create_action_type

TITLE_SCHEMA = {
    "type": "object",
    "properties": {
        "contact": {"type": "string"},
        "title": {"type": "string"},
        "age_days": {"type": "integer"},
        "source": {"type": "string"},
    },
    "required": ["contact", "title"],
    "additionalProperties": False,
}


def create_title_type(workflow: Workflow, key: str = "set_title", **fields: Any) -> ActionType:
    """A write-back that reaches many and can be undone: its tier is batch review."""
    defaults = {
        "name": "Set the job title",
        "sentence": "Set the title of {contact} to {title}",
        "payload_schema": TITLE_SCHEMA,
        "verb": "write",
        "authority_level": "system_write_back",
        "reversibility": "reversible",
        "impact": {"affected": {"const": 1}},
        "rollback_path": "the old title is written back",
    }
    return create_action_type(workflow, key, **{**defaults, **fields})


def stage(agent: Agent, titles: ActionType, number: int = 0, **fields: Any) -> Action:
    """One of the batch `titles`; `payload` says in what it differs from the rest."""
    payload = {
        "contact": f"contact-{number:03}",
        "title": ["Buyer", "Planner"][number % 2],
        "age_days": 3 + number % 5,
        "source": "signature",
        **fields.pop("payload", {}),
    }
    defaults: dict[str, Any] = {
        "payload": payload,
        "before": {"title": "not set"},
        "subject": {"type": "contact", "id": f"c{number}", "label": f"Contact {number}"},
        "batch_key": "titles",
    }
    return create_action(agent, titles, **{**defaults, **fields})


def stage_many(agent: Agent, titles: ActionType, count: int) -> Batch:
    actions = [stage(agent, titles, number) for number in range(count)]
    assert {action.tier for action in actions} == {batch_samples.TIER}
    return Batch.of(actions[0])


def lot_of(batch: Batch) -> dict[UUID, Seen]:
    """What a page that shows the batch now binds a decision to."""
    return batch_samples.members(batch)


def drawn(batch: Batch) -> list[UUID]:
    return sorted(batch_samples.drawn(lot_of(batch)))


def not_drawn(batch: Batch) -> list[UUID]:
    return sorted(lot_of(batch).keys() - set(drawn(batch)))


def open_all(person: Person, ids: Iterable[UUID]) -> None:
    """This person has each of them on screen."""
    for action in Action.objects.filter(pk__in=list(ids)):
        presence.note(action=action, person=person)
