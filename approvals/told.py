"""Reads actions with everything that agents are told of them, in one statement: for who waits, the
time that the ORM takes to write six queries is most of the wait after a decision."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Model

from agents_registry.models import ActionType, Calendar, Person, Workflow
from approvals.dependencies import STANDS
from approvals.models import APPROVING, DECIDING, Action, Content, Decision

DATABASE = "default"
Row = TypeVar("Row", bound=Model)

READ = """
    SELECT action.*, workflow.slug AS workflow_slug, action_type.key AS type_key,
        send_window.id AS window_id, send_window.document AS window_document,
        (
            SELECT jsonb_build_object(
                'payload', payload, 'before', before, 'trace', trace, 'evidence', evidence,
                'findings', findings
            )
            FROM approvals_content
            WHERE action_id = action.id AND revision = action.revision
        ) AS content,
        (
            SELECT to_jsonb(given) - 'edited_payload' || jsonb_build_object('by', person.username)
            FROM approvals_decision given
                JOIN agents_registry_person person ON person.id = given.person_id
            WHERE action_id = action.id AND revision = action.revision
                AND verdict = ANY(%(deciding)s) AND undone_at IS NULL
                AND (action.approvals_needed = 1 OR verdict <> ALL(%(approving)s)
                     OR given.created_at = action.decided_at)
            ORDER BY given.id DESC LIMIT 1
        ) AS decision,
        (
            SELECT jsonb_agg(
                jsonb_build_array(step.id, step.state, step.tier, step.frozen, step.decided_at)
                ORDER BY step.id
            )
            FROM approvals_dependency edge JOIN approvals_action step ON step.id = edge.on_id
            WHERE edge.action_id = action.id
        ) AS steps
    FROM approvals_action action
    JOIN agents_registry_workflow workflow ON workflow.id = action.workflow_id
    JOIN agents_registry_actiontype action_type ON action_type.id = action.action_type_id
    LEFT JOIN agents_registry_calendar send_window ON send_window.id = action_type.send_window_id
    WHERE action.id = ANY(%(ids)s)
"""
"""Of the verdicts the one that counts is that of `four_eyes.told`."""


@dataclass(frozen=True, slots=True)
class Told:
    """An action with its content, the verdict that decided it, and what it waits for, in order."""

    action: Action
    content: Content
    decision: Decision | None
    steps: list[Action]


def read(ids: Sequence[UUID]) -> dict[UUID, Told]:
    """Those of these actions that there are. A column that was not read is fetched when used."""
    given = {"ids": list(ids), "deciding": list(DECIDING), "approving": list(APPROVING)}
    return {row.pk: _told(row) for row in Action.objects.raw(READ, given)}


def _told(row: Any) -> Told:
    kind = {"id": row.action_type_id, "key": row.type_key, "send_window_id": row.window_id}
    row.action_type = _row(ActionType, kind)
    if row.window_id:
        window = {"id": row.window_id, "document": json.loads(row.window_document)}
        row.action_type.send_window = _row(Calendar, window)
    row.workflow = _row(Workflow, {"id": row.workflow_id, "slug": row.workflow_slug})
    return Told(
        row,
        _row(Content, json.loads(row.content)),
        _decision(json.loads(row.decision)) if row.decision else None,
        [_step(*values) for values in json.loads(row.steps or "[]")],
    )


def _decision(values: dict[str, Any]) -> Decision:
    by = values.pop("by")
    values["created_at"] = datetime.fromisoformat(values["created_at"])
    values["action_id"] = UUID(values["action_id"])
    decision = _row(Decision, values)
    decision.person = _row(Person, {"id": decision.person_id, "username": by})
    return decision


def _step(pk: str, state: str, tier: str, frozen: dict[str, Any], decided_at: str | None) -> Action:
    at = datetime.fromisoformat(decided_at) if decided_at else None
    return Action(**dict(zip(STANDS, (UUID(pk), state, tier, frozen, at), strict=True)))


def _row(model: type[Row], values: dict[str, Any]) -> Row:
    """A row of which these columns are known; the others are fetched when somebody asks."""
    known = [each.attname for each in model._meta.concrete_fields if each.attname in values]
    return model.from_db(DATABASE, known, [values[name] for name in known])
