"""Takes queued deliveries in hand, so that nobody else sends them meanwhile."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import F, Min, QuerySet

from approvals.models import Channel, ChannelKind, Delivery, DeliveryState
from approvals.notices.wording import FOR_WORDS
from ledger import clock

LEASE = timedelta(minutes=2)
"""After which a message that nobody wrote anything down about is tried again."""

MOST_IN_ONE = {ChannelKind.WEBHOOK: 20}
"""Deliveries in one message: a webhook's names each of them."""

MOST = 1000
AHEAD = 4
"""How many times as many channels are looked at as are wanted: others may hold the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One message in hand: what leaves together over a channel, since `at`, until LEASE later.

    `attempts` counts this one.
    """

    channel: Channel
    message: UUID
    deliveries: Sequence[Delivery]
    attempts: int
    at: datetime


@transaction.atomic
def claim(*, most: int, in_trouble: int) -> list[Claim]:
    """Up to `most` messages, one a channel, those that wait longest first.

    Channels that did not take the last one come after all others, and are at most `in_trouble`.
    """
    now = clock.now()
    due = Delivery.objects.filter(
        state=DeliveryState.QUEUED, due_at__lte=now, channel__disabled_at__isnull=True
    )
    fine = _lock(due.filter(channel__last_error=""), most)
    troubled = _lock(due.exclude(channel__last_error=""), min(in_trouble, most - len(fine)))
    claimed = (_claim_of(channel, now) for channel in (*fine, *troubled))
    return [each for each in claimed if each is not None]


def _lock(due: QuerySet[Delivery], most: int) -> list[Channel]:
    """Channels that nobody else is claiming from at this moment."""
    if most <= 0:
        return []
    longest = due.values("channel").annotate(since=Min("due_at")).order_by("since")
    first = list(longest.values_list("channel", flat=True)[: AHEAD * most])
    free = Channel.objects.select_for_update(skip_locked=True, no_key=True, of=("self",))
    return list(free.filter(pk__in=first).select_related("person", "pool__team")[:most])


def _claim_of(channel: Channel, now: datetime) -> Claim | None:
    """The oldest message as it was tried before, else a new one of all that is due; None where
    somebody else took it in hand after the look that led here."""
    queued = Delivery.objects.filter(channel=channel, state=DeliveryState.QUEUED).order_by("pk")
    due = queued.filter(due_at__lte=now)
    oldest = due.first()
    if oldest is None:
        return None
    if oldest.message:
        together = queued.filter(message=oldest.message)
    else:
        together = due.filter(message=None)[: MOST_IN_ONE.get(ChannelKind(channel.kind), MOST)]
    deliveries = list(together.select_related(*FOR_WORDS))
    message = oldest.message or uuid4()
    Delivery.objects.filter(pk__in=[each.pk for each in deliveries]).update(
        message=message, due_at=now + LEASE, attempts=F("attempts") + 1, last_error=""
    )
    return Claim(
        channel=channel,
        message=message,
        deliveries=deliveries,
        attempts=oldest.attempts + 1,
        at=now,
    )
