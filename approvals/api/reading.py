"""What an agent may read: itself, its actions, and the verdicts on them."""

import hashlib
import json
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Prefetch
from django.utils.http import parse_etags
from rest_framework.request import Request
from rest_framework.response import Response

from agents_registry import revisions, standards, stops
from agents_registry.models import (
    ActionType,
    Agent,
    AgentToken,
    Scope,
    Standard,
    StopKind,
    Workflow,
)
from approvals import answers as said
from approvals import dependencies, feed, pressure, told, usage
from approvals.api import answers, checking, cursors, own_answers
from approvals.api.renderers import JSONLinesRenderer, JSONRenderer
from approvals.api.schema import operation
from approvals.api.serializers import DecisionsQuery
from approvals.api.views import AgentView, agent_of, asked
from approvals.delivery.waiting import ASKED_BY_HEADER, LONGEST_WAIT, PENDING_HEADER, wait_seconds
from approvals.errors import Missing
from approvals.models import Action, Decision
from approvals.pressure import Queue
from approvals.settling import CAN_BE_UNDONE, seconds_left
from approvals.states import State
from ledger import clock

PAGE = 50
FEED_PAGE = 100
THRESHOLD = ("metric", "operator", "limit", "currency", "effect")


class Me(AgentView):
    scopes = {"GET": Scope.READ}

    @operation("me", "What this agent may do", {200: own_answers.MeAnswer})
    def get(self, request: Request) -> Response:
        """Its workflows with their action types, as they apply now."""
        agent = agent_of(request)
        stopped = {(stop.kind, stop.target) for stop in stops.in_force(agent.team)}
        status = _status(stopped, StopKind.AGENT, stops.agent_target(agent))
        types = ActionType.objects.filter(retired_at__isnull=True)
        workflows = agent.workflows.select_related("calendar").prefetch_related(
            Prefetch("action_types", queryset=types)
        )
        inherited = standards.inherited_by(workflows)
        now = clock.now()
        queues = pressure.queues(agent=agent, workflows=workflows, now=now)
        return Response(
            {
                "agent": {"slug": agent.slug, "name": agent.name, "status": status},
                "token": _token(request),
                "workflows": [
                    {
                        **_workflow(workflow, stopped, inherited[workflow.pk]),
                        "waiting": _waiting(agent, queues[workflow.pk], now),
                    }
                    for workflow in workflows
                ],
            }
        )


class OneAction(AgentView):
    scopes = {"GET": Scope.READ}

    @property
    def scope(self) -> Scope:
        """Of what it may check, an agent reads others' actions with the scope for that."""
        checks = self.request.method in {"GET", "HEAD"} and checking.only_checks(self.request)
        return Scope.CHECK if checks and not self._is_own() else super().scope

    def _is_own(self) -> bool:
        own = Action.objects.filter(pk=self.kwargs["action_id"], agent=agent_of(self.request))
        return own.exists()

    @operation(
        "read_action",
        "Read one action",
        {200: answers.ActionAnswer, 304: None},
        refuses=(404,),
        takes={
            "If-None-Match": "The ETag of what you have: 304 while it is the same.",
            "Prefer": "`wait=30` answers as soon as it leaves `pending`, at most 60 seconds.",
        },
        gives={"ETag": "Changes with the action.", "Preference-Applied": "`wait` was heeded."},
    )
    def get(self, request: Request, action_id: UUID) -> Response:
        """Its state, its verdict, its content as the agent sent it. With the scope `check` and
        without `read`: one that another agent has pending in its workflows, without what is
        sensitive."""
        if checking.only_checks(request):
            return Response(checking.one(agent_of(request), action_id))
        read = told.read([action_id]).get(action_id)
        if read is None or read.action.agent_id != agent_of(request).pk:
            raise Missing("This agent has no such action.")
        answer = said.whole(read)
        etag = etag_of(answer)
        known = parse_etags(request.headers.get("If-None-Match", ""))
        same = any(tag.removeprefix("W/") in {etag, "*"} for tag in known)
        response = Response(None if same else answer, status=304 if same else 200)
        response.headers["ETag"] = etag
        if answer["state"] == State.PENDING and wait_seconds(request.headers.get("Prefer", "")):
            response.headers[PENDING_HEADER] = str(ask_again(read.action))
            response.headers[ASKED_BY_HEADER] = str(request.auth.pk)
        return response


class Decisions(AgentView):
    scopes = {"GET": Scope.READ}
    renderer_classes = (JSONRenderer, JSONLinesRenderer)

    @operation(
        "follow_decisions",
        "Follow the verdicts on the agent's actions",
        {
            (200, "application/json"): answers.DecisionListAnswer,
            (200, "application/jsonl"): answers.LearnedAnswer,
        },
        query=DecisionsQuery,
    )
    def get(self, request: Request) -> Response:
        """The oldest first. `next` is where to go on, now or later: keep it. With
        `Accept: application/jsonl` one decision a line, each with its own cursor."""
        query = asked(DecisionsQuery, request)
        after = query.get("after")
        decisions = feed.learned(
            agent=agent_of(request),
            after=cursors.decision_of(after, name="after") if after else 0,
            limit=query.get("limit", FEED_PAGE),
        )
        used = usage.used_of(decision.action for decision in decisions)
        results = [_learned(each, used.get(each.action_id)) for each in decisions]
        return Response({"results": results, "next": results[-1]["cursor"] if results else after})


def etag_of(answer: dict[str, Any]) -> str:
    """Changes with anything that the answer says."""
    return f'"{hashlib.sha256(json.dumps(answer).encode()).hexdigest()[:32]}"'


def ask_again(action: Action) -> float:
    """Seconds after which the answer changes by itself: when a verdict has settled."""
    decided = action.state in CAN_BE_UNDONE
    return (decided and seconds_left(action, clock.now())) or LONGEST_WAIT


def page_of(agent: Agent, query: dict[str, Any]) -> dict[str, Any]:
    """One page of the agent's actions by keyset on the id, which sorts by time."""
    limit = query.get("limit", PAGE)
    actions = list(_own_actions(agent).filter(**_filters(query)).order_by("-id")[: limit + 1])
    shown, more = actions[:limit], len(actions) > limit
    decided = any(action.state in CAN_BE_UNDONE for action in shown)
    now = clock.now() if decided else None
    return {
        "results": [said.listed(action, now=now) for action in shown],
        "next": cursors.for_action(shown[-1].pk) if more else None,
    }


def _filters(query: dict[str, Any]) -> dict[str, Any]:
    named = {"state": "state", "workflow": "workflow__slug", "run_id": "run_id"}
    filters = {column: query[name] for name, column in named.items() if name in query}
    if query.get("state") == State.APPROVED:
        filters["releasable_from__lte"] = clock.now()
    if cursor := query.get("cursor"):
        filters["id__lt"] = cursors.action_of(cursor, name="cursor")
    return filters


def _own_actions(agent: Agent) -> Any:
    actions = Action.objects.filter(agent=agent).prefetch_related(dependencies.WAITS_FOR)
    return actions.select_related("workflow", "action_type__send_window")


def _learned(decision: Decision, used: str | None) -> dict[str, Any]:
    action = decision.action
    return {
        "cursor": cursors.for_decision(decision.pk),
        **said.decided(decision),
        "workflow": action.workflow.slug,
        "action_type": action.action_type.key,
        "run_id": action.run_id,
        "used": used,
    }


def _token(request: Request) -> dict[str, Any]:
    token = request.auth
    assert isinstance(token, AgentToken)
    ends = said.instant(token.expires_at)
    return {"test": token.test, "scopes": token.scopes, "expires_at": ends}


def _waiting(agent: Agent, queue: Queue, now: datetime) -> dict[str, int | None]:
    return {
        "pending": queue.own,
        "most": agent.most_pending,
        "expected_wait_seconds": queue.expected(now),
    }


def _workflow(
    workflow: Workflow, stopped: set[tuple[str, str]], inherited: list[Standard]
) -> dict[str, Any]:
    types = workflow.action_types.all()
    return {
        "slug": workflow.slug,
        "name": workflow.name,
        "status": _status(stopped, StopKind.WORKFLOW, stops.workflow_target(workflow)),
        "action_types": [_allowed(action_type, inherited) for action_type in types],
    }


def _allowed(action_type: ActionType, inherited: list[Standard]) -> dict[str, Any]:
    policy = revisions.policy_document(action_type, inherited)
    return {
        "key": action_type.key,
        "verb": action_type.verb,
        "authority_level": action_type.authority_level,
        "authority": action_type.authority,
        "mode": policy["mode"],
        "blast_radius": action_type.blast_radius,
        "reversibility": action_type.reversibility,
        "confidence_line": policy["confidence_line"],
        "thresholds": [{name: row.get(name) for name in THRESHOLD} for row in policy["thresholds"]],
        "payload_schema": action_type.payload_schema,
        "idempotent": action_type.idempotent,
    }


def _status(stopped: set[tuple[str, str]], kind: StopKind, target: str) -> str:
    return "paused" if (kind, target) in stopped else "active"
