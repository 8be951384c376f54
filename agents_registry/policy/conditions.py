"""Compiles the conditions of stop rules (CEL) once, and asks them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cel

LONGEST = 2000
"""Characters. Far longer ones can exhaust the stack of the evaluator."""

VARIABLES = frozenset(
    {
        "payload",
        "impact",
        "confidence",
        "signals",
        "evidence",
        "handoff",
        "subject",
        "agent",
        "workflow",
        "action_type",
    }
)
_TYPES = frozenset(
    {"int", "uint", "double", "bool", "string", "bytes", "list", "map", "null_type", "type"}
)
FUNCTIONS = frozenset(
    {
        "size",
        "contains",
        "startsWith",
        "endsWith",
        "matches",
        "int",
        "uint",
        "double",
        "string",
        "bytes",
        "timestamp",
        "duration",
        "type",
        "dyn",
        "getDate",
        "getDayOfMonth",
        "getDayOfWeek",
        "getDayOfYear",
        "getFullYear",
        "getHours",
        "getMilliseconds",
        "getMinutes",
        "getMonth",
        "getSeconds",
    }
)
_BOUND = re.compile(r"\.(?:all|exists|exists_one|map|filter)\(\s*([A-Za-z_]\w*)\s*,")
_SYNTAX = re.compile(r"<input>:(\d+):(\d+): (.*?)(?: expecting .*)?$", re.MULTILINE)

_TROUBLE = {
    KeyError: "something that it reads is missing",
    IndexError: "something that it reads is missing",
    TypeError: "something that it reads is missing or of another kind than it expects",
}


@dataclass(frozen=True, slots=True)
class Condition:
    """A compiled condition; `program` is None where `fault` says why it is not one."""

    program: cel.Program | None
    reads: frozenset[str]
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """`trouble` says why the condition could not be worked out; it then counts as matched."""

    matched: bool
    trouble: str = ""


NO = Answer(matched=False)
YES = Answer(matched=True)


@lru_cache(maxsize=4096)
def compiled(text: str) -> Condition:
    """The condition, compiled on its first use."""
    if len(text) > LONGEST:
        return Condition(None, frozenset(), f"It is longer than {LONGEST} characters.")
    try:
        program = cel.compile(text)
    except ValueError as error:
        return Condition(None, frozenset(), _place(str(error)))
    return Condition(program, VARIABLES.intersection(program.variables()))


def context(values: Mapping[str, Any]) -> cel.Context:
    """What a condition sees. What cannot be handed over stays out, and reading it is trouble."""
    made = cel.Context()
    for name, value in values.items():
        try:
            made.add_variable(name, value)
        except (ValueError, TypeError, OverflowError):
            continue
    return made


def ask(condition: Condition, seen: cel.Context) -> Answer:
    """Whether the condition holds. Strict: whatever is not a plain no counts as a yes."""
    if condition.program is None:
        return Answer(matched=True, trouble="it is not written correctly")
    try:
        answer = condition.program.execute(seen)
    except Exception as error:
        return Answer(True, _TROUBLE.get(type(error), "it ended in an error"))
    if answer is True:
        return YES
    return NO if answer is False else Answer(True, "it answers neither yes nor no")


def faults(text: str) -> list[str]:
    """What is wrong with a condition before it ever runs: syntax with its place, unknown names."""
    condition = compiled(text)
    if condition.program is None:
        return [condition.fault]
    bound = frozenset(_BOUND.findall(text))
    read = set(condition.program.variables()) - VARIABLES - _TYPES - bound
    called = {name for name in condition.program.functions() if name.isidentifier()} - FUNCTIONS
    return [
        *(f"There is no {name} that a rule can read." for name in sorted(read)),
        *(f"There is no function {name}()." for name in sorted(called)),
    ]


def _place(message: str) -> str:
    syntax = _SYNTAX.search(message)
    if syntax is None:
        return "It is not a CEL expression."
    line, column, what = syntax.groups()
    return f"Line {line}, column {column}: {what}."
