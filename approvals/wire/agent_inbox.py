"""PURE: Agent Inbox's `HumanInterrupt`, one or a list of them, and its `HumanResponse`."""

from collections.abc import Sequence
from typing import Any

from approvals.wire import langgraph
from approvals.wire.calls import (
    Answer,
    Call,
    Interrupt,
    Kind,
    a_name,
    an_object,
    checked,
    words,
    wrong,
)

ALLOWS = {
    "allow_accept": Kind.APPROVE,
    "allow_edit": Kind.EDIT,
    "allow_respond": Kind.ANSWER,
    "allow_ignore": Kind.REJECT,
}


def read(body: Any) -> Interrupt:
    """`{"action_request": {"action", "args"}, "config", "description"}`, one or several, alone or
    as the value of interrupts; Invalid with a pointer to what is not of that form."""
    asked = langgraph.questions(body)
    calls: list[Call] = []
    kept = []
    for question in asked:
        found = _calls(question.value, question.pointer)
        refusals = ["response" if Kind.ANSWER in call.can else "ignore" for call in found]
        kept.append({"id": question.id, "refusals": refusals})
        calls += found
    return checked(Interrupt(calls, {"questions": kept}, langgraph.ids_of(asked)))


def resume(kept: dict[str, Any], answers: Sequence[Answer]) -> Any:
    """A list of responses, as Agent Inbox always sends one."""
    left = iter(answers)
    values = [
        [_response(next(left), refusal) for refusal in question["refusals"]]
        for question in kept["questions"]
    ]
    return langgraph.resume([question["id"] for question in kept["questions"]], values)


def _calls(value: Any, pointer: str) -> list[Call]:
    if isinstance(value, list):
        return [_call(item, f"{pointer}/{place}") for place, item in enumerate(value)]
    return [_call(value, pointer)]


def _call(item: Any, at: str) -> Call:
    item = an_object(item, at)
    request = an_object(item.get("action_request"), f"{at}/action_request")
    config = an_object(item.get("config"), f"{at}/config")
    allowed = {kind for name, kind in ALLOWS.items() if config.get(name) is True}
    if not allowed & {Kind.ANSWER, Kind.REJECT}:
        raise wrong(f"{at}/config", "It allows neither ignore nor respond: nobody could refuse it.")
    return Call(
        name=a_name(request.get("action"), f"{at}/action_request/action"),
        args=an_object(request.get("args"), f"{at}/action_request/args"),
        can=frozenset(allowed | {Kind.REJECT}),
        pointer=at,
        name_at=f"{at}/action_request/action",
        args_at=f"{at}/action_request/args",
        summary=words(item.get("description")),
    )


def _response(answer: Answer, refusal: str) -> dict[str, Any]:
    match answer.kind:
        case Kind.APPROVE:
            return {"type": "accept", "args": None}
        case Kind.EDIT:
            return {"type": "edit", "args": {"action": answer.name, "args": answer.args}}
        case Kind.ANSWER:
            return {"type": "response", "args": answer.text}
    return {"type": refusal, "args": answer.text if refusal == "response" else None}
