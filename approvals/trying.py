"""Asks a policy that is not saved yet about one recorded action. Nothing is stored."""

from collections.abc import Iterable
from typing import Any

from agents_registry import standards
from agents_registry.models import ActionType, Revision, Standard, Workflow
from agents_registry.policy import documents
from agents_registry.policy.evaluate import evaluate
from agents_registry.policy.findings import Verdict
from agents_registry.policy.shapes import Cumulative, Policy
from agents_registry.revisions import POLICY_FIELDS
from agents_registry.spec.rows import Row
from approvals import judging, repeats, totals
from approvals.judging import Judgement
from approvals.models import Action, Content

MOST = 12
"""Recorded actions to choose from."""


def document_of(key: str, row: Row, inherited: Iterable[Standard]) -> dict[str, Any]:
    """What a type with this row would be judged by, its workflow's standards over it."""
    own = {name: row[name] for name in POLICY_FIELDS if name != "key"}
    return standards.under(
        {"key": key, **own, "confidence_line": row["confidence_line"]}, inherited
    )


def recorded(workflow: Workflow, action_type: ActionType | None) -> list[Action]:
    """The last actions of the type, then those of its neighbours in the workflow."""
    latest = Action.objects.select_related("action_type", "agent").order_by("-created_at")
    own = list(latest.filter(action_type=action_type)[:MOST]) if action_type else []
    others = latest.filter(workflow=workflow).exclude(action_type__key__in=judging.BUILT_IN)
    if action_type:
        others = others.exclude(action_type=action_type)
    return [*own, *others[: MOST - len(own)]]


def tried(action: Action, content: Content, policy: Policy, *, as_type: int | None) -> Verdict:
    """The verdict on what was staged, by the functions that staging asks.

    `as_type` is the id of the type whose policy this is, None while it is new.
    """
    facts = judging.facts_of(
        content,
        confidence=action.confidence,
        subject=_subject(action),
        agent=action.agent.slug,
        workflow=action.workflow.slug,
        circumstances=_circumstances(action, content, policy, as_type),
    )
    verdict = evaluate(policy, facts)
    if content.revision == 1:
        return verdict
    return judging.looked_at_again(Judgement(verdict, policy_revision="")).verdict


def _subject(action: Action) -> dict[str, str]:
    """As it came with the request: what was left out there is left out here."""
    told = {
        "type": action.subject_type,
        "id": action.subject_id,
        "label": action.subject_label,
    }
    return {name: value for name, value in told.items() if value}


def _circumstances(
    action: Action, content: Content, policy: Policy, as_type: int | None
) -> dict[str, Any]:
    """As they were recorded; a sum that nobody needed then is added up now, as of then."""
    known: dict[str, Any] = content.circumstances
    case = totals.Case(
        action_type=as_type or 0,
        agent=action.agent_id,
        subject={"type": action.subject_type, "id": action.subject_id},
        payload=content.payload,
        action=action.pk,
    )
    if policy.again:
        recorded = known.get("again") if as_type == action.action_type_id else None
        at, rules = content.created_at, policy.again
        found = repeats.before(rules, case, team=action.team_id, at=at, recorded=recorded)
        known = {**known, "again": found}
    if not policy.cumulative:
        return known
    then = _limits_then(content) if as_type == action.action_type_id else {}
    kept = {
        limit.id: known["totals"][limit.id]
        for limit in policy.cumulative
        if limit.id in known.get("totals", {}) and _adds_up(limit) == then.get(limit.id)
    }
    fresh = [limit for limit in policy.cumulative if limit.id not in kept]
    added = totals.before(fresh, case, at=action.created_at)
    return {**known, "totals": {**kept, **added}}


def _limits_then(content: Content) -> dict[str, tuple[Any, ...]]:
    """How each limit added up under the policy by which the content was judged."""
    revision = Revision.objects.filter(pk=content.policy_revision).first()
    limits = documents.parse(revision.document).cumulative if revision else ()
    return {limit.id: _adds_up(limit) for limit in limits}


def _adds_up(limit: Cumulative) -> tuple[Any, ...]:
    return (limit.metric, limit.per, limit.within, limit.currency)
