"""The AI SDK's approval requests and responses as JSON."""

from typing import Any

import pytest

from approvals.errors import Invalid
from approvals.wire import ai_sdk
from approvals.wire.calls import Answer, Kind

ARGS = {"to": "ana@example.com"}


def call(number: int = 1, **rest: Any) -> dict[str, Any]:
    named = {"toolCallId": f"c{number}", "toolName": "sendEmail", "input": ARGS}
    return {"type": "tool-call", **named, **rest}


def request(number: int = 1, **rest: Any) -> dict[str, Any]:
    """As the content of a result has it."""
    return {
        "type": "tool-approval-request",
        "approvalId": f"aitxt-{number}",
        "toolCall": call(number, **rest),
    }


def stored(number: int = 1, **rest: Any) -> dict[str, Any]:
    """As an assistant message has it."""
    named = {"approvalId": f"aitxt-{number}", "toolCallId": f"c{number}"}
    return {"type": "tool-approval-request", **named, **rest}


def test_each_request_in_the_content_of_a_result_is_a_call() -> None:
    said = {"type": "text", "text": "I write to them."}
    found = ai_sdk.read([said, call(1), call(2), request(1), request(2)])
    assert [each.call_id for each in found.calls] == ["aitxt-1", "aitxt-2"] == found.ids
    assert [each.name for each in found.calls] == ["sendEmail", "sendEmail"]
    assert found.calls[1].args_at == "/4/toolCall/input"


def test_in_a_stored_message_the_call_stands_beside_its_request() -> None:
    other = {"to": "bob@example.com"}
    found = ai_sdk.read([call(1), call(2, input=other), stored(2), stored(1)])
    assert [each.args for each in found.calls] == [other, ARGS]
    assert [each.args_at for each in found.calls] == ["/1/input", "/0/input"]
    assert [each.pointer for each in found.calls] == ["/2", "/3"]


def test_what_the_sdk_decided_by_itself_is_not_asked() -> None:
    automatic = {**request(2), "isAutomatic": True}
    found = ai_sdk.read([request(1), automatic, {**request(3), "isAutomatic": False}])
    assert [each.call_id for each in found.calls] == ["aitxt-1", "aitxt-3"]


def test_the_answer_is_the_tool_message_to_go_on_with() -> None:
    kept = ai_sdk.read([request(1), request(2, providerExecuted=True), request(3)]).kept
    said = [
        Answer(Kind.APPROVE, "sendEmail", ARGS),
        Answer(Kind.APPROVE, "sendEmail", ARGS),
        Answer(Kind.REJECT, "sendEmail", ARGS, "Not today."),
    ]
    response = {"type": "tool-approval-response"}
    assert ai_sdk.resume(kept, said) == {
        "role": "tool",
        "content": [
            {**response, "approvalId": "aitxt-1", "approved": True},
            {**response, "approvalId": "aitxt-2", "approved": True, "providerExecuted": True},
            {**response, "approvalId": "aitxt-3", "approved": False, "reason": "Not today."},
        ],
    }


def test_an_edit_is_a_rejection_because_an_answer_has_no_room_for_it() -> None:
    found = ai_sdk.read([request()])
    said = Answer(Kind.EDIT, "sendEmail", {"to": "bob@example.com"}).within(found.calls[0].can)
    (response,) = ai_sdk.resume(found.kept, [said])["content"]
    assert response["approved"] is False
    assert "rules out" in response["reason"]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, ""),
        ([], ""),
        ([call()], ""),
        ([{**request(), "isAutomatic": True}], ""),
        ([request(), 1], "/1"),
        ([request(), request()], "/1"),
        ([{**request(), "approvalId": 5}], "/0/approvalId"),
        ([{**request(), "toolCall": None}], "/0/toolCall"),
        ([request(toolName="")], "/0/toolCall/toolName"),
        ([request(input=[1])], "/0/toolCall/input"),
        ([{"type": "tool-approval-request", "approvalId": "a"}], "/0/toolCallId"),
        ([call(2), stored(1)], "/1/toolCallId"),
        ([call(1, input="{"), stored(1)], "/0/input"),
    ],
)
def test_what_is_not_of_that_form_is_pointed_at(body: Any, pointer: str) -> None:
    with pytest.raises(Invalid) as refused:
        ai_sdk.read(body)
    assert [fault.pointer for fault in refused.value.faults] == [pointer]
