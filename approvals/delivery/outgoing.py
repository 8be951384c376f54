"""Gets notices to people: each message over its channel, once."""

from collections.abc import Sequence
from functools import partial
from uuid import uuid4

from django.urls import reverse

from approvals.delivery import chatting, claiming, hook_bodies, hooks, mailing, results, turns
from approvals.delivery.claiming import Claim
from approvals.delivery.turns import MOST_IN_TROUBLE, TURN, Attempt, Kind, Send
from approvals.models import Channel, ChannelKind, Delivery
from approvals.notices import mailboxes, wording
from approvals.notices.letters import Message, absolute
from ledger import clock

TEST = "This is a test. Notices of Review Queue reach you here."


def send_due(*, limit: int = 500, seconds: float = TURN) -> int:
    """A turn of notices alone; how many messages were tried, or dropped."""
    return turns.send_due(NOTICES, limit=limit, seconds=seconds)


def send_test(channel: Channel) -> str:
    """Sends a few words at once, and changes nothing about the channel.

    What went wrong, in words; empty where it was taken.
    """
    url = absolute(reverse("channels"))
    words = Message("A test from Review Queue", f"{TEST}\n\n{url}\n", f"<p>{TEST}</p>", (), url)
    claim = Claim(channel=channel, message=uuid4(), deliveries=(), attempts=1, at=clock.now())
    trouble = turns.send_now(_sender(claim, words, ())).trouble
    return trouble.words if trouble else ""


def _claim(room: int, others: Sequence[Claim]) -> list[Claim]:
    troubled = sum(bool(each.channel.last_error) for each in others)
    return claiming.claim(most=room, in_trouble=MOST_IN_TROUBLE - troubled)


def _pack(claim: Claim) -> Send | None:
    needed = wording.needed(claim.deliveries)
    words = wording.message(needed) if needed else None
    results.dropped(claim, but=needed if words else ())
    return _sender(claim, words, needed) if words else None


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
        secrets=[channel.secret],
        message_id=claim.message,
        at=claim.at,
        body=hook_bodies.body(claim, words, deliveries),
    )


def _write_down(claim: Claim, attempt: Attempt) -> None:
    if attempt.trouble:
        results.not_taken(claim, attempt.trouble)
    else:
        results.sent(claim)


NOTICES = Kind(
    begin=results.give_up_on_switched_off, claim=_claim, pack=_pack, write_down=_write_down
)
