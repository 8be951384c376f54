"""Whether this process is alive, and whether all that it needs works. No token is needed."""

from collections.abc import Callable
from typing import Any

import redis
from django.conf import settings
from django.db import Error, connection
from redis.backoff import NoBackoff
from redis.retry import Retry
from rest_framework.request import Request
from rest_framework.response import Response

from approvals import sweep
from approvals.api import house_answers
from approvals.api.schema import operation
from approvals.api.views import OpenView
from ledger import clock

TIMEOUT_SECONDS = 1


class Live(OpenView):
    @operation("health_live", "Is it alive?", {200: house_answers.LiveAnswer}, open_to_all=True)
    def get(self, request: Request) -> Response:
        """Answers as long as this process does."""
        return Response({"status": "alive"})


class Ready(OpenView):
    @operation(
        "health_ready",
        "Is it ready?",
        {200: house_answers.ReadyAnswer, 503: house_answers.ReadyAnswer},
        open_to_all=True,
    )
    def get(self, request: Request) -> Response:
        """Database, broker and sweep, with the seconds since each job; 503 says what fails."""
        database = _tried(_database)
        checks = {
            "database": database,
            "broker": _tried(_broker),
            "sweep": _swept() if database["ok"] else {**database, "jobs": {}},
        }
        ready = all(check["ok"] for check in checks.values())
        status = "ready" if ready else "not_ready"
        return Response({"status": status, **checks}, status=200 if ready else 503)


def _tried(look: Callable[[], str]) -> dict[str, Any]:
    try:
        return {"ok": True, "detail": look()}
    except (Error, redis.RedisError):
        return {"ok": False, "detail": "It does not answer."}


def _database() -> str:
    connection.ensure_connection()
    clock.now()
    return "It answers."


def _broker() -> str:
    with redis.Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=TIMEOUT_SECONDS,
        socket_connect_timeout=TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), 0),
    ) as client:
        client.ping()
    return "It answers."


def _swept() -> dict[str, Any]:
    """Whether every job is done in time, and how many seconds ago each was; None for never."""
    pulse = sweep.pulse()
    detail = f"The oldest job was done {pulse.oldest.total_seconds():.0f} s ago."
    if pulse.never:
        detail = f"It has never done {', '.join(pulse.never)}."
    return {"ok": not pulse.stands_still, "detail": detail, "jobs": pulse.seconds()}
