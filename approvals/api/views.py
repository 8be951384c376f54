"""What every view of the API shares: whose token it is, which scope it needs, what it answers."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import UUID

from rest_framework.exceptions import MethodNotAllowed, PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from agents_registry.authentication import HasScope
from agents_registry.models import Agent, AgentToken, Scope
from approvals import call_log
from approvals.api.throttling import Window
from approvals.call_log import Call
from approvals.errors import Conflict, Refused
from approvals.models import Purpose

OUR_NAMES = {"shape"}
"""The parts of an address that are words of the API's own."""


class LengthRequired(Refused):
    """A body came in chunks, without saying how long it is (411)."""

    code, status, title = "length_required", 411, "The length is missing"


class AgentView(APIView):
    """A call that an agent makes with its token; `scopes` says which scope each method needs.

    A token for tests may read, and post only where `for_tests` says that nothing comes of it.
    """

    http_method_names = ["get", "head", "post"]
    scopes: ClassVar[Mapping[str, Scope]]
    for_tests: ClassVar[bool] = False
    window: Window | None = None
    token: AgentToken | None = None

    @property
    def scope(self) -> Scope:
        """What `HasScope` looks for in the token."""
        method = str(self.request.method)
        try:
            return self.scopes["GET" if method == "HEAD" else method]
        except KeyError as error:
            raise MethodNotAllowed(method) from error

    def perform_authentication(self, request: Request) -> None:
        super().perform_authentication(request)
        self.token = request.auth if isinstance(request.auth, AgentToken) else None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if self.token and self.token.test and request.method == "POST" and not self.for_tests:
            raise Conflict(
                "This token is for tests: it stages and asks, and changes nothing. Nothing was "
                "done. Use another token for what is to be done.",
                code="not_live",
            )
        if "Transfer-Encoding" in request.headers and "Content-Length" not in request.headers:
            raise LengthRequired("Send Content-Length with a body.")

    def finalize_response(
        self, request: Request, response: Response, *args: Any, **kwargs: Any
    ) -> Response:
        response.headers.setdefault("Cache-Control", "private, no-cache")
        if self.window:
            for name, value in self.window.headers().items():
                response.headers[name] = value
        if self.token:
            _note(self.token, request, response)
        return super().finalize_response(request, response, *args, **kwargs)


class OpenView(APIView):
    """A call that needs no token and tells nothing of anybody."""

    http_method_names = ["get", "head"]
    authentication_classes = ()
    permission_classes = ()
    throttle_classes = ()


def agent_of(request: Request) -> Agent:
    """The agent that the request's token belongs to."""
    agent: Any = request.user
    assert isinstance(agent, Agent)
    return agent


def purpose_of(request: Request) -> Purpose:
    """What is staged with a token for tests is judged and never done."""
    is_test = isinstance(request.auth, AgentToken) and request.auth.test
    return Purpose.EVAL if is_test else Purpose.LIVE


def need_scope(request: Request, scope: Scope) -> None:
    """PermissionDenied where one call does more than its own scope covers."""
    if not isinstance(request.auth, AgentToken) or scope not in request.auth.scopes:
        raise PermissionDenied(HasScope.message)


def asked(serializer: type[BaseSerializer[Any]], request: Request) -> dict[str, Any]:
    """The checked fields of the query; what is wrong is pointed at under `/query`."""
    try:
        return valid(serializer, request.GET.dict())
    except ValidationError as error:
        raise ValidationError({"query": error.detail}) from error


def valid(serializer: type[BaseSerializer[Any]], data: Any) -> dict[str, Any]:
    """The checked fields; ValidationError with a code for each that is wrong."""
    checked = serializer(data=data)
    checked.is_valid(raise_exception=True)
    fields: dict[str, Any] = checked.validated_data
    return fields


def _place(request: Request) -> str:
    """The address without what others named in it: a subject or a run may be called anything."""
    path, match = request.path, request.resolver_match
    for name, value in match.kwargs.items() if match else ():
        if not isinstance(value, UUID) and name not in OUR_NAMES:
            path = path.replace(f"/{value}", "/…", 1)
    return path


def _note(token: AgentToken, request: Request, response: Response) -> None:
    """By the clock of this process: it is only read by people, beside other lines like it."""
    code = call_log.told_in(response.data)
    call = Call(
        at=datetime.now(UTC),
        method=str(request.method),
        path=_place(request),
        status=response.status_code,
        code=code,
        test=token.test,
    )
    call_log.note(token.agent, call)
