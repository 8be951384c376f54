"""LangChain's HumanInTheLoopMiddleware as JSON: what it asks, and what it is resumed with."""

from typing import Any

import pytest

from approvals.errors import Invalid
from approvals.wire import langchain
from approvals.wire.calls import Answer, Kind

ARGS = {"to": "ana@example.com", "body": "Hello"}
ALL = ["approve", "edit", "reject", "respond"]
MADE = "Tool execution requires approval\n\nTool: send_email\nArgs: {'to': 'ana@example.com'}"


def batched(*names: str, allowed: list[str] = ALL) -> dict[str, Any]:
    return {
        "action_requests": [{"name": name, "args": ARGS, "description": MADE} for name in names],
        "review_configs": [{"action_name": name, "allowed_decisions": allowed} for name in names],
    }


def per_call(call_id: str = "c1", name: str = "send_email") -> dict[str, Any]:
    return {
        "type": "tool_approval",
        "tool_call_id": call_id,
        "name": name,
        "args": ARGS,
        "description": "Ana asked for it.",
    }


def approve(name: str = "send_email") -> Answer:
    return Answer(Kind.APPROVE, name, ARGS)


def reject(text: str = "no") -> Answer:
    return Answer(Kind.REJECT, "send_email", ARGS, text)


def test_a_batched_question_is_a_call_for_each_request_in_order() -> None:
    first, second = langchain.read(batched("send_email", "delete_file")).calls
    assert (first.name, second.name) == ("send_email", "delete_file")
    assert first.args == ARGS
    assert first.can == set(Kind)
    assert second.args_at == "/action_requests/1/args"


def test_what_the_middleware_writes_by_itself_is_no_summary_and_what_somebody_wrote_is() -> None:
    (made,) = langchain.read(batched("send_email")).calls
    (written,) = langchain.read(per_call()).calls
    assert (made.summary, written.summary) == ("", "Ana asked for it.")


def test_decisions_come_in_the_order_of_the_requests() -> None:
    kept = langchain.read(batched("send_email", "delete_file", "ask")).kept
    changed = Answer(Kind.EDIT, "delete_file", {"path": "/tmp/a"})
    said = [reject("Too late."), changed, Answer(Kind.ANSWER, "ask", ARGS, "Blue.")]
    assert langchain.resume(kept, said) == {
        "decisions": [
            {"type": "reject", "message": "Too late."},
            {"type": "edit", "edited_action": {"name": "delete_file", "args": {"path": "/tmp/a"}}},
            {"type": "respond", "message": "Blue."},
        ]
    }


def test_an_interrupt_with_its_id_is_answered_under_that_id() -> None:
    kept = langchain.read({"id": "i1", "value": batched("send_email")}).kept
    assert langchain.resume(kept, [approve()]) == {"i1": {"decisions": [{"type": "approve"}]}}


def test_per_call_interrupts_are_answered_each_under_its_own_id() -> None:
    body = [{"id": "i1", "value": per_call("c1")}, {"id": "i2", "value": per_call("c2")}]
    found = langchain.read(body)
    assert [call.call_id for call in found.calls] == ["c1", "c2"]
    assert found.calls[1].args_at == "/1/value/args"
    assert langchain.resume(found.kept, [approve(), reject()]) == {
        "i1": {"type": "approve"},
        "i2": {"type": "reject", "message": "no"},
    }


def test_a_single_call_without_an_interrupt_is_answered_with_one_decision() -> None:
    assert langchain.resume(langchain.read(per_call()).kept, [approve()]) == {"type": "approve"}


def test_both_modes_may_stand_in_one_list() -> None:
    body = [
        {"id": "i1", "value": per_call()},
        {"id": "i2", "value": batched("send_email", "send_email")},
    ]
    found = langchain.read(body)
    assert langchain.resume(found.kept, [approve()] * 3) == {
        "i1": {"type": "approve"},
        "i2": {"decisions": [{"type": "approve"}] * 2},
    }


def mapping(*words: str) -> dict[str, Any]:
    return {"discriminator": {"mapping": dict.fromkeys(words, "#/…"), "propertyName": "type"}}


@pytest.mark.parametrize(
    ("schema", "can"),
    [
        (None, {Kind.APPROVE, Kind.EDIT, Kind.REJECT}),
        ({}, {Kind.APPROVE, Kind.EDIT, Kind.REJECT}),
        (mapping("approve", "reject"), {Kind.APPROVE, Kind.REJECT}),
        (mapping(*ALL), set(Kind)),
        ({"properties": {"type": {"const": "respond"}}}, {Kind.ANSWER}),
        ({"properties": {"type": {"const": 1}}}, None),
        ({"properties": []}, {Kind.APPROVE, Kind.EDIT, Kind.REJECT}),
        ({"properties": {"type": {"const": "approve"}}}, None),
    ],
)
def test_what_a_call_allows_is_read_from_the_schema_of_its_answer(
    schema: Any, can: set[Kind] | None
) -> None:
    body = {"id": "i1", "value": per_call(), "response_schema": schema}
    if can is None:
        with pytest.raises(Invalid, match="nobody could refuse"):
            langchain.read(body)
    else:
        assert langchain.read(body).calls[0].can == can


def test_where_a_tool_takes_no_rejection_its_answer_says_no() -> None:
    kept = langchain.read(batched("ask", allowed=["respond"])).kept
    assert langchain.resume(kept, [reject("Not today.")]) == {
        "decisions": [{"type": "respond", "message": "Not today."}]
    }


@pytest.mark.parametrize(
    ("kind", "allowed", "becomes"),
    [
        (Kind.EDIT, {Kind.APPROVE, Kind.REJECT}, Kind.REJECT),
        (Kind.APPROVE, {Kind.EDIT, Kind.REJECT}, Kind.EDIT),
        (Kind.APPROVE, {Kind.REJECT}, Kind.REJECT),
        (Kind.ANSWER, {Kind.APPROVE, Kind.REJECT}, Kind.REJECT),
        (Kind.EDIT, {Kind.EDIT}, Kind.EDIT),
    ],
)
def test_what_a_library_takes_no_word_for_is_its_rejection(
    kind: Kind, allowed: set[Kind], becomes: Kind
) -> None:
    said = Answer(kind, "send_email", ARGS, "Blue.").within(frozenset(allowed))
    assert said.kind == becomes
    assert said.args == ARGS
    if kind == Kind.ANSWER:
        assert said.text == "A person answered instead: Blue."


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, ""),
        ([], ""),
        ([1], ""),
        ({"action_requests": []}, ""),
        ({"action_requests": {}}, "/action_requests"),
        ({"action_requests": [1]}, "/action_requests/0"),
        ({"action_requests": [{"name": "a", "args": []}]}, "/action_requests/0/args"),
        ({"action_requests": [{"name": "", "args": {}}]}, "/action_requests/0/name"),
        ({"action_requests": [{"name": "a" * 201, "args": {}}]}, "/action_requests/0/name"),
        ({"action_requests": [{"args": {}}]}, "/action_requests/0/name"),
        ({"action_requests": [], "review_configs": 1}, "/review_configs"),
        ({"action_requests": [], "review_configs": [1]}, "/review_configs/0"),
        (
            {"action_requests": [], "review_configs": [{"action_name": "a"}]},
            "/review_configs/0/allowed_decisions",
        ),
        (batched("a", allowed=["approve"]), "/action_requests/0"),
        (batched(*"a" * 51), ""),
        ({"id": 1, "value": batched("a")}, "/id"),
        ({"id": "i", "value": 1}, "/value"),
        ([{"id": "i", "value": per_call()}] * 2, ""),
        ([{"id": "i", "value": per_call()}, {"id": "j", "value": per_call()}], "/1/value"),
        ({"type": "tool_approval", "name": "a", "args": {}}, "/tool_call_id"),
        ({"type": "tool_approval", "name": [], "args": {}}, "/name"),
    ],
)
def test_what_is_not_of_that_form_is_pointed_at(body: Any, pointer: str) -> None:
    with pytest.raises(Invalid) as refused:
        langchain.read(body)
    assert [fault.pointer for fault in refused.value.faults] == [pointer]


def test_ids_tell_interrupts_apart_and_a_batched_value_alone_has_none() -> None:
    assert langchain.read({"id": "i1", "value": batched("a")}).ids == ["i1"]
    assert langchain.read(per_call("c1")).ids == ["c1"]
    assert langchain.read(batched("a")).ids == []
