"""Writes notices down, each once, and the deliveries that its reader's channels want of it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from django.db.models import Q

from agents_registry.away import away_now
from agents_registry.models import Person, Pool
from agents_registry.password_resets import sends_mail
from approvals.models import Channel, ChannelKind, Delivery, Notice, Pace
from approvals.notices import channel_hours, mailboxes
from approvals.notices.hours import when
from approvals.rights import caused


@dataclass(frozen=True, slots=True)
class Readers:
    """The channels that want to be used at once, and who is away and so hears nothing now."""

    of_person: dict[int, list[Channel]]
    of_pool: dict[int, list[Channel]]
    members: dict[int, list[int]]
    away: set[int]

    @classmethod
    def of(cls, notices: Iterable[Notice], at: datetime) -> Self:
        named = {notice.person_id for notice in notices if notice.person_id}
        pools = {notice.pool_id for notice in notices if notice.pool_id}
        members = _members(pools)
        people = named.union(*members.values())
        mailboxes.make(people, at=at)
        of_person, of_pool = defaultdict(list), defaultdict(list)
        for channel in _at_once(people, pools):
            if channel.person_id:
                of_person[channel.person_id].append(channel)
            elif channel.pool_id:
                of_pool[channel.pool_id].append(channel)
        return cls(of_person, of_pool, members, set(away_now(people)))

    def channels_for(self, notice: Notice) -> Iterator[Channel]:
        if notice.person_id:
            if notice.person_id not in self.away:
                own = self.of_person.get(notice.person_id, [])
                yield from (channel for channel in own if channel.own == Pace.AT_ONCE)
            return
        assert notice.pool_id is not None, "a notice has a reader"
        yield from self.of_pool.get(notice.pool_id, [])
        for member in self.members[notice.pool_id]:
            if member not in self.away and member != notice.about.get("by"):
                for channel in self.of_person.get(member, []):
                    if channel.pools == Pace.AT_ONCE and not _asked_for(channel.person, notice):
                        yield channel


def keep(notices: Sequence[Notice], *, at: datetime) -> list[Notice]:
    """Writes unsaved notices with their deliveries, in the caller's transaction; those that are
    new. Who was told under the same key hears nothing.

    In one order everywhere: so two who write the same ones never wait for each other in turn.
    """
    if not notices:
        return []
    ordered = sorted(notices, key=lambda each: (each.key, each.person_id or 0, each.pool_id or 0))
    for notice in ordered:
        notice.created_at = at
    Notice.objects.bulk_create(ordered, ignore_conflicts=True)
    ids = [notice.pk for notice in ordered]
    written = set(Notice.objects.filter(pk__in=ids).values_list("pk", flat=True))
    new = [notice for notice in ordered if notice.pk in written]
    if new:
        Delivery.objects.bulk_create(_deliveries(new, at))
    return new


def _deliveries(new: Sequence[Notice], at: datetime) -> Iterator[Delivery]:
    readers = Readers.of(new, at)
    for notice in new:
        for channel in readers.channels_for(notice):
            leaves = when(Pace.AT_ONCE, channel_hours.of(channel), at)
            assert leaves is not None, "what is told at once leaves"
            yield Delivery(channel=channel, notice=notice, due_at=leaves, created_at=at)


def _at_once(people: Iterable[int], pools: Iterable[int]) -> Iterator[Channel]:
    """In use, and not a mailbox where this installation sends no mail."""
    wanted = Q(person__in=people) & (Q(own=Pace.AT_ONCE) | Q(pools=Pace.AT_ONCE))
    wanted |= Q(pool__in=pools, pools=Pace.AT_ONCE)
    channels = Channel.objects.filter(wanted, disabled_at__isnull=True).select_related("person")
    for channel in channels.order_by("pk"):
        sends = sends_mail() or channel.kind != ChannelKind.EMAIL
        if sends and (channel.person is None or channel.person.is_active):
            yield channel


def _members(pools: Iterable[int]) -> dict[int, list[int]]:
    """The active people of each pool."""
    members: dict[int, list[int]] = {pool: [] for pool in pools}
    if members:
        rows = Pool.people.through.objects.filter(pool__in=members, person__is_active=True)
        for pool, person in rows.order_by("person").values_list("pool", "person"):
            members[pool].append(person)
    return members


def _asked_for(person: Person | None, notice: Notice) -> bool:
    """Whether it was staged at this person's request: they may not decide it."""
    return bool(person and notice.action and caused(person, notice.action))
