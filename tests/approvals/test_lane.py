"""The short way for those who were woken: many are read at once, and nobody is lost on it."""

import asyncio
import threading
from collections.abc import Sequence
from typing import Any

from approvals.delivery.lane import Lane, News, Question
from approvals.delivery.live import Waiters
from approvals.delivery.waiting import answer_when_decided
from tests.apart import run_apart

DECIDED = News(body=b"decided", etag='"2"', ask_after=0)
PENDING = News(body=b"pending", etag='"1"', ask_after=1)


def question(number: int) -> Question:
    return Question(str(number), token_id=1)


class Reader:
    """Answers with the action's id, once it is let go; notes who was read together."""

    def __init__(self) -> None:
        self.read: list[list[str]] = []
        self.go = threading.Event()

    def __call__(self, questions: Sequence[Question]) -> list[News]:
        self.read.append([each.action_id for each in questions])
        self.go.wait()
        return [News(each.action_id.encode(), "", 0) for each in questions]


def test_who_asks_while_the_last_ones_are_read_is_read_with_the_next() -> None:
    reader = Reader()

    async def asked() -> list[News | None]:
        lane = Lane(reader)
        first = asyncio.create_task(lane.ask(question(0)))
        while not reader.read:
            await asyncio.sleep(0)
        others = [asyncio.create_task(lane.ask(question(number))) for number in (1, 2, 3)]
        await asyncio.sleep(0)
        reader.go.set()
        return [await each for each in (first, *others)]

    told = run_apart(asyncio.wait_for(asked(), timeout=20))
    assert [news and news.body for news in told] == [b"0", b"1", b"2", b"3"]
    assert reader.read == [["0"], ["1", "2", "3"]]


def test_where_reading_fails_everybody_goes_the_long_way_and_the_next_are_read_again() -> None:
    broken = [True]

    def read(questions: Sequence[Question]) -> list[News | None]:
        if broken.pop():
            raise RuntimeError
        return [DECIDED]

    async def asked() -> list[News | None]:
        lane = Lane(read)
        broken.insert(0, False)
        return [await lane.ask(question(1)), await lane.ask(question(2))]

    assert run_apart(asyncio.wait_for(asked(), timeout=20)) == [None, DECIDED]


def test_who_leaves_meanwhile_takes_nobody_elses_answer() -> None:
    reader = Reader()

    async def asked() -> News | None:
        lane = Lane(reader)
        one, other = (asyncio.create_task(lane.ask(question(number))) for number in (1, 2))
        while not reader.read:
            await asyncio.sleep(0)
        one.cancel()
        reader.go.set()
        return await other

    news = run_apart(asyncio.wait_for(asked(), timeout=20))
    assert news
    assert news.body == b"2"


class Inner:
    """An application that says pending, to whom the short way is open."""

    def __init__(self, *headers: tuple[bytes, bytes], status: int = 200) -> None:
        self.headers, self.status, self.asked = headers, status, 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.asked += 1
        pending = [(b"review-queue-pending", b"1")] if self.asked == 1 else []
        headers = [*pending, *self.headers]
        start = {"type": "http.response.start", "status": self.status, "headers": headers}
        await send(start)
        await send({"type": "http.response.body", "body": b"long"})


async def wait(inner: Inner, lane: Lane) -> list[Any]:
    waiters, sent = Waiters(), []

    async def send(message: Any) -> None:
        sent.append(message)

    async def stays() -> Any:
        await asyncio.Future()

    waiting = asyncio.create_task(
        answer_when_decided(
            inner,
            waiters,
            lane,
            action_ids=["a"],
            seconds=60,
            scope={"type": "http"},
            receive=stays,
            send=send,
        )
    )
    while not waiting.done():
        waiters.wake("a")
        await asyncio.sleep(0)
    return sent


ASKED_BY = (b"review-queue-asked-by", b"7")
KEPT = [(b"content-type", b"application/json"), (b"vary", b"Accept")]


def test_the_short_way_renews_what_changed_and_keeps_the_other_headers() -> None:
    questions: list[Question] = []
    news = [PENDING, DECIDED]

    def read(asked: Sequence[Question]) -> list[News]:
        questions.extend(asked)
        return [news.pop(0)]

    inner = Inner(ASKED_BY, *KEPT, (b"etag", b'"1"'), (b"content-length", b"99"))
    start, body = run_apart(asyncio.wait_for(wait(inner, Lane(read)), timeout=20))
    changed = [(b"etag", b'"2"'), (b"content-length", b"7"), (b"preference-applied", b"wait=60")]
    assert sorted(start["headers"]) == sorted([*KEPT, *changed])
    assert (body["body"], inner.asked) == (b"decided", 1)
    assert questions == [Question("a", 7)] * 2


def test_the_long_way_is_gone_where_the_short_one_tells_nothing() -> None:
    inner = Inner(ASKED_BY)
    _, body = run_apart(asyncio.wait_for(wait(inner, Lane(lambda asked: [None])), timeout=20))
    assert (body["body"], inner.asked) == (b"long", 2)


def test_the_long_way_is_gone_by_who_has_an_older_answer_or_waits_for_more_than_one() -> None:
    for inner in (Inner(ASKED_BY, status=304), Inner(status=200)):
        _, body = run_apart(asyncio.wait_for(wait(inner, Lane(lambda _: [DECIDED])), timeout=20))
        assert (body["body"], inner.asked) == (b"long", 2)
