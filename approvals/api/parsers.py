"""Reads a request's body as strict JSON: one object of bounded size and depth that means the same
to every reader."""

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import IO, Any

from rest_framework.parsers import BaseParser

from approvals.errors import Fault, Invalid, Refused

MAX_BYTES = 256 * 1024
MOST_DRAINED = 8 * 1024 * 1024
MAX_DEPTH = 32
MAX_FAULTS = 20
LARGEST = 2**53 - 1
"""Beyond it neighbouring numbers are no longer told apart by every reader of JSON."""

LONE_SURROGATE = re.compile("[\ud800-\udfff]")


class TooLarge(Refused):
    """The body is longer than it may be (413)."""

    code, status, title = "too_large", 413, "The body is too large"


class Repeated(dict[str, Any]):
    """An object in which `name` stood more than once."""

    name = ""


class StrictJSONParser(BaseParser):
    """`application/json` in UTF-8. Invalid or TooLarge with a pointer where there is one."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        body = stream.read(MAX_BYTES + 1)
        if len(body) > MAX_BYTES:
            _drain(stream)
            raise TooLarge(f"A body has at most {MAX_BYTES // 1024} KiB.")
        value = _loads(body)
        if faults := [fault for fault, _ in zip(_faults(value), range(MAX_FAULTS), strict=False)]:
            raise Invalid(faults[0].detail, code=faults[0].code, faults=faults)
        if not isinstance(value, dict):
            raise Invalid("The body must be a JSON object.", code="body_not_object")
        return value


def escaped(name: object) -> str:
    """A name as one step of a JSON Pointer; what UTF-8 cannot carry is spelled out."""
    text = str(name).encode("utf-8", "backslashreplace").decode()
    return text.replace("~", "~0").replace("/", "~1")


def _drain(stream: IO[Any]) -> None:
    """Takes the rest in, within reason: a connection closed on a sender hides the answer."""
    for _ in range(MOST_DRAINED // MAX_BYTES):
        if not stream.read(MAX_BYTES):
            return


def _loads(body: bytes) -> Any:
    try:
        return json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_constant=lambda _: math.nan,
        )
    except UnicodeDecodeError as error:
        detail = f"The body is not UTF-8 at byte {error.start}."
        raise Invalid(detail, code="body_not_utf8") from error
    except json.JSONDecodeError as error:
        detail = f"The body is not JSON: {error.msg} at line {error.lineno} column {error.colno}."
        raise Invalid(detail, code="body_not_json") from error
    except RecursionError as error:
        raise Invalid(_TOO_DEEP, code="too_deep") from error


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
