"""Keeps one agent from starving the rest: so many requests a minute, counted in Redis.

It is fairness, not safety: when Redis does not answer, every request passes and it is logged.
"""

import time
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from agents_registry.models import AgentToken
from agents_registry.rates import counter

WINDOW_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Window:
    """How much of this minute an agent has used."""

    limit: int
    used: int
    seconds_left: int

    def headers(self) -> dict[str, str]:
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(max(0, self.limit - self.used)),
            "RateLimit-Reset": str(self.seconds_left),
        }


class AgentThrottle(BaseThrottle):
    """Counts the request, and leaves the window on it for the answer's headers."""

    def allow_request(self, request: Request, view: Any) -> bool:
        token: Any = request.auth
        self.window = _window(token) if isinstance(token, AgentToken) else None
        view.window = self.window
        return self.window is None or self.window.used <= self.window.limit

    def wait(self) -> float | None:
        return self.window.seconds_left if self.window else None


def _window(token: AgentToken) -> Window | None:
    """The window with this request in it; None while Redis is away. Tests have one of their own."""
    seconds_left = WINDOW_SECONDS - int(time.time()) % WINDOW_SECONDS
    kind = "rate-of-tests" if token.test else "rate"
    used = counter().count(f"{kind}:{token.agent_id}", WINDOW_SECONDS)
    return None if used is None else Window(settings.API_RATE_PER_MINUTE, used, seconds_left)
