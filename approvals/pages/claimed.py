"""What an agent says it read and called on its way to an action: its claim, as inert text."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from agents_registry.words import counted
from approvals.pages.content import Text, text
from approvals.traces import Call, Retrieval, Trace

LONGEST = 2000
"""How many characters of one value stand here; the action's own page has it whole."""

MOST_TOLD = 50
"""How many calls, and how many things read, are shown of one step."""

Kind = TypeVar("Kind", Call, Retrieval)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One thing that it says it did; `parts` are what went in, came out, and stands beside that,
    each under its name."""

    name: Text
    parts: list[tuple[str, Text]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """What is new of it; `remarks` say what is not shown and why."""

    model: Text
    calls: list[Told]
    calls_words: str
    read: list[Told]
    read_words: str
    remarks: list[str]


def claimed(trace: Trace, known: set[str]) -> Claimed | None:
    """None where it tells nothing. What stands in `known` was told at an earlier step: agents send
    their whole history with every action. What is told here is added to it."""
    if not (trace.model or trace.calls or trace.retrievals):
        return None
    calls = _new(trace.calls, known)
    read = _new(trace.retrievals, known)
    before = len(trace.calls) + len(trace.retrievals) - len(calls) - len(read)
    cut = sum(max(len(found) - MOST_TOLD, 0) for found in (calls, read))
    remarks = {
        f"{before} more as told above.": before,
        f"{cut} more on the page of the action.": cut,
    }
    return Claimed(
        model=text(trace.model),
        calls=[_call(call) for call in calls[:MOST_TOLD]],
        calls_words=counted(len(calls), "tool call"),
        read=[_retrieval(each) for each in read[:MOST_TOLD]],
        read_words=counted(len(read), "thing read", "things read"),
        remarks=[words for words, count in remarks.items() if count],
    )


def part(name: str, value: Any) -> tuple[str, Text]:
    """A value under its name, cut where it is long."""
    said = _plain(value)
    over = len(said) - LONGEST
    return name, text(f"{said[:LONGEST]}… ({over} characters more)" if over > 0 else said)


def parts(named: Iterable[tuple[str, Any]]) -> list[tuple[str, Text]]:
    """Those of them that say anything."""
    return [part(name, value) for name, value in named if value not in (None, "", {}, [])]


def _plain(value: Any) -> str:
    """A text as it is, an object without objects in it line by line, everything else as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict) and not any(map(_is_deep, value.values())):
        return "\n".join(f"{name}: {_plain(each)}" for name, each in value.items())
    return json.dumps(value, ensure_ascii=False)


def _is_deep(value: Any) -> bool:
    return isinstance(value, dict | list)


def _new(told: Iterable[Kind], known: set[str]) -> list[Kind]:
    """What was not told before, in its order; the same twice within one step is two calls."""
    new = [(each, json.dumps(asdict(each), sort_keys=True, default=str)) for each in told]
    shown = [each for each, said in new if said not in known]
    known.update(said for _, said in new)
    return shown


def _call(call: Call) -> Told:
    named = [
        ("with", call.arguments),
        ("gave", call.result),
        ("failed", call.error),
        ("beside", call.rest),
    ]
    return Told(name=text(call.name or "something"), parts=parts(named))


def _retrieval(read: Retrieval) -> Told:
    return Told(name=text(read.title or "something"), parts=parts([("saying", read.rest)]))
