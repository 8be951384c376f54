"""Describes the API as OpenAPI 3.1: every operation with every answer that it can give."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.serializers import Serializer

from approvals.api.answers import ProblemAnswer
from approvals.api.fields import Anything, Matching, Strict
from approvals.api.renderers import PROBLEM_JSON
from approvals.api.serializers import KEY

View = TypeVar("View", bound=Callable[..., Any])
Shape = type[Serializer[Any]] | dict[str, Any]
"""A serializer, or a JSON Schema: of a body by its media type."""

ALWAYS = (401, 403, 429, 500, 503)
WITH_BODY = (400, 411, 413, 415)
SHORT = {
    400: "The request is not valid",
    401: "No token, or none that opens",
    403: "The token lacks the scope",
    404: "Not found, or another agent's",
    409: "The world is not as the call takes it to be",
    411: "The body's length is missing",
    413: "The body is larger than 256 KiB",
    415: "The body is not application/json",
    422: "The idempotency key came with another body before",
    423: "Stopped by a person",
    429: "Too many requests this minute",
    500: "A fault of ours; nothing was done",
    503: "Not available for a moment",
}
RATE = {
    "RateLimit-Limit": "Requests that the agent may make in a minute.",
    "RateLimit-Remaining": "Requests left in this minute.",
    "RateLimit-Reset": "Seconds until the next minute.",
}

FORMS = {"Idempotency-Key": {"pattern": f"^{KEY}$"}}


def operation(
    name: str,
    summary: str,
    answers: Mapping[Any, Shape | None],
    *,
    body: Shape | None = None,
    query: type[Serializer[Any]] | None = None,
    refuses: Iterable[int] = (),
    takes: Mapping[str, str] | None = None,
    gives: Mapping[str, str] | None = None,
    places: Mapping[str, Sequence[str]] | None = None,
    open_to_all: bool = False,
) -> Callable[[View], View]:
    """Describes one method of a view. `name` is for generated clients; `answers` are by status,
    or by (status, media type); `refuses` are the statuses of its own problems; `takes` and
    `gives` are headers with what they say, `places` parts of the address with all they may be."""
    headers = dict(gives or {}) if open_to_all else {**RATE, **(gives or {})}
    own = (*refuses, *(WITH_BODY if body else ()), *((400,) if query else ()))
    problems = sorted({*own, *(() if open_to_all else ALWAYS)})
    good = [status[0] if isinstance(status, tuple) else status for status in answers]
    return extend_schema(
        operation_id=name,
        summary=summary,
        request=body,
        parameters=[
            *([query] if query else []),
            *(_place(name, values) for name, values in (places or {}).items()),
            *(_header(name, words, response=False) for name, words in (takes or {}).items()),
            *(_header(name, words, response=good) for name, words in headers.items()),
        ],
        responses={
            **{status: answer or OpenApiResponse() for status, answer in answers.items()},
            **{(status, PROBLEM_JSON): _problem(status) for status in problems},
        },
        auth=[] if open_to_all else None,
    )


def _place(name: str, values: Sequence[str]) -> OpenApiParameter:
    return OpenApiParameter(name, str, OpenApiParameter.PATH, enum=values)


def _problem(status: int) -> OpenApiResponse:
    return OpenApiResponse(ProblemAnswer, description=SHORT[status])


def _header(name: str, words: str, *, response: Any) -> OpenApiParameter:
    schema: dict[str, Any] = {"type": "string", **FORMS.get(name, {})}
    return OpenApiParameter(
        name, schema, OpenApiParameter.HEADER, description=words, response=response
    )


class ProblemAwareSchema(AutoSchema):
    """Knows our strict bodies: no further fields, and the patterns of texts."""

    def get_tags(self) -> list[str]:
        words = [word for word in self.path.split("/")[3:] if "{" not in word]
        return [words[0] if words else "api"]

    def _map_basic_serializer(self, serializer: Any, direction: Any) -> dict[str, Any]:
        schema: dict[str, Any] = super()._map_basic_serializer(  # type: ignore[no-untyped-call]
            serializer, direction
        )
        return {**schema, "additionalProperties": False} if _is_strict(serializer) else schema

    def _map_serializer_field(self, field: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        if type(field) is Anything:
            return {}
        schema: dict[str, Any] = super()._map_serializer_field(  # type: ignore[no-untyped-call]
            field, *args, **kwargs
        )
        if isinstance(field, Matching):
            return {**schema, "pattern": f"^{field.pattern}$"}
        return schema


def _is_strict(serializer: Any) -> bool:
    return isinstance(serializer, Strict) or (
        isinstance(serializer, type) and issubclass(serializer, Strict)
    )


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Tells how agents sign in."""

    target_class = "agents_registry.authentication.TokenAuthentication"
    name = "agentToken"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "rq_<id>_<secret>",
            "description": "The agent's token, as it was shown when it was issued.",
        }
