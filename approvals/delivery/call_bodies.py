"""Writes the JSON that an agent is called with, from how things stand now."""

import json
from typing import Any

from approvals import answers
from approvals.models import Action, Call

TEST = "webhook.test"


def body(call: Call, action: Action | None) -> str:
    """`{type, timestamp, data}`: what happened, when, and the action as `GET /actions/{id}` answers
    it now. A test is about no action, and names the agent."""
    data = answers.whole_of(action.pk) if action else _about(call)
    document = {
        "type": call.kind,
        "timestamp": answers.instant(call.created_at),
        "data": data,
    }
    return json.dumps(document, ensure_ascii=False)


def _about(call: Call) -> dict[str, Any]:
    return {"agent": call.endpoint.agent.slug}
