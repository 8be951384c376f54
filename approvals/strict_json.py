"""PURE: JSON that means the same to every reader: of bounded depth, each name once, nothing that
cannot be stored."""

import json
import math
import re
from collections.abc import Iterator
from typing import Any

from approvals.errors import Fault, Invalid

MAX_DEPTH = 32
MAX_FAULTS = 20
LARGEST = 2**53 - 1
"""Beyond it neighbouring numbers are no longer told apart by every reader of JSON."""

LONE_SURROGATE = re.compile("[\ud800-\udfff]")


class Repeated(dict[str, Any]):
    """An object in which `name` stood more than once."""

    name = ""


def read(text: str, pointer: str = "") -> Any:
    """The value that a text holds; Invalid with a pointer, under `pointer`, to what is wrong."""
    value = _loads(text, pointer)
    faults = [fault for fault, _ in zip(_faults(value, pointer), range(MAX_FAULTS), strict=False)]
    if faults:
        raise Invalid(faults[0].detail, code=faults[0].code, faults=faults)
    return value


def escaped(name: object) -> str:
    """A name as one step of a JSON Pointer; what UTF-8 cannot carry is spelled out."""
    text = str(name).encode("utf-8", "backslashreplace").decode()
    return text.replace("~", "~0").replace("/", "~1")


def _loads(text: str, pointer: str) -> Any:
    try:
        return json.loads(
            text,
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_constant=lambda _: math.nan,
        )
    except json.JSONDecodeError as error:
        detail = f"This is not JSON: {error.msg} at line {error.lineno} column {error.colno}."
        raise _invalid(detail, "body_not_json", pointer) from error
    except RecursionError as error:
        raise _invalid(_TOO_DEEP, "too_deep", pointer) from error


def _invalid(detail: str, code: str, pointer: str) -> Invalid:
    faults = [Fault(pointer, code, detail)] if pointer else []
    return Invalid(detail, code=code, faults=faults)


_TOO_DEEP = f"Objects and lists stand in each other at most {MAX_DEPTH} deep."


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) == len(pairs):
        return value
    repeated, met = Repeated(value), set[str]()
    for name, _ in pairs:
        if name in met:
            repeated.name = name
        met.add(name)
    return repeated


def _integer(text: str) -> int | float:
    return int(text) if len(text) <= len(str(-LARGEST)) else math.inf


def _faults(value: Any, pointer: str = "", depth: int = 0) -> Iterator[Fault]:
    """Whatever JSON allows and this contract does not, each at its place."""
    match value:
        case str():
            yield from _text_faults(value, pointer)
        case bool() | None:
            return
        case int() | float():
            yield from _number_faults(value, pointer)
        case _ if depth == MAX_DEPTH:
            yield Fault(pointer, "too_deep", _TOO_DEEP)
        case dict():
            if isinstance(value, Repeated):
                detail = "This name stands twice in its object."
                yield Fault(f"{pointer}/{escaped(value.name)}", "name_repeated", detail)
            for name, inner in value.items():
                yield from _text_faults(name, f"{pointer}/{escaped(name)}")
                yield from _faults(inner, f"{pointer}/{escaped(name)}", depth + 1)
        case list():
            for place, inner in enumerate(value):
                yield from _faults(inner, f"{pointer}/{place}", depth + 1)


def _text_faults(text: str, pointer: str) -> Iterator[Fault]:
    if "\0" in text:
        yield Fault(pointer, "text_has_nul", "The character U+0000 cannot be stored.")
    if LONE_SURROGATE.search(text):
        yield Fault(pointer, "text_has_lone_surrogate", "Half a surrogate pair is no character.")


def _number_faults(number: float, pointer: str) -> Iterator[Fault]:
    if math.isnan(number):
        yield Fault(pointer, "number_not_finite", "NaN and Infinity are not JSON.")
    elif abs(number) > LARGEST:
        detail = "No number beyond 2^53 - 1 is exact everywhere. Send it as a string."
        yield Fault(pointer, "number_out_of_range", detail)
