"""PURE: rebuilds the payload from what the form posts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from approvals.inert import parts, pointer_to
from approvals.schema_forms import nodes, words
from approvals.schema_forms.nodes import MISSING, MOST_ITEMS, Kind, Node, Schema
from approvals.schema_forms.reading import Unreadable, means_null, read
from approvals.schema_forms.values import Typed

BLANKS: dict[Kind, Any] = {"group": {}, "list": [], "text": ""}
"""What stands in a list for a new item until the person fills it; null for any other."""

T = TypeVar("T")


class Posted(Protocol):
    """What a browser posted: a mapping of texts, or Django's QueryDict."""

    def get(self, key: str, /) -> Any: ...

    def __contains__(self, key: object, /) -> bool: ...


@dataclass(frozen=True, slots=True)
class Parsed:
    """The payload as the person wants it. `errors` are sentences by JSON Pointer into it; where
    there is one the payload holds the agent's value. `typed` is for showing the form again."""

    payload: Any
    errors: dict[str, str]
    typed: Typed


def parse(schema: Schema, payload: Any, data: Posted) -> Parsed:
    """The agent's `payload` with what was posted for it.

    A place that was not posted or not changed keeps the agent's value exactly. `data["add"]` names
    a list, `data["remove"]` an item, by JSON Pointer. Whether the result fits the schema is for
    the schema to say.
    """
    reader = _Reader(data)
    top = nodes.root(schema, payload)
    value = reader.value(top)
    if value is MISSING:
        reader.errors.setdefault("", words.NEEDED)
        value = payload
    return Parsed(value, reader.errors, Typed(reader.texts, reader.origins))


@dataclass(slots=True)
class _Reader:
    """The posted texts, and what comes to light while the payload is rebuilt from them."""

    data: Posted
    errors: dict[str, str] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    origins: dict[str, list[int | None]] = field(default_factory=dict)

    def value(self, node: Node) -> Any:
        """The value at this place, MISSING for none."""
        if node.kind == "group":
            return self._group(node)
        if node.kind == "list":
            return self._list(node)
        text = self._text(node)
        return node.base if text is None else self._read(node, text)

    def _group(self, node: Node) -> Any:
        inner = dict(nodes.properties(node))
        read = {key: self.value(child) for key, child in inner.items()}
        given = {key: value for key, value in read.items() if value is not MISSING}
        if node.base is MISSING and not node.required and not given:
            return MISSING
        for key, child in inner.items():
            if child.required and key not in given:
                self._fill(given, key, child)
        return given

    def _fill(self, given: dict[str, Any], key: str, child: Node) -> None:
        if "const" in child.schema:
            given[key] = child.schema["const"]
        else:
            self.errors.setdefault(child.pointer, words.NEEDED)

    def _list(self, node: Node) -> Any:
        posted = self._posted(f"m{node.pointer}")
        if posted is None:
            return node.base
        origins = _origins(posted, node.base)
        if len(origins) + self._adds_to(node) > max(MOST_ITEMS, len(parts(node.base))):
            self.errors[node.pointer] = words.too_many(MOST_ITEMS)
            return node.base
        return self._items(node, origins)

    def _items(self, node: Node, origins: list[int | None]) -> Any:
        base = parts(node.base)
        items = [nodes.item(node, at, base.get(of, MISSING)) for at, of in enumerate(origins)]
        values = [self._item(item) for item in items]
        if self._adds_to(node):
            values.append(_blank(nodes.item(node, len(values), MISSING)))
            origins.append(None)
        gone = next((at for at, item in enumerate(items) if self._removes(item)), None)
        if gone is not None:
            del values[gone], origins[gone]
            self._move_up(node.pointer, gone)
        self.origins[node.pointer] = origins
        return MISSING if node.base is MISSING and not values and not node.required else values

    def _item(self, node: Node) -> Any:
        value = self.value(node)
        if value is MISSING and means_null(node):
            return None
        if value is MISSING:
            self.errors.setdefault(node.pointer, words.NEEDED)
            return _blank(node)
        return value

    def _read(self, node: Node, text: str) -> Any:
        try:
            return read(node, text)
        except Unreadable as error:
            self.errors[node.pointer] = str(error)
            self.texts[node.pointer] = text
            return node.base

    def _text(self, node: Node) -> str | None:
        """What was posted for it; None where its control was not in the form."""
        if node.kind == "readonly":
            return None
        if node.kind == "boolean":
            in_form = f"m{node.pointer}" in self.data
            return str(f"f{node.pointer}" in self.data).lower() if in_form else None
        return self._posted(f"f{node.pointer}")

    def _posted(self, name: str) -> str | None:
        text = self.data.get(name)
        return text if isinstance(text, str) else None

    def _adds_to(self, node: Node) -> bool:
        return self._posted("add") == node.pointer

    def _removes(self, item: Node) -> bool:
        return self._posted("remove") == item.pointer

    def _move_up(self, pointer: str, gone: int) -> None:
        self.errors = _moved_up(self.errors, pointer, gone)
        self.texts = _moved_up(self.texts, pointer, gone)
        self.origins = _moved_up(self.origins, pointer, gone)


def _blank(node: Node) -> Any:
    value = BLANKS.get(node.kind)
    return value.copy() if isinstance(value, dict | list) else value


def _origins(posted: str, base: Any) -> list[int | None]:
    """Which of the agent's items each item stems from; each at most once, None for a new one."""
    known = {str(at): at for at in parts(base)}
    return [known.pop(token, None) for token in posted.split()]


def _moved_up(by_pointer: Mapping[str, T], pointer: str, gone: int) -> dict[str, T]:
    """The same without item `gone` of the list at `pointer`; the items after it move up."""
    moved = {}
    for key, value in by_pointer.items():
        index, slash, rest = key.removeprefix(f"{pointer}/").partition("/")
        if not key.startswith(f"{pointer}/") or int(index) < gone:
            moved[key] = value
        elif int(index) > gone:
            moved[pointer_to(pointer, int(index) - 1) + slash + rest] = value
    return moved
