"""What is queued gets to where it goes: every notice once, whatever fails on the way."""

import json
import os
import threading
from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from agents_registry.models import Person, Pool, Role, Workflow
from approvals import review
from approvals.delivery import mailing, outgoing, outward, results, turns
from approvals.models import Action, Channel, Delivery, Notice
from ledger import clock
from tests.approvals.queued import (
    SECRET,
    create_hook,
    create_mailbox,
    queue,
    send_later,
    send_until_nothing_waits,
    states,
)
from tests.approvals.receivers import fails, receiving, taking_mail, talking
from tests.approvals.told import create_channel, tell, told
from tests.factories import create_person, seen

FULL = os.environ.get("FAULTS") == "full"
CHANNELS, WAVES, NOTICES = (40, 10, 25) if FULL else (8, 4, 6)
LONG = timedelta(days=1)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def at_home(settings: Any) -> None:
    """The receivers of these tests are on this machine."""
    settings.ALLOW_PRIVATE_ADDRESSES = True
    settings.PUBLIC_URL = "https://queue.example"


@pytest.fixture
def pool(workflow: Workflow) -> Pool:
    pool: Pool = workflow.pool
    return pool


def channel_of(channel: Channel) -> Channel:
    return Channel.objects.get(pk=channel.pk)


def test_every_notice_arrives_once_at_a_receiver_that_fails_three_times_in_ten(
    capsys: pytest.CaptureFixture[str],
) -> None:
    wanted: set[str] = set()
    tried = 0
    with receiving(fails(0.3, losing=0.1)) as (receiver, url):
        channels = [create_hook(url) for _ in range(CHANNELS)]
        for wave in range(WAVES):
            now = clock.now() + timedelta(minutes=wave)
            for channel in channels:
                wanted |= {str(each.pk) for each in queue(channel, NOTICES, due_at=now)}
            with clock.simulated(now):
                tried += outgoing.send_due()
        tried += send_until_nothing_waits()
    outcomes = receiver.outcomes.values()
    assert receiver.notices == Counter(dict.fromkeys(wanted, 1)), "each in one message alone"
    assert all(each[-1] == 204 and 204 not in each[:-1] for each in outcomes), "only what failed"
    assert {channel: set(states(channel)) for channel in channels} == {
        channel: {"sent"} for channel in channels
    }
    counted = Counter(what for each in outcomes for what in each)
    with capsys.disabled():
        print(
            f"\n{len(wanted)} notices over {CHANNELS} webhooks in {len(outcomes)} messages: "
            f"{tried} tries, {counted[500]} failed, {counted['lose']} taken and the answer lost, "
            f"0 notices missing, 0 in two messages"
        )


def test_every_letter_arrives_once_at_a_mail_server_that_fails_three_times_in_ten(
    settings: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    fail = fails(0.3, seed=2)
    with taking_mail(settings, lambda to: "451 later" if fail() == 500 else "") as box:
        mailboxes = [create_mailbox() for _ in range(CHANNELS)]
        for mailbox in mailboxes:
            queue(mailbox, NOTICES)
        tried = send_until_nothing_waits()
    assert Counter(letter["To"] for letter in box.letters) == Counter(
        {mailbox.person.email: 1 for mailbox in mailboxes if mailbox.person}
    )
    assert {state for mailbox in mailboxes for state in states(mailbox)} == {"sent"}
    with capsys.disabled():
        print(f"\n{CHANNELS} letters: {tried} tries, {box.refused.total()} refused for a while")


def test_a_letter_has_a_text_and_html_and_says_that_a_machine_wrote_it(
    action: Action, reviewer: Person, settings: Any
) -> None:
    Action.objects.filter(pk=action.pk).update(assignee=reviewer)
    create_channel(reviewer, kind="email", address="")
    with taking_mail(settings) as box:
        tell()
        assert outgoing.send_due() == 1
    letter, delivery = box.letters[0], Delivery.objects.get()
    assert [part.get_content_type() for part in letter.walk()] == [
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]
    assert letter["Message-ID"] == f"<{delivery.message}@queue.example>"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter["Precedence"] == "bulk"
    assert "<notices.queue.example>" in letter["List-Id"]
    assert letter["To"] == reviewer.email
    for part in letter.get_payload():
        assert (
            f"https://queue.example/actions/{action.pk}/" in part.get_payload(decode=True).decode()
        )


def test_a_message_that_is_tried_again_is_the_same_message(settings: Any) -> None:
    mailbox = create_mailbox()
    queue(mailbox, 2)
    refusals = iter(["451 later", "451 later", ""])
    with taking_mail(settings, lambda to: next(refusals)) as box:
        outgoing.send_due()
        [message] = set(Delivery.objects.values_list("message", flat=True))
        send_until_nothing_waits()
    assert [letter["Message-ID"] for letter in box.letters] == [f"<{message}@queue.example>"]


def test_a_webhook_is_signed_and_says_what_waits_without_what_is_in_it(
    action: Action, pool: Pool
) -> None:
    with receiving(lambda: 204) as (receiver, url):
        create_channel(pool, address=url, secret=SECRET)
        tell()
        outgoing.send_due()
    [(name, headers, body)] = receiver.taken
    document = Webhook(SECRET).verify(body, headers)
    notice = Notice.objects.get()
    assert (document["type"], document["id"]) == ("notices", name)
    assert document["notices"] == [
        {
            "id": str(notice.pk),
            "kind": "asked",
            "title": document["notices"][0]["title"],
            "url": f"https://queue.example/actions/{action.pk}/",
            "action": str(action.pk),
            "due_at": action.due_at and action.due_at.isoformat(),
        }
    ]
    title = document["notices"][0]["title"]
    assert "Refund" in title
    assert b"A-1" not in body, "the order stands in the payload"
    assert "120" not in title + document["title"]


def test_each_try_of_a_webhook_has_its_id_and_a_signature_of_its_own_time() -> None:
    answers = iter([500, "lose", 503, 204])
    with receiving(lambda: next(answers)) as (receiver, url):
        queue(create_hook(url))
        send_until_nothing_waits()
    assert list(receiver.outcomes.values()) == [[500, "lose", 503, 204]]
    (_, lost, first), (_, taken, last) = receiver.taken
    assert first == last
    assert lost["webhook-timestamp"] < taken["webhook-timestamp"]
    assert lost["webhook-signature"] != taken["webhook-signature"]


def test_what_is_due_at_once_leaves_together_and_what_comes_later_in_a_message_of_its_own() -> None:
    answers = iter([500, 204, 204])
    with receiving(lambda: next(answers)) as (receiver, url):
        channel = create_hook(url)
        queue(channel, 3)
        outgoing.send_due()
        queue(channel, 2)
        send_later(timedelta(minutes=1))
        send_later(timedelta(minutes=2))
    assert sorted(len(json.loads(body)["notices"]) for _, _, body in receiver.taken) == [2, 3]
    assert set(states(channel)) == {"sent"}


def test_a_webhook_gets_at_most_twenty_in_one_message() -> None:
    with receiving(lambda: 204) as (receiver, url):
        queue(create_hook(url), 45)
        send_until_nothing_waits()
    assert [len(json.loads(body)["notices"]) for _, _, body in receiver.taken] == [20, 20, 5]
    assert receiver.notices.total() == 45


def test_a_digest_is_sent_like_any_other_message(action: Action, reviewer: Person) -> None:
    now = clock.now()
    with receiving(lambda: 204) as (receiver, url):
        channel = create_channel(reviewer, address=url, secret=SECRET, pools="digest")
        Delivery.objects.create(channel=channel, due_at=now, created_at=now)
        outgoing.send_due()
    [(_, _, body)] = receiver.taken
    assert json.loads(body)["type"] == "digest"
    assert states(channel) == ["sent"]


def test_what_is_over_before_it_leaves_does_not_leave(action: Action, pool: Pool) -> None:
    with receiving(lambda: 204) as (receiver, url):
        channel = create_channel(pool, address=url, secret=SECRET)
        tell()
        reviewer = pool.people.all()[0]
        review.approve(action_id=action.pk, person=reviewer, seen=seen(action), checked=["all"])
        assert outgoing.send_due() == 1
    assert receiver.taken == []
    assert states(channel) == ["dropped"]


def test_a_digest_of_nothing_does_not_leave() -> None:
    now = clock.now()
    with receiving(lambda: 204) as (receiver, url):
        channel = create_hook(url, pools="digest")
        Delivery.objects.create(channel=channel, due_at=now, created_at=now)
        outgoing.send_due()
    assert receiver.taken == []
    assert states(channel) == ["dropped"]


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Less of it than in earnest, and still far more than a healthy receiver takes."""
    monkeypatch.setattr(outward, "SECONDS", 4.0)


@pytest.mark.parametrize("known", [False, True], ids=["new", "known"])
def test_channels_that_hang_delay_no_other(known: bool, patience: None) -> None:
    """While nothing that hangs has come back, what works has arrived and been written down."""
    dead = 7 if not known else 30
    with receiving(lambda: "hang") as (hanging, nowhere), receiving(lambda: 204) as (well, url):
        for _ in range(dead):
            queue(create_hook(nowhere, last_error="It did not answer." if known else ""))
        works = create_hook(url)
        queue(works)
        turn = turns.Turn(outgoing.NOTICES)
        turn.take_up(100)
        well.came.get(timeout=3)
        while works.pk in {each.claim.channel.pk for each in turn.on_the_way.values()}:
            turn.write_down()
        assert states(works) == ["sent"]
        assert len(turn.on_the_way) == (turns.MOST_IN_TROUBLE if known else dead)
        assert hanging.outcomes.keys() <= {str(message) for message in turn.on_the_way}


def test_while_some_hang_a_turn_takes_up_what_becomes_due(
    patience: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "MEANWHILE", 0.02)
    with receiving(lambda: "hang") as (_, nowhere), receiving(lambda: 204) as (well, url):
        queue(create_hook(nowhere))
        works = create_hook(url)
        turn = turns.Turn(outgoing.NOTICES)
        turn.take_up(100)
        for count in range(1, 4):
            queue(works)
            turn.take_up(100)
            well.came.get(timeout=3)
            while len(turn.on_the_way) > 1:
                turn.write_down()
            assert states(works) == ["sent"] * count


def test_nobody_waits_for_a_sender_that_never_comes_back(
    monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    never = threading.Event()
    monkeypatch.setattr(turns, "PATIENCE", 0.2)
    monkeypatch.setattr(mailing, "send", lambda **words: never.wait(60))
    mailbox = create_mailbox()
    queue(mailbox)
    assert outgoing.send_due() == 1
    assert states(mailbox) == ["queued"]
    assert "too long" in channel_of(mailbox).last_error
    never.set()


def test_a_sender_that_breaks_leaves_its_message_queued(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(**words: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(mailing, "send", breaks)
    mailbox = create_mailbox()
    queue(mailbox)
    outgoing.send_due()
    assert states(mailbox) == ["queued"]
    assert channel_of(mailbox).failing_since is None


def test_a_message_that_cannot_be_put_into_words_holds_no_other_back() -> None:
    with receiving(lambda: 204) as (receiver, url):
        broken, well = create_hook(url), create_hook(url)
        [notice] = queue(broken)
        Notice.objects.filter(pk=notice.pk).update(about={})
        queue(well)
        outgoing.send_due()
    assert (states(broken), states(well)) == (["queued"], ["sent"])
    assert len(receiver.taken) == 1


@pytest.mark.parametrize("status", [404, 410])
def test_where_nobody_is_there_any_more_the_channel_is_switched_off_and_its_person_told(
    status: int,
) -> None:
    with receiving(lambda: status) as (_, url):
        channel = create_hook(url)
        queue(channel)
        outgoing.send_due()
        queue(channel)
        assert send_later(LONG) == 0, "nothing is sent over it any more"
    assert channel.person is not None
    assert channel_of(channel).disabled_at
    assert told(channel.person) == ["resumed", "channel_failed", "resumed"]


def test_their_other_channel_carries_the_word_that_one_is_off() -> None:
    with receiving(lambda: 410) as (_, gone), receiving(lambda: 204) as (well, url):
        dead = create_hook(gone)
        assert dead.person is not None
        other = create_channel(dead.person, address=url, secret=SECRET)
        queue(dead)
        send_until_nothing_waits()
    [(_, _, body)] = well.taken
    [notice] = json.loads(body)["notices"]
    assert notice["kind"] == "channel_failed"
    assert notice["url"] == "https://queue.example/channels/"
    assert (states(dead), states(other)) == (["queued"], ["sent"])


def test_of_a_pools_channel_the_managers_of_the_team_are_told(
    pool: Pool, workflow: Workflow
) -> None:
    managers = [create_person(team=workflow.team, role=Role.MANAGER) for _ in range(2)]
    with receiving(lambda: 410) as (_, url):
        queue(create_channel(pool, address=url, secret=SECRET))
        outgoing.send_due()
    assert [told(each) for each in managers] == [["channel_failed"]] * 2
    assert told(workflow.workflow_owner) == []


def test_a_channel_that_fails_for_three_days_is_switched_off_once() -> None:
    with receiving(lambda: 500) as (_, url):
        channel = create_hook(url)
        for day in range(5):
            with clock.simulated(clock.now() + day * LONG):
                queue(channel)
                outgoing.send_due()
                assert bool(channel_of(channel).disabled_at) is (day >= 3)
    assert channel.person is not None
    assert Counter(told(channel.person))["channel_failed"] == 1


def test_a_channel_that_works_again_forgets_its_failures_and_gets_what_waits() -> None:
    answers = iter([500, 500, 204, 204])
    with receiving(lambda: next(answers)) as (receiver, url):
        channel = create_hook(url)
        queue(channel)
        outgoing.send_due()
        assert channel_of(channel).failing_since
        send_later(timedelta(minutes=1))
        queue(channel)
        send_later(timedelta(minutes=1, seconds=1))
        send_later(timedelta(minutes=1, seconds=2))
    again = channel_of(channel)
    assert (again.failing_since, again.last_error) == (None, "")
    assert states(channel) == ["sent", "sent"]
    assert len(receiver.taken) == 2


def test_a_message_on_its_way_is_not_hurried_because_another_one_arrived() -> None:
    answers = iter([500, "hang", 204])
    with receiving(lambda: next(answers)) as (receiver, url):
        channel = create_hook(url)
        queue(channel)
        outgoing.send_due()
        queue(channel, due_at=clock.now() + timedelta(minutes=1, seconds=1))
        turn = turns.Turn(outgoing.NOTICES)
        for seconds in (0, 1):
            with clock.simulated(clock.now() + timedelta(minutes=1, seconds=seconds)):
                assert turn.take_up(10) == 1
            receiver.came.get(timeout=3)
        while len(turn.on_the_way) > 1:
            turn.write_down()
        with clock.simulated(clock.now() + timedelta(minutes=1, seconds=2)):
            assert turn.take_up(10) == 0


def test_what_nobody_takes_for_two_days_is_given_up() -> None:
    with receiving(lambda: 500) as (receiver, url):
        channel = create_hook(url)
        queue(channel)
        tried = send_until_nothing_waits()
    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.attempts) == ("gave_up", tried)
    assert delivery.ended_at is not None
    assert delivery.ended_at - delivery.created_at >= results.GIVEN_UP
    assert 10 < tried < 25, tried
    assert len(receiver.outcomes) == 1


def test_what_waits_for_a_channel_that_is_off_is_given_up_as_well() -> None:
    channel = create_hook("https://hooks.example/x", disabled_at=clock.now())
    queue(channel)
    send_later(timedelta(days=1))
    assert states(channel) == ["queued"]
    send_later(timedelta(days=3))
    assert states(channel) == ["gave_up"]


@pytest.mark.parametrize(
    ("answer", "state"), [("550 no such user", "gave_up"), ("450 busy", "queued")]
)
def test_a_mailbox_that_is_refused_for_good_is_not_tried_again(
    answer: str, state: str, settings: Any
) -> None:
    mailbox = create_mailbox()
    queue(mailbox)
    with taking_mail(settings, lambda to: answer):
        outgoing.send_due()
    assert states(mailbox) == [state]
    assert channel_of(mailbox).last_error == f"The mail server refused this address: {answer}"


def test_a_mail_server_that_is_away_is_no_mailboxs_fault(settings: Any) -> None:
    with taking_mail(settings):
        pass
    mailbox = create_mailbox()
    for day in range(5):
        with clock.simulated(clock.now() + day * LONG):
            queue(mailbox)
            outgoing.send_due()
    now = channel_of(mailbox)
    assert (now.disabled_at, now.failing_since) == (None, None)
    assert now.last_error == "The mail server could not be reached."


def test_a_mail_server_that_says_nothing_is_not_waited_for(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailing, "SECONDS", 0.3)
    mailbox = create_mailbox()
    queue(mailbox)
    with talking(lambda connection: connection.recv(1) and None) as port:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
        outgoing.send_due()
    assert states(mailbox) == ["queued"]


def test_without_a_mail_server_nothing_is_sent_and_the_reason_is_said(settings: Any) -> None:
    settings.EMAIL_HOST = ""
    mailbox = create_mailbox()
    queue(mailbox)
    outgoing.send_due()
    assert "EMAIL_URL" in channel_of(mailbox).last_error


def test_no_error_repeats_the_address_or_the_secret() -> None:
    with receiving(lambda: 500) as (_, url):
        dead = create_hook(url.replace("/hook", "/hunter2"))
    channels = [
        dead,
        create_hook("https://hunter2@example.com/"),
        create_hook("http://127.1/hunter2"),
    ]
    channels.append(create_channel(create_person("kim"), kind="chat", address="slack://hunter2"))
    for channel in channels:
        queue(channel) if channel.person and channel.person.teams.exists() else None
    outgoing.send_due()
    assert all(channel_of(each).last_error for each in channels[:3])
    assert not any("hunter2" in channel_of(each).last_error for each in channels)
    assert not any(SECRET[6:] in channel_of(each).last_error for each in channels)


@given(st.integers(min_value=1, max_value=40_000), st.uuids())
def test_pauses_double_up_to_six_hours_a_fifth_more_or_less(attempts: int, message: UUID) -> None:
    pause = results.pause_after(attempts, message)
    plain = min(timedelta(seconds=30) * 2 ** min(attempts - 1, 20), timedelta(hours=6))
    assert plain * 0.8 <= pause <= plain * 1.2001
    assert pause <= results.pause_after(attempts + 1, message)


def test_a_turn_takes_no_more_than_it_may() -> None:
    with receiving(lambda: 204) as (receiver, url):
        for _ in range(12):
            queue(create_hook(url))
        assert outgoing.send_due(limit=5) == 5
        assert len(receiver.taken) == 5
        assert outgoing.send_due(seconds=0) == 0
        assert outgoing.send_due() == 7


def queries_of(count: int) -> int:
    with receiving(lambda: 204) as (_, url):
        queue(create_hook(url), count)
        with CaptureQueriesContext(connection) as asked:
            outgoing.send_due()
    return len(asked)


def test_a_message_of_many_takes_as_many_queries_as_one_of_few() -> None:
    assert queries_of(20) == queries_of(2)
