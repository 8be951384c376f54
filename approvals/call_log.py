"""Keeps the last calls of each agent in Redis, for the page that helps to connect it.

It is a help, not a record: never what was sent or answered, gone after a week, gone with Redis.
"""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from agents_registry.models import Agent
from agents_registry.rates import counter

MOST = 10
KEPT = timedelta(days=7)
LONGEST_PATH = 200


@dataclass(frozen=True, slots=True)
class Call:
    """One request of an agent and the status of its answer; `code` is empty where all was well,
    `test` says that its token is for tests."""

    at: datetime
    method: str
    path: str
    status: int
    code: str
    test: bool


def note(agent: Agent, call: Call) -> None:
    """Keeps it among the agent's last calls; while Redis is away it is lost."""
    key = _key(agent)
    said = json.dumps({**asdict(call), "at": call.at.isoformat(), "path": call.path[:LONGEST_PATH]})

    def push() -> None:
        with counter().redis.pipeline(transaction=False) as pipe:
            pipe.lpush(key, said)
            pipe.ltrim(key, 0, MOST - 1)
            pipe.expire(key, KEPT)
            pipe.execute()

    counter().ask(push)


def last(agent: Agent) -> list[Call] | None:
    """The newest first, at most ten; None while Redis is away."""
    lines: Any = counter().ask(lambda: counter().redis.lrange(_key(agent), 0, MOST - 1))
    return None if lines is None else [_read(json.loads(line)) for line in lines]


def told_in(data: Any) -> str:
    """The code of the problem in an answer, of the first one where it answers many at once."""
    if not isinstance(data, dict):
        return ""
    if isinstance(data.get("code"), str) and "status" in data:
        return str(data["code"])
    results = data.get("results")
    if not isinstance(results, list):
        return ""
    items = (each for each in results if isinstance(each, dict))
    return next((str(each["problem"]["code"]) for each in items if "problem" in each), "")


def _read(said: dict[str, Any]) -> Call:
    return Call(**{**said, "at": datetime.fromisoformat(said["at"]).astimezone(UTC)})


def _key(agent: Agent) -> str:
    return f"calls:{agent.pk}"
