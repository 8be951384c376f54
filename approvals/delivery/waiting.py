"""Prefer: wait (RFC 7240): holds an answer back until its action leaves `pending`, on the event
loop, with no thread and no database connection while it waits."""

import asyncio
import contextlib
import re
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from approvals.delivery.live import Waiters

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

LONGEST_WAIT = 60
PENDING_HEADER = "Review-Queue-Pending"
"""Set by the view on an answer that is worth waiting for: the seconds after which it changes by
itself. It never leaves the house."""

WAITS_FOR_HEADER = "Review-Queue-Waits-For"
"""Beside it where the answer depends on other actions than the address names: their ids, with
commas between them. It never leaves the house either."""

WAIT = re.compile(r"(?:^|[,;])\s*wait\s*=\s*\"?(\d{1,6})\"?\s*(?=$|[,;])", re.IGNORECASE)


def wait_seconds(prefer: str) -> int:
    """How long a Prefer header lets the answer take, at most a minute; 0 when it does not."""
    found = WAIT.search(prefer)
    return min(int(found[1]), LONGEST_WAIT) if found else 0


@dataclass(slots=True)
class Answer:
    """One whole answer of the inner application."""

    start: Message = field(default_factory=dict)
    body: list[bytes] = field(default_factory=list)

    async def take(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.start = message
        else:
            self.body.append(message.get("body", b""))

    @property
    def status(self) -> int:
        return int(self.start["status"])

    @property
    def text(self) -> str:
        return b"".join(self.body).decode()

    @property
    def ask_after(self) -> float:
        """Seconds after which asking again is worth it without a wake-up; 0 for not at all."""
        return float(self._header(_PENDING) or 0)

    @property
    def waits_for(self) -> list[str]:
        """The actions whose decision may change it, where it names them."""
        return self._header(_WAITS_FOR).decode().split(",")

    async def give(self, send: Send, seconds: int) -> None:
        headers = [pair for pair in self.start["headers"] if pair[0] not in (_PENDING, _WAITS_FOR)]
        headers.append((b"preference-applied", f"wait={seconds}".encode()))
        await send({**self.start, "headers": headers})
        await send({"type": "http.response.body", "body": b"".join(self.body)})

    def _header(self, wanted: bytes) -> bytes:
        return next((value for name, value in self.start["headers"] if name == wanted), b"")


_PENDING = PENDING_HEADER.lower().encode()
_WAITS_FOR = WAITS_FOR_HEADER.lower().encode()


async def answer_when_decided(
    inner: Application,
    waiters: Waiters,
    *,
    action_ids: Sequence[str],
    seconds: int,
    scope: Scope,
    receive: Receive,
    send: Send,
) -> None:
    """Asks `inner`; while it says pending, asks again at each wake-up and when the time is up.

    The waiter is registered before the first question, so that no decision falls in between.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    gone = asyncio.ensure_future(gone_of(receive))
    try:
        with waiters.waiting_for(*action_ids) as woken:
            while True:
                woken.clear()
                answer = await ask(inner, scope)
                left = until - loop.time()
                if not answer.ask_after or left <= 0:
                    break
                try:
                    await first_of(woken, gone, min(left, answer.ask_after))
                except asyncio.CancelledError:
                    break  # The server stops: the state as it is now is better than none.
                if gone.done():
                    return
        await answer.give(send, seconds)
    finally:
        gone.cancel()


async def answer_when_all_are_decided(
    inner: Application,
    waiters: Waiters,
    *,
    seconds: int,
    scope: Scope,
    receive: Receive,
    send: Send,
) -> None:
    """The same where `inner` says which actions it waits for: they are asked for first."""
    answer = await ask(inner, scope)
    if not answer.ask_after:
        await answer.give(send, seconds)
        return
    await answer_when_decided(
        inner,
        waiters,
        action_ids=answer.waits_for,
        seconds=seconds,
        scope=scope,
        receive=receive,
        send=send,
    )


async def ask(inner: Application, scope: Scope) -> Answer:
    """What `inner` answers to a request without a body."""
    answer = Answer()
    await inner(scope, _no_body, answer.take)
    return answer


async def _no_body() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


async def gone_of(receive: Receive) -> None:
    """Ends when the client goes."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def first_of(woken: asyncio.Event, gone: "asyncio.Future[None]", seconds: float) -> None:
    """Waits until it is woken, the client is gone, or the time is up."""
    waiting: asyncio.Future[Any] = asyncio.ensure_future(woken.wait())
    first: set[asyncio.Future[Any]] = {waiting, gone}
    try:
        await asyncio.wait(first, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await waiting
