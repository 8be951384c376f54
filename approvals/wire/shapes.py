"""PURE: whose shapes are known, by the name that they have in the address."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from approvals.wire import (
    agent_framework,
    agent_inbox,
    ai_sdk,
    langchain,
    openai_agents,
    pydantic_ai,
)
from approvals.wire.calls import Answer, Interrupt


@dataclass(frozen=True, slots=True)
class Shape:
    """How a library's interrupt is read, and how the verdicts on it are written."""

    read: Callable[[Any], Interrupt]
    resume: Callable[[dict[str, Any], Sequence[Answer]], Any]


SHAPES: Mapping[str, Shape] = {
    "langchain": Shape(langchain.read, langchain.resume),
    "agent-inbox": Shape(agent_inbox.read, agent_inbox.resume),
    "openai-agents": Shape(openai_agents.read, openai_agents.resume),
    "pydantic-ai": Shape(pydantic_ai.read, pydantic_ai.resume),
    "agent-framework": Shape(agent_framework.read, agent_framework.resume),
    "ai-sdk": Shape(ai_sdk.read, ai_sdk.resume),
}
