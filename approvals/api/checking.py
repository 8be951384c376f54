"""What a checker is answered about the pending actions of others: nothing that is sensitive."""

from typing import Any
from uuid import UUID

from django.db.models import F, Prefetch
from rest_framework.request import Request

from agents_registry.models import Agent, AgentToken, Scope
from approvals import answers, dependencies, opinions, redacting
from approvals.api import cursors
from approvals.errors import Missing
from approvals.models import Content

PAGE = 50


def only_checks(request: Request) -> bool:
    """Whether its token may check and not read: then what others staged is what it sees."""
    token = request.auth
    scopes = token.scopes if isinstance(token, AgentToken) else []
    return Scope.CHECK in scopes and Scope.READ not in scopes


def one(checker: Agent, action_id: UUID) -> dict[str, Any]:
    """A single pending action with its content; Missing for what it may not check."""
    action = _pending(checker).filter(pk=action_id).first()
    if action is None:
        raise Missing("Nothing like it is pending in the workflows of this agent.")
    (content,) = action.current
    return redacting.redacted(answers.action(action, content=content), action, content)


def page_of(checker: Agent, query: dict[str, Any]) -> dict[str, Any]:
    """One page of them by keyset on the id, which sorts by time."""
    limit = query.get("limit", PAGE)
    rows = _pending(checker)
    named = {"workflow": "workflow__slug", "run_id": "run_id"}
    rows = rows.filter(**{column: query[name] for name, column in named.items() if name in query})
    if cursor := query.get("cursor"):
        rows = rows.filter(id__lt=cursors.action_of(cursor, name="cursor"))
    found = list(rows[: limit + 1])
    return {
        "results": [
            redacting.redacted(answers.listed(action), action, action.current[0])
            for action in found[:limit]
        ],
        "next": cursors.for_action(found[limit - 1].pk) if len(found) > limit else None,
    }


def _pending(checker: Agent) -> Any:
    now = Content.objects.filter(revision=F("action__revision"))
    return (
        opinions.pending_for(checker)
        .select_related("workflow", "action_type__send_window")
        .prefetch_related(dependencies.WAITS_FOR, Prefetch("contents", now, "current"))
        .order_by("-id")
    )
