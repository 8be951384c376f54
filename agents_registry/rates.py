"""Counts in Redis how often something happened, or is to happen, for all processes together.

It is fairness, not safety: when Redis does not answer, nothing is counted and it is logged.
"""

import logging
import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, TypeVar

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

TIMEOUT_SECONDS = 0.25
LEFT_ALONE_SECONDS = 5.0
"""How long a Redis that did not answer is not asked again."""

FILL = """
local left, room, there, added = tonumber(ARGV[1]), tonumber(ARGV[2]), {}, {}
for i, found in ipairs(redis.call('MGET', unpack(KEYS))) do
  there[i], added[i] = tonumber(found or 0), 0
end
local level = 0
while left > 0 do
  level = level + room
  for i = 1, #KEYS do
    local more = math.max(0, math.min(left, level - there[i] - added[i]))
    added[i], left = added[i] + more, left - more
  end
end
for i, key in ipairs(KEYS) do
  if added[i] > 0 then
    redis.call('INCRBY', key, added[i])
    redis.call('EXPIRE', key, ARGV[3])
  end
end
return added
"""

log = logging.getLogger(__name__)
Answer = TypeVar("Answer")


class Counter:
    """One key for each thing and window of time."""

    def __init__(self, url: str) -> None:
        self.redis = redis.Redis.from_url(
            url,
            socket_timeout=TIMEOUT_SECONDS,
            socket_connect_timeout=TIMEOUT_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
        self.filling: Any = self.redis.register_script(FILL)
        self.silent_until = 0.0

    def count(self, key: str, window_seconds: int) -> int | None:
        """How often in this window, this time included; None while Redis is away."""
        in_window = f"{key}:{int(time.time()) // window_seconds}"
        return self.ask(lambda: self._add(in_window, 2 * window_seconds))

    def fill(
        self, keys: Sequence[str], amount: int, *, room: int, kept_seconds: int
    ) -> list[int] | None:
        """Shares `amount` among counters: how many went to each; None while Redis is away.

        The first ones are filled up to `room` first; once all are full, each gets as much again.
        """
        words = [amount, room, kept_seconds]
        return self.ask(lambda: self.filling(keys=list(keys), args=words))

    def ask(self, question: Callable[[], Answer]) -> Answer | None:
        """What Redis answers; None while it is away, and for a few seconds after that."""
        if time.monotonic() < self.silent_until:
            return None
        try:
            return question()
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
