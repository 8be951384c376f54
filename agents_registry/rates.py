"""Counts in Redis how often something happened in this window of time, for all processes together.

It is fairness, not safety: when Redis does not answer, nothing is counted and it is logged.
"""

import logging
import time
from functools import lru_cache

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

TIMEOUT_SECONDS = 0.25
LEFT_ALONE_SECONDS = 5.0
"""How long a Redis that did not answer is not asked again."""

log = logging.getLogger(__name__)


class Counter:
    """Fixed windows, one key for each thing and window."""

    def __init__(self, url: str) -> None:
        self.redis = redis.Redis.from_url(
            url,
            socket_timeout=TIMEOUT_SECONDS,
            socket_connect_timeout=TIMEOUT_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
        self.silent_until = 0.0

    def count(self, key: str, window_seconds: int) -> int | None:
        """How often in this window, this time included; None while Redis is away."""
        if time.monotonic() < self.silent_until:
            return None
        try:
            return self._add(f"{key}:{int(time.time()) // window_seconds}", 2 * window_seconds)
        except redis.RedisError as error:
            self.silent_until = time.monotonic() + LEFT_ALONE_SECONDS
            log.warning("nothing is counted, Redis does not answer: %s", error)
            return None

    def _add(self, key: str, kept_seconds: int) -> int:
        with self.redis.pipeline(transaction=False) as pipe:
            pipe.incr(key)
            pipe.expire(key, kept_seconds)
            return int(pipe.execute()[0])


@lru_cache(maxsize=1)
def counter() -> Counter:
    return Counter(settings.REDIS_URL)
