"""What answers look like on the wire: JSON in UTF-8, or one JSON document a line."""

from collections.abc import Mapping, Sequence
from typing import Any

from rest_framework import renderers
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

PROBLEM_JSON = "application/problem+json"


class JSONRenderer(renderers.JSONRenderer):
    """`application/json`, compact, in UTF-8."""


class JSONLinesRenderer(renderers.JSONRenderer):
    """`application/jsonl`: each of a list's results on a line of its own."""

    media_type = "application/jsonl"
    format = "jsonl"

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        return b"".join(
            super(JSONLinesRenderer, self).render(line) + b"\n" for line in data["results"]
        )


class OnlyJSON(DefaultContentNegotiation):
    """The first renderer that the Accept header names, else the view's first: never a 406."""

    def select_renderer(
        self,
        request: Request,
        renderers: Sequence[BaseRenderer],  # type: ignore[override]
        format_suffix: str | None = None,
    ) -> tuple[BaseRenderer, str]:
        accepted = [token.partition(";")[0].strip() for token in self.get_accept_list(request)]
        named = (one for token in accepted for one in renderers if one.media_type == token.lower())
        renderer = next(named, renderers[0])
        return renderer, renderer.media_type
