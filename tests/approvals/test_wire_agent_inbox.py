"""Agent Inbox's HumanInterrupt and HumanResponse as JSON."""

from typing import Any

import pytest

from approvals.errors import Invalid
from approvals.wire import agent_inbox
from approvals.wire.calls import Answer, Kind

ARGS = {"to": "ana@example.com"}


def asked(action: str = "send_email", **config: bool) -> dict[str, Any]:
    everything = {
        "allow_accept": True,
        "allow_edit": True,
        "allow_respond": True,
        "allow_ignore": True,
    }
    return {
        "action_request": {"action": action, "args": ARGS},
        "config": {**everything, **config},
        "description": "Ana asked for it.",
    }


def answered(kind: Kind, text: str = "") -> Answer:
    return Answer(kind, "send_email", {"to": "bob@example.com"}, text)


def test_a_human_interrupt_is_a_call() -> None:
    (call,) = agent_inbox.read(asked()).calls
    assert (call.name, call.args, call.summary) == ("send_email", ARGS, "Ana asked for it.")
    assert call.args_at == "/action_request/args"
    assert call.can == set(Kind)


def test_it_is_answered_with_a_list_in_order() -> None:
    found = agent_inbox.read([asked() for _ in range(4)])
    kinds = [Kind.APPROVE, Kind.EDIT, Kind.ANSWER, Kind.REJECT]
    assert agent_inbox.resume(found.kept, [answered(kind, "So.") for kind in kinds]) == [
        {"type": "accept", "args": None},
        {"type": "edit", "args": {"action": "send_email", "args": {"to": "bob@example.com"}}},
        {"type": "response", "args": "So."},
        {"type": "response", "args": "So."},
    ]


def test_one_alone_is_answered_with_a_list_too_as_agent_inbox_does() -> None:
    kept = agent_inbox.read(asked()).kept
    assert agent_inbox.resume(kept, [answered(Kind.APPROVE)]) == [{"type": "accept", "args": None}]


def test_interrupts_with_ids_are_answered_under_them() -> None:
    body = [{"id": "i1", "value": [asked()]}, {"id": "i2", "value": asked()}]
    found = agent_inbox.read(body)
    assert found.calls[0].pointer == "/0/value/0"
    assert list(agent_inbox.resume(found.kept, [answered(Kind.APPROVE)] * 2)) == ["i1", "i2"]


def test_where_no_response_is_taken_a_rejection_is_to_ignore_it() -> None:
    found = agent_inbox.read(asked(allow_respond=False))
    assert found.calls[0].can == {Kind.APPROVE, Kind.EDIT, Kind.REJECT}
    assert agent_inbox.resume(found.kept, [answered(Kind.REJECT, "no")]) == [
        {"type": "ignore", "args": None}
    ]


def test_where_it_may_not_be_accepted_or_edited_only_no_can_be_said() -> None:
    (call,) = agent_inbox.read(asked(allow_accept=False, allow_edit=False)).calls
    assert answered(Kind.APPROVE).within(call.can).kind == Kind.REJECT


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/action_request"),
        ([], ""),
        ([1], "/0"),
        ([asked(), {}], "/1/action_request"),
        ({**asked(), "config": None}, "/config"),
        (asked(allow_respond=False, allow_ignore=False), "/config"),
        ({**asked(), "action_request": {"action": "a"}}, "/action_request/args"),
        ({**asked(), "action_request": {"args": {}}}, "/action_request/action"),
        ([{"id": "i", "value": 5}], "/0/value"),
    ],
)
def test_what_is_not_of_that_form_is_pointed_at(body: Any, pointer: str) -> None:
    with pytest.raises(Invalid) as refused:
        agent_inbox.read(body)
    assert [fault.pointer for fault in refused.value.faults] == [pointer]
