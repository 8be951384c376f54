"""Whether this process is alive, and whether all that it needs works. No token is needed."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import redis
from django.conf import settings
from django.db import Error, connection
from redis.backoff import NoBackoff
from redis.retry import Retry
from rest_framework.request import Request
from rest_framework.response import Response

from approvals.api import answers
from approvals.api.schema import operation
from approvals.api.views import OpenView
from approvals.models import Sweep
from approvals.sweep import JOBS
from ledger import clock

PATIENCE = 12
"""Turns of the sweep that may be missed before it counts as standing still."""

TIMEOUT_SECONDS = 1


class Live(OpenView):
    @operation("health_live", "Is it alive?", {200: answers.LiveAnswer}, open_to_all=True)
    def get(self, request: Request) -> Response:
        """Answers as long as this process does."""
        return Response({"status": "alive"})


class Ready(OpenView):
    @operation(
        "health_ready",
        "Is it ready?",
        {200: answers.ReadyAnswer, 503: answers.ReadyAnswer},
        open_to_all=True,
    )
    def get(self, request: Request) -> Response:
        """Database, broker and sweep; 503 says which of them does not work."""
        database = _tried(_database)
        checks = {
            "database": database,
            "broker": _tried(_broker),
            "sweep": _tried(_sweep) if database["ok"] else database,
        }
        ready = all(check["ok"] for check in checks.values())
        status = "ready" if ready else "not_ready"
        return Response({"status": status, **checks}, status=200 if ready else 503)


def _tried(look: Callable[[], str]) -> dict[str, Any]:
    try:
        return {"ok": True, "detail": look()}
    except LookupError as error:
        return {"ok": False, "detail": str(error.args[0])}
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


def _sweep() -> str:
    """How long ago the job that waits longest was done; LookupError when that is too long."""
    finished = dict(Sweep.objects.values_list("job", "finished_at"))
    if missing := [job for job in JOBS if job not in finished]:
        raise LookupError(f"It has never done {', '.join(missing)}.")
    age = clock.now() - min(finished[job] for job in JOBS)
    words = f"The oldest job was done {age.total_seconds():.0f} s ago."
    if age > timedelta(seconds=PATIENCE * settings.SWEEP_SECONDS):
        raise LookupError(words)
    return words
