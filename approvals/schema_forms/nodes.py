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
NULLABLE = "may be null"
"""How a schema that allows null beside one other thing is marked once it is read as that thing."""
CONTROLS: dict[str, Kind] = {
    "object": "group",
    "array": "list",
    "string": "text",
    "number": "number",
    "integer": "integer",
    "boolean": "boolean",
}
WORDS_FOR_PEOPLE = ("title", "description", "default", "examples", "$comment", "$defs")
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

    @property
    def may_be_null(self) -> bool:
        return bool(self.schema.get(NULLABLE))


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
        inner = _wrapped(plain)
        if "$ref" in plain:
            plain = {**_referred(plain["$ref"], document), **_without(plain, "$ref")}
        elif inner:
            word, schema, null = inner
            plain = {**schema, **_without(plain, word), **({NULLABLE: True} if null else {})}
        else:
            return _without_null(plain)
    return {}


def _wrapped(schema: Schema) -> tuple[str, Schema, bool] | None:
    """What stands alone in `allOf`, or in `anyOf` or `oneOf` beside null: the word, the schema, and
    whether null is allowed."""
    for word in ("allOf", "anyOf", "oneOf"):
        found = schema.get(word)
        if not isinstance(found, list):
            continue
        others = [each for each in found if each != {"type": "null"}]
        null = len(others) < len(found)
        alone = len(others) == 1 and isinstance(others[0], Mapping)
        if alone and null != (word == "allOf") and not _clash(schema, others[0], word):
            return word, others[0], null
    return None


def _clash(schema: Schema, inner: Schema, word: str) -> bool:
    """Whether both say something of the same: then one of them would go unheard."""
    return any(each in inner for each in schema if each not in (word, *WORDS_FOR_PEOPLE))


def _without_null(schema: Schema) -> Schema:
    types = schema.get("type")
    if not isinstance(types, list) or "null" not in types:
        return schema
    others = [each for each in types if each != "null"]
    return {**schema, "type": others[0], NULLABLE: True} if len(others) == 1 else schema


def _without(schema: Schema, word: str) -> Schema:
    return {each: value for each, value in schema.items() if each != word}


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
    if kind == "boolean" and (base is MISSING or schema.get(NULLABLE)):
        return "select"  # a checkbox cannot say "not set"
    empty = base is None and schema.get(NULLABLE) and kind not in ("group", "list")
    fits = base is MISSING or empty or _fits(kind, base)
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
