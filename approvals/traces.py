"""PURE: reads what an agent tells of its own work, in whatever shape; a strange one never fails."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

NAMES = ("name", "tool", "tool_name", "function")
ARGUMENTS = ("arguments", "args", "input", "parameters")
RESULTS = ("result", "output", "response", "return")
TITLES = ("title", "name", "source", "url", "id", "query")
CALLS = ("tool_calls", "calls", "tools")
RETRIEVALS = ("retrieval", "retrievals", "retrieved")

TRACE_ID = re.compile(r"(?!0{32})[0-9a-f]{32}")
TRACEPARENT = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?P<trace>(?!0{32})[0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?"
)
"""W3C Trace Context: version, trace id, parent id, flags."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One tool call; `rest` is what it says beside. What is not a call is all `arguments`."""

    name: str = ""
    arguments: Any = None
    result: Any = None
    error: Any = None
    rest: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Retrieval:
    """Something that was read. `rest` is what it says beside its title."""

    title: str
    rest: Any = None


@dataclass(frozen=True, slots=True)
class Trace:
    """What an agent tells of how it came to an action; `model` is empty where it tells none."""

    model: str
    calls: list[Call]
    retrievals: list[Retrieval]


def read(trace: Any) -> Trace:
    """What stands in it; nothing for what is no object."""
    told = trace if isinstance(trace, Mapping) else {}
    return Trace(
        model=_text(told.get("model")),
        calls=[_call(said) for said in _items(_first(told, CALLS)[1])],
        retrievals=[_retrieval(said) for said in _items(_first(told, RETRIEVALS)[1])],
    )


def trace_id(trace: Any) -> str:
    """The OpenTelemetry trace that it names, as 32 hex digits; empty where it names none."""
    said = trace.get("trace_id") if isinstance(trace, Mapping) else None
    bare = said.replace("-", "").lower() if isinstance(said, str) else ""
    return bare if TRACE_ID.fullmatch(bare) else ""


def trace_id_of_header(traceparent: str) -> str:
    """The trace that a `traceparent` header names; empty where it is none."""
    found = TRACEPARENT.fullmatch(traceparent.strip())
    return found["trace"] if found else ""


def _call(said: Any) -> Call:
    if not isinstance(said, Mapping):
        return Call(arguments=said)
    inner = said.get("function")
    told = {**said, **inner} if isinstance(inner, Mapping) else dict(said)
    if isinstance(inner, Mapping) and "function" not in inner:
        told.pop("function")
    used, parts = {"error"}, {}
    for part, names in (("name", NAMES), ("arguments", ARGUMENTS), ("result", RESULTS)):
        key, parts[part] = _first(told, names)
        used.add(key)
    return Call(
        name=_text(parts["name"]),
        arguments=parts["arguments"],
        result=parts["result"],
        error=told.get("error"),
        rest={key: value for key, value in told.items() if key not in used},
    )


def _retrieval(said: Any) -> Retrieval:
    if not isinstance(said, Mapping):
        title = _text(said)
        return Retrieval(title, None if title else said)
    key, title = _first({name: _text(said.get(name)) for name in TITLES}, TITLES)
    return Retrieval(title or "", {name: value for name, value in said.items() if name != key})


def _items(said: Any) -> Iterator[Any]:
    """Each one of a list; one by itself stands for a list of one."""
    if isinstance(said, list):
        yield from said
    elif said is not None and said not in ("", {}):
        yield said


def _first(told: Mapping[str, Any], names: tuple[str, ...]) -> tuple[str, Any]:
    """The first of these that says anything, with what it says."""
    for name in names:
        if told.get(name) not in (None, ""):
            return name, told[name]
    return "", None


def _text(said: Any) -> str:
    if isinstance(said, bool) or not isinstance(said, str | int | float):
        return ""
    return str(said)
