"""Senders that are killed at the worst moment lose no call to an agent, nor its id."""

import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from approvals.delivery import call_sending, calls, claiming, turns
from approvals.models import Call, CallAttempt
from ledger import clock, following
from tests.approvals.called import create_endpoint, hear, queue, reject, send_until_none_waits
from tests.approvals.receivers import fails, receiving
from tests.factories import create_action, create_desk
from tests.faults.senders import Process, kill_when_it_says, senders
from tests.together import at_once

FULL = os.environ.get("FAULTS") == "full"
AGENTS, CALLS, SENDERS = (20, 25, 8) if FULL else (4, 5, 3)
PATIENCE = 60
BEFORE_SENDING = "hooks.send = lambda **words: (print('claimed', flush=True), time.sleep(600))"
BEFORE_WRITING_DOWN = (
    "call_results._taken = lambda claim: (print('taken', flush=True), time.sleep(600))"
)

Start = Callable[[str], Process]

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def at_home(settings: Any) -> None:
    settings.ALLOW_PRIVATE_ADDRESSES = True


@pytest.fixture
def start() -> Iterator[Start]:
    with senders() as found:
        yield found.start


@pytest.mark.parametrize(
    ("trap", "word", "arrived"),
    [(BEFORE_SENDING, "claimed", 0), (BEFORE_WRITING_DOWN, "taken", 1)],
    ids=["before-sending", "before-writing-down"],
)
def test_a_sender_that_is_killed_leaves_its_call_to_the_next_under_the_same_id(
    trap: str, word: str, arrived: int, start: Start
) -> None:
    agent, _, _ = create_desk()
    with receiving(lambda: 204) as (receiver, url):
        create_endpoint(agent, url)
        [call] = queue(agent)
        kill_when_it_says(start(trap), word)
        assert call_sending.send_due() == 0, "the lease of the dead one still runs"
        with clock.simulated(clock.now() + claiming.LEASE + timedelta(seconds=1)):
            assert call_sending.send_due() == 1
    assert dict(receiver.outcomes) == {str(call.pk): [204] * (arrived + 1)}
    assert Call.objects.get().state == "sent"
    assert CallAttempt.objects.count() == 1, "of the other one nothing was written down"


def test_senders_killed_again_and_again_lose_nothing(
    start: Start, capsys: pytest.CaptureFixture[str]
) -> None:
    kills = 12 if FULL else 2
    wanted: set[str] = set()
    agents = [create_desk()[0] for _ in range(AGENTS)]
    with receiving(fails(0.3, losing=0.1)) as (receiver, url):
        for agent in agents:
            create_endpoint(agent, url)
        for number in range(kills):
            wanted |= {str(call.pk) for agent in agents for call in queue(agent, CALLS)}
            sender = start("")
            receiver.came.get(timeout=PATIENCE)
            time.sleep(0.01 * number)  # each at another moment
            sender.send_signal(signal.SIGKILL)
            sender.wait(10)
        made = send_until_none_waits()
    assert receiver.outcomes.keys() == wanted
    assert all(each[-1] == 204 for each in receiver.outcomes.values())
    again = sum(each.count(204) - 1 for each in receiver.outcomes.values())
    assert again <= kills * turns.SIDE_BY_SIDE, "only what was on its way"
    with capsys.disabled():
        print(
            f"\n{kills} senders killed: {len(wanted)} calls, none lost, {again} taken twice under "
            f"one id, {made} attempts after the kills"
        )


def test_many_senders_at_once_make_each_call_once() -> None:
    agents = [create_desk()[0] for _ in range(AGENTS)]
    with receiving(lambda: 204) as (receiver, url):
        for agent in agents:
            create_endpoint(agent, url)
            queue(agent, CALLS)
        made = at_once([call_sending.send_due] * SENDERS)
        made.append(call_sending.send_due())
    assert sum(made) == len(receiver.outcomes) == AGENTS * CALLS, made
    assert all(each == [204] for each in receiver.outcomes.values())


def test_several_followers_at_once_call_about_each_thing_once() -> None:
    agent, _, refund = create_desk()
    create_endpoint(agent, "https://agent.example/hook")
    actions = [create_action(agent, refund) for _ in range(20)]
    for action in actions:
        reject(action)
    results = at_once([lambda: [calls.call(limit=7) for _ in range(12)]] * 4)
    assert all(isinstance(each, list) for each in results), results
    hear()
    assert not following.unheard("calls").exists()
    assert Counter(Call.objects.values_list("action", flat=True)) == {
        action.pk: 1 for action in actions
    }
