"""Whatever JSON comes, it is read and answered, or refused at a place in it."""

import copy
import json
from typing import Any

import jsonpointer
import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.errors import Invalid
from approvals.wire.calls import Answer, Interrupt, Kind
from approvals.wire.shapes import SHAPES

EXAMPLES: dict[str, list[Any]] = {
    "langchain": [
        {
            "action_requests": [{"name": "a", "args": {"x": 1}}, {"name": "b", "args": {}}],
            "review_configs": [{"action_name": "a", "allowed_decisions": ["approve", "reject"]}],
        },
        [
            {
                "id": "i1",
                "value": {"type": "tool_approval", "tool_call_id": "c", "name": "a", "args": {}},
                "response_schema": {"discriminator": {"mapping": {"approve": "", "reject": ""}}},
            }
        ],
    ],
    "agent-inbox": [
        [{"action_request": {"action": "a", "args": {}}, "config": {"allow_ignore": True}}],
        {
            "id": "i1",
            "value": {
                "action_request": {"action": "a", "args": {"x": 1}},
                "config": {"allow_respond": True, "allow_edit": True},
            },
        },
    ],
    "openai-agents": [
        {
            "current_step": {
                "data": {
                    "interruptions": [
                        {"raw_item": {"call_id": "c", "name": "a", "arguments": '{"x": 1}'}},
                        {"raw_item": {"call_id": "d", "name": "b", "arguments": "{}"}},
                    ]
                }
            }
        }
    ],
    "pydantic-ai": [
        {"approvals": [{"tool_name": "a", "args": {"x": 1}, "tool_call_id": "c"}], "calls": []}
    ],
    "agent-framework": [
        [
            {
                "type": "function_approval_request",
                "id": "r1",
                "function_call": {"id": "r1", "call_id": "c", "name": "a", "arguments": "{}"},
            },
            {
                "type": "function_approval_request",
                "id": "r2",
                "function_call": {
                    "call_id": "d",
                    "name": "b",
                    "arguments": {"x": 1},
                    "hosted": True,
                    "server_name": "files",
                },
            },
        ]
    ],
    "ai-sdk": [
        [
            {
                "type": "tool-approval-request",
                "approvalId": "r1",
                "toolCall": {"toolCallId": "c", "toolName": "a", "input": {"x": 1}},
            }
        ],
        [
            {"type": "tool-call", "toolCallId": "c", "toolName": "a", "input": "{}"},
            {"type": "tool-approval-request", "approvalId": "r1", "toolCallId": "c"},
            {"type": "tool-approval-request", "approvalId": "r2", "isAutomatic": True},
        ],
    ],
}
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just("{"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


def places_in(value: Any, pointer: str = "") -> list[str]:
    """A pointer to every value inside."""
    inside = enumerate(value) if isinstance(value, list) else ()
    items = value.items() if isinstance(value, dict) else inside
    return [pointer, *(at for name, item in items for at in places_in(item, f"{pointer}/{name}"))]


@st.composite
def nearly(draw: st.DrawFn, shape: str) -> Any:
    """An interrupt of the shape with something else in one place of it."""
    body = copy.deepcopy(draw(st.sampled_from(EXAMPLES[shape])))
    place = draw(st.sampled_from(places_in(body)))
    other = draw(ANY)
    return jsonpointer.set_pointer(body, place, other) if place else other


@pytest.mark.parametrize("shape", SHAPES)
def test_it_is_read_and_answered_or_refused_at_a_place_in_it(shape: str) -> None:
    @given(nearly(shape), st.sampled_from(Kind))
    def holds(body: Any, kind: Kind) -> None:
        try:
            interrupt = SHAPES[shape].read(body)
        except Invalid as error:
            refused = error
        else:
            answer(shape, interrupt, kind)
            return
        assert refused.faults
        assert all(_is_in(body, fault.pointer) for fault in refused.faults)

    holds()


def answer(shape: str, interrupt: Interrupt, kind: Kind) -> None:
    """Any verdict can be said, and what is kept for it survives storage."""
    calls = interrupt.calls
    said = [Answer(kind, call.name, call.args, "so").within(call.can) for call in calls]
    assert all(answer.kind in call.can for answer, call in zip(said, calls, strict=True))
    kept = json.loads(json.dumps(interrupt.kept))
    assert json.loads(json.dumps(SHAPES[shape].resume(kept, said)))


def _is_in(body: Any, pointer: str) -> bool:
    """Whether what is pointed at could stand there; inside of a text it is the text's own JSON."""
    for name in pointer.split("/")[1:-1]:
        if isinstance(body, str):
            return True
        body = body[int(name)] if isinstance(body, list) else body[name]
    return not pointer or isinstance(body, str | dict | list)
