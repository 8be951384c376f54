"""Interruptions of the OpenAI Agents SDK as JSON, and what is said of each."""

from typing import Any

import pytest

from approvals.errors import Invalid
from approvals.wire import openai_agents
from approvals.wire.calls import Answer, Kind


def item(call_id: str = "c1", **raw: Any) -> dict[str, Any]:
    return {
        "type": "tool_approval_item",
        "raw_item": {
            "type": "function_call",
            "name": "send_email",
            "call_id": call_id,
            "arguments": '{"to": "ana@example.com"}',
            **raw,
        },
        "agent": {"name": "mailer"},
        "tool_name": "send_email",
    }


def state(*items: dict[str, Any]) -> dict[str, Any]:
    """What `RunState.to_json` writes, as far as anybody reads it here."""
    step = {"type": "next_step_interruption", "data": {"interruptions": list(items)}}
    return {"$schemaVersion": "1.21", "original_input": "go", "current_step": step}


def test_the_interruptions_of_a_run_are_calls_and_nothing_else_is_kept() -> None:
    found = openai_agents.read(state(item("c1"), item("c2")))
    assert [(call.call_id, call.name) for call in found.calls] == [
        ("c1", "send_email"),
        ("c2", "send_email"),
    ]
    assert found.calls[0].args == {"to": "ana@example.com"}
    assert found.kept == {"call_ids": ["c1", "c2"]}
    at = "/current_step/data/interruptions/1/raw_item/arguments"
    assert found.calls[1].args_at == at


@pytest.mark.parametrize(
    "body",
    [
        [item()],
        {"interruptions": [item()]},
        {"current_step": {"interruptions": [item()]}},
    ],
)
def test_they_are_taken_alone_as_well(body: Any) -> None:
    assert [call.call_id for call in openai_agents.read(body).calls] == ["c1"]


def test_each_is_answered_by_its_call_id() -> None:
    kept = openai_agents.read(state(item("c1"), item("c2"), item("c3"))).kept
    said = [
        Answer(Kind.APPROVE, "send_email", {}),
        Answer(Kind.EDIT, "send_email", {"to": "bøb@example.com"}),
        Answer(Kind.REJECT, "send_email", {}, "Not today."),
    ]
    assert openai_agents.resume(kept, said) == {
        "decisions": [
            {"call_id": "c1", "type": "approve"},
            {"call_id": "c2", "type": "edit", "arguments": '{"to": "bøb@example.com"}'},
            {"call_id": "c3", "type": "reject", "rejection_message": "Not today."},
        ]
    }


def test_a_hosted_call_is_done_as_it_is_or_not_at_all() -> None:
    raw = {"type": "mcp_approval_request", "id": "m1", "name": "pay", "arguments": "{}"}
    (call,) = openai_agents.read([{"type": "tool_approval_item", "raw_item": raw}]).calls
    assert (call.call_id, call.args) == ("m1", {})
    assert call.can == {Kind.APPROVE, Kind.REJECT}


def test_a_shell_call_has_its_action_for_arguments_and_the_name_of_its_tool() -> None:
    raw = {"type": "shell_call", "call_id": "s1", "action": {"commands": ["ls"]}}
    (call,) = openai_agents.read([{"tool_name": "shell", "raw_item": raw}]).calls
    assert (call.name, call.args) == ("shell", {"commands": ["ls"]})


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({}, "", "not_a_list"),
        ({"current_step": None}, "/current_step", "not_a_list"),
        ([], "", "empty"),
        ([1], "/0", "invalid"),
        ([{}], "/0/raw_item", "invalid"),
        ([item(), item()], "/1", "invalid"),
        ([item(name=5)], "/0/raw_item/name", "invalid"),
        ([item(call_id="")], "/0/raw_item/call_id", "required"),
        ([item(arguments="{")], "/0/raw_item/arguments", "body_not_json"),
        ([item(arguments="[1]")], "/0/raw_item/arguments", "invalid"),
        ([item(arguments='{"a": NaN}')], "/0/raw_item/arguments/a", "number_not_finite"),
        ([item(arguments='{"a": "\\u0000"}')], "/0/raw_item/arguments/a", "text_has_nul"),
        ([item(arguments="[" * 200_000)], "/0/raw_item/arguments", "too_deep"),
        ([item(arguments='{"a": 1, "a": 2}')], "/0/raw_item/arguments/a", "name_repeated"),
    ],
)
def test_what_is_not_of_that_form_is_pointed_at(body: Any, pointer: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        openai_agents.read(body)
    assert [(fault.pointer, fault.code) for fault in refused.value.faults] == [(pointer, code)]


def test_a_call_without_arguments_has_none() -> None:
    assert openai_agents.read([item(arguments="")]).calls[0].args == {}
    assert openai_agents.read([item(arguments=None)]).calls[0].args == {}
