"""What every view of the API shares: whose token it is, which scope it needs, what it answers."""

from collections.abc import Mapping
from typing import Any, ClassVar

from rest_framework.exceptions import MethodNotAllowed, PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from agents_registry.authentication import HasScope
from agents_registry.models import Agent, AgentToken, Scope
from approvals.api.throttling import Window
from approvals.errors import Refused


class LengthRequired(Refused):
    """A body came in chunks, without saying how long it is (411)."""

    code, status, title = "length_required", 411, "The length is missing"


class AgentView(APIView):
    """A call that an agent makes with its token; `scopes` says which scope each method needs."""

    http_method_names = ["get", "head", "post"]
    scopes: ClassVar[Mapping[str, Scope]]
    window: Window | None = None

    @property
    def scope(self) -> Scope:
        """What `HasScope` looks for in the token."""
        method = str(self.request.method)
        try:
            return self.scopes["GET" if method == "HEAD" else method]
        except KeyError as error:
            raise MethodNotAllowed(method) from error

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if "Transfer-Encoding" in request.headers and "Content-Length" not in request.headers:
            raise LengthRequired("Send Content-Length with a body.")

    def finalize_response(
        self, request: Request, response: Response, *args: Any, **kwargs: Any
    ) -> Response:
        response.headers.setdefault("Cache-Control", "private, no-cache")
        if self.window:
            for name, value in self.window.headers().items():
                response.headers[name] = value
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
