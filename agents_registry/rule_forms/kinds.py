"""PURE: how each kind of value is shown as texts in a form, and read back from them."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Any

from agents_registry.policy import numbers

Texts = tuple[str, ...]
"""What a browser posts under one name: one text, none for what is not ticked, or several."""


class _Absent(Enum):
    """One of its kind, also when a row around it is copied."""

    ABSENT = "absent"


ABSENT: Any = _Absent.ABSENT
"""A value that a row does not have at all, which is not the same as null."""

_SECONDS = {"day": 86_400, "hour": 3_600, "minute": 60, "second": 1}
_AGE = re.compile(rf"([0-9]{{1,9}}) ({'|'.join(_SECONDS)})s?")
_NUMBER = re.compile(numbers.DECIMAL)
_WHOLE = re.compile(r"[0-9]{1,15}")


class Wrong(ValueError):
    """A text that says no value of its kind. It is kept in the value's place, to be mended."""


@dataclass(frozen=True, slots=True)
class Kind:
    """`control` names the input. `show` takes any value, also one that was kept though wrong."""

    control: str
    show: Callable[[Any], Texts]
    parse: Callable[[Texts], Any]


def tidy(texts: Texts) -> Texts:
    """As a browser may send the same texts: other line ends, and space around them."""
    lines = (text.replace("\r\n", "\n").replace("\r", "\n") for text in texts)
    return tuple(text.replace("\0", "").strip() for text in lines)


def _said(value: Any) -> str:
    return "" if value is None or value is ABSENT else str(value)


def _show_text(value: Any) -> Texts:
    return (_said(value),)


def _show_line(value: Any) -> Texts:
    return (re.sub(r"[\r\n]", "", _said(value)),)


def _parse_text(texts: Texts) -> str:
    return texts[0]


def _show_lines(value: Any) -> Texts:
    return ("\n".join(map(_said, value)) if isinstance(value, list) else _said(value),)


def _parse_lines(texts: Texts) -> list[str]:
    return [line.strip() for line in texts[0].splitlines() if line.strip()]


def _show_tick(value: Any) -> Texts:
    return ("true",) if value is True else ()


def _show_ticks(value: Any) -> Texts:
    return tuple(sorted(set(value))) if isinstance(value, list) else ()


def _show_number(value: Any) -> Texts:
    """A plain decimal, also for numbers that Python writes with an exponent."""
    exact = isinstance(value, int | float) and not isinstance(value, bool)
    return (format(Decimal(repr(value)), "f"),) if exact else _show_text(value)


def _parse_number(texts: Texts) -> int | float | str:
    """A JSON number where it says the same exactly, else a decimal string."""
    (text,) = texts
    if not _NUMBER.fullmatch(text):
        raise Wrong("Write a plain number such as 200 or 200.50.")
    if "." not in text:
        return int(text)
    return float(text) if Decimal(repr(float(text))) == Decimal(text) else text


def _parse_share(texts: Texts) -> float | int:
    if numbers.share(texts[0]) is None:
        raise Wrong("Write a number from 0 to 1, such as 0.80.")
    return float(texts[0])


def _parse_whole(texts: Texts) -> int:
    if not _WHOLE.fullmatch(texts[0]):
        raise Wrong("Write a whole number such as 10.")
    return int(texts[0])


def _show_age(value: Any) -> Texts:
    if not isinstance(value, int):
        return _show_text(value)
    unit = next(unit for unit, length in _SECONDS.items() if value % length == 0)
    count = value // _SECONDS[unit]
    return (f"{count} {unit}{'' if count == 1 else 's'}",)


def _parse_age(texts: Texts) -> int:
    found = _AGE.fullmatch(" ".join(texts[0].lower().split()))
    if found is None:
        raise Wrong("Write an age such as 24 hours, 90 minutes or 2 days.")
    return int(found[1]) * _SECONDS[found[2]]


def _show_effect(value: Any) -> Texts:
    match value:
        case {"block": True}:
            return ("block",)
        case {"raise_to": word}:
            return (f"raise_to {word}",)
        case {"mode_to": word}:
            return (f"mode_to {word}",)
    return _show_text(value)


def _parse_effect(texts: Texts) -> dict[str, Any]:
    kind, _, word = texts[0].partition(" ")
    if kind not in {"block", "raise_to", "mode_to"}:
        raise Wrong("Choose what follows.")
    return {"block": True} if kind == "block" else {kind: word}


def _show_source(value: Any) -> Texts:
    match value:
        case str() if value:
            return ("value", value)
        case {"count": pointer}:
            return ("count", _said(pointer))
        case {"sum": pointer}:
            return ("sum", _said(pointer))
        case {"const": constant}:
            return ("const", *_show_number(constant))
    return ("", "")


def _parse_source(texts: Texts) -> Any:
    how, what = (*texts, "", "")[:2]
    match how:
        case "value":
            return what
        case "count" | "sum":
            return {how: what}
        case "const":
            return {how: _parse_number((what,)) if _NUMBER.fullmatch(what) else what}
    raise Wrong("Choose how it is found.")


def _show_json(value: Any) -> Texts:
    if isinstance(value, str):
        return (value,)
    return (json.dumps({} if value is ABSENT else value, indent=2, ensure_ascii=False),)


def _parse_json(texts: Texts) -> Any:
    try:
        return json.loads(texts[0], parse_constant=_no_number, object_pairs_hook=_each_once)
    except json.JSONDecodeError as error:
        raise Wrong(f"Line {error.lineno}, column {error.colno}: {error.msg}.") from None
    except RecursionError:
        raise Wrong("It is nested too deep.") from None


def _no_number(word: str) -> Any:
    raise Wrong(f"{word} is no number in JSON.")


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    said = dict(pairs)
    if len(said) < len(pairs):
        raise Wrong("A name stands twice in the same object.")
    return said


LINE = Kind("line", _show_line, _parse_text)
AREA = Kind("area", _show_text, _parse_text)
CODE = Kind("code", _show_text, _parse_text)
LINES = Kind("area", _show_lines, _parse_lines)
CHOICE = Kind("choice", _show_line, _parse_text)
EFFECT = Kind("choice", _show_effect, _parse_effect)
TICK = Kind("tick", _show_tick, bool)
TICKS = Kind("ticks", _show_ticks, list)
NUMBER = Kind("number", _show_number, _parse_number)
SHARE = Kind("number", _show_number, _parse_share)
WHOLE = Kind("number", _show_number, _parse_whole)
AGE = Kind("line", _show_age, _parse_age)
SOURCE = Kind("source", _show_source, _parse_source)
JSON = Kind("json", _show_json, _parse_json)
