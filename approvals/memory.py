"""What an agent may know of a subject before it acts: what was done and decided, and guidance."""

from typing import Any
from uuid import UUID

from django.db.models import F, Prefetch, QuerySet

from agents_registry.models import Agent
from approvals import four_eyes, guidance, redacting, results
from approvals.answers import instant, is_settling
from approvals.models import DECIDING, Action, Content, Decision, Purpose, Result
from approvals.states import State
from ledger import clock

RESULTS = 20
"""The newest business results of one action that are told."""


def history(
    *, agent: Agent, subject_type: str, subject_id: str, before: UUID | None, limit: int
) -> tuple[list[dict[str, Any]], bool]:
    """The live actions about the subject in the agent's own workflows, whoever staged them, the
    newest first; and whether there are more. In a number of queries that does not grow."""
    rows = list(_about(agent, subject_type, subject_id, before)[: limit + 1])
    now = clock.now()
    return [_row(each, agent, is_settling(each, now)) for each in rows[:limit]], len(rows) > limit


def guidance_for(*, agent: Agent, subject_type: str, subject_id: str) -> list[dict[str, Any]]:
    """What people want remembered about the subject, as it stands now."""
    standing = guidance.for_agent(agent, subject_type, subject_id)
    return [guidance.said_of(each) for each in standing]


def _about(
    agent: Agent, subject_type: str, subject_id: str, before: UUID | None
) -> QuerySet[Action]:
    contents = Content.objects.filter(revision=F("action__revision"))
    given = Decision.objects.filter(
        undone_at__isnull=True, verdict__in=DECIDING, revision=F("action__revision")
    )
    reported = Result.objects.order_by("-at", "-id")[:RESULTS]
    rows = Action.objects.filter(
        team=agent.team_id,
        subject_type=subject_type,
        subject_id=subject_id,
        workflow__in=agent.workflows.all(),
        purpose=Purpose.LIVE,
    )
    if before:
        rows = rows.filter(id__lt=before)
    return (
        rows.select_related("workflow", "action_type")
        .prefetch_related(
            Prefetch("contents", contents, "current"),
            Prefetch("decisions", four_eyes.told(given).order_by("-id"), "given"),
            Prefetch("results", reported, "reported"),
        )
        .order_by("-id")
    )


def _row(action: Any, agent: Agent, settling: bool) -> dict[str, Any]:
    """One action; what its schema calls sensitive is in none of its words."""
    (content,) = action.current
    told = [] if settling or action.state == State.PENDING else action.given
    said = {
        "action_id": str(action.pk),
        "own": action.agent_id == agent.pk,
        "workflow": action.workflow.slug,
        "action_type": action.action_type.key,
        "sentence": action.sentence,
        "state": State.PENDING if settling else action.state,
        "staged_at": instant(action.created_at),
        "decided_at": None if settling else instant(action.decided_at),
        "decision": _decision(told[0]) if told else None,
        "claimed_results": [results.said_of(each) for each in action.reported],
    }
    return redacting.redacted(said, action, content)


def _decision(decision: Decision) -> dict[str, Any]:
    """Without who gave it."""
    return {
        "verdict": decision.verdict,
        "reason": decision.reason or None,
        "cause": decision.cause or None,
        "comment": decision.comment or None,
        "at": instant(decision.created_at),
    }
