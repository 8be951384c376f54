"""PURE: the AI SDK's `tool-approval-request` parts, and the tool message of
`tool-approval-response` parts that goes after them."""

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
    wrong,
)

REQUEST = "tool-approval-request"
YES_OR_NO = frozenset({Kind.APPROVE, Kind.REJECT})
"""An answer has no room for other arguments: the SDK calls what its messages have."""


def read(body: Any) -> Interrupt:
    """A list of parts: the content of a result, where a request has its call, or of an assistant
    message, where it has the id of one; Invalid with a pointer to what is not of that form.

    Requests that the SDK answered by itself, and every other part, are not ours."""
    parts = [an_object(item, f"/{place}") for place, item in enumerate(a_list(body, ""))]
    calls, kept = [], []
    for place, part in enumerate(parts):
        if part.get("type") == REQUEST and part.get("isAutomatic") is not True:
            called, inner = _called(parts, part, f"/{place}")
            call = _call(part, f"/{place}", called, inner)
            calls.append(call)
            elsewhere = called.get("providerExecuted") is True
            kept.append({"id": call.call_id, "elsewhere": elsewhere})
    return checked(Interrupt(calls, {"requests": kept}, [call.call_id for call in calls]))


def resume(kept: dict[str, Any], answers: Sequence[Answer]) -> Any:
    """`{"role": "tool", "content": […]}`, the message to go on with."""
    pairs = zip(kept["requests"], answers, strict=True)
    return {"role": "tool", "content": [_response(request, answer) for request, answer in pairs]}


def _called(
    parts: Sequence[dict[str, Any]], request: dict[str, Any], at: str
) -> tuple[dict[str, Any], str]:
    """The tool call that a request is for, and where it stands."""
    if "toolCall" in request:
        return an_object(request["toolCall"], f"{at}/toolCall"), f"{at}/toolCall"
    call_id = a_name(request.get("toolCallId"), f"{at}/toolCallId")
    for place, part in enumerate(parts):
        if part.get("type") == "tool-call" and part.get("toolCallId") == call_id:
            return part, f"/{place}"
    raise wrong(f"{at}/toolCallId", "There is no tool call of that id in it.")


def _call(request: dict[str, Any], at: str, called: dict[str, Any], inner: str) -> Call:
    return Call(
        name=a_name(called.get("toolName"), f"{inner}/toolName"),
        args=arguments(called.get("input"), f"{inner}/input"),
        can=YES_OR_NO,
        pointer=at,
        name_at=f"{inner}/toolName",
        args_at=f"{inner}/input",
        call_id=a_name(request.get("approvalId"), f"{at}/approvalId"),
    )


def _response(request: dict[str, Any], answer: Answer) -> dict[str, Any]:
    """What the provider calls itself, it is to hear of itself."""
    approved = answer.kind == Kind.APPROVE
    return {
        "type": "tool-approval-response",
        "approvalId": request["id"],
        "approved": approved,
        **({} if approved else {"reason": answer.text}),
        **({"providerExecuted": True} if request["elsewhere"] else {}),
    }
