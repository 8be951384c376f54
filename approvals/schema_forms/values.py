"""PURE: one value as the text of its control."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from approvals.inert import HIDDEN, value_text
from approvals.schema_forms.nodes import MISSING, Kind, Node
from approvals.schema_forms.shapes import is_date

LONG_LINE = 80


@dataclass(frozen=True, slots=True)
class Option:
    """One choice of a select. `value` is JSON, so that 1 and "1" stay two choices."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Typed:
    """What a posted form says beside the payload, by JSON Pointer into the payload.

    `texts` are those that could not be read; `origins` say for each item of a list which of the
    agent's items it stems from, None for a new one.
    """

    texts: Mapping[str, str] = field(default_factory=dict)
    origins: Mapping[str, list[int | None]] = field(default_factory=dict)


def shown(node: Node, value: Any) -> str:
    """The text of the control for this value; "" where there is none yet."""
    if value is MISSING or node.kind in ("group", "list"):
        return ""
    if node.kind == "select":
        return json.dumps(value) if json.dumps(value) in choices(node) else ""
    if node.kind == "json" or isinstance(value, dict | list):
        return _pretty(value)
    if value is None and node.kind != "readonly":
        return ""
    return value_text(value)


def choices(node: Node) -> dict[str, Any]:
    """The values of a select by the JSON that is posted for them."""
    values = node.schema.get("enum", [True, False, None] if node.may_be_null else [True, False])
    held = [] if node.base is MISSING else [node.base]
    return {json.dumps(value): value for value in [*values, *held]}


def options(node: Node) -> list[Option]:
    if node.kind != "select":
        return []
    unset = [] if node.required and node.base is not MISSING else [Option("", "not set")]
    return unset + [Option(text, _choice_label(value)) for text, value in choices(node).items()]


def control(kind: Kind, text: str, schema: Mapping[str, Any]) -> Kind:
    """The control that can hold this very text: an input of one line loses line ends, and an
    input for dates anything else."""
    if kind not in ("text", "email", "date", "datetime"):
        return kind
    if "\n" in text or "\r" in text:
        return "textarea"
    if kind == "text" and (len(text) > LONG_LINE or schema.get("maxLength", 0) > 4 * LONG_LINE):
        return "textarea"
    return "text" if kind == "date" and text and not is_date(text) else kind


def _pretty(value: Any) -> str:
    """JSON to read and edit; hidden characters stand in it as escapes."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    return HIDDEN.sub(lambda found: json.dumps(found[0])[1:-1], text)


def _choice_label(value: Any) -> str:
    match value:
        case bool():
            return "Yes" if value else "No"
        case None:
            return "none"
        case "":
            return "(empty)"
    return value_text(value)
