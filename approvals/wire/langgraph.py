"""PURE: how LangGraph wraps what a graph asks: the value alone, an interrupt with its id, or the
list of all that are open."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from approvals.wire.calls import a_name, wrong


@dataclass(frozen=True, slots=True)
class Question:
    """The value of one interrupt, at its pointer. `id` is empty where the value came alone."""

    value: Any
    pointer: str
    id: str = ""
    response_schema: Any = None


def questions(body: Any) -> list[Question]:
    """Every open interrupt in the body, in order; Invalid where ids are missing or repeated."""
    if _is_interrupt(body):
        return [_question(body, "")]
    if isinstance(body, list) and body and all(map(_is_interrupt, body)):
        asked = [_question(item, f"/{place}") for place, item in enumerate(body)]
        if len({question.id for question in asked}) < len(asked):
            raise wrong("", "Two interrupts have the same id.")
        return asked
    return [Question(body, "")]


def ids_of(asked: Sequence[Question]) -> list[str]:
    """The ids of the interrupts; none where the value came alone."""
    return [question.id for question in asked if question.id]


def resume(ids: Sequence[str], values: Sequence[Any]) -> Any:
    """What `Command(resume=…)` takes: by interrupt id, or the one value where there was no id."""
    return dict(zip(ids, values, strict=True)) if all(ids) else values[0]


def _is_interrupt(item: Any) -> bool:
    return isinstance(item, dict) and "value" in item and "id" in item


def _question(item: dict[str, Any], pointer: str) -> Question:
    own_id = a_name(item["id"], f"{pointer}/id")
    return Question(item["value"], f"{pointer}/value", own_id, item.get("response_schema"))
