"""PURE: what keeps a payload schema from being used: broken, outside references, too much work."""

import re
from collections.abc import Iterator
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.validators import validator_for
from rfc8785 import CanonicalizationError

from ledger import canonical

Fault = tuple[str, str]
"""A JSON Pointer into the schema, and a sentence."""

LARGEST = 64 * 1024
DEEPEST = 32
LONGEST_PATTERN = 200
MOST_WORK = 1000
"""Subschemas that one and the same value of the payload may have to be held to."""

_ELSEWHERE = ("$id", "$anchor", "$dynamicAnchor", "$dynamicRef", "$recursiveRef")
_REPEATED_REPETITION = re.compile(r"(?:[+*]|\{\d*,\d*\})[^()]*\)[+*{]")


def faults(schema: Any) -> list[Fault]:
    """Everything that is wrong; what would make looking further unsafe stands alone."""
    return list(_size(schema)) or list(_meta(schema)) or [*_parts(schema), *_work(schema)]


def leads_to(schema: Any, steps: tuple[str, ...]) -> bool:
    """Whether a payload that fits a faultless schema may have something at this path."""
    return _leads(schema, schema, steps)


def _size(schema: Any) -> Iterator[Fault]:
    if _deeper(schema, DEEPEST):
        yield "", f"It is nested more than {DEEPEST} deep."
        return
    try:
        size = len(canonical.canonical(schema))
    except (CanonicalizationError, UnicodeError) as error:
        yield "", f"It has no exact form as JSON: {error}."
        return
    if size > LARGEST:
        yield "", f"It is {size} bytes long; {LARGEST} is the most."


def _deeper(value: Any, most: int) -> bool:
    """Goes no deeper than `most`, so nothing of any depth can exhaust the stack."""
    if not isinstance(value, dict | list):
        return False
    parts = value.values() if isinstance(value, dict) else value
    return most == 0 or any(_deeper(part, most - 1) for part in parts)


def _meta(schema: Any) -> Iterator[Fault]:
    kind = validator_for(schema, Draft202012Validator)
    for error in kind(kind.META_SCHEMA).iter_errors(schema):
        yield _pointer(*error.absolute_path), f"{error.message[:200]}."


def _parts(schema: Any) -> Iterator[Fault]:
    for pointer, node in _nodes(schema, ""):
        for name in _ELSEWHERE:
            if isinstance(node.get(name), str):
                yield f"{pointer}/{name}", f"{name} is not read here; use $ref and $defs."
        reference = node.get("$ref")
        if isinstance(reference, str) and _at(schema, reference) is None:
            yield f"{pointer}/$ref", f"{reference} is not inside this schema."
        for pattern in _patterns(node):
            if fault := _pattern_fault(pattern):
                yield pointer, fault


def _patterns(node: dict[str, Any]) -> Iterator[str]:
    if isinstance(node.get("pattern"), str):
        yield node["pattern"]
    if isinstance(node.get("patternProperties"), dict):
        yield from node["patternProperties"]


def _pattern_fault(pattern: str) -> str:
    if len(pattern) > LONGEST_PATTERN:
        return f"A pattern is {len(pattern)} characters long; {LONGEST_PATTERN} is the most."
    if _REPEATED_REPETITION.search(pattern):
        return f"The pattern {pattern} repeats a repetition, which can take for ever."
    try:
        re.compile(pattern)
    except re.error as error:
        return f"The pattern {pattern} cannot be read: {error}."
    return ""


def _work(schema: Any) -> Iterator[Fault]:
    known: dict[int, float] = {}
    for pointer, node in _nodes(schema, ""):
        if _weight(schema, node, known, DEEPEST) > MOST_WORK:
            yield pointer, "It refers to itself, or to so much that holding a payload to it hangs."
            return


def _weight(root: Any, node: Any, known: dict[int, float], depth: int) -> float:
    """How many subschemas hold for the same value; without end where they come back to `node`."""
    if depth == 0:
        return float("inf")
    if id(node) not in known:
        known[id(node)] = float("inf")
        beside = (_weight(root, part, known, depth - 1) for part in _beside(root, node))
        known[id(node)] = 1 + sum(beside)
    return known[id(node)]


def _beside(root: Any, node: Any) -> Iterator[Any]:
    """The subschemas that hold for the same value as `node`."""
    if not isinstance(node, dict):
        return
    if isinstance(node.get("$ref"), str) and (target := _at(root, node["$ref"])) is not None:
        yield target
    for name in ("allOf", "anyOf", "oneOf"):
        yield from node.get(name, ())
    for name in ("not", "if", "then", "else"):
        if name in node:
            yield node[name]
    yield from node.get("dependentSchemas", {}).values()


def _leads(root: Any, node: Any, steps: tuple[str, ...]) -> bool:
    if not steps:
        return True
    if not isinstance(node, dict):
        return False
    step, rest = steps[0], steps[1:]
    child = node.get("properties", {}).get(step, node.get("additionalProperties"))
    if step == "*" or (child is None and step.isdigit()):
        child = node.get("items")
    return (isinstance(child, dict) and _leads(root, child, rest)) or any(
        _leads(root, part, steps) for part in _beside(root, node)
    )


def _nodes(value: Any, pointer: str) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(value, dict):
        yield pointer, value
    parts = value.items() if isinstance(value, dict) else enumerate(value)
    for name, part in parts:
        if isinstance(part, dict | list):
            yield from _nodes(part, pointer + _pointer(name))


def _at(root: Any, reference: str) -> Any:
    """What a reference inside the schema names; None for nothing and for every other reference."""
    if not re.fullmatch(r"#(/[^/]*)*", reference):
        return None
    node = root
    for step in reference.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(node, list):
            node = node[int(name)] if name.isdigit() and int(name) < len(node) else None
        else:
            node = node.get(name) if isinstance(node, dict) else None
    return node


def _pointer(*path: Any) -> str:
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)
