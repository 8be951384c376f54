"""PURE: what every shape is read into, tool calls, and what is said to each of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from approvals import strict_json
from approvals.errors import Fault, Invalid

MOST_CALLS = 50
LONGEST_ID = 200
LONGEST_SUMMARY = 2000


class Kind(StrEnum):
    """What may be said to a call."""

    APPROVE = "approve"
    EDIT = "edit"
    REJECT = "reject"
    ANSWER = "answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One tool call that waits: the tool's name is the action type, its arguments the payload.

    `can` is what the library takes for a verdict. `pointer`, `name_at` and `args_at` say where
    in the body the call, its name and its arguments stand.
    """

    name: str
    args: dict[str, Any]
    can: frozenset[Kind]
    pointer: str
    name_at: str
    args_at: str
    call_id: str = ""
    summary: str = ""


@dataclass(frozen=True, slots=True)
class Interrupt:
    """Calls in the order in which they are answered. `kept` is what the answer needs besides
    verdicts; `ids` are the library's own, by which it is told from every other, if it has any."""

    calls: Sequence[Call]
    kept: dict[str, Any] = field(default_factory=dict)
    ids: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """A verdict on one call. `args` is what may be done; `text` a person's answer, or why not."""

    kind: Kind
    name: str
    args: dict[str, Any]
    text: str = ""

    def within(self, can: frozenset[Kind]) -> "Answer":
        """The same in what the library takes; what it has no word for is its rejection."""
        if self.kind in can:
            return self
        if self.kind == Kind.APPROVE and Kind.EDIT in can:
            return replace(self, kind=Kind.EDIT)
        if self.kind == Kind.ANSWER:
            return replace(self, kind=Kind.REJECT, text=f"A person answered instead: {self.text}")
        text = (
            f"A person's verdict was to {self.kind} it, which this tool's configuration rules out."
        )
        return replace(self, kind=Kind.REJECT, text=f"{text} It was not done.")


def checked(interrupt: Interrupt) -> Interrupt:
    """The interrupt, if there is a call in it and no id stands twice; Invalid otherwise."""
    if not interrupt.calls:
        raise wrong("", "There is no call to decide in it.", "empty")
    if len(interrupt.calls) > MOST_CALLS:
        raise wrong("", f"An interrupt has at most {MOST_CALLS} calls.", "max_length")
    met = set[str]()
    for call in interrupt.calls:
        if call.call_id and call.call_id in met:
            raise wrong(call.pointer, f"The id {call.call_id!r} stands twice.", "invalid")
        met.add(call.call_id)
    return interrupt


def wrong(pointer: str, detail: str, code: str = "invalid") -> Invalid:
    return Invalid(detail, faults=[Fault(pointer, code, detail)])


def an_object(value: Any, pointer: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise wrong(pointer, "An object is expected.")
    return value


def a_list(value: Any, pointer: str) -> list[Any]:
    if not isinstance(value, list):
        raise wrong(pointer, "A list is expected.", "not_a_list")
    return value


def a_name(value: Any, pointer: str) -> str:
    """A name or an id: some text, of bounded length."""
    if not isinstance(value, str) or not value:
        raise wrong(pointer, "A text is expected.", "required" if value is None else "invalid")
    if len(value) > LONGEST_ID:
        raise wrong(pointer, f"At most {LONGEST_ID} characters.", "max_length")
    return value


def arguments(given: Any, pointer: str) -> dict[str, Any]:
    """What a tool is called with: an object, or one as JSON in a text; nothing is no arguments."""
    value = strict_json.read(given, pointer) if isinstance(given, str) and given else given
    return {} if value in (None, "") else an_object(value, pointer)


def words(value: Any) -> str:
    """Free text where the library may give some, cut to what a summary holds."""
    return value[:LONGEST_SUMMARY] if isinstance(value, str) else ""
