"""Prefer: wait on the real server: an answer comes when the decision does, or when time is up."""

import asyncio
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import httpx
import psycopg
import pytest
from django.db import connections

from agents_registry.models import ActionType, Agent, Person
from approvals import review
from approvals.delivery.lane import Lane, Question
from approvals.delivery.live import Waiters, listen
from approvals.delivery.waiting import Message, answer_when_decided, wait_seconds
from approvals.models import Action
from approvals.transitions import WAKE_CHANNEL
from tests import factories
from tests.apart import run_apart
from tests.api.server import database_url

LONGER_THAN_ANY_TEST = "wait=60"


@pytest.fixture
def elsewhere() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(max_workers=4) as pool:
        yield pool


def read(server: str, token: str, action: Action, **headers: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}", **headers}
    return httpx.get(f"{server}/api/v1/actions/{action.pk}", headers=headers, timeout=70)


def approve(action: Action, person: Person) -> None:
    review.approve(
        action_id=action.pk, person=person, seen=factories.seen(action), checked=["amount"]
    )


@pytest.mark.django_db(transaction=True)
def test_a_waiter_is_answered_by_the_decision_and_not_before(
    server: str, token: str, action: Action, reviewer: Person, elsewhere: ThreadPoolExecutor
) -> None:
    waiting = elsewhere.submit(read, server, token, action, Prefer=LONGER_THAN_ANY_TEST)
    with pytest.raises(TimeoutError):
        waiting.result(timeout=1)
    approve(action, reviewer)
    answer = waiting.result(timeout=20)
    assert answer.json()["state"] == "approved"
    assert answer.json()["decision"]["by"] == reviewer.username
    assert answer.headers["Preference-Applied"] == LONGER_THAN_ANY_TEST
    assert "Review-Queue-Pending" not in answer.headers


@pytest.mark.django_db(transaction=True)
def test_when_time_is_up_the_state_as_it_is_comes_back(
    server: str, token: str, action: Action
) -> None:
    answer = read(server, token, action, Prefer="wait=1")
    assert (answer.status_code, answer.json()["state"]) == (200, "pending")
    assert answer.headers["Preference-Applied"] == "wait=1"
    assert "Review-Queue-Pending" not in answer.headers


@pytest.mark.django_db(transaction=True)
def test_waiting_for_a_change_of_what_one_has(
    server: str, token: str, action: Action, reviewer: Person, elsewhere: ThreadPoolExecutor
) -> None:
    tag = {"If-None-Match": read(server, token, action).headers["ETag"]}
    assert read(server, token, action, Prefer="wait=1", **tag).status_code == 304
    waiting = elsewhere.submit(read, server, token, action, Prefer=LONGER_THAN_ANY_TEST, **tag)
    approve(action, reviewer)
    assert waiting.result(timeout=20).json()["state"] == "approved"


@pytest.mark.django_db(transaction=True)
def test_what_is_decided_or_not_there_is_not_waited_for(
    server: str, token: str, action: Action, reviewer: Person
) -> None:
    approve(action, reviewer)
    assert read(server, token, action, Prefer=LONGER_THAN_ANY_TEST).json()["state"] == "approved"
    foreign = factories.create_token(factories.create_desk()[0])
    assert read(server, foreign, action, Prefer=LONGER_THAN_ANY_TEST).status_code == 404
    assert read(server, "rq_x_y", action, Prefer=LONGER_THAN_ANY_TEST).status_code == 401


@pytest.mark.django_db(transaction=True)
def test_a_hundred_waiters_learn_and_other_calls_pass_meanwhile(
    server: str, token: str, agent: Agent, refund: ActionType, reviewer: Person
) -> None:
    actions = [factories.create_action(agent, refund) for _ in range(4)]
    headers = {"Authorization": f"Bearer {token}"}
    limits = httpx.Limits(max_connections=None)

    async def all_learn() -> list[str]:
        async with httpx.AsyncClient(
            base_url=f"{server}/api/v1", headers=headers, timeout=70, limits=limits
        ) as client:
            waits = {"Prefer": LONGER_THAN_ANY_TEST}
            asked = [
                asyncio.create_task(client.get(f"/actions/{action.pk}", headers=waits))
                for action in actions * 25
            ]
            assert (await client.get("/me")).status_code == 200
            for action in actions:
                await asyncio.to_thread(approve_and_close, action, reviewer)
            return [answer.json()["state"] for answer in await asyncio.gather(*asked)]

    assert run_apart(all_learn()) == ["approved"] * 100


def approve_and_close(action: Action, person: Person) -> None:
    try:
        approve(action, person)
    finally:
        connections.close_all()


@pytest.mark.parametrize(
    ("prefer", "seconds"),
    [
        ("wait=30", 30),
        ("respond-async, wait=10", 10),
        ("Wait = 5; foo=bar", 5),
        ('wait="7"', 7),
        ("wait=61", 60),
        ("wait=999999", 60),
        ("wait=0", 0),
        ("wait", 0),
        ("wait=-1", 0),
        ("wait=1.5", 0),
        ("await=5", 0),
        ("", 0),
    ],
)
def test_the_preference_is_read_as_rfc_7240_writes_it(prefer: str, seconds: int) -> None:
    assert wait_seconds(prefer) == seconds


class Inner:
    """An application that says pending as often as told, then that it is decided."""

    def __init__(self, pending: int, on_asked: Any = None) -> None:
        self.pending, self.asked, self.on_asked = pending, 0, on_asked

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.asked += 1
        if self.on_asked:
            self.on_asked()
        header = [(b"review-queue-pending", b"1")] if self.asked <= self.pending else []
        await send({"type": "http.response.start", "status": 200, "headers": header})
        await send({"type": "http.response.body", "body": b"%d" % self.asked})


async def ask(inner: Inner, waiters: Waiters, receive: Any) -> list[Message]:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    await answer_when_decided(
        inner,
        waiters,
        Lane(nothing_known),
        action_ids=["a"],
        seconds=60,
        scope={"type": "http"},
        receive=receive,
        send=send,
    )
    return sent


def nothing_known(questions: Sequence[Question]) -> list[None]:
    return [None] * len(questions)


async def stays() -> Message:
    await asyncio.Future()
    raise AssertionError


async def leaves() -> Message:
    return {"type": "http.disconnect"}


def test_a_notice_while_the_question_is_asked_is_not_lost() -> None:
    waiters = Waiters()
    inner = Inner(pending=1, on_asked=lambda: waiters.wake("a"))
    sent = run_apart(asyncio.wait_for(ask(inner, waiters, stays), timeout=20))
    assert [message.get("body") for message in sent] == [None, b"2"]
    assert len(waiters) == 0


def test_a_client_that_leaves_is_forgotten_and_not_answered() -> None:
    waiters, inner = Waiters(), Inner(pending=1000)
    sent = run_apart(asyncio.wait_for(ask(inner, waiters, leaves), timeout=20))
    assert (sent, inner.asked, len(waiters)) == ([], 1, 0)


def test_a_server_that_stops_answers_with_the_state_as_it_is() -> None:
    async def stopped() -> list[Message]:
        waiters = Waiters()
        asking = asyncio.create_task(ask(Inner(pending=1000), waiters, stays))
        while not len(waiters):
            await asyncio.sleep(0)
        await asyncio.sleep(0)
        asking.cancel()
        return await asking

    sent = run_apart(asyncio.wait_for(stopped(), timeout=20))
    assert sent[0]["status"] == 200
    assert sent[1]["body"] == b"1"


def test_one_notice_wakes_those_who_wait_for_that_action_only() -> None:
    waiters = Waiters()
    wait = waiters.waiting_for
    with wait("a") as one, wait("a") as two, wait("b") as other:
        waiters.wake("a")
        assert (one.is_set(), two.is_set(), other.is_set()) == (True, True, False)
        assert len(waiters) == 3
    assert len(waiters) == 0


@pytest.mark.django_db(transaction=True)
def test_everybody_looks_again_after_the_listener_lost_its_connection() -> None:
    run_apart(asyncio.wait_for(_lose_the_connection(), timeout=60))


async def _lose_the_connection() -> None:
    url, waiters = database_url(), Waiters()
    others = "datname = current_database() AND query LIKE 'LISTEN%'"
    with waiters.waiting_for("a") as woken:
        listening = asyncio.create_task(listen(url, waiters))
        await woken.wait()
        woken.clear()
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
            kill = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}"
            await connection.execute(kill)
            await woken.wait()
            woken.clear()
            await connection.execute("SELECT pg_notify(%s, %s)", [WAKE_CHANNEL, "a"])
            await woken.wait()
        listening.cancel()
        with suppress(asyncio.CancelledError):
            await listening
