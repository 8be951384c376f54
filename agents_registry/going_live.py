"""Says what keeps stored action types from going live, or should be mended in those that are."""

from collections.abc import Mapping
from typing import Any

from agents_registry.models import ActionType, Workflow
from agents_registry.spec import handoff
from agents_registry.spec.export import present
from agents_registry.spec.problems import Problem
from agents_registry.spec.rows import Document, Row

READ = ("verb", "authority_level", "mode", "handoff", "sla")


def lacking(
    action_type: ActionType,
    changes: Mapping[str, Any] | None = None,
    there: Document | None = None,
) -> list[Problem]:
    """What the type lacks to be live, with these changes of its columns; empty while it is not.

    `there` is what `present` says of its team, for who asks of many types.
    """
    workflow = action_type.workflow
    row = row_of(action_type, changes or {})
    whole = there or present(workflow.team)
    return list(handoff.lacking(row, times_of(workflow), whole))


def row_of(action_type: ActionType, changes: Mapping[str, Any]) -> Row:
    """The part of its row that a handoff depends on."""
    row = {name: changes.get(name, getattr(action_type, name)) for name in READ}
    chain = changes.get("chain", action_type.chain)
    return {**row, "chain": chain.slug if chain else None}


def times_of(workflow: Workflow) -> Row:
    """The part of a workflow's row that a handoff depends on."""
    return {
        "sla": workflow.sla,
        "chain": workflow.chain.slug,
        "calendar": workflow.calendar.slug,
    }
