"""Pydantic AI's DeferredToolRequests and DeferredToolResults as JSON."""

from typing import Any

import pytest

from approvals.errors import Invalid
from approvals.wire import pydantic_ai
from approvals.wire.calls import Answer, Kind

ARGS = {"to": "ana@example.com"}


def part(call_id: str = "c1", args: Any = ARGS) -> dict[str, Any]:
    return {
        "tool_name": "send_email",
        "args": args,
        "tool_call_id": call_id,
        "id": None,
        "part_kind": "tool-call",
    }


def requests(*parts: dict[str, Any]) -> dict[str, Any]:
    elsewhere = {"tool_name": "long_job", "args": {}, "tool_call_id": "e1"}
    return {"calls": [elsewhere], "approvals": list(parts), "metadata": {}}


def test_what_waits_for_approval_is_a_call_and_what_runs_elsewhere_is_not() -> None:
    found = pydantic_ai.read(requests(part("c1"), part("c2", '{"to": "bob@example.com"}')))
    assert [call.call_id for call in found.calls] == ["c1", "c2"]
    assert [call.args["to"] for call in found.calls] == ["ana@example.com", "bob@example.com"]
    assert found.calls[1].args_at == "/approvals/1/args"


def test_each_is_answered_by_its_id() -> None:
    kept = pydantic_ai.read(requests(part("c1"), part("c2"), part("c3"))).kept
    said = [
        Answer(Kind.APPROVE, "send_email", ARGS),
        Answer(Kind.EDIT, "send_email", {"to": "bob@example.com"}),
        Answer(Kind.REJECT, "send_email", ARGS, "Not today."),
    ]
    assert pydantic_ai.resume(kept, said) == {
        "calls": {},
        "approvals": {
            "c1": {"kind": "tool-approved"},
            "c2": {"kind": "tool-approved", "override_args": {"to": "bob@example.com"}},
            "c3": {"kind": "tool-denied", "message": "Not today."},
        },
    }


@pytest.mark.parametrize("nothing", [None, "", {}])
def test_a_call_without_arguments_has_none(nothing: Any) -> None:
    assert pydantic_ai.read(requests(part(args=nothing))).calls[0].args == {}


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ([], ""),
        ({}, "/approvals"),
        (requests(), ""),
        (requests(part(), part()), "/approvals/1"),
        ({"approvals": [1]}, "/approvals/0"),
        (requests(part(args=5)), "/approvals/0/args"),
        (requests(part(args="5")), "/approvals/0/args"),
        (requests(part(args="{")), "/approvals/0/args"),
        (requests(part(call_id="c" * 201)), "/approvals/0/tool_call_id"),
        ({"approvals": [{"tool_call_id": "c"}]}, "/approvals/0/tool_name"),
    ],
)
def test_what_is_not_of_that_form_is_pointed_at(body: Any, pointer: str) -> None:
    with pytest.raises(Invalid) as refused:
        pydantic_ai.read(body)
    assert [fault.pointer for fault in refused.value.faults] == [pointer]
