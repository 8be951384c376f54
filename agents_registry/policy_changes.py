"""Keeps each step from one policy of an action type to the next, whatever row it was made at."""

from collections.abc import Iterator, Mapping
from typing import Any

from agents_registry import revisions, standards
from agents_registry.changes.directions import Direction, direction_between
from agents_registry.changes.rows import Row, team_of
from agents_registry.models import ActionType, Person, PolicyChange, Standard, Workflow
from agents_registry.policy.floors import BUILT_IN
from ledger import clock

Policies = dict[ActionType, dict[str, Any]]
"""What each of some action types is judged by."""

REACHING = {Workflow: {"standards"}, Standard: {"rules", "everywhere"}}
"""The fields of other rows by which action types are judged too."""


def reached(row: Row, fields: Mapping[str, Any]) -> Policies:
    """The policies, as they are now, of the stored types that a change of these fields reaches."""
    if row._state.adding and not isinstance(row, Standard):
        return {}
    if isinstance(row, ActionType):
        stored = ActionType.objects.select_related("workflow").get(pk=row.pk)
        return {stored: revisions.policy_document(stored)}
    if not REACHING.get(type(row), set()).intersection(fields):
        return {}
    return dict(_of(_workflows(row)))


def keep(
    *,
    before: Policies,
    after: Policies,
    author: Person | None,
    reason: str,
    signed_by: Person | None,
) -> dict[str, str]:
    """Writes a step for each type whose policy differs; the new revisions by workflow and key.

    Without an author it was a rule.
    """
    at, steps = clock.now(), dict[str, str]()
    for action_type, document in after.items():
        was = before.get(action_type)
        if was == document:
            continue
        step = PolicyChange.objects.create(
            action_type=action_type,
            before=revisions.store_policy(was) if was else "",
            after=revisions.store_policy(document),
            direction=direction_between(was, document) if was else Direction.NEUTRAL,
            author=author,
            signed_by=signed_by,
            reason=reason,
            at=at,
        )
        steps[f"{action_type.workflow.slug}/{action_type.key}"] = step.after
    return steps


def _workflows(row: Row) -> list[Workflow]:
    if isinstance(row, Workflow):
        return [row]
    return list(Workflow.objects.filter(team=team_of(row)).order_by("pk"))


def _of(workflows: list[Workflow]) -> Iterator[tuple[ActionType, dict[str, Any]]]:
    for workflow in workflows:
        inherited = standards.inherited(workflow)
        for action_type in workflow.action_types.exclude(key__in=BUILT_IN):
            yield action_type, revisions.policy_document(action_type, inherited)
