"""PURE: interruptions of the OpenAI Agents SDK: the `tool_approval_item`s of a run's state, and
what to say of each to `RunState.approve` and `RunState.reject`."""

import json
from collections.abc import Sequence
from typing import Any

from approvals.wire.calls import (
    Answer,
    Call,
    Interrupt,
    Kind,
    a_name,
    an_object,
    arguments,
    checked,
    wrong,
)

ARGUMENTS = ("arguments", "params", "input", "action", "operation")
"""Where the kinds of tool calls keep what they are called with."""

YES_OR_NO = frozenset({Kind.APPROVE, Kind.REJECT})
"""Calls that somebody else than the SDK carries out, or not by name, are done as they are."""


def read(body: Any) -> Interrupt:
    """A `RunState` as its `to_json` writes it, or its interruptions alone; Invalid with a pointer
    to what is not of that form. Nothing else of the state is looked at or kept."""
    items, pointer = _interruptions(body)
    calls = [_call(item, f"{pointer}/{place}") for place, item in enumerate(items)]
    call_ids = [call.call_id for call in calls]
    return checked(Interrupt(calls, {"call_ids": call_ids}, call_ids))


def resume(kept: dict[str, Any], answers: Sequence[Answer]) -> Any:
    """`{"decisions": […]}`, each with its `call_id`; `arguments` of an edit are JSON in a text,
    as the SDK hands them to a tool."""
    pairs = zip(kept["call_ids"], answers, strict=True)
    return {"decisions": [{"call_id": call_id, **_decision(answer)} for call_id, answer in pairs]}


def _interruptions(body: Any) -> tuple[list[Any], str]:
    place, pointer = body, ""
    for name in ("current_step", "data", "interruptions"):
        if isinstance(place, dict) and name in place:
            place, pointer = place[name], f"{pointer}/{name}"
    if not isinstance(place, list):
        raise wrong(pointer, "There are no interruptions in it.", "not_a_list")
    return place, pointer


def _call(item: Any, at: str) -> Call:
    item = an_object(item, at)
    raw = an_object(item.get("raw_item"), f"{at}/raw_item")
    named = raw.get("name")
    name, name_at = (named, f"{at}/raw_item/name") if named else (item.get("tool_name"), at)
    args, args_at = _arguments(raw, f"{at}/raw_item")
    editable = raw.get("type") == "function_call"
    return Call(
        name=a_name(name, name_at),
        args=args,
        can=YES_OR_NO | {Kind.EDIT} if editable else YES_OR_NO,
        pointer=at,
        name_at=name_at,
        args_at=args_at,
        call_id=a_name(raw.get("call_id") or raw.get("id"), f"{at}/raw_item/call_id"),
    )


def _arguments(raw: dict[str, Any], at: str) -> tuple[dict[str, Any], str]:
    name = next((name for name in ARGUMENTS if raw.get(name)), "arguments")
    pointer = f"{at}/{name}"
    return arguments(raw.get(name), pointer), pointer


def _decision(answer: Answer) -> dict[str, Any]:
    match answer.kind:
        case Kind.APPROVE:
            return {"type": "approve"}
        case Kind.EDIT:
            return {"type": "edit", "arguments": json.dumps(answer.args, ensure_ascii=False)}
    return {"type": "reject", "rejection_message": answer.text}
