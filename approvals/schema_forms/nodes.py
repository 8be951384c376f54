"""PURE: walks a JSON Schema along a payload and chooses which control shows each place."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal
from urllib.parse import unquote

from jsonpointer import JsonPointerException, resolve_pointer

from approvals.inert import leaves, pointer_to

Kind = Literal[
    "text",
    "textarea",
    "number",
    "integer",
    "boolean",
    "select",
    "date",
    "datetime",
    "email",
    "json",
    "readonly",
    "group",
    "list",
]
Schema = Mapping[str, Any]

MISSING: Any = object()
"""Where the payload holds nothing, not even null."""

DEEPEST = 5
MOST_ITEMS = 400
"""Leaves of a payload, or items of one list, beyond which it is edited as JSON."""

LONGEST_REF_CHAIN = 8
BEYOND_A_FORM = ("oneOf", "anyOf", "patternProperties")
CONTROLS: dict[str, Kind] = {
    "object": "group",
    "array": "list",
    "string": "text",
    "number": "number",
    "integer": "integer",
    "boolean": "boolean",
}
FORMATS: dict[str, Kind] = {"date": "date", "date-time": "datetime", "email": "email"}


@dataclass(frozen=True, slots=True)
class Form:
    """What every place of one form shares: the whole schema, and how deep groups go."""

    document: Schema
    deepest: int


@dataclass(frozen=True, slots=True)
class Node:
    """One place of the form. `base` is what the agent's payload holds there, or MISSING."""

    form: Form
    pointer: str
    key: str
    schema: Schema
    base: Any
    kind: Kind
    required: bool
    depth: int


def root(schema: Schema, payload: Any) -> Node:
    """The place of the whole payload; `payload` is the agent's, which the form starts from."""
    many = len(list(islice(leaves(payload), MOST_ITEMS + 1))) > MOST_ITEMS
    form = Form(schema, deepest=0 if many else DEEPEST)
    return _node(form, schema, payload, pointer="", key="content", required=True, depth=0)


def properties(node: Node) -> Iterator[tuple[str, Node]]:
    """The places in a group: first those of the schema, then what else the payload holds."""
    described = node.schema["properties"]
    held = {} if node.base is MISSING else node.base
    rest = node.schema.get("additionalProperties")
    required = node.schema.get("required", ())
    for key in dict.fromkeys([*described, *held]):
        schema = described.get(key, rest)
        yield key, _inner(node, key, schema, held.get(key, MISSING), required=key in required)


def item(node: Node, index: int, base: Any) -> Node:
    """The place of one item of a list. `base` is the agent's item it stems from, or MISSING."""
    return _inner(node, index, node.schema["items"], base, required=True)


def _inner(node: Node, key: str | int, schema: Any, base: Any, *, required: bool) -> Node:
    return _node(
        node.form,
        schema,
        base,
        pointer=pointer_to(node.pointer, key),
        key=str(key),
        required=required,
        depth=node.depth + 1,
    )


def _node(form: Form, schema: Any, base: Any, *, required: bool, depth: int, **place: str) -> Node:
    plain = _resolved(schema, form.document)
    kind = _kind(plain, base, room=form.deepest - depth)
    if kind == "group" and base is MISSING and not required and "$ref" in schema:
        kind = "json"  # a schema may refer to itself: nothing is unfolded that is not there
    return Node(form, schema=plain, base=base, kind=kind, required=required, depth=depth, **place)


def _resolved(schema: Any, document: Schema) -> Schema:
    """The schema with its local references followed; empty, so shown as JSON, where that fails."""
    plain = schema if isinstance(schema, Mapping) else {}
    for _ in range(LONGEST_REF_CHAIN):
        if "$ref" not in plain:
            return plain
        beside = {word: value for word, value in plain.items() if word != "$ref"}
        plain = {**_referred(plain["$ref"], document), **beside}
    return {}


def _referred(reference: Any, document: Schema) -> Schema:
    if not isinstance(reference, str) or not reference.startswith("#"):
        return {}
    try:
        found = resolve_pointer(document, unquote(reference[1:]), None)
    except JsonPointerException:
        return {}
    return found if isinstance(found, Mapping) else {}


def _kind(schema: Schema, base: Any, *, room: int) -> Kind:
    if schema.get("readOnly") is True or schema.get("x-readonly") is True or "const" in schema:
        return "readonly"
    if any(word in schema for word in BEYOND_A_FORM):
        return "json"
    if "enum" in schema:
        return "select" if _are_scalars([*schema["enum"], base]) else "json"
    kind = _by_type(schema)
    if base is MISSING and kind == "boolean":
        return "select"  # a checkbox cannot say "not set"
    fits = base is MISSING or _fits(kind, base)
    return kind if fits and _has_room(kind, schema, room) else "json"


def _by_type(schema: Schema) -> Kind:
    name = schema.get("type")
    kind = CONTROLS.get(name, "json") if isinstance(name, str) else "json"
    return FORMATS.get(schema.get("format", ""), "text") if kind == "text" else kind


def _fits(kind: Kind, base: Any) -> bool:
    match base:
        case bool():
            return kind == "boolean"
        case int() | float():
            return kind == "number" or (kind == "integer" and base == int(base))
        case str():
            return kind in ("text", *FORMATS.values())
        case dict():
            return kind == "group"
        case list():
            return kind == "list"
    return False


def _has_room(kind: Kind, schema: Schema, room: int) -> bool:
    """Groups and lists need a description of what is in them, and must not lie too deep."""
    if kind == "group":
        return isinstance(schema.get("properties"), Mapping) and room >= 0
    if kind == "list":
        items = schema.get("items")
        return isinstance(items, Mapping) and "prefixItems" not in schema and room >= 0
    return True


def _are_scalars(values: list[Any]) -> bool:
    return not any(isinstance(value, dict | list) for value in values)
