"""The review queue as tools of an MCP server, over stdio or streamable HTTP.

Whoever uses them has nothing to remember but an action's id: staging, waiting, taking and
reporting may each come from another session.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any, Literal, cast
from uuid import uuid4

from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import Field
from starlette.requests import Request

from review_queue.asynchronous import AsyncClient
from review_queue.errors import NotDone, StillPending
from review_queue.models import Action, Decision
from review_queue.requests import LEASE_SECONDS, Details
from review_queue.runs import Run

HOST = "127.0.0.1"
LONGEST_WAIT = 50.0  # MCP clients give up on a call after a minute
INSTRUCTIONS = """\
Ask here before you do anything that a person may have to approve.

1. `me` lists the workflows and action types that you may use, with the schema of each payload.
2. `stage` what you want to do. The answer's `next` says how to go on.
3. `wait` until it is decided, as often as it takes. Silence never approves.
4. `take` it: do exactly what its `payload` says, which a person may have changed, once.
5. `report` what came of it with its `lease_id`, before `lease_expires_at`.
"""
NEXT = {
    "pending": "A person decides: call `wait` with this id.",
    "approved": "Call `take` with this id, then do what its payload says.",
    "changes_requested": "Read the comment, and `stage` a better version with another key.",
    "released": "It is taken. Whoever has the lease does it and calls `report`.",
    "unknown": "It was taken and never reported: do not do it again. A person finds out.",
    "succeeded": "It is done: do not do it again.",
}
OVER = "It is over: do not do it."

ActionId = Annotated[str, Field(description="The `id` that `stage` answered.")]
Payload = Annotated[
    dict[str, Any], Field(description="What is to be done, as the type's `payload_schema` says.")
]
More = Annotated[
    dict[str, Any] | None,
    Field(
        description="What else a person is told: summary, before, confidence, evidence, handoff, "
        "subject, trace… as in POST /api/v1/actions."
    ),
]


def serve(*, url: str | None = None, token: str | None = None, port: int | None = None) -> None:
    """Serves until its client leaves, or on `port` until it is stopped. Address and token fall
    back to REVIEW_QUEUE_URL and REVIEW_QUEUE_TOKEN."""
    if port is None:
        made(url, token).run("stdio")
    else:
        made(url, token).run("streamable-http", host=HOST, port=port)


def made(url: str | None = None, token: str | None = None) -> MCPServer:
    """The server. Over HTTP a caller's own `Authorization` header goes before `token`."""
    server: MCPServer = MCPServer(
        "review-queue", title="Review Queue", instructions=INSTRUCTIONS, log_level="WARNING"
    )
    tools = Tools(url, token)
    for tool in (tools.me, tools.check, tools.stage, tools.wait, tools.take, tools.report):
        server.tool()(tool)
    return server


class Tools:
    """The tools; their docstrings are what a model reads."""

    def __init__(self, url: str | None, token: str | None) -> None:
        self.url, self.token = url, token
        self.run_id = f"mcp-{uuid4()}"

    async def me(self, ctx: Context) -> dict[str, Any]:
        """What you may do: your workflows, their action types, and the schema of each payload."""
        async with self._queue(ctx) as rq:
            return await rq.me()

    async def check(
        self, ctx: Context, workflow: str, action_type: str, payload: Payload, details: More = None
    ) -> dict[str, Any]:
        """May I do this? Tells whether a person would be asked, and why. Nothing is stored."""
        async with self._queue(ctx) as rq:
            given = cast(Details, details or {})
            return dict((await rq.check(workflow, action_type, payload, **given)).raw)

    async def stage(
        self,
        ctx: Context,
        workflow: str,
        action_type: str,
        payload: Payload,
        details: More = None,
        key: Annotated[
            str | None,
            Field(
                description="Names the thing to be done. The same key is the same action, "
                "however often it is staged. Without one the same payload is the same action."
            ),
        ] = None,
    ) -> dict[str, Any]:
        """Asks to do something. Nothing is done by this: read `state` and `next`."""
        given = cast(Details, details or {})
        if key is None:
            given = {"run_id": self._run_id(ctx), **given}
            with Run(given["run_id"]).call(workflow, action_type, payload) as call:
                key = call.key
        async with self._queue(ctx) as rq:
            action = await rq.stage(workflow, action_type, payload, key=key, **given)
            return told(await rq.get(action.id) if action.replayed else action)

    async def wait(
        self,
        ctx: Context,
        action_id: ActionId,
        seconds: Annotated[float, Field(ge=0, le=LONGEST_WAIT)] = LONGEST_WAIT,
    ) -> dict[str, Any]:
        """Waits until a person decides. Still `pending` afterwards: call it again."""
        async with self._queue(ctx) as rq:
            try:
                return told(await rq.wait(action_id, timeout=seconds))
            except StillPending as waiting:
                return told(waiting.action)

    async def take(
        self,
        ctx: Context,
        action_id: ActionId,
        lease_seconds: Annotated[int, Field(ge=1, le=86_400)] = LEASE_SECONDS,
    ) -> dict[str, Any]:
        """Takes an approved action. Do exactly what `payload` says, once, give `release_id` to the
        system that you call as its idempotency key, and `report` before `lease_expires_at`."""
        async with self._queue(ctx) as rq:
            return dict((await rq.take(action_id, lease_seconds=lease_seconds)).raw)

    async def report(
        self,
        ctx: Context,
        action_id: ActionId,
        lease_id: Annotated[str, Field(description="From `take`.")],
        status: Literal["succeeded", "failed"],
        after: Annotated[
            dict[str, Any] | None, Field(description="The state of the target afterwards.")
        ] = None,
        error: Annotated[str | None, Field(description="Why it failed.")] = None,
    ) -> dict[str, Any]:
        """Says what came of what you took."""
        async with self._queue(ctx) as rq:
            return told(await rq.report(action_id, lease_id, status, after=after, error=error))

    @asynccontextmanager
    async def _queue(self, ctx: Context) -> AsyncIterator[AsyncClient]:
        """A client for whoever calls; what it refuses is told to the model, not hidden."""
        try:
            async with AsyncClient(self.url, _token_of(ctx) or self.token) as rq:
                yield rq
        except (NotDone, TypeError) as refusal:
            raise ToolError(str(refusal)) from refusal

    def _run_id(self, ctx: Context) -> str:
        """One run for a process over stdio, which has one caller; none shared over HTTP."""
        return f"mcp-{uuid4()}" if _is_http(ctx) else self.run_id


def told(action: Action) -> dict[str, Any]:
    """An action as a model reads it: what is decided, why, and what to do now."""
    return {
        "id": action.id,
        "state": action.state,
        "tier": action.tier,
        "sentence": action.sentence,
        "because": action.because,
        "decision": _decision(action.decision) if action.decision else None,
        "review_url": action.review_url,
        "next": NEXT.get(action.state, OVER),
    }


def _decision(decision: Decision) -> dict[str, Any]:
    names = ("verdict", "by", "reason", "comment", "edits", "answer")
    return {name: decision.raw[name] for name in names if decision.raw[name] is not None}


def _is_http(ctx: Context) -> bool:
    return ctx.request_context.request is not None


def _token_of(ctx: Context) -> str:
    """The bearer token of an HTTP request; empty over stdio."""
    request: Request | None = ctx.request_context.request
    return request.headers.get("authorization", "").removeprefix("Bearer ") if request else ""
