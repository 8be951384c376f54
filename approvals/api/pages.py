"""What explains the API itself: its description, pages for people, what each code means."""

from functools import lru_cache
from typing import Any

from csp.constants import SELF, UNSAFE_INLINE
from csp.decorators import csp_update
from django.http import Http404
from django.utils.decorators import method_decorator
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularSwaggerSplitView
from rest_framework.request import Request
from rest_framework.response import Response

from approvals.api import house_answers
from approvals.api.codes import CODES
from approvals.api.schema import operation
from approvals.api.views import OpenView

STYLES = {"style-src": [SELF, UNSAFE_INLINE], "img-src": [SELF, "data:"]}
"""Swagger UI writes styles and small pictures into its own page; scripts stay ours."""


class Schema(OpenView):
    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        """The OpenAPI 3.1 description, made from the code."""
        return Response(description())


@method_decorator(csp_update(STYLES), name="dispatch")
class Docs(SpectacularSwaggerSplitView):
    """The same for people."""

    http_method_names = ["get", "head"]
    url_name = "api:schema"


class Explanation(OpenView):
    @operation(
        "explain_code",
        "What a code means",
        {200: house_answers.CodeAnswer},
        refuses=(404,),
        open_to_all=True,
    )
    def get(self, request: Request, code: str) -> Response:
        """The page behind a problem's `type`."""
        if code not in CODES:
            raise Http404
        known = CODES[code]
        return Response(
            {"code": code, "status": known.status, "title": known.title, "advice": known.advice}
        )


class NotHere(OpenView):
    """Every address under the API that is none, as a problem and not as a page."""

    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        raise Http404


@lru_cache(maxsize=1)
def description() -> dict[str, Any]:
    schema: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return schema
