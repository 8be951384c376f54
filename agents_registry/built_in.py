"""The two action types that every workflow has: an agent may always ask, or hand a case over."""

from typing import Any

from agents_registry.models import ActionType, Workflow
from agents_registry.policy import documents
from agents_registry.policy.floors import BUILT_IN

_WORDS: dict[str, dict[str, Any]] = {
    "escalate": {
        "name": "Hand over to a person",
        "description": "Hands the case to a person when nothing approved fits it.",
        "sentence": "Hand over to a person: {context}",
        "handoff": {
            "trigger": "The agent found nothing that it may do by itself.",
            "context": "Nothing has been done yet. What you answer goes to the agent as it is.",
            "decision_asked": "What is to be done here?",
            "next_steps": ["Read the case.", "Answer the agent, or take the case over."],
        },
        "field": ("context", "What the case is about and what was tried."),
    },
    "ask": {
        "name": "Ask a person",
        "description": "Asks a person something that the agent needs to know to go on.",
        "sentence": "Answer the agent: {question}",
        "handoff": {
            "trigger": "The agent needs to know something before it goes on.",
            "context": "The agent waits for you. It takes your answer for true and acts on it.",
            "decision_asked": "What is the answer?",
            "next_steps": ["Answer in a sentence that the agent can act on."],
        },
        "field": ("question", "The question, in one or two sentences."),
    },
}


def action_types(workflow: Workflow) -> list[ActionType]:
    """The rows for a new workflow, not stored yet."""
    return [ActionType(workflow=workflow, **_fields(key)) for key in BUILT_IN]


def _fields(key: str) -> dict[str, Any]:
    words = dict(_WORDS[key])
    name, description = words.pop("field")
    schema = {
        "type": "object",
        "properties": {name: {"type": "string", "minLength": 1, "description": description}},
        "required": [name],
    }
    return {**documents.builtin(key), **words, "payload_schema": schema}
