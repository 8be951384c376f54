"""Keeps one agent from starving the rest: so many requests a minute, counted in Redis.

It is fairness, not safety: when Redis does not answer, every request passes and it is logged.
"""

import logging
import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from agents_registry.models import Agent

WINDOW_SECONDS = 60
TIMEOUT_SECONDS = 0.25
LEFT_ALONE_SECONDS = 5.0
"""How long a Redis that did not answer is not asked again."""

log = logging.getLogger(__name__)


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
        agent: Any = request.user
        self.window = _counter().count(agent) if isinstance(agent, Agent) else None
        view.window = self.window
        return self.window is None or self.window.used <= self.window.limit

    def wait(self) -> float | None:
        return self.window.seconds_left if self.window else None


class Counter:
    """Fixed windows in Redis, one key an agent and minute."""

    def __init__(self, url: str) -> None:
        self.redis = redis.Redis.from_url(
            url,
            socket_timeout=TIMEOUT_SECONDS,
            socket_connect_timeout=TIMEOUT_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
        self.silent_until = 0.0

    def count(self, agent: Agent) -> Window | None:
        """The window with this request in it; None while Redis is away."""
        if time.monotonic() < self.silent_until:
            return None
        minute, second = divmod(int(time.time()), WINDOW_SECONDS)
        try:
            used = self._add(f"rate:{agent.pk}:{minute}")
        except redis.RedisError as error:
            self.silent_until = time.monotonic() + LEFT_ALONE_SECONDS
            log.warning("requests pass uncounted, Redis does not answer: %s", error)
            return None
        return Window(settings.API_RATE_PER_MINUTE, used, WINDOW_SECONDS - second)

    def _add(self, key: str) -> int:
        with self.redis.pipeline(transaction=False) as pipe:
            pipe.incr(key)
            pipe.expire(key, 2 * WINDOW_SECONDS)
            return int(pipe.execute()[0])


@lru_cache(maxsize=1)
def _counter() -> Counter:
    return Counter(settings.REDIS_URL)
