"""PURE: Microsoft Agent Framework's `function_approval_request`s, and the message of
`function_approval_response`s that its agent is run with next."""

from collections.abc import Sequence
from typing import Any

from approvals.wire import words
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

REQUEST = "function_approval_request"
YES_OR_NO = frozenset({Kind.APPROVE, Kind.REJECT})
"""The framework calls what it asked about: other arguments in an answer are ignored."""


def read(body: Any) -> Interrupt:
    """A list of `function_approval_request`s as their `to_dict` writes them; Invalid with a
    pointer to what is not of that form."""
    found = [_request(item, f"/{place}") for place, item in enumerate(a_list(body, ""))]
    calls = [call for call, _ in found]
    kept = [{"id": call.call_id, "function_call": known_by} for call, known_by in found]
    return checked(Interrupt(calls, {"requests": kept}, [call.call_id for call in calls]))


def resume(kept: dict[str, Any], answers: Sequence[Answer]) -> Any:
    """`{"messages": [message], "options": {…}}`, what the agent is run with. A response has no
    room for why a call is refused, so `instructions` say it, for this run alone."""
    pairs = list(zip(kept["requests"], answers, strict=True))
    refused = [
        (answer.name, request["function_call"]["call_id"], answer.text)
        for request, answer in pairs
        if answer.kind != Kind.APPROVE
    ]
    responses = [_response(request, answer) for request, answer in pairs]
    return {
        "messages": [{"role": "user", "contents": responses}],
        "options": {"instructions": words.of_all(refused)} if refused else {},
    }


def _request(item: Any, at: str) -> tuple[Call, dict[str, Any]]:
    """The call that is asked about, and what the framework knows it by."""
    request = an_object(item, at)
    if request.get("type") != REQUEST:
        raise wrong(f"{at}/type", f"A {REQUEST} is expected.")
    inner = f"{at}/function_call"
    called = an_object(request.get("function_call"), inner)
    call = Call(
        name=a_name(called.get("name"), f"{inner}/name"),
        args=arguments(called.get("arguments"), f"{inner}/arguments"),
        can=YES_OR_NO,
        pointer=at,
        name_at=f"{inner}/name",
        args_at=f"{inner}/arguments",
        call_id=a_name(request.get("id"), f"{at}/id"),
    )
    return call, _known_by(called, inner)


def _known_by(called: dict[str, Any], at: str) -> dict[str, Any]:
    """Arguments are not among it: those that were approved come with the answer."""
    given = [name for name in ("id", "server_name") if called.get(name) is not None]
    return {
        "call_id": a_name(called.get("call_id"), f"{at}/call_id"),
        **{name: a_name(called[name], f"{at}/{name}") for name in given},
        **({"hosted": True} if called.get("hosted") is True else {}),
    }


def _response(request: dict[str, Any], answer: Answer) -> dict[str, Any]:
    called = {"type": "function_call", "name": answer.name, "arguments": answer.args}
    return {
        "type": "function_approval_response",
        "id": request["id"],
        "approved": answer.kind == Kind.APPROVE,
        "function_call": called | request["function_call"],
    }
