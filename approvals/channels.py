"""Keeps the channels over which people and pools are told: what may be one, and who says so."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q, QuerySet

from agents_registry.changes import rights
from agents_registry.models import Person, Pool, Workflow
from agents_registry.rates import counter
from approvals.delivery import chatting, hooks, outgoing, outward
from approvals.errors import Conflict, Invalid
from approvals.models import Channel, ChannelKind, Delivery, DeliveryState, Pace
from approvals.notices import digests, mailboxes
from approvals.notices.hours import Hours
from ledger import clock, record

Holder = Person | Pool
"""Whose channel it is."""

FURTHER = (ChannelKind.CHAT, ChannelKind.WEBHOOK)
"""Kinds that people add themselves. A mailbox is there with the account, for persons alone."""

MOST = 10
LONGEST_NAME = 80
LONGEST_ADDRESS = 1000
MOST_TESTS, TEST_WINDOW_SECONDS = 5, 60


@dataclass(frozen=True, slots=True)
class Wishes:
    """How soon over a channel, and at which times. A pool's channel has `pools` alone."""

    own: str
    pools: str
    hours: Hours


def of(holder: Holder) -> QuerySet[Channel]:
    """The channels that the holder still has, in the order in which they were made."""
    held = Channel.objects.filter(**_held(holder))
    return held.filter(Q(kind=ChannelKind.EMAIL) | ~Q(address="")).order_by("pk")


def may_keep(person: Person, holder: Holder) -> bool:
    """One's own; a pool's by a manager, and by the owner of a workflow that the pool reviews."""
    if isinstance(holder, Person):
        return person == holder
    held = rights.roles_of(person, holder.team, None)
    reviewed = Workflow.objects.filter(pool=holder, workflow_owner=person)
    return bool(held & {"manager", "admin"}) or ("workflow_owner" in held and reviewed.exists())


def check_may_keep(person: Person, holder: Holder) -> None:
    if not may_keep(person, holder):
        raise PermissionDenied(
            f"Only a manager, or the owner of a workflow that {holder} reviews, changes how it is "
            "told. Nothing was changed."
            if isinstance(holder, Pool)
            else "This channel is somebody else’s. Nothing was changed."
        )


@transaction.atomic
def keep_mailbox(*, person: Person, wishes: Wishes) -> Channel:
    """How soon over the person's mailbox. Raises Invalid, and then nothing is changed."""
    _check(wishes)
    _lock(person)
    found = Channel.objects.filter(person=person, kind=ChannelKind.EMAIL).first()
    mailbox = found or Channel(person=person, kind=ChannelKind.EMAIL)
    return _keep(mailbox, wishes, actor=person)


@transaction.atomic
def add(
    *, holder: Holder, kind: str, address: str, name: str, wishes: Wishes, actor: Person
) -> Channel:
    """A further channel, a webhook with a `secret` of its own. PermissionDenied, or Invalid."""
    _check(wishes)
    address = _checked(kind, address)
    _lock(holder)
    check_may_keep(actor, holder)
    if of(holder).filter(kind__in=FURTHER).count() >= MOST:
        raise Invalid(
            f"There are {MOST} channels already. Nothing was added. Remove one first.",
            code="too_many_channels",
        )
    secret = hooks.new_secret() if kind == ChannelKind.WEBHOOK else ""
    channel = Channel(**_held(holder), kind=kind, address=address, secret=secret)
    channel.name = _name(name)
    return _keep(channel, wishes, actor=actor)


@transaction.atomic
def change(*, channel: Channel, name: str, wishes: Wishes, actor: Person) -> Channel:
    """The same address at other times; one that was switched off is on again."""
    _check(wishes)
    channel = _locked(channel, actor)
    channel.name = _name(name)
    return _keep(channel, wishes, actor=actor)


@transaction.atomic
def remove(*, channel: Channel, actor: Person) -> None:
    """Forgets address and secret. The row stays: it says over which channel somebody was told."""
    channel = _locked(channel, actor)
    if channel.kind == ChannelKind.EMAIL:
        raise Invalid(
            "The mailbox belongs to the account. Nothing was changed. Choose “Never” instead.",
            code="mailbox_stays",
        )
    now = clock.now()
    channel.address = channel.secret = channel.last_error = ""
    channel.own = channel.pools = Pace.NEVER
    channel.disabled_at, channel.next_digest_at, channel.failing_since = now, None, None
    channel.save()
    _drop_waiting(channel, now)
    _tell("channel.removed", channel, actor)


def send_test(*, channel: Channel, actor: Person) -> None:
    """Tries it out for whoever keeps it; see `try_out`."""
    check_may_keep(actor, holder_of(channel))
    try_out(channel=channel, actor=actor)


def try_out(*, channel: Channel, actor: Person) -> None:
    """Sends a few words over it at once, which can take half a minute. Raises Conflict with what
    went wrong, or after several within a minute; nothing about the channel is changed by it.

    Whether the actor may is the caller's to know.
    """
    check_not_too_often("channel-test", actor, MOST_TESTS)
    if trouble := outgoing.send_test(channel):
        raise Conflict(f"The test did not arrive. {trouble}")


def check_not_too_often(what: str, actor: Person, most: int) -> None:
    """Raises Conflict where one person sends by hand more than `most` times within a minute."""
    tried = counter().count(f"{what}:{actor.pk}", TEST_WINDOW_SECONDS)
    if tried is not None and tried > most:
        raise Conflict("That were many tests. Nothing was sent. Wait a minute, then try again.")


def masked(channel: Channel) -> str:
    """The address without what could be a secret: nobody can send there who reads only this."""
    match channel.kind:
        case ChannelKind.EMAIL:
            return mailboxes.address_of(channel)
        case ChannelKind.WEBHOOK:
            return f"https://{urlsplit(channel.address).hostname}/…"
    return chatting.masked(channel.address)


def _keep(channel: Channel, wishes: Wishes, *, actor: Person) -> Channel:
    now, hours = clock.now(), wishes.hours
    channel.created_at = channel.created_at or now
    channel.own = Pace.NEVER if channel.pool_id else wishes.own
    channel.pools = wishes.pools
    channel.time_zone, channel.digest_at = hours.time_zone, hours.digest_at
    channel.quiet_from, channel.quiet_until = hours.quiet_from, hours.quiet_until
    channel.disabled_at, channel.failing_since, channel.last_error = None, None, ""
    channel.next_digest_at = digests.next_for(channel, now)
    channel.save()
    if channel.own == channel.pools == Pace.NEVER:
        _drop_waiting(channel, now)
    _tell("channel.kept", channel, actor)
    return channel


def _drop_waiting(channel: Channel, now: datetime) -> None:
    waiting = Delivery.objects.filter(channel=channel, state=DeliveryState.QUEUED)
    waiting.update(state=DeliveryState.DROPPED, ended_at=now)


def _tell(type: str, channel: Channel, actor: Person) -> None:
    """The team's record says how its pools are told, without the address; a person's channels are
    their own affair."""
    if channel.pool is None:
        return
    record.append(
        scope=str(channel.pool.team_id),
        stream=f"pool:{channel.pool_id}",
        type=type,
        actor=f"person:{actor.pk}",
        body={"channel": channel.pk, "kind": channel.kind, "pace": channel.pools},
    )


def _held(holder: Holder) -> dict[str, Holder]:
    return {"person" if isinstance(holder, Person) else "pool": holder}


def _lock(holder: Holder) -> None:
    """Whoever keeps a channel of the same holder waits; so does who writes the pool's stream."""
    rows = Person.objects if isinstance(holder, Person) else Pool.objects
    rows.select_for_update().get(pk=holder.pk)


def _locked(channel: Channel, actor: Person) -> Channel:
    """The channel as it is now, for whoever may change it; Conflict where it was removed."""
    holder = holder_of(channel)
    _lock(holder)
    check_may_keep(actor, holder)
    now = of(holder).filter(pk=channel.pk).select_related("person", "pool").first()
    if now is None:
        raise Conflict("This channel was removed meanwhile. Nothing was changed. Add it again.")
    return now


def holder_of(channel: Channel) -> Holder:
    holder = channel.person or channel.pool
    assert holder is not None, "a row has one of both"
    return holder


def _check(wishes: Wishes) -> None:
    hours = wishes.hours
    if wishes.own not in Pace.values or wishes.pools not in Pace.values:
        raise Invalid("There is no such pace. Choose one of the list.", code="pace_invalid")
    if hours.time_zone not in available_timezones():
        raise Invalid("There is no such time zone. Choose one of the list.", code="zone_invalid")
    if (hours.quiet_from is None) != (hours.quiet_until is None):
        raise Invalid(
            "Quiet hours have a beginning and an end. Nothing was kept. Give both, or neither.",
            code="quiet_hours_half",
        )


def _checked(kind: str, address: str) -> str:
    """The address, if a message may go there. Raises Invalid, saying why not."""
    address = address.strip()
    if len(address) > LONGEST_ADDRESS:
        raise Invalid("This address is too long. Nothing was added.", code="address_too_long")
    match kind:
        case ChannelKind.CHAT:
            chatting.check_address(address)
        case ChannelKind.WEBHOOK:
            outward.check_address(address)
        case _:
            raise Invalid("A channel is a chat or a webhook. Nothing was added.", code="no_kind")
    return address


def _name(name: str) -> str:
    return " ".join(name.replace("\x00", "").split())[:LONGEST_NAME]
