"""Compiles the conditions of stop rules (CEL) once, and asks them."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cel

from agents_registry.policy import expressions, typed, vocabulary
from agents_registry.policy.expressions import Node, Unreadable

LONGEST = 2000
"""Characters. Far longer ones can exhaust the stack of the evaluator."""

LONGEST_LIST = 500
"""What a loop may go through: the evaluator copies lists, and so some loops take the square."""

VARIABLES = frozenset(vocabulary.VARIABLES)
FUNCTIONS = vocabulary.FUNCTIONS
_SYNTAX = re.compile(r"<input>:(\d+):(\d+): (.*?)(?: expecting .*)?$", re.MULTILINE)

_TROUBLE = {
    KeyError: "something that it reads is missing",
    IndexError: "something that it reads is missing",
    TypeError: "something that it reads is missing or of another kind than it expects",
}


@dataclass(frozen=True, slots=True)
class Condition:
    """A compiled condition; `program` is None where `faults` say why it is not one.

    `loops` where it goes through lists.
    """

    program: cel.Program | None
    reads: frozenset[str]
    node: Node | None = None
    loops: bool = False
    faults: tuple[str, ...] = ()


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
        return _none(f"It is longer than {LONGEST} characters.")
    try:
        program = cel.compile(text)
        node = expressions.parse(text)
    except Unreadable as error:
        return _none(_placed(text, error.at, str(error)))
    except ValueError as error:
        return _none(_place(str(error)))
    if nested := [_placed(text, at, words) for at, words in typed.loops_in_loops(node)]:
        return _none(*nested)
    reads = VARIABLES.intersection(program.variables())
    return Condition(program, reads, node, loops=any(map(typed.is_loop, expressions.walk(node))))


def context(values: Mapping[str, Any]) -> cel.Context:
    """What a condition sees. What cannot be handed over stays out, and reading it is trouble."""
    made = cel.Context()
    for name, value in values.items():
        try:
            made.add_variable(name, value)
        except (ValueError, TypeError, OverflowError):
            continue
    return made


def long_lists(values: Mapping[str, Any]) -> frozenset[str]:
    """Which of the values hold a list or an object that is too long for a loop."""
    return frozenset(name for name, value in values.items() if _is_long(value))


def ask(condition: Condition, seen: cel.Context, long: frozenset[str] = frozenset()) -> Answer:
    """Whether the condition holds. Strict: whatever is not a plain no counts as a yes.

    `long` are the names that no loop may go through (`long_lists`).
    """
    if condition.program is None:
        return Answer(matched=True, trouble="it is not written correctly")
    if condition.loops and condition.reads & long:
        return Answer(True, f"a list that it may go through is longer than {LONGEST_LIST}")
    try:
        answer = condition.program.execute(seen)
    except Exception as error:
        return Answer(True, _TROUBLE.get(type(error), "it ended in an error"))
    if answer is True:
        return YES
    return NO if answer is False else Answer(True, "it answers neither yes nor no")


def faults(text: str) -> list[str]:
    """What is wrong with a condition before it ever runs, each with its line and column: what
    does not parse, names that are unknown, kinds that do not fit, loops within loops, errors."""
    condition = compiled(text)
    if condition.node is None:
        return list(condition.faults)
    found = typed.faults(condition.node, _work_out(text))
    return [_placed(text, at, words) for at, words in found]


def _work_out(text: str) -> Callable[[Node], Any]:
    """Gives the value of a part of the text that reads nothing."""
    return lambda node: cel.compile(_written(text, node)).execute(cel.Context())


def _written(text: str, node: Node) -> str:
    if node.kind == "method" and node.parts[0].at == node.parts[0].end:
        return f"''.{node.name}({text[node.parts[1].at : node.parts[1].end]})"
    return text[node.at : node.end]


def _is_long(value: Any) -> bool:
    """Whether any list or object in this JSON has more parts than a loop may go through."""
    todo = [value]
    while todo:
        node = todo.pop()
        if isinstance(node, dict):
            node = list(node.values())
        elif not isinstance(node, list | tuple):
            continue
        if len(node) > LONGEST_LIST:
            return True
        todo.extend(node)
    return False


def _none(*faults: str) -> Condition:
    return Condition(None, frozenset(), faults=faults)


def _placed(text: str, at: int, words: str) -> str:
    line = text.count("\n", 0, at) + 1
    return f"Line {line}, column {at - text.rfind(chr(10), 0, at)}: {words}"


def _place(message: str) -> str:
    syntax = _SYNTAX.search(message)
    if syntax is None:
        return "It is not a CEL expression."
    line, column, what = syntax.groups()
    return f"Line {line}, column {column}: {what}."
