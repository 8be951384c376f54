"""PURE: the value that a person means by the text of a control."""

import json
import re
from collections.abc import Callable
from decimal import Decimal
from math import isfinite
from typing import Any

from agents_registry.policy.numbers import LARGEST
from approvals.inert import Leaf, leaves
from approvals.schema_forms import words
from approvals.schema_forms.nodes import MISSING, Kind, Node
from approvals.schema_forms.shapes import is_address, is_date, is_instant
from approvals.schema_forms.values import choices, shown

LONGEST_TEXT = 262_144
DEEPEST_JSON = 32

NUMBER = re.compile(r"[-+]?(?:\d{1,30}(?:\.\d{0,30})?|\.\d{1,30})(?:[eE][-+]?\d{1,3})?", re.ASCII)
WHOLE_NUMBER = re.compile(r"[-+]?\d{1,30}", re.ASCII)
NOT_KEPT = re.compile(r"[\0\ud800-\udfff]")
"""What PostgreSQL or UTF-8 cannot hold."""


class Unreadable(Exception):
    """The text is no value of its control; the message is a sentence for the person."""


def read(node: Node, posted: str) -> Any:
    """The value that the person means, MISSING for none. What was left as it was stays the
    agent's value, to the last digit and line end. Raises Unreadable."""
    if _as_compared(node.kind, posted) == _as_compared(node.kind, shown(node, node.base)):
        return node.base
    if len(posted) > LONGEST_TEXT:
        raise Unreadable(words.TOO_LONG)
    text = unix_lines(posted)
    if not text.strip() and means_null(node):
        return None
    if not text.strip() and not (node.kind == "text" and _may_be_empty(node)):
        return MISSING
    value = READERS[node.kind](text) if node.kind in READERS else _choice(node, text)
    _check_keepable(value, node.depth)
    return value


def unix_lines(text: str) -> str:
    """Browsers post every line end as CR LF."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _as_compared(kind: Kind, text: str) -> str:
    """White space around it counts in a free text only; browsers trim addresses."""
    return unix_lines(text) if kind == "text" else unix_lines(text).strip()


def means_null(node: Node) -> bool:
    """Whether an emptied control says null: where it may, the field stands there anyway, and it is
    not the empty text that the agent gave."""
    has_own_words = node.kind in ("json", "select") or node.base == ""
    return node.may_be_null and not has_own_words and (node.required or node.base is not MISSING)


def _may_be_empty(node: Node) -> bool:
    return node.base is not MISSING and not node.schema.get("minLength")


def _choice(node: Node, text: str) -> Any:
    found = choices(node)
    if text not in found:
        raise Unreadable(words.CHOICE)
    return found[text]


def _number(text: str) -> int | float:
    text = text.strip().replace("−", "-")
    if WHOLE_NUMBER.fullmatch(text):
        return _integer(text)
    if not NUMBER.fullmatch(text):
        raise Unreadable(words.NUMBER)
    value = float(text)
    if not isfinite(value):
        raise Unreadable(words.TOO_LARGE)
    if Decimal(repr(value)) != Decimal(text):
        raise Unreadable(words.TOO_PRECISE)
    return value


def _integer(text: str) -> int:
    text = text.strip().replace("−", "-")
    if not WHOLE_NUMBER.fullmatch(text):
        raise Unreadable(words.WHOLE_NUMBER)
    if abs(int(text)) > LARGEST:
        raise Unreadable(words.TOO_LARGE)
    return int(text)


def _boolean(text: str) -> bool:
    return text == "true"


def _date(text: str) -> str:
    return _of_shape(is_date, text, words.DATE)


def _datetime(text: str) -> str:
    return _of_shape(is_instant, text, words.DATETIME)


def _email(text: str) -> str:
    return _of_shape(is_address, text, words.EMAIL)


def _of_shape(has_shape: Callable[[str], bool], text: str, otherwise: str) -> str:
    if not has_shape(text.strip()):
        raise Unreadable(otherwise)
    return text.strip()


def _json(text: str) -> Any:
    try:
        return JSON.decode(text.strip())
    except json.JSONDecodeError as error:
        raise Unreadable(words.no_json(error.lineno, error.colno)) from error
    except RecursionError as error:
        raise Unreadable(words.TOO_DEEP) from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) < len(pairs):
        raise Unreadable(words.TWICE)
    return dict(pairs)


def _no_number(_name: str) -> None:
    raise Unreadable(words.NUMBER)


def _check_keepable(value: Any, depth: int) -> None:
    try:
        found = list(leaves(value))
    except RecursionError as error:
        raise Unreadable(words.TOO_DEEP) from error
    if any(depth + _levels(leaf) > DEEPEST_JSON for leaf in found):
        raise Unreadable(words.TOO_DEEP)
    if any(NOT_KEPT.search(leaf.value_text + leaf.pointer) for leaf in found):
        raise Unreadable(words.NOT_KEPT)


def _levels(leaf: Leaf) -> int:
    """The objects and lists around it; itself too, where it is an empty one."""
    is_empty = not leaf.is_text and leaf.value_text in ("{}", "[]")
    return leaf.pointer.count("/") + is_empty


JSON = json.JSONDecoder(
    parse_int=_integer,
    parse_float=_number,
    parse_constant=_no_number,
    object_pairs_hook=_object,
)
READERS: dict[Kind, Callable[[str], Any]] = {
    "text": str,
    "number": _number,
    "integer": _integer,
    "boolean": _boolean,
    "date": _date,
    "datetime": _datetime,
    "email": _email,
    "json": _json,
}
