"""Agents of the OpenAI Agents SDK: run to the end through every interruption.

    from review_queue.openai_agents import run

    result = await run(rq, agent, "Write to Ana.", workflow="support")

Its tools are `@function_tool(needs_approval=True)` over `@rq.guard(…)`: the SDK has no word for an
edit, so it is the guard that calls the function with what a person made of the arguments, and that
reports what came of it.
"""

from typing import Any

from agents import Runner

from review_queue.asynchronous import AsyncClient


async def run(rq: AsyncClient, agent: Any, given: Any, *, workflow: str, **options: Any) -> Any:
    """What `Runner.run(agent, given, **options)` returns once nothing waits any more."""
    result = await Runner.run(agent, given, **options)
    while result.interruptions:
        state = result.to_state()
        decided = await rq.decided("openai-agents", state.to_json(), workflow=workflow)
        _tell(state, decided.resume["decisions"])
        with decided.in_force():
            result = await Runner.run(agent, state, **options)
    return result


def _tell(state: Any, decisions: list[dict[str, Any]]) -> None:
    by_call = {decision["call_id"]: decision for decision in decisions}
    for item in state.get_interruptions():
        decision = by_call[item.call_id]
        if decision["type"] == "reject":
            state.reject(item, rejection_message=decision["rejection_message"])
        else:
            state.approve(item)
