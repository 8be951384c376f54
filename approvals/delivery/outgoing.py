"""Gets what is queued to where it goes: each message once, tried again until it is taken.

A message is claimed in a short transaction, sent while nothing is held in the database, and then
written down. Whoever dies in between leaves it to the next one, which tries the same message under
the same id.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from queue import Empty, SimpleQueue
from uuid import UUID, uuid4

import structlog
from django.db import DatabaseError
from django.urls import reverse

from approvals.delivery import chatting, claiming, hook_bodies, hooks, mailing, results
from approvals.delivery.claiming import Claim
from approvals.delivery.not_taken import After, NotTaken
from approvals.models import Channel, ChannelKind, Delivery
from approvals.notices import mailboxes, wording
from approvals.notices.letters import Message, absolute
from ledger import clock

log = structlog.get_logger(__name__)

SIDE_BY_SIDE = 8
MOST_IN_TROUBLE = 4
"""Of those side by side, over channels that did not take the last one: others never wait for
them."""

TURN = 10.0
"""Seconds for which a turn takes up new messages; it ends when those on their way have ended."""

PATIENCE = 30.0
"""Seconds after which nobody waits for a sender any more, whatever it is doing."""

MEANWHILE = 0.5
"""Seconds after which a turn that waits for senders looks for what became due."""

TEST = "This is a test. Notices of Review Queue reach you here."

Send = Callable[[], None]
"""Sends one message and raises NotTaken. It knows all that it needs, and asks no database."""

Back = SimpleQueue[tuple[UUID, NotTaken | None]]
"""Which messages came back from their threads, and what kept them from being taken."""


@dataclass(frozen=True, slots=True)
class _OnTheWay:
    claim: Claim
    since: float


class Turn:
    """The messages on their way at this moment, each in a thread of its own."""

    def __init__(self) -> None:
        self.on_the_way: dict[UUID, _OnTheWay] = {}
        self.back: Back = SimpleQueue()

    def take_up(self, most: int) -> int:
        """Sends up to `most` more, as far as there is room; how many were claimed."""
        room = min(SIDE_BY_SIDE - len(self.on_the_way), most)
        troubled = sum(bool(each.claim.channel.last_error) for each in self.on_the_way.values())
        claims = claiming.claim(most=room, in_trouble=MOST_IN_TROUBLE - troubled) if room else []
        for claim in claims:
            if send := _packed(claim):
                self.on_the_way[claim.message] = _OnTheWay(claim, time.monotonic())
                _start(send, claim.message, self.back)
        return len(claims)

    def write_down(self) -> None:
        """The next that comes back, if one does in a moment, and those nobody waits for longer."""
        try:
            message, trouble = self.back.get(timeout=MEANWHILE)
        except Empty:
            pass
        else:
            if message in self.on_the_way:
                _write_down(self.on_the_way.pop(message).claim, trouble)
        for message, sending in list(self.on_the_way.items()):
            if time.monotonic() - sending.since > PATIENCE:
                del self.on_the_way[message]
                _write_down(sending.claim, NotTaken("It took too long, nobody waited for it."))


def send_due(*, limit: int = 500, seconds: float = TURN) -> int:
    """Sends what is due, several side by side; how many messages were tried, or dropped.

    Safe with any number of workers at once. Nothing new is taken up after `limit` messages, or
    after `seconds`.
    """
    results.give_up_on_switched_off()
    until, tried, turn = time.monotonic() + seconds, 0, Turn()
    while True:
        claimed = turn.take_up(limit - tried) if time.monotonic() < until else 0
        tried += claimed
        if turn.on_the_way:
            turn.write_down()
        elif not claimed:
            return tried


def send_test(channel: Channel) -> str:
    """Sends a few words at once, within PATIENCE, and changes nothing about the channel.

    What went wrong, in words; empty where it was taken.
    """
    url = absolute(reverse("channels"))
    words = Message("A test from Review Queue", f"{TEST}\n\n{url}\n", f"<p>{TEST}</p>", (), url)
    back: Back = SimpleQueue()
    claim = Claim(channel=channel, message=uuid4(), deliveries=(), attempts=1, at=clock.now())
    _start(_sender(claim, words, ()), claim.message, back)
    try:
        _, trouble = back.get(timeout=PATIENCE)
    except Empty:
        return "It did not answer in time."
    return trouble.words if trouble else ""


def _packed(claim: Claim) -> Send | None:
    """The message in words, ready to be sent; None where nothing is left to say."""
    try:
        needed = wording.needed(claim.deliveries)
        words = wording.message(needed) if needed else None
        results.dropped(claim, but=needed if words else ())
        return _sender(claim, words, needed) if words else None
    except DatabaseError:
        raise
    except Exception:  # What cannot be put into words holds nothing else back.
        log.exception("no words for a message", message=str(claim.message))
        results.not_taken(claim, NotTaken("It could not be put into words.", After.OUR_FAULT))
        return None


def _sender(claim: Claim, words: Message, deliveries: Sequence[Delivery]) -> Send:
    channel, address = claim.channel, mailboxes.address_of(claim.channel)
    match channel.kind:
        case ChannelKind.EMAIL:
            return partial(mailing.send, to=address, message_id=claim.message, message=words)
        case ChannelKind.CHAT:
            return partial(chatting.send, address=address, message=words)
    return partial(
        hooks.send,
        address=address,
        secret=channel.secret,
        message_id=claim.message,
        at=claim.at,
        body=hook_bodies.body(claim, words, deliveries),
    )


def _start(send: Send, message: UUID, back: Back) -> None:
    threading.Thread(target=_run, args=(send, message, back), name="send", daemon=True).start()


def _run(send: Send, message: UUID, back: Back) -> None:
    try:
        send()
    except NotTaken as trouble:
        back.put((message, trouble))
    except Exception:  # Whatever a library raises: the message stays queued.
        log.exception("a sender failed", message=str(message))
        back.put((message, NotTaken("Something went wrong here in sending it.", After.OUR_FAULT)))
    else:
        back.put((message, None))


def _write_down(claim: Claim, trouble: NotTaken | None) -> None:
    if trouble:
        results.not_taken(claim, trouble)
    else:
        results.sent(claim)
