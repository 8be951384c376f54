"""PURE: LangChain's HumanInTheLoopMiddleware, in both of its modes: `batched`, one question with
all calls of a turn, and `per_call`, one question for each."""

from collections.abc import Iterator, Sequence
from typing import Any

from approvals.wire import langgraph
from approvals.wire.calls import (
    Answer,
    Call,
    Interrupt,
    Kind,
    a_list,
    a_name,
    an_object,
    checked,
    words,
    wrong,
)
from approvals.wire.langgraph import Question

DECISIONS = {
    "approve": Kind.APPROVE,
    "edit": Kind.EDIT,
    "reject": Kind.REJECT,
    "respond": Kind.ANSWER,
}
UNSAID = ("approve", "edit", "reject")
"""What is allowed where nothing says what is."""


def read(body: Any) -> Interrupt:
    """`{"action_requests", "review_configs"}` or `{"type": "tool_approval", …}`, alone or as the
    value of interrupts; Invalid with a pointer to what is not of that form."""
    asked = langgraph.questions(body)
    calls: list[Call] = []
    kept = []
    for question in asked:
        value = an_object(question.value, question.pointer)
        batched = "action_requests" in value
        found = list(_batched(value, question.pointer)) if batched else [_per_call(value, question)]
        refusals = ["reject" if Kind.REJECT in call.can else "respond" for call in found]
        kept.append({"id": question.id, "batched": batched, "refusals": refusals})
        calls += found
    ids = langgraph.ids_of(asked) or [call.call_id for call in calls if call.call_id]
    return checked(Interrupt(calls, {"questions": kept}, ids))


def resume(kept: dict[str, Any], answers: Sequence[Answer]) -> Any:
    """`{"decisions": […]}` for a batched question, one decision for a single call."""
    left = iter(answers)
    values: list[Any] = []
    for question in kept["questions"]:
        decisions = [_decision(next(left), refusal) for refusal in question["refusals"]]
        values.append({"decisions": decisions} if question["batched"] else decisions[0])
    return langgraph.resume([question["id"] for question in kept["questions"]], values)


def _batched(value: dict[str, Any], pointer: str) -> Iterator[Call]:
    allowed = _allowed_by_name(value, pointer)
    for place, item in enumerate(a_list(value["action_requests"], f"{pointer}/action_requests")):
        at = f"{pointer}/action_requests/{place}"
        request = an_object(item, at)
        name = a_name(request.get("name"), f"{at}/name")
        yield _call(name, request, at, allowed.get(name, UNSAID))


def _per_call(value: dict[str, Any], question: Question) -> Call:
    if value.get("type") != "tool_approval":
        detail = "Neither a batched request for review nor one for a single call."
        raise wrong(question.pointer, detail)
    name = a_name(value.get("name"), f"{question.pointer}/name")
    call_id = a_name(value.get("tool_call_id"), f"{question.pointer}/tool_call_id")
    allowed = _allowed_by_schema(question.response_schema)
    return _call(name, value, question.pointer, allowed, call_id)


def _call(
    name: str, item: dict[str, Any], at: str, allowed: Sequence[str], call_id: str = ""
) -> Call:
    if "reject" not in allowed and "respond" not in allowed:
        raise wrong(at, f"{name} allows neither reject nor respond, so nobody could refuse it.")
    return Call(
        name=name,
        args=an_object(item.get("args"), f"{at}/args"),
        can=frozenset(DECISIONS[word] for word in allowed if word in DECISIONS),
        pointer=at,
        name_at=f"{at}/name",
        args_at=f"{at}/args",
        call_id=call_id,
        summary=_summary(item.get("description"), name),
    )


def _summary(description: Any, name: str) -> str:
    """What somebody wrote about the call; the text that the middleware makes repeats the call."""
    text = words(description)
    return "" if f"\n\nTool: {name}\nArgs: " in text else text


def _allowed_by_name(value: dict[str, Any], pointer: str) -> dict[str, list[str]]:
    at = f"{pointer}/review_configs"
    allowed = {}
    for place, item in enumerate(a_list(value.get("review_configs", []), at)):
        config = an_object(item, f"{at}/{place}")
        said = a_list(config.get("allowed_decisions"), f"{at}/{place}/allowed_decisions")
        allowed[a_name(config.get("action_name"), f"{at}/{place}/action_name")] = _texts(said)
    return allowed


def _allowed_by_schema(schema: Any) -> Sequence[str]:
    """What the schema of the answer lists: one of several by `type`, or the only one there is."""
    if not isinstance(schema, dict):
        return UNSAID
    chosen = schema.get("discriminator")
    if isinstance(chosen, dict) and isinstance(chosen.get("mapping"), dict):
        return list(chosen["mapping"])
    only: Any = schema.get("properties")
    for name in ("type", "const"):
        only = only.get(name) if isinstance(only, dict) else None
    return UNSAID if only is None else _texts([only])


def _texts(items: list[Any]) -> list[str]:
    return [item for item in items if isinstance(item, str)]


def _decision(answer: Answer, refusal: str) -> dict[str, Any]:
    match answer.kind:
        case Kind.APPROVE:
            return {"type": "approve"}
        case Kind.EDIT:
            return {"type": "edit", "edited_action": {"name": answer.name, "args": answer.args}}
        case Kind.ANSWER:
            return {"type": "respond", "message": answer.text}
    return {"type": refusal, "message": answer.text}
