"""A person's own mailbox as a channel: made when it is first needed, at the address of their
account."""

from collections.abc import Iterable
from datetime import datetime

from agents_registry.models import Person
from agents_registry.password_resets import sends_mail
from approvals.models import Channel, ChannelKind
from approvals.notices import digests


def address_of(channel: Channel) -> str:
    """Where it goes now. A person's mailbox keeps no address: that of their account counts."""
    if channel.kind == ChannelKind.EMAIL and channel.person:
        return channel.person.email
    return channel.address


def make(people: Iterable[int], *, at: datetime) -> None:
    """Gives a mailbox to each of these people who has an address and none yet.

    Nobody gets one where this installation sends no mail.
    """
    if not sends_mail():
        return
    without = Person.objects.filter(pk__in=set(people), is_active=True).exclude(email="")
    made = [_mailbox(person, at) for person in without.exclude(channels__kind=ChannelKind.EMAIL)]
    Channel.objects.bulk_create(made, ignore_conflicts=True)


def _mailbox(person: Person, at: datetime) -> Channel:
    mailbox = Channel(
        person=person, kind=ChannelKind.EMAIL, time_zone=person.time_zone, created_at=at
    )
    mailbox.next_digest_at = digests.next_for(mailbox, at)
    return mailbox
