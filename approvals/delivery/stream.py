"""The event stream of one open inbox page (text/event-stream): held on the event loop, filled by
asking the inner application again, so that sign-in and rights are read anew each time."""

import asyncio
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import UUID

from approvals.delivery.waiting import (
    Answer,
    Application,
    Receive,
    Scope,
    Send,
    ask,
    first_of,
    gone_of,
)

PATH = "/live/inbox"
ASKED = {"fresh": "/inbox/fresh", "elsewhere": "/inbox/elsewhere"}
"""What each event carries: the body of this address, for the same query string."""

AT_ONCE = 4
"""Inner questions of all streams together: the other threads belong to people who click."""
REST = 2.0
BEAT = 15.0
BEATS_TO_ASK = 4
LIFE = 600.0
RETRY_MS = 3000
PER_PERSON = 4
"""A browser holds six connections to a server over HTTP/1.1: the pages need the rest."""
PER_PROCESS = 1000

HEAD = {
    "type": "http.response.start",
    "status": 200,
    "headers": [
        (b"content-type", b"text/event-stream; charset=utf-8"),
        (b"cache-control", b"no-store"),
        (b"x-accel-buffering", b"no"),
        (b"x-content-type-options", b"nosniff"),
    ],
}
NO_STREAM = {"type": "http.response.start", "status": 204, "headers": []}
LINE_ENDS = re.compile(r"\r\n|\r|\n")


@dataclass(eq=False, slots=True)
class Listener:
    """An open page: whose, of which team, with which rows, and what it has to be told anew."""

    person: int
    team: UUID
    rows: frozenset[UUID]
    wanted: set[str] = field(default_factory=lambda: set(ASKED))
    woken: asyncio.Event = field(default_factory=asyncio.Event)

    def wake(self, *events: str) -> None:
        self.wanted.update(events)
        self.woken.set()

    def take(self) -> list[str]:
        """What to ask for now."""
        names = [name for name in ASKED if name in self.wanted]
        self.wanted.clear()
        self.woken.clear()
        return names


class Streams:
    """Every stream that this process holds open. Lives on one event loop."""

    def __init__(self) -> None:
        self._open: set[Listener] = set()
        self._asking = asyncio.Semaphore(AT_ONCE)

    def __iter__(self) -> Iterator[Listener]:
        return iter(self._open)

    def __len__(self) -> int:
        return len(self._open)

    def __contains__(self, listener: object) -> bool:
        return listener in self._open

    def welcome(self, listener: Listener) -> bool:
        """Whether there is room for one more, of this person and at all; then it is counted."""
        own = sum(each.person == listener.person for each in self._open)
        if own >= PER_PERSON or len(self._open) >= PER_PROCESS:
            return False
        self._open.add(listener)
        return True

    def forget(self, listener: Listener) -> None:
        self._open.discard(listener)

    async def ask(self, inner: Application, scope: Scope, event: str) -> Answer:
        """What the page of this event answers to this client now."""
        async with self._asking:
            return await ask(inner, _asking_for(ASKED[event], scope))


async def stream(
    inner: Application, streams: Streams, *, scope: Scope, receive: Receive, send: Send
) -> None:
    """Sends events until the client goes, is signed out, the time is up, or the server stops.

    204 where there is nobody signed in or no room: a browser then stays with asking.
    """
    listener = _listener(await streams.ask(inner, scope, "elsewhere"))
    if listener is None or not streams.welcome(listener):
        await send(NO_STREAM)
        await send({"type": "http.response.body", "body": b""})
        return
    gone = asyncio.ensure_future(gone_of(receive))
    try:
        async with asyncio.timeout(LIFE):
            await send(HEAD)
            await _write(send, f"retry: {RETRY_MS}\n\n")
            await _follow(inner, streams, listener, gone, scope=scope, send=send)
    except (TimeoutError, asyncio.CancelledError):
        pass  # Its time is up, or the server stops: it ends well, and the page opens another.
    finally:
        streams.forget(listener)
        gone.cancel()
    await send({"type": "http.response.body", "body": b""})


async def _follow(
    inner: Application,
    streams: Streams,
    listener: Listener,
    gone: "asyncio.Future[None]",
    *,
    scope: Scope,
    send: Send,
) -> None:
    """Asks when woken, tells what differs from what was told last, and else gives a beat."""
    told: dict[str, str] = {}
    beats = 0
    while not gone.done():
        for event in listener.take():
            answer = await streams.ask(inner, scope, event)
            if answer.status != 200:
                await _write(send, _event("out" if answer.status < 500 else "trouble", ""))
                return
            if answer.text != told.get(event):
                told[event] = answer.text
                await _write(send, _event(event, answer.text))
        await asyncio.wait({gone}, timeout=REST)
        await first_of(listener.woken, gone, BEAT)
        if not listener.woken.is_set() and not gone.done():
            await _write(send, _event("here", ""))
            beats += 1
            if beats % BEATS_TO_ASK == 0:
                listener.wake("fresh")


def _listener(answer: Answer) -> Listener | None:
    if answer.status != 200:
        return None
    known = json.loads(answer.text)
    return Listener(known["person"], UUID(known["team"]), frozenset(map(UUID, known["rows"])))


def _asking_for(path: str, scope: Scope) -> Scope:
    """The client's own request for another page: with its cookie, never with a token."""
    headers = [pair for pair in scope["headers"] if pair[0] not in {b"authorization", b"accept"}]
    headers.append((b"hx-request", b"true"))
    return {**scope, "path": path, "raw_path": path.encode(), "headers": headers}


def _event(name: str, data: str) -> str:
    lines = "".join(f"data: {line}\n" for line in LINE_ENDS.split(data))
    return f"event: {name}\n{lines}\n"


async def _write(send: Send, text: str) -> None:
    await send({"type": "http.response.body", "body": text.encode(), "more_body": True})
