"""The ASGI entry: answers what waits on the event loop, and hands the rest to the WSGI application
in threads."""

from reviewqueue.wsgi import application as wsgi_application  # sets Django up: first

# isort: split
import asyncio
import contextlib
import re
from typing import Any
from urllib.parse import quote

from a2wsgi import WSGIMiddleware
from django.conf import settings

from approvals.api import woken
from approvals.delivery.lane import Lane
from approvals.delivery.live import Waiters, listen
from approvals.delivery.stream import PATH as STREAM
from approvals.delivery.stream import Streams, stream
from approvals.delivery.waiting import (
    Application,
    Receive,
    Scope,
    Send,
    answer_when_all_are_decided,
    answer_when_decided,
    wait_seconds,
)
from approvals.delivery.watching import watch

THREADS = 16
UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
ONE_ACTION = re.compile(f"/api/v1/actions/({UUID})")
ONE_THREAD = re.compile(f"/api/v1/wire/[a-z-]+/{UUID}")

inner: Application = WSGIMiddleware(wsgi_application, workers=THREADS)  # type: ignore[arg-type, assignment]
waiters = Waiters()
lane = Lane(woken.answers)
streams = Streams()


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """One server for everybody; a `web` process alone answers what waits at once."""
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
    elif scope["type"] == "http":
        await _http(_plain(scope), receive, send)
    else:
        await inner(scope, receive, send)


async def _http(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["method"] == "GET" and scope["path"] == STREAM:
        await stream(inner, streams, scope=scope, receive=receive, send=send)
        return
    seconds = wait_seconds(_prefer(scope)) if scope["method"] == "GET" else 0
    waits: dict[str, Any] = {"seconds": seconds, "scope": scope, "receive": receive, "send": send}
    if seconds and (action := ONE_ACTION.fullmatch(scope["path"])):
        await answer_when_decided(inner, waiters, lane, action_ids=[action[1]], **waits)
    elif seconds and ONE_THREAD.fullmatch(scope["path"]):
        await answer_when_all_are_decided(inner, waiters, lane, **waits)
    else:
        await inner(scope, receive, send)


async def _lifespan(receive: Receive, send: Send) -> None:
    """Listens and watches from the server's start to its end."""
    await receive()
    listening = asyncio.gather(listen(settings.DATABASE_DIRECT_URL, waiters), watch(streams))
    await send({"type": "lifespan.startup.complete"})
    await receive()
    listening.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await listening
    await send({"type": "lifespan.shutdown.complete"})


def _plain(scope: Scope) -> Scope:
    """The request as WSGI can carry it: an ASCII query, and no header that poses as another."""
    headers = [(name, value) for name, value in scope["headers"] if b"_" not in name]
    query = quote(scope["query_string"], safe="%/?:@!$&'()*+,;=-._~[]").encode()
    return {**scope, "headers": headers, "query_string": query}


def _prefer(scope: Scope) -> str:
    values = (value for name, value in scope["headers"] if name == b"prefer")
    return b",".join(values).decode("latin-1")
