"""LangGraph graphs, which LangChain's agents are: run to the end through every interrupt.

    from review_queue.langgraph import run

    result = run(rq, agent, {"messages": [("user", "Write to Ana.")]}, config, workflow="support")

The graph has a checkpointer and a `thread_id` in its config; a run that was interrupted is gone on
with by `run(rq, agent, None, config, …)`. Guard its tools (`rq.guard`): then each reports what came
of it. `shape` is "agent-inbox" for a graph that asks with Agent Inbox's HumanInterrupt.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from langgraph.types import Command

from review_queue.asynchronous import AsyncClient
from review_queue.interrupts import Shape
from review_queue.synchronous import Client


def run(
    rq: Client,
    graph: Any,
    given: Any,
    config: Mapping[str, Any],
    *,
    workflow: str,
    shape: Shape = "langchain",
) -> Any:
    """What `graph.invoke(given, config)` returns once nothing waits any more."""
    result = graph.invoke(given, config)
    while interrupts := result.get("__interrupt__"):
        asked = [asdict(interrupt) for interrupt in interrupts]
        decided = rq.decided(shape, asked, workflow=workflow, run_id=_run_of(config))
        with decided.in_force():
            result = graph.invoke(Command(resume=decided.resume), config)
    return result


async def arun(
    rq: AsyncClient,
    graph: Any,
    given: Any,
    config: Mapping[str, Any],
    *,
    workflow: str,
    shape: Shape = "langchain",
) -> Any:
    """The same with `graph.ainvoke`."""
    result = await graph.ainvoke(given, config)
    while interrupts := result.get("__interrupt__"):
        asked = [asdict(interrupt) for interrupt in interrupts]
        decided = await rq.decided(shape, asked, workflow=workflow, run_id=_run_of(config))
        with decided.in_force():
            result = await graph.ainvoke(Command(resume=decided.resume), config)
    return result


def _run_of(config: Mapping[str, Any]) -> str | None:
    """The graph's own thread is the run: it is the same after a restart."""
    thread_id = config.get("configurable", {}).get("thread_id")
    return None if thread_id is None else str(thread_id)
