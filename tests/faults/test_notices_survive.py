"""Senders that are killed at the worst moment, and several at once, lose no notice."""

import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from approvals.delivery import claiming, outgoing, turns
from approvals.delivery.alone import alone
from approvals.models import Delivery
from ledger import clock
from tests.approvals.queued import create_hook, create_mailbox, queue, send_until_nothing_waits
from tests.approvals.receivers import fails, receiving, taking_mail
from tests.faults.senders import Process, kill_when_it_says, senders
from tests.together import at_once

FULL = os.environ.get("FAULTS") == "full"
CHANNELS, NOTICES = (60, 50) if FULL else (12, 5)
SENDERS = 8 if FULL else 4
PATIENCE = 60
BEFORE_SENDING = "hooks.send = lambda **words: (print('claimed', flush=True), time.sleep(600))"
BEFORE_WRITING_DOWN = "results.sent = lambda claim: (print('taken', flush=True), time.sleep(600))"

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
def test_a_sender_that_is_killed_leaves_its_message_to_the_next_under_the_same_id(
    trap: str, word: str, arrived: int, start: Start
) -> None:
    with receiving(lambda: 204) as (receiver, url):
        notices = queue(create_hook(url), 3)
        kill_when_it_says(start(trap), word)
        assert sum(len(each) for each in receiver.outcomes.values()) == arrived
        assert outgoing.send_due() == 0, "the lease of the dead one still runs"
        with clock.simulated(clock.now() + claiming.LEASE + timedelta(seconds=1)):
            assert outgoing.send_due() == 1
    assert [len(each) for each in receiver.outcomes.values()] == [arrived + 1], "one id"
    assert receiver.notices == Counter({str(each.pk): 1 for each in notices})
    assert set(Delivery.objects.values_list("state", flat=True)) == {"sent"}


def test_senders_killed_again_and_again_lose_nothing(
    start: Start, capsys: pytest.CaptureFixture[str]
) -> None:
    kills = 12 if FULL else 3
    wanted: set[str] = set()
    with receiving(fails(0.3, losing=0.1)) as (receiver, url):
        channels = [create_hook(url) for _ in range(CHANNELS)]
        for number in range(kills):
            for channel in channels:
                wanted |= {str(each.pk) for each in queue(channel, NOTICES)}
            sender = start("")
            receiver.came.get(timeout=PATIENCE)
            time.sleep(0.01 * number)  # each at another moment
            sender.send_signal(signal.SIGKILL)
            sender.wait(10)
        tried = send_until_nothing_waits()
    assert receiver.notices == Counter(dict.fromkeys(wanted, 1))
    again = sum(each.count(204) - 1 for each in receiver.outcomes.values())
    assert again <= kills * turns.SIDE_BY_SIDE, "only what was on its way"
    with capsys.disabled():
        print(
            f"\n{kills} senders killed: {len(wanted)} notices in {len(receiver.outcomes)} "
            f"messages, none lost, {again} taken twice under one id, {tried} tries after the kills"
        )


def test_many_senders_at_once_send_each_message_once(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with receiving(lambda: 204) as (receiver, url):
        wanted = {
            str(each.pk)
            for channel in [create_hook(url) for _ in range(CHANNELS)]
            for each in queue(channel, NOTICES)
        }
        tried = at_once([outgoing.send_due] * SENDERS)
        tried.append(outgoing.send_due())
    assert sum(tried) == len(receiver.outcomes), tried
    assert all(each == [204] for each in receiver.outcomes.values())
    assert receiver.notices == Counter(dict.fromkeys(wanted, 1))
    with capsys.disabled():
        print(f"\n{SENDERS} senders at once: {len(wanted)} notices, messages of each {tried[:-1]}")


def test_many_processes_at_once_send_each_letter_once(settings: Any, start: Start) -> None:
    with taking_mail(settings) as box, receiving(lambda: 204) as (receiver, url):
        mailboxes = [create_mailbox() for _ in range(CHANNELS)]
        for mailbox in mailboxes:
            queue(mailbox, NOTICES)
        channels = [create_hook(url) for _ in range(CHANNELS)]
        for channel in channels:
            queue(channel, NOTICES)
        for _ in range(SENDERS // 2):
            start("")
        end = time.monotonic() + PATIENCE
        while Delivery.objects.filter(state="queued").exists():
            assert time.monotonic() < end, "it was not all sent"
            time.sleep(0.05)
    assert Counter(Counter(letter["To"] for letter in box.letters).values()) == {1: CHANNELS}
    assert all(each == [204] for each in receiver.outcomes.values())


def test_only_one_is_at_it_and_the_next_may_as_soon_as_that_one_is_gone() -> None:
    with alone("a test") as first, alone("a test") as second, alone("another test") as other:
        assert (first, second, other) == (True, False, True)
    with alone("a test") as again:
        assert again
