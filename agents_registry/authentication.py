"""Lets agents in by bearer token, and checks the scope that a view asks for."""

from typing import Any

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from agents_registry import tokens
from agents_registry.models import Agent, AgentToken


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer rq_<id>_<secret>`; `request.user` is the agent."""

    def authenticate(self, request: Request) -> tuple[Agent, AgentToken] | None:
        kind, _, text = request.headers.get("Authorization", "").partition(" ")
        if not kind:
            return None
        token = tokens.prove(text.strip()) if kind.lower() == "bearer" else None
        if token is None:
            raise AuthenticationFailed("This token is unknown, revoked or past its end.")
        agent = token.agent
        if agent.archived_at is not None or agent.team.archived_at is not None:
            raise AuthenticationFailed("This agent is archived: it can do nothing any more.")
        return agent, token

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="review-queue"'


class HasScope(BasePermission):
    """The token carries the scope that the view names in `scope` (or `scopes` by method)."""

    message = "This token does not have the scope that this call needs."

    def has_permission(self, request: Request, view: Any) -> bool:
        needed = getattr(view, "scope", None)
        return isinstance(request.auth, AgentToken) and needed in request.auth.scopes
