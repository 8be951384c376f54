"""Reads a request's body as strict JSON of bounded size: one object, or what a call takes."""

from collections.abc import Mapping
from typing import IO, Any, ClassVar

from rest_framework.parsers import BaseParser

from approvals import strict_json
from approvals.errors import Invalid, Refused

MAX_BYTES = 256 * 1024
MOST_DRAINED = 8 * 1024 * 1024


class TooLarge(Refused):
    """The body is longer than it may be (413)."""

    code, status, title = "too_large", 413, "The body is too large"


class StrictJSONParser(BaseParser):
    """`application/json` in UTF-8. Invalid or TooLarge with a pointer where there is one."""

    media_type = "application/json"
    takes: ClassVar[tuple[type, ...]] = (dict,)
    otherwise = "The body must be a JSON object."

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        body = stream.read(MAX_BYTES + 1)
        if len(body) > MAX_BYTES:
            _drain(stream)
            raise TooLarge(f"A body has at most {MAX_BYTES // 1024} KiB.")
        value = strict_json.read(_decoded(body))
        if not isinstance(value, self.takes):
            raise Invalid(self.otherwise, code="body_not_object")
        return value


class StrictListParser(StrictJSONParser):
    """The same for a body that may be a list as well."""

    takes = (dict, list)
    otherwise = "The body must be a JSON object or a list."


def _decoded(body: bytes) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        detail = f"The body is not UTF-8 at byte {error.start}."
        raise Invalid(detail, code="body_not_utf8") from error


def _drain(stream: IO[Any]) -> None:
    """Takes the rest in, within reason: a connection closed on a sender hides the answer."""
    for _ in range(MOST_DRAINED // MAX_BYTES):
        if not stream.read(MAX_BYTES):
            return
