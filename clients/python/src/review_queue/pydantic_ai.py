"""Pydantic AI agents: run to the end through every call that waits for approval.

    from review_queue.pydantic_ai import run

    result = await run(rq, agent, "Write to Ana.", workflow="support")

The agent has `output_type=[…, DeferredToolRequests]` and tools with `requires_approval=True`. Guard
them (`rq.guard`): then each reports what came of it.
"""

from typing import Any

from pydantic import TypeAdapter
from pydantic_ai import DeferredToolRequests, DeferredToolResults

from review_queue.asynchronous import AsyncClient
from review_queue.synchronous import Client

_requests = TypeAdapter(DeferredToolRequests)
_results = TypeAdapter(DeferredToolResults)


def run_sync(rq: Client, agent: Any, prompt: Any, *, workflow: str, **options: Any) -> Any:
    """What `agent.run_sync(prompt, **options)` returns once nothing waits any more."""
    result = agent.run_sync(prompt, **options)
    while isinstance(result.output, DeferredToolRequests):
        decided = rq.decided("pydantic-ai", _asked(result.output), workflow=workflow)
        with decided.in_force():
            result = agent.run_sync(**options | _answered(result, decided.resume))
    return result


async def run(rq: AsyncClient, agent: Any, prompt: Any, *, workflow: str, **options: Any) -> Any:
    """What `agent.run(prompt, **options)` returns once nothing waits any more."""
    result = await agent.run(prompt, **options)
    while isinstance(result.output, DeferredToolRequests):
        decided = await rq.decided("pydantic-ai", _asked(result.output), workflow=workflow)
        with decided.in_force():
            result = await agent.run(**options | _answered(result, decided.resume))
    return result


def _asked(requests: DeferredToolRequests) -> Any:
    return _requests.dump_python(requests, mode="json")


def _answered(result: Any, resume: Any) -> dict[str, Any]:
    return {
        "message_history": result.all_messages(),
        "deferred_tool_results": _results.validate_python(resume),
    }
