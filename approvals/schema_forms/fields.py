"""PURE: the fields of the form, as a template draws them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

from approvals.diffs import same
from approvals.inert import parts
from approvals.schema_forms import nodes, words
from approvals.schema_forms.nodes import MISSING, Kind, Node, Schema
from approvals.schema_forms.values import Option, Typed, control, options, shown

UNCHANGED: Any = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One control, or a group or list of them.

    `name` is "f" and the JSON Pointer into the payload. A checkbox is posted as "true"; beside it
    and in every list stands a hidden input `marker` with the `value`. `value` may hold agents'
    words, and `name` does for keys that the schema does not know; `label` and `id` are inert.
    """

    name: str
    id: str
    label: str
    kind: Kind
    value: str
    options: list[Option]
    required: bool
    hint: str
    error: str
    touched: bool
    children: list["Field"]

    @property
    def pointer(self) -> str:
        return self.name[1:]

    @property
    def marker(self) -> str:
        return f"m{self.pointer}"


@dataclass(frozen=True, slots=True)
class _Filling:
    """What goes into the form beside its nodes."""

    errors: Mapping[str, str]
    typed: Typed


def fields(
    schema: Schema,
    payload: Any,
    errors: Mapping[str, str] | None = None,
    original: Any = UNCHANGED,
    typed: Typed | None = None,
) -> list[Field]:
    """The form for `payload`, an edit of the agent's `original`.

    `errors` are sentences by JSON Pointer into the payload. After a post, `payload` and `typed` are
    those of `parse`, so that nothing typed is lost.
    """
    top = nodes.root(schema, payload if original is UNCHANGED else original)
    filling = _Filling(errors or {}, typed or Typed())
    field = _field(top, payload, words.label(top.schema, top.key), filling)
    return field.children if top.kind == "group" else [field]


def flat(found: list[Field]) -> Iterator[Field]:
    """Every field, the ones inside groups and lists after their own group or list."""
    return chain.from_iterable((field, *flat(field.children)) for field in found)


def _field(node: Node, value: Any, label: str, filling: _Filling) -> Field:
    text = filling.typed.texts.get(node.pointer, shown(node, value))
    children: list[Field] = []
    if node.kind == "group":
        children = _of_group(node, value, filling)
    if node.kind == "list":
        origins = _origins(node, value, filling.typed)
        text = " ".join("+" if origin is None else str(origin) for origin in origins)
        children = _of_list(node, value, label, origins, filling)
    return Field(
        name=f"f{node.pointer}",
        id=_id(node.pointer),
        label=label,
        kind=control(node.kind, text, node.schema),
        value=text,
        options=options(node),
        required=node.required,
        hint=words.hint(node.schema, text),
        error=_error(node, filling.errors),
        touched=node.pointer in filling.typed.texts or not same(node.base, value),
        children=children,
    )


def _of_group(node: Node, value: Any, filling: _Filling) -> list[Field]:
    held = parts(value)
    return [
        _field(inner, held.get(key, MISSING), words.label(inner.schema, key), filling)
        for key, inner in nodes.properties(node)
    ]


def _of_list(
    node: Node, value: Any, label: str, origins: list[int | None], filling: _Filling
) -> list[Field]:
    held, base = parts(value), parts(node.base)
    items = [nodes.item(node, at, base.get(of, MISSING)) for at, of in enumerate(origins)]
    return [_field(item, held[at], f"{label} {at + 1}", filling) for at, item in enumerate(items)]


def _origins(node: Node, value: Any, typed: Typed) -> list[int | None]:
    if node.pointer in typed.origins:
        return typed.origins[node.pointer]
    known = parts(node.base)
    return [at if at in known else None for at in parts(value)]


def _error(node: Node, errors: Mapping[str, str]) -> str:
    """Its own error; a field that shows a whole structure also has those from inside it."""
    inside = node.kind in ("json", "readonly")
    found = (
        sentence
        for pointer, sentence in errors.items()
        if pointer == node.pointer or (inside and pointer.startswith(f"{node.pointer}/"))
    )
    return next(found, "")


def _id(pointer: str) -> str:
    """As the name, in characters that links and selectors can hold; "-" stands for "/"."""
    return "f" + re.sub(r"[^A-Za-z0-9_/]", _hexadecimal, pointer).replace("/", "-")


def _hexadecimal(found: re.Match[str]) -> str:
    return f".{ord(found[0]):x}."
