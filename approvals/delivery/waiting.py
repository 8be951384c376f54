"""Prefer: wait (RFC 7240): holds an answer back until its action leaves `pending`, on the event
loop, with no thread and no database connection while it waits."""

import asyncio
import contextlib
import re
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from approvals.delivery.lane import Lane, News, Question
from approvals.delivery.live import Waiters

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

LONGEST_WAIT = 60
OK = 200
PENDING_HEADER = "Review-Queue-Pending"
"""Set by the view on an answer that is worth waiting for: the seconds after which it changes by
itself. It never leaves the house."""

WAITS_FOR_HEADER = "Review-Queue-Waits-For"
"""Beside it where the answer depends on other actions than the address names: their ids, with
commas between them. It never leaves the house either."""

ASKED_BY_HEADER = "Review-Queue-Asked-By"
"""Beside it where nothing but the action changes the answer: the id of the token that asked. Such
an answer is read anew by the short way. Nor does this leave the house."""

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
        headers = [pair for pair in self.start["headers"] if pair[0] not in _OF_THE_HOUSE]
        headers.append((b"preference-applied", f"wait={seconds}".encode()))
        await send({**self.start, "headers": headers})
        await send({"type": "http.response.body", "body": b"".join(self.body)})

    @property
    def token_id(self) -> int | None:
        """Whose question it was, where it can be read by the short way."""
        return int(self._header(_ASKED_BY) or 0) or None

    def renewed(self, news: News) -> "Answer":
        """The same answer with what it says now."""
        changed = {
            _PENDING: str(news.ask_after).encode(),
            b"etag": news.etag.encode(),
            b"content-length": str(len(news.body)).encode(),
        }
        kept = [(name, changed.get(name, value)) for name, value in self.start["headers"]]
        return Answer({**self.start, "headers": kept}, [news.body])

    def _header(self, wanted: bytes) -> bytes:
        return next((value for name, value in self.start["headers"] if name == wanted), b"")


_PENDING, _WAITS_FOR, _ASKED_BY = _OF_THE_HOUSE = [
    name.lower().encode() for name in (PENDING_HEADER, WAITS_FOR_HEADER, ASKED_BY_HEADER)
]


async def answer_when_decided(
    inner: Application,
    waiters: Waiters,
    lane: Lane,
    *,
    action_ids: Sequence[str],
    seconds: int,
    scope: Scope,
    receive: Receive,
    send: Send,
) -> None:
    """Asks `inner`; while it says pending, asks again at each wake-up and when the time is up, by
    the short way where there is one.

    The waiter is registered before the first question, so that no decision falls in between.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    gone = asyncio.ensure_future(gone_of(receive))
    try:
        with waiters.waiting_for(*action_ids) as woken:
            answer = await ask(inner, scope)
            while answer.ask_after and (left := until - loop.time()) > 0:
                try:
                    await first_of(woken, gone, min(left, answer.ask_after))
                except asyncio.CancelledError:
                    break  # The server stops: the state as it is now is better than none.
                if gone.done():
                    return
                woken.clear()
                answer = await _again(inner, lane, scope, answer, action_ids)
        await answer.give(send, seconds)
    finally:
        gone.cancel()


async def answer_when_all_are_decided(
    inner: Application,
    waiters: Waiters,
    lane: Lane,
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
        lane,
        action_ids=answer.waits_for,
        seconds=seconds,
        scope=scope,
        receive=receive,
        send=send,
    )


async def _again(
    inner: Application, lane: Lane, scope: Scope, answer: Answer, action_ids: Sequence[str]
) -> Answer:
    """By the short way; by the long one where that cannot tell, or somebody has an older answer."""
    if answer.token_id and answer.status == OK:
        question = Question(action_id=action_ids[0], token_id=answer.token_id)
        if news := await lane.ask(question):
            return answer.renewed(news)
    return await ask(inner, scope)


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
