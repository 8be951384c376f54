"""Libraries that take a yes or a no for a call, over REST: what is answered is what they go on
with, and nobody can edit."""

from typing import Any

import jsonpointer
import pytest

from agents_registry.models import Person, Workflow
from approvals.errors import Conflict
from approvals.models import Action
from tests.api.client import AgentClient
from tests.api.wired import approve, edit, refund, reject

pytestmark = pytest.mark.django_db


def of_ai_sdk(order: str) -> dict[str, Any]:
    called = {"type": "tool-call", "toolCallId": order, "toolName": "refund"}
    call = {**called, "input": refund(order)}
    return {"type": "tool-approval-request", "approvalId": f"aitxt-{order}", "toolCall": call}


def of_agent_framework(order: str) -> dict[str, Any]:
    call = {"type": "function_call", "id": f"af-{order}", "call_id": order, "name": "refund"}
    call["arguments"] = refund(order)
    return {"type": "function_approval_request", "id": f"af-{order}", "function_call": call}


ASKED = {"ai-sdk": of_ai_sdk, "agent-framework": of_agent_framework}


def opened(api: AgentClient, shape: str, workflow: Workflow) -> tuple[str, list[Action]]:
    asked = [ASKED[shape](order) for order in ("A-1", "A-2")]
    thread = api.post(f"/wire/{shape}?workflow={workflow.slug}", asked).json()
    actions = [Action.objects.get(pk=each["id"]) for each in thread["actions"]]
    return f"/wire/{shape}/{thread['thread_id']}", actions


def test_the_ai_sdk_gets_its_tool_message(
    api: AgentClient, workflow: Workflow, reviewer: Person
) -> None:
    thread, (first, second) = opened(api, "ai-sdk", workflow)
    approve(first, reviewer)
    assert api.get(thread).status_code == 202
    reject(second, reviewer, "Paid on Monday.")
    response = {"type": "tool-approval-response"}
    reason = "A person rejected this call. Facts are wrong. Paid on Monday."
    assert api.get(thread).json() == {
        "role": "tool",
        "content": [
            {**response, "approvalId": "aitxt-A-1", "approved": True},
            {**response, "approvalId": "aitxt-A-2", "approved": False, "reason": reason},
        ],
    }


def test_agent_framework_gets_responses_with_what_was_approved(
    api: AgentClient, workflow: Workflow, reviewer: Person
) -> None:
    thread, (first, second) = opened(api, "agent-framework", workflow)
    approve(first, reviewer)
    reject(second, reviewer, "Paid on Monday.")
    taken = api.post(f"{thread}/take").json()
    (message,) = taken["resume"]["messages"]
    assert [each["approved"] for each in message["contents"]] == [True, False]
    assert message["contents"][0]["function_call"]["arguments"] == refund("A-1")
    assert taken["resume"]["options"]["instructions"].endswith(
        "refund (A-2): A person rejected this call. Facts are wrong. Paid on Monday."
    )
    assert [bool(release) for release in taken["releases"]] == [True, False]


@pytest.mark.parametrize("shape", ASKED)
def test_nobody_can_edit_a_call_of_theirs(
    shape: str, api: AgentClient, workflow: Workflow, reviewer: Person
) -> None:
    thread, (first, _) = opened(api, shape, workflow)
    with pytest.raises(Conflict, match="yes or a no"):
        edit(first, reviewer, refund("A-1", 80))
    assert api.get(thread).status_code == 202


@pytest.mark.parametrize(
    ("shape", "pointer"),
    [
        ("ai-sdk", "/1/toolCall/input/amount"),
        ("agent-framework", "/1/function_call/arguments/amount"),
    ],
)
def test_a_payload_that_does_not_fit_is_pointed_at_where_it_stands(
    shape: str, pointer: str, api: AgentClient, workflow: Workflow
) -> None:
    asked = [ASKED[shape](order) for order in ("A-1", "A-2")]
    jsonpointer.set_pointer(asked, pointer, "a lot")
    answer = api.post(f"/wire/{shape}?workflow={workflow.slug}", asked)
    assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]
    assert not Action.objects.exists()
