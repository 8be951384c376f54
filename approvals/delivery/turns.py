"""Sends what is due, whatever kind it is of: side by side, tried again until it is taken.

A message is claimed in a short transaction, sent while nothing is held in the database, and then
written down. Whoever dies in between leaves it to the next one, which tries the same message under
the same id.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID, uuid4

import structlog
from django.db import DatabaseError

from approvals.delivery.not_taken import After, NotTaken

log = structlog.get_logger(__name__)

SIDE_BY_SIDE = 8
"""Messages of one kind on their way at once: no kind waits for another."""

MOST_IN_TROUBLE = 4
"""Of those side by side, to where the last one was not taken: others never wait for them."""

TURN = 10.0
"""Seconds for which a turn takes up new messages; it ends when those on their way have ended."""

PATIENCE = 30.0
"""Seconds after which nobody waits for a sender any more, whatever it is doing."""

MEANWHILE = 0.5
"""Seconds after which a turn that waits for senders looks for what became due."""

Send = Callable[[], int | None]
"""Sends one message and gives the status it was answered with, where there is one, or raises
NotTaken. It knows all that it needs, and asks no database."""


class Claim(Protocol):
    """A message in hand."""

    @property
    def message(self) -> UUID: ...


Claimed = TypeVar("Claimed", bound=Claim)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What came of trying once: what was answered, if anything, and why it was not taken, unless
    it was."""

    milliseconds: int
    status: int | None = None
    trouble: NotTaken | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind(Generic[Claimed]):
    """What is particular to one kind of message.

    `begin` tidies up before a turn. `claim` takes up to so many messages in hand, beside those that
    are on their way. `pack` makes a claim ready to be sent; None where nothing is left to say, and
    then that is written down already. `write_down` says what came of an attempt.
    """

    begin: Callable[[], None]
    claim: Callable[[int, Sequence[Claimed]], Sequence[Claimed]]
    pack: Callable[[Claimed], Send | None]
    write_down: Callable[[Claimed, Attempt], None]


Back = SimpleQueue[tuple[UUID, Attempt]]
"""Which messages came back from their threads, and what came of them."""


@dataclass(frozen=True, slots=True)
class _OnTheWay:
    kind: Kind[Any]
    claim: Any
    since: float


class Turn:
    """The messages on their way at this moment, each in a thread of its own."""

    def __init__(self, *kinds: Kind[Any]) -> None:
        self.kinds = kinds
        self.on_the_way: dict[UUID, _OnTheWay] = {}
        self.back: Back = SimpleQueue()

    def take_up(self, most: int) -> int:
        """Sends up to `most` more, as far as there is room; how many were claimed."""
        claimed = 0
        for kind in self.kinds:
            claimed += self._take_up(kind, most - claimed)
        return claimed

    def write_down(self) -> None:
        """The next that comes back, if one does in a moment, and those nobody waits for longer."""
        try:
            message, attempt = self.back.get(timeout=MEANWHILE)
        except Empty:
            pass
        else:
            self._end(message, attempt)
        for message, sending in list(self.on_the_way.items()):
            if time.monotonic() - sending.since > PATIENCE:
                trouble = NotTaken("It took too long, nobody waited for it.")
                self._end(message, Attempt(milliseconds=_since(sending.since), trouble=trouble))

    def _take_up(self, kind: Kind[Any], most: int) -> int:
        others = [each.claim for each in self.on_the_way.values() if each.kind is kind]
        room = min(SIDE_BY_SIDE - len(others), most)
        claims = kind.claim(room, others) if room > 0 else []
        for claim in claims:
            if send := _packed(kind, claim):
                self.on_the_way[claim.message] = _OnTheWay(kind, claim, time.monotonic())
                _start(send, claim.message, self.back)
        return len(claims)

    def _end(self, message: UUID, attempt: Attempt) -> None:
        """Of a message that nobody waited for any longer, nothing more is written down."""
        if sending := self.on_the_way.pop(message, None):
            sending.kind.write_down(sending.claim, attempt)


def send_due(*kinds: Kind[Any], limit: int = 500, seconds: float = TURN) -> int:
    """Sends what is due of these kinds; how many messages were tried, or dropped.

    Safe with any number of workers at once. Nothing new is taken up after `limit` messages, or
    after `seconds`.
    """
    for kind in kinds:
        kind.begin()
    until, tried, turn = time.monotonic() + seconds, 0, Turn(*kinds)
    while True:
        claimed = turn.take_up(limit - tried) if time.monotonic() < until else 0
        tried += claimed
        if turn.on_the_way:
            turn.write_down()
        elif not claimed:
            return tried


def send_now(send: Send) -> Attempt:
    """Sends one message while the caller waits, within PATIENCE."""
    back: Back = SimpleQueue()
    began = time.monotonic()
    _start(send, uuid4(), back)
    try:
        _, attempt = back.get(timeout=PATIENCE)
    except Empty:
        trouble = NotTaken("It did not answer in time.")
        return Attempt(milliseconds=_since(began), trouble=trouble)
    return attempt


def _packed(kind: Kind[Any], claim: Any) -> Send | None:
    try:
        return kind.pack(claim)
    except DatabaseError:
        raise
    except Exception:  # What cannot be put into words holds nothing else back.
        log.exception("no words for a message", message=str(claim.message))
        trouble = NotTaken("It could not be put into words.", After.OUR_FAULT)
        kind.write_down(claim, Attempt(milliseconds=0, trouble=trouble))
        return None


def _start(send: Send, message: UUID, back: Back) -> None:
    threading.Thread(target=_run, args=(send, message, back), name="send", daemon=True).start()


def _run(send: Send, message: UUID, back: Back) -> None:
    began, status, trouble = time.monotonic(), None, None
    try:
        status = send()
    except NotTaken as refusal:
        status, trouble = refusal.status, refusal
    except Exception:  # Whatever a library raises: the message stays queued.
        log.exception("a sender failed", message=str(message))
        trouble = NotTaken("Something went wrong here in sending it.", After.OUR_FAULT)
    back.put((message, Attempt(milliseconds=_since(began), status=status, trouble=trouble)))


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)
