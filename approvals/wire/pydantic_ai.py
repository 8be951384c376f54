"""PURE: Pydantic AI's `DeferredToolRequests` that wait for approval, and its
`DeferredToolResults`."""

from collections.abc import Sequence
from typing import Any

from approvals.wire.calls import (
    Answer,
    Call,
    Interrupt,
    Kind,
    a_list,
    a_name,
    an_object,
    arguments,
    checked,
)

CAN = frozenset({Kind.APPROVE, Kind.EDIT, Kind.REJECT})


def read(body: Any) -> Interrupt:
    """`{"approvals": [tool call part…], …}` as the library's own adapter writes it; Invalid with
    a pointer to what is not of that form. `calls` are run elsewhere: they are not ours."""
    items = a_list(an_object(body, "").get("approvals"), "/approvals")
    calls = [_call(item, f"/approvals/{place}") for place, item in enumerate(items)]
    call_ids = [call.call_id for call in calls]
    return checked(Interrupt(calls, {"call_ids": call_ids}, call_ids))


def resume(kept: dict[str, Any], answers: Sequence[Answer]) -> Any:
    """`{"calls": {}, "approvals": {…}}`, by the ids of the calls."""
    pairs = zip(kept["call_ids"], answers, strict=True)
    return {"calls": {}, "approvals": {call_id: _result(answer) for call_id, answer in pairs}}


def _call(item: Any, at: str) -> Call:
    part = an_object(item, at)
    return Call(
        name=a_name(part.get("tool_name"), f"{at}/tool_name"),
        args=arguments(part.get("args"), f"{at}/args"),
        can=CAN,
        pointer=at,
        name_at=f"{at}/tool_name",
        args_at=f"{at}/args",
        call_id=a_name(part.get("tool_call_id"), f"{at}/tool_call_id"),
    )


def _result(answer: Answer) -> dict[str, Any]:
    match answer.kind:
        case Kind.APPROVE:
            return {"kind": "tool-approved"}
        case Kind.EDIT:
            return {"kind": "tool-approved", "override_args": answer.args}
    return {"kind": "tool-denied", "message": answer.text}
