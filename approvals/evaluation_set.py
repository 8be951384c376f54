"""What people decided, as cases to try an agent on: what it knew, what it said, what they said."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.db.models import QuerySet

from agents_registry.models import Agent, Workflow
from approvals import four_eyes, redacting, usage
from approvals.answers import instant
from approvals.models import APPROVING, DECIDING, Action, Content, Decision, Purpose, Verdict
from ledger import clock

SETTLED = timedelta(minutes=10)
"""Longer than any verdict settles, and than storing one takes: behind it nothing turns up late."""

PAGE = 100
MOST = 10_000
"""Cases of one download: the newest."""

PAYLOADS = ("before", "agent_answer", "human_answer")


def of_agent(*, agent: Agent, workflow: Workflow, after: int, limit: int) -> list[Any]:
    """Decisions on this agent's own actions behind the id `after`, the oldest first, each with its
    line: pairs of id and JSON."""
    return _lines(_decisions(workflow).filter(action__agent=agent), after, limit)


def whole(workflow: Workflow) -> Iterator[dict[str, Any]]:
    """All of the workflow's, the oldest first, page by page: at most the newest MOST."""
    decisions = _decisions(workflow)
    older = decisions.order_by("-id").values_list("id", flat=True)[MOST : MOST + 1]
    after = next(iter(older), 0)
    while page := _lines(decisions, after, PAGE):
        yield from (line for _, line in page)
        after = page[-1][0]


def _decisions(workflow: Workflow) -> QuerySet[Decision]:
    given = Decision.objects.filter(
        action__workflow=workflow,
        action__purpose=Purpose.LIVE,
        verdict__in=DECIDING,
        undone_at__isnull=True,
        created_at__lt=clock.now() - SETTLED,
    )
    return four_eyes.told(given)


def _lines(decisions: QuerySet[Decision], after: int, limit: int) -> list[tuple[int, Any]]:
    rows = list(
        decisions.filter(id__gt=after)
        .select_related("action__workflow", "action__action_type")
        .order_by("id")[:limit]
    )
    contents = {
        (content.action_id, content.revision): content
        for content in Content.objects.filter(action__in=[row.action_id for row in rows])
    }
    used = usage.used_of(row.action for row in rows)
    return [
        (row.pk, _line(row, contents[row.action_id, row.revision], used.get(row.action_id)))
        for row in rows
    ]


def _line(decision: Decision, content: Content, used: str | None) -> dict[str, Any]:
    """One case, without what the type's schema calls sensitive."""
    action, edit = decision.action, four_eyes.edit_behind(decision)
    line = {
        "action_id": str(action.pk),
        "revision": decision.revision,
        "workflow": action.workflow.slug,
        "action_type": action.action_type.key,
        "agent_version": action.agent_version,
        "before": content.before,
        "input": _input(action, content),
        "agent_answer": content.payload,
        "human_answer": _human_answer(decision, content),
        "verdict": edit.verdict,
        "reason": decision.reason or None,
        "cause": decision.cause or None,
        "comment": decision.comment or edit.comment or None,
        "used": used,
        "at": instant(decision.created_at),
    }
    shown = redacting.without_secrets(line, action.action_type.payload_schema, PAYLOADS)
    shown["input"]["before"] = shown.pop("before")
    return shown


def _input(action: Action, content: Content) -> dict[str, Any]:
    """What the agent had before it when it asked."""
    subject = {"type": action.subject_type, "id": action.subject_id}
    return {
        "subject": subject if action.subject_id else None,
        "handoff": content.handoff,
        "signals": content.signals,
        "evidence": content.evidence,
    }


def _human_answer(decision: Decision, content: Content) -> Any:
    """What a person would have had: the payload that may be done, or their own answer; null where
    nothing was right."""
    if decision.verdict in APPROVING:
        return decision.edited_payload or content.payload
    return decision.answer if decision.verdict == Verdict.ANSWERED else None
