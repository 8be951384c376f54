"""Turns whatever goes wrong into an RFC 9457 problem with a stable code: never HTML, never a
traceback."""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from math import ceil
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import DataError, IntegrityError, InterfaceError, OperationalError
from django.http import Http404, UnreadablePostError
from psycopg.errors import ForeignKeyViolation, UniqueViolation
from rest_framework import exceptions
from rest_framework.response import Response
from rfc8785 import CanonicalizationError

from approvals.answers import instant
from approvals.api.codes import CODES
from approvals.api.renderers import PROBLEM_JSON, JSONRenderer
from approvals.errors import Fault, Refused
from approvals.strict_json import escaped
from approvals.windows import to_the_millisecond
from ledger import clock

MAX_FAULTS = 50
TOLD = ("expected_wait_seconds", "waiting_for")
"""The facts of a refusal that the answer tells beside its words."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Problem:
    """One refusal. `faults` point into the request: its body, `/query/…` or `/headers/…`.

    `retry_at` is there where asking again then may be answered otherwise, `told` has what else
    a program can go by.
    """

    status: int
    code: str
    detail: str
    title: str = ""
    faults: tuple[Fault, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    retry_at: datetime | None = None
    told: Mapping[str, Any] = field(default_factory=dict)

    def document(self, under: str = "") -> dict[str, Any]:
        """The RFC 9457 object; `under` is a JSON Pointer to the part that it is about."""
        known = CODES.get(self.code)
        return {
            "type": type_of(self.code),
            "title": known.title if known else self.title,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            "errors": [
                {"pointer": under + fault.pointer, "code": fault.code, "detail": fault.detail}
                for fault in self.faults[:MAX_FAULTS]
            ],
            **({"retry_at": instant(self.retry_at)} if self.retry_at else {}),
            **self.told,
        }


def type_of(code: str) -> str:
    """The address that explains a code."""
    return f"{settings.PUBLIC_URL}/api/v1/problems/{code}"


def exception_handler(error: Exception, context: Mapping[str, Any]) -> Response:
    """REST framework's hook: every exception of a view ends here."""
    problem = problem_of(error)
    request = context["request"]
    request.accepted_renderer, request.accepted_media_type = JSONRenderer(), PROBLEM_JSON
    return Response(
        problem.document(),
        status=problem.status,
        headers=dict(problem.headers),
        content_type=PROBLEM_JSON,
    )


def problem_of(error: Exception) -> Problem:
    """What to answer for an exception; what nobody foresaw is logged and is a 500."""
    match error:
        case Refused():
            return _of_refusal(error)
        case exceptions.ValidationError():
            detail = "The request does not have the shape that this call takes."
            return Problem(400, "invalid", detail, faults=tuple(_faults(error.detail, "")))
        case exceptions.APIException():
            return _of_framework(error)
        case Http404():
            return Problem(404, "not_found", "There is nothing here.")
        case PermissionDenied():
            return Problem(403, "permission_denied", str(error) or "This is not allowed.")
        case CanonicalizationError():
            return Problem(400, "not_canonical", f"The body has no canonical form: {error}.")
        case SuspiciousOperation():
            return Problem(400, "invalid", "The request cannot be read.")
        case UnreadablePostError():
            return Problem(400, "body_unreadable", "The body ended before its length.")
    return _of_database(error)


def _of_refusal(error: Refused) -> Problem:
    told = {name: error.facts[name] for name in TOLD if name in error.facts}
    problem = Problem(error.status, error.code, error.detail, error.title, error.faults, told=told)
    retry_at: datetime | None = error.facts.get("retry_at")
    if retry_at is None:
        return problem
    wait = max(1, ceil((retry_at - clock.now()).total_seconds()))
    headers = {"Retry-After": str(wait)}
    return replace(problem, retry_at=to_the_millisecond(retry_at), headers=headers)


def _of_framework(error: exceptions.APIException) -> Problem:
    headers = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(int(wait))
    return Problem(error.status_code, str(error.get_codes()), str(error.detail), headers=headers)


def _of_database(error: Exception) -> Problem:
    match error:
        case DataError():
            return Problem(400, "unstorable", "A value in the request cannot be stored.")
        case IntegrityError() if isinstance(error.__cause__, UniqueViolation | ForeignKeyViolation):
            return Problem(409, "conflict", "Something else was written first. Nothing was done.")
        case OperationalError() | InterfaceError():
            log.warning("database unavailable: %s", error)
            detail = "The database does not answer. Nothing was done."
            return Problem(503, "unavailable", detail, headers={"Retry-After": "2"})
    log.error("unforeseen error", exc_info=error)
    return Problem(500, "internal_error", "Nothing was done. The fault is on record here.")


def _faults(detail: Any, pointer: str) -> Iterator[Fault]:
    """REST framework's nested error details as a flat list with JSON Pointers."""
    match detail:
        case dict():
            for name, inner in detail.items():
                whole = name == "non_field_errors"
                yield from _faults(inner, pointer if whole else f"{pointer}/{escaped(name)}")
        case list():
            for inner in detail:
                yield from _faults(inner, pointer)
        case exceptions.ErrorDetail():
            yield Fault(pointer, detail.code or "invalid", str(detail))
