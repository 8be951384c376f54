"""Before a decision: stage one or many, ask "may I?", revise, withdraw."""

import re
from dataclasses import replace
from typing import Any
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from agents_registry.models import Agent, Scope
from approvals import answers as said
from approvals import staging, traces
from approvals.api import answers, checking, reading
from approvals.api.problems import problem_of
from approvals.api.schema import operation
from approvals.api.serializers import (
    KEY,
    ActionBody,
    BatchBody,
    ListQuery,
    NothingBody,
    RevisionBody,
)
from approvals.api.views import AgentView, agent_of, asked, need_scope, purpose_of, valid
from approvals.errors import Fault, Invalid
from approvals.proposals import Proposal, Revised
from approvals.states import State
from ledger.canonical import digest

KEY_HEADER = {
    "Idempotency-Key": "1 to 255 printable ASCII characters, your own; for all but reads."
}


class Actions(AgentView):
    scopes = {"GET": Scope.READ, "POST": Scope.STAGE}
    for_tests = True

    @property
    def scope(self) -> Scope:
        """What is pending may be listed with the scope for checking it."""
        pending = self.request.GET.get("state") == State.PENDING
        lists = self.request.method in {"GET", "HEAD"} and pending
        return Scope.CHECK if lists and checking.only_checks(self.request) else super().scope

    @operation(
        "list_actions", "List the agent's actions", {200: answers.ActionListAnswer}, query=ListQuery
    )
    def get(self, request: Request) -> Response:
        """The newest first. To go on, send `next` as `cursor`; `next` is null at the end.

        With the scope `check` and without `read`: what others have `pending` in the workflows of
        this agent, without what is sensitive."""
        query, agent = asked(ListQuery, request), agent_of(request)
        if checking.only_checks(request):
            return Response(checking.page_of(agent, query))
        return Response(reading.page_of(agent, query))

    @operation(
        "stage_action",
        "Stage an action",
        {201: answers.ActionAnswer},
        body=ActionBody,
        refuses=(404, 409, 422, 423),
        takes=KEY_HEADER,
        gives={
            "Location": "Where the action is.",
            "Idempotency-Replayed": "true when the key had been answered before.",
        },
    )
    def post(self, request: Request) -> Response:
        """Judged by the policy at once: `approved` needs no person, `pending` waits for one,
        `blocked` is on record and never done. The same key and body give the same answer."""
        proposal, take = proposal_of(request.data)
        proposal = replace(proposal, **_around(request))
        if take:
            need_scope(request, Scope.RELEASE)
        staged = staging.stage(
            agent=agent_of(request), proposal=proposal, key=key_of(request), take=take
        )
        location = reverse("api:action", kwargs={"action_id": staged.answer["id"]})
        replayed = {"Idempotency-Replayed": "true"} if staged.replayed else {}
        return Response(staged.answer, status=201, headers={"Location": location, **replayed})


class Batch(AgentView):
    scopes = {"POST": Scope.STAGE}
    for_tests = True

    @operation("stage_batch", "Stage up to 200 actions", {207: answers.BatchAnswer}, body=BatchBody)
    def post(self, request: Request) -> Response:
        """Each item stands for itself, in a transaction of its own; results are in order. In
        `depends_on` an earlier item of the same batch is also named by its `idempotency_key`."""
        agent, items = agent_of(request), valid(BatchBody, request.data)["actions"]
        if any(isinstance(item, dict) and item.get("take") for item in items):
            need_scope(request, Scope.RELEASE)
        around = _around(request)
        ids: dict[str, str] = {}
        results = [_batch_item(agent, item, place, around, ids) for place, item in enumerate(items)]
        return Response({"results": results}, status=207)


class Check(AgentView):
    scopes = {"POST": Scope.STAGE}
    for_tests = True

    @operation(
        "check_action",
        "Ask whether an action needs a person",
        {200: answers.CheckAnswer},
        body=ActionBody,
        refuses=(404,),
    )
    def post(self, request: Request) -> Response:
        """What staging would answer. Nothing is stored."""
        proposal, _ = proposal_of(request.data)
        proposal = replace(proposal, **_around(request))
        return Response(staging.check(agent=agent_of(request), proposal=proposal))


class Revise(AgentView):
    scopes = {"POST": Scope.STAGE}

    @operation(
        "revise_action",
        "Revise an action that was sent back",
        {200: answers.ActionAnswer},
        body=RevisionBody,
        refuses=(404, 409),
    )
    def post(self, request: Request, action_id: UUID) -> Response:
        """Puts a new revision, judged afresh, with a deadline and a chain that begin anew."""
        revised = Revised(**valid(RevisionBody, request.data))
        action = staging.revise(agent=agent_of(request), action_id=action_id, revised=revised)
        return Response(said.whole_of(action.pk))


class Withdraw(AgentView):
    scopes = {"POST": Scope.STAGE}

    @operation(
        "withdraw_action",
        "Withdraw an action that nobody decided",
        {200: answers.ActionAnswer},
        body=NothingBody,
        refuses=(404, 409),
    )
    def post(self, request: Request, action_id: UUID) -> Response:
        """It leaves the inbox; what was decided can no longer be withdrawn."""
        valid(NothingBody, request.data)
        action = staging.withdraw(agent=agent_of(request), action_id=action_id)
        return Response(said.whole_of(action.pk))


def proposal_of(body: Any) -> tuple[Proposal, bool]:
    """A checked submission, and whether it is to be taken at once if it needs no person."""
    fields = valid(ActionBody, body)
    take = fields.pop("take", False)
    return Proposal(**fields, digest=digest(body)), take


def _around(request: Request) -> dict[str, Any]:
    """What a submission takes from its token and headers: its purpose, and the OpenTelemetry trace
    in which it was made; one named in `trace` goes before."""
    trace_id = traces.trace_id_of_header(request.headers.get("traceparent", ""))
    return {"purpose": purpose_of(request), "trace_id": trace_id}


def key_of(request: Request) -> str | None:
    """The Idempotency-Key header, or None; Invalid when it cannot be one."""
    return _checked_key(request.headers.get("Idempotency-Key"), "/headers/Idempotency-Key")


def _checked_key(key: Any, pointer: str) -> str | None:
    if key is not None and not (isinstance(key, str) and re.fullmatch(KEY, key)):
        detail = "An idempotency key has 1 to 255 printable ASCII characters."
        fault = Fault(pointer, "idempotency_key_invalid", detail)
        raise Invalid(detail, code="idempotency_key_invalid", faults=[fault])
    return key


def _batch_item(
    agent: Agent, item: Any, place: int, around: dict[str, Any], ids: dict[str, str]
) -> dict[str, Any]:
    """`ids` are those of the items before it, by their keys, and then its own as well."""
    try:
        key, body = _key_and_body(item)
        proposal, take = proposal_of(_with_ids(body, ids))
        proposal = replace(proposal, **around)
        staged = staging.stage(agent=agent, proposal=proposal, key=key, take=take)
    except Exception as error:
        problem = problem_of(error)
        return {"status": problem.status, "problem": problem.document(f"/actions/{place}")}
    if key:
        ids[key] = staged.answer["id"]
    return {"status": 201, "action": staged.answer, "replayed": staged.replayed}


def _with_ids(body: Any, ids: dict[str, str]) -> Any:
    """The same with ids in the place of keys of the same batch."""
    steps = body.get("depends_on") if isinstance(body, dict) else None
    if not isinstance(steps, list):
        return body
    named = [ids.get(step, step) if isinstance(step, str) else step for step in steps]
    return {**body, "depends_on": named}


def _key_and_body(item: Any) -> tuple[str | None, Any]:
    """Takes the key out of a batch's item: what is left is the body of a single submission."""
    if not isinstance(item, dict):
        return None, item
    key = _checked_key(item.get("idempotency_key"), "/idempotency_key")
    return key, {name: value for name, value in item.items() if name != "idempotency_key"}
