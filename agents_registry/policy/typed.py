"""Finds what in a condition can never work: operands that do not fit, unknown names, loops."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from agents_registry.policy.expressions import Node
from agents_registry.policy.vocabulary import (
    ANY,
    ARITHMETIC,
    BOOL,
    CALLS,
    COMPARED,
    HAS_SIZE,
    INT,
    LIST,
    LOOPS,
    MAP,
    NUMBERS,
    OF_TEXT,
    SAID,
    TIMES,
    TYPE_NAMES,
    VARIABLES,
    Type,
)


class Fault(NamedTuple):
    """`at` is the place in the text of the condition."""

    at: int
    words: str


@dataclass(frozen=True, slots=True)
class _Scope:
    """What can be read at a part, and whether it is in one that is worked out as a whole."""

    names: Mapping[str, Type]
    inside_constant: bool = False
    faults: list[Fault] = field(default_factory=list)
    work_out: Callable[[Node], Any] = lambda _node: None


def faults(node: Node, work_out: Callable[[Node], Any]) -> list[Fault]:
    """What can never work in a condition, in the order of its places.

    `work_out` gives the value of a part that reads nothing, or raises what it ends in.
    """
    scope = _Scope(VARIABLES, work_out=work_out)
    answer = _type(node, scope)
    if answer.name not in {"any", "bool"} and not scope.faults:
        scope.faults.append(Fault(node.at, f"It answers with {_said(answer)}, neither yes nor no."))
    return sorted(scope.faults, key=lambda fault: fault.at)


def is_loop(node: Node) -> bool:
    return node.kind == "method" and node.name in LOOPS and len(node.parts) > 2


def loops_in_loops(node: Node, around: str = "", listed: bool = False) -> Iterator[Fault]:
    """The loops that would take the product of two lengths, or more.

    Inside a loop another one may go through a part of what the outer one is at, or once through
    a list that is written out.
    """
    if not is_loop(node):
        for part in node.parts:
            yield from loops_in_loops(part, around, listed)
        return
    through, bound, *bodies = node.parts
    yield from loops_in_loops(through, around, listed)
    written = bool(around) and through.kind == "list"
    if around and _root(through) != around and (listed or not written):
        yield Fault(
            node.at,
            "A loop inside a loop may only go through a part of what the outer one is at, such as "
            f"{around}.parts.",
        )
    for body in bodies:
        yield from loops_in_loops(body, bound.name, listed or written)


def _type(node: Node, scope: _Scope) -> Type:
    """What a part comes to; tells the faults in it. What had one could be anything after that."""
    known = len(scope.faults)
    found = _KINDS[node.kind](node, replace(scope, inside_constant=node.constant))
    if len(scope.faults) > known:
        return ANY
    if node.constant and not scope.inside_constant and node.kind != "literal":
        scope.faults.extend(_ending(node, scope))
    return found


def _literal(node: Node, _scope: _Scope) -> Type:
    return Type(node.name)


def _name(node: Node, scope: _Scope) -> Type:
    if node.name in scope.names:
        return scope.names[node.name]
    if node.name not in TYPE_NAMES:
        _tell(scope, node, f"There is no {node.name} that a rule can read.")
    return Type("type")


def _list(node: Node, scope: _Scope) -> Type:
    items = {_type(part, scope).name for part in node.parts}
    return Type("list", item=Type(items.pop())) if len(items) == 1 else LIST


def _map(node: Node, scope: _Scope) -> Type:
    for part in node.parts:
        _type(part, scope)
    return MAP


def _field(node: Node, scope: _Scope) -> Type:
    (of,) = node.parts
    holder = _type(of, scope)
    if holder.name == "map" and holder.fields is not None:
        if node.name not in holder.fields:
            known = ", ".join(holder.fields)
            _tell(scope, node, f"There is no {node.name} in it, only {known}.")
        return holder.fields.get(node.name, ANY)
    if holder.name not in {"map", "any"}:
        _tell(scope, node, f"There is no {node.name} in {_said(holder)}.")
    return holder.item or ANY


def _index(node: Node, scope: _Scope) -> Type:
    holder, key = (_type(part, scope) for part in node.parts)
    fits = {"list": {"int", "uint", "any"}, "map": {"string", "int", "uint", "bool", "any"}}
    if holder.name == "any":
        return ANY
    if key.name not in fits.get(holder.name, ()):
        _tell(scope, node, f"{_said(holder).capitalize()} has nothing at {_said(key)}.")
    return holder.item or ANY


def _choice(node: Node, scope: _Scope) -> Type:
    asked, yes, no = (_type(part, scope) for part in node.parts)
    if asked.name not in {"bool", "any"}:
        _tell(scope, node, f"? does not take {_said(asked)}.")
    return yes if yes == no else ANY


def _op(node: Node, scope: _Scope) -> Type:
    types = [_type(part, scope) for part in node.parts]
    if len(types) == 1:
        return _sign(node, types[0], scope)
    left, right = types
    if node.name in {"/", "%"} and node.parts[1].constant and not node.constant:
        _divisor(node.parts[1], scope)
    match node.name:
        case "&&" | "||":
            fits = {left.name, right.name} <= {"bool", "any"}
        case "==" | "!=":
            fits = True
        case "in":
            fits = right.name in {"list", "map", "any"}
        case "<" | "<=" | ">" | ">=":
            fits = _compares(left.name, right.name)
        case _:
            return _arithmetic(node, left, right, scope)
    if not fits:
        _tell(scope, node, _misfit(node.name, left, right))
    return BOOL


def _sign(node: Node, of: Type, scope: _Scope) -> Type:
    if of.name not in ({"bool", "any"} if node.name == "!" else {"int", "double", "any"}):
        _tell(scope, node, f"{node.name} does not take {_said(of)}.")
    return of


def _compares(left: str, right: str) -> bool:
    if "any" in {left, right}:
        return {left, right} <= {"any", *NUMBERS, *COMPARED}
    return {left, right} <= NUMBERS or (left == right and left in COMPARED)


def _arithmetic(node: Node, left: Type, right: Type, scope: _Scope) -> Type:
    fitting = [
        result
        for (one, other), result in ARITHMETIC[node.name].items()
        if left.name in {one, "any"} and right.name in {other, "any"}
    ]
    if not fitting:
        _tell(scope, node, _misfit(node.name, left, right))
    return Type(fitting[0]) if len(fitting) == 1 else ANY


def _divisor(node: Node, scope: _Scope) -> None:
    try:
        if scope.work_out(node) == 0:
            _tell(scope, node, "It divides by zero.")
    except Exception:
        _tell(scope, node, "It ends in an error whenever it is asked.")


def _call(node: Node, scope: _Scope) -> Type:
    if node.name == "has":
        for part in node.parts:
            _type(part, scope)
        return BOOL
    arguments = [_type(part, scope) for part in node.parts]
    if node.name in {*OF_TEXT, *TIMES, *LOOPS}:
        _tell(scope, node, f"{node.name}() is written behind what it is asked of, with a dot.")
    elif node.name not in CALLS:
        _tell(scope, node, f"There is no function {node.name}().")
    elif node.name == "size":
        _sized(node, arguments, scope)
    return CALLS.get(node.name, ANY)


def _method(node: Node, scope: _Scope) -> Type:
    if is_loop(node):
        return _loop(node, scope)
    holder, *arguments = (_type(part, scope) for part in node.parts)
    if node.name in OF_TEXT:
        for given in (holder, *arguments):
            if given.name not in {"string", "any"}:
                _tell(scope, node, f"{node.name}() does not take {_said(given)}.")
        if node.name == "matches":
            _pattern(node, scope)
        return BOOL
    if node.name in TIMES:
        if holder.name not in {"timestamp", "duration", "any"}:
            _tell(scope, node, f"{node.name}() does not take {_said(holder)}.")
        return INT
    if node.name == "size":
        _sized(node, [holder, *arguments], scope)
    elif node.name not in CALLS:
        _tell(scope, node, f"There is no function {node.name}().")
    return CALLS.get(node.name, ANY)


def _sized(node: Node, arguments: list[Type], scope: _Scope) -> None:
    for given in arguments:
        if given.name not in {*HAS_SIZE, "any"}:
            _tell(scope, node, f"size() does not take {_said(given)}.")


def _pattern(node: Node, scope: _Scope) -> None:
    """A pattern that is written out is tried on nothing."""
    given = node.parts[-1]
    if given.kind == "literal" and not node.constant:
        empty = replace(node, parts=(Node("literal", 0, 0, "string"), given))
        try:
            scope.work_out(empty)
        except Exception:
            _tell(scope, given, "This is not a regular expression.")


def _loop(node: Node, scope: _Scope) -> Type:
    through, bound, *bodies = node.parts
    holder = _type(through, scope)
    if holder.name not in {"list", "map", "any"}:
        _tell(scope, node, f"{node.name}() goes through a list, not {_said(holder)}.")
    item = holder.item or ANY
    inner = replace(
        scope,
        names={**scope.names, bound.name: item if holder.name == "list" else ANY},
        inside_constant=False,
    )
    found = [_type(body, inner) for body in bodies]
    if node.name != "map" and found[0].name not in {"bool", "any"}:
        _tell(scope, node, f"{node.name}() asks yes or no of each, not {_said(found[0])}.")
    if node.name in {"map", "filter"}:
        return Type("list", item=found[-1] if node.name == "map" else holder.item)
    return BOOL


def _root(node: Node) -> str:
    """The name that `item.tags[0].all` begins with; empty for what begins otherwise."""
    while node.kind in {"field", "index"}:
        node = node.parts[0]
    return node.name if node.kind == "name" else ""


def _ending(node: Node, scope: _Scope) -> Iterator[Fault]:
    """A part that reads nothing is worked out now: whatever it ends in, it ends in each time."""
    try:
        scope.work_out(node)
    except ZeroDivisionError:
        yield Fault(node.at, "It divides by zero.")
    except Exception:
        yield Fault(node.at, "It ends in an error whenever it is asked.")


def _misfit(sign: str, left: Type, right: Type) -> str:
    hint = ""
    if sign not in {"&&", "||", "in"} and {left.name, right.name} == {"int", "double"}:
        hint = " Write both alike: 2.0, not 2."
    return f"{sign} does not take {_said(left)} and {_said(right)}.{hint}"


def _said(of: Type) -> str:
    return SAID.get(of.name, of.name)


def _tell(scope: _Scope, node: Node, words: str) -> None:
    scope.faults.append(Fault(node.at, words))


_KINDS: Mapping[str, Callable[[Node, _Scope], Type]] = {
    "literal": _literal,
    "name": _name,
    "list": _list,
    "map": _map,
    "op": _op,
    "call": _call,
    "method": _method,
    "field": _field,
    "index": _index,
    "choice": _choice,
}
