"""Agents of Microsoft Agent Framework: run to the end through every request for approval.

    from review_queue.agent_framework import run

    result = await run(rq, agent, "Write to Ana.", workflow="support")

Its tools are `@tool(approval_mode="always_require")` over `@rq.guard(…)`: then each reports what
came of it. The framework calls what it asked about and nothing else, so an edit is a rejection.
"""

from typing import Any

from agent_framework import Message

from review_queue.asynchronous import AsyncClient


async def run(rq: AsyncClient, agent: Any, prompt: Any, *, workflow: str, **options: Any) -> Any:
    """What `agent.run(prompt, **options)` returns once nothing waits any more, in the session
    given or in one of its own: only what a session remembers asking for can be approved."""
    options["session"] = options.get("session") or agent.create_session()
    result = await agent.run(prompt, **options)
    while asked := _asked(result):
        decided = await rq.decided("agent-framework", asked, workflow=workflow)
        with decided.in_force():
            result = await agent.run(**options | _answered(decided.resume, options.get("options")))
    return result


def _asked(result: Any) -> list[dict[str, Any]]:
    """What waits for approval. Sign-ins and other input are its caller's to give."""
    kind = "function_approval_request"
    return [request.to_dict() for request in result.user_input_requests if request.type == kind]


def _answered(resume: Any, given: Any) -> dict[str, Any]:
    """The responses, with why some are refused after the instructions that this run has anyway."""
    given = given or {}
    said = [each.get("instructions") for each in (given, resume["options"])]
    instructions = "\n".join(filter(None, said))
    return {
        "messages": [Message.from_dict(message) for message in resume["messages"]],
        "options": {**given, "instructions": instructions} if instructions else given,
    }
