"""Microsoft Agent Framework's approval requests and responses as JSON."""

from typing import Any

import pytest

from approvals.errors import Invalid
from approvals.wire import agent_framework
from approvals.wire.calls import Answer, Kind

ARGS = {"to": "ana@example.com"}


def request(number: int = 1, **called: Any) -> dict[str, Any]:
    """As `Content.to_dict` writes one."""
    return {
        "type": "function_approval_request",
        "id": f"af-call-{number}",
        "user_input_request": True,
        "additional_properties": {},
        "function_call": {
            "type": "function_call",
            "id": f"af-call-{number}",
            "call_id": f"c{number}",
            "name": "send_email",
            "arguments": '{"to": "ana@example.com"}',
            "hosted": False,
            "additional_properties": {},
            **called,
        },
    }


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in request().items() if key != name}


def test_each_request_is_a_call_with_its_own_id() -> None:
    found = agent_framework.read([request(1), request(2, arguments={"to": "bob@example.com"})])
    assert [call.call_id for call in found.calls] == ["af-call-1", "af-call-2"] == found.ids
    assert [call.args["to"] for call in found.calls] == ["ana@example.com", "bob@example.com"]
    assert found.calls[1].args_at == "/1/function_call/arguments"


def test_what_was_called_is_not_kept_beside_the_action() -> None:
    assert "ana@example.com" not in str(agent_framework.read([request()]).kept)


def test_the_agent_is_run_with_a_response_to_each_request() -> None:
    kept = agent_framework.read([request(1), request(2)]).kept
    said = [
        Answer(Kind.APPROVE, "send_email", ARGS),
        Answer(Kind.REJECT, "send_email", ARGS, "Not today.\nAsk again."),
    ]

    def response(number: int, approved: bool) -> dict[str, Any]:
        call = {"call_id": f"c{number}", "id": f"af-call-{number}"}
        named = {"type": "function_call", "name": "send_email", "arguments": ARGS}
        kind = {"type": "function_approval_response", "id": call["id"], "approved": approved}
        return {**kind, "function_call": {**named, **call}}

    assert agent_framework.resume(kept, said) == {
        "messages": [{"role": "user", "contents": [response(1, True), response(2, False)]}],
        "options": {
            "instructions": "These calls were not done:\nsend_email (c2): Not today. Ask again."
        },
    }


def test_where_all_is_approved_nothing_is_said_besides() -> None:
    kept = agent_framework.read([request()]).kept
    said = [Answer(Kind.APPROVE, "send_email", ARGS)]
    assert agent_framework.resume(kept, said)["options"] == {}


def test_an_edit_is_a_rejection_because_other_arguments_would_be_ignored() -> None:
    found = agent_framework.read([request()])
    said = Answer(Kind.EDIT, "send_email", {"to": "bob@example.com"}).within(found.calls[0].can)
    answered = agent_framework.resume(found.kept, [said])
    assert answered["messages"][0]["contents"][0]["approved"] is False
    assert "rules out" in answered["options"]["instructions"]


def test_a_call_that_a_server_carries_out_stays_one() -> None:
    kept = agent_framework.read([request(hosted=True, server_name="files", id=None)]).kept
    said = [Answer(Kind.APPROVE, "send_email", ARGS)]
    (message,) = agent_framework.resume(kept, said)["messages"]
    called = message["contents"][0]["function_call"]
    assert called["hosted"] is True
    assert called["server_name"] == "files"
    assert "id" not in called


@pytest.mark.parametrize("nothing", [None, "", {}, "{}"])
def test_a_call_without_arguments_has_none(nothing: Any) -> None:
    assert agent_framework.read([request(arguments=nothing)]).calls[0].args == {}


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, ""),
        ([], ""),
        ([1], "/0"),
        ([request(), request()], "/1"),
        ([without("type")], "/0/type"),
        ([{**request(), "type": "oauth_consent_request"}], "/0/type"),
        ([without("function_call")], "/0/function_call"),
        ([without("id")], "/0/id"),
        ([request(name="")], "/0/function_call/name"),
        ([request(call_id=None)], "/0/function_call/call_id"),
        ([request(id=7)], "/0/function_call/id"),
        ([request(server_name=7)], "/0/function_call/server_name"),
        ([request(arguments=5)], "/0/function_call/arguments"),
        ([request(arguments="{")], "/0/function_call/arguments"),
    ],
)
def test_what_is_not_of_that_form_is_pointed_at(body: Any, pointer: str) -> None:
    with pytest.raises(Invalid) as refused:
        agent_framework.read(body)
    assert [fault.pointer for fault in refused.value.faults] == [pointer]
