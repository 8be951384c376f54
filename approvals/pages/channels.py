"""Which channels reach people and which do not, for the person whose care they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, Q

from agents_registry.models import Person, Team
from approvals import channel_care
from approvals.channels import masked
from approvals.models import Channel, ChannelKind, Delivery, DeliveryState
from approvals.pages import words
from approvals.pages.content import Text, text
from ledger import clock

COUNTED = timedelta(days=7)
"""Back from now: what is counted. Nothing waits for longer."""

MOST = 200
NOTHING = {"queued": 0, "sent": 0, "gave_up": 0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A channel. `address` is too little of it to send anything there; `why` is the last error,
    which may hold a stranger's words."""

    pk: int
    name: str
    kind: str
    address: str
    state: str
    css: str
    since: str
    since_iso: str
    why: Text | None
    queued: str
    sent: str
    gave_up: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """`own` is the reader's; `pools` are in their care, and `people` where the whole team is."""

    own: Sequence[Row]
    pools: Sequence[Row]
    people: Sequence[Row]
    of_team: bool


def screen(person: Person, team: Team) -> Screen:
    """A fixed number of queries, however many channels there are."""
    seen = channel_care.looked_after_by(person, team).select_related("person", "pool")
    channels = list(seen.order_by("pool__name", "person__username", "pk")[:MOST])
    counts = _counts(channels, person)
    rows = [(each, _row(each, counts.get(each.pk, NOTHING), person)) for each in channels]
    return Screen(
        own=[row for channel, row in rows if channel.person_id == person.pk],
        pools=[row for channel, row in rows if channel.pool_id],
        people=[row for channel, row in rows if channel.person_id not in {None, person.pk}],
        of_team=channel_care.looks_after(person, team),
    )


def _counts(channels: Sequence[Channel], person: Person) -> dict[int, Mapping[str, int]]:
    now = clock.now()
    today = now.astimezone(ZoneInfo(person.time_zone)).date()
    midnight = datetime.combine(today, time(), ZoneInfo(person.time_zone))
    sent_today = Q(state=DeliveryState.SENT, ended_at__gte=midnight)
    lately = Delivery.objects.filter(channel__in=channels, created_at__gte=now - COUNTED)
    counted = lately.values("channel").annotate(
        queued=Count("pk", filter=Q(state=DeliveryState.QUEUED)),
        sent=Count("pk", filter=sent_today),
        gave_up=Count("pk", filter=Q(state=DeliveryState.GAVE_UP)),
    )
    rows = counted.values_list("channel", *NOTHING)
    return {channel: dict(zip(NOTHING, figures, strict=True)) for channel, *figures in rows}


def _row(channel: Channel, counted: Mapping[str, int], person: Person) -> Row:
    state, css, since = _state(channel)
    return Row(
        pk=channel.pk,
        name=str(channel),
        kind=str(ChannelKind(channel.kind).label),
        address=masked(channel),
        state=state,
        css=css,
        why=text(channel.last_error) if channel.last_error else None,
        **_since(since, person),
        **{name: words.capped(counted[name]) for name in NOTHING},
    )


def _state(channel: Channel) -> tuple[str, str, datetime | None]:
    """In words, how it looks, and since when."""
    if channel.disabled_at:
        return "Switched off", "bad", channel.disabled_at
    if channel.failing_since:
        return "Fails", "warn", channel.failing_since
    if channel.last_error:
        return "Is tried again", "warn", None
    return "Works", "good", None


def _since(at: datetime | None, person: Person) -> dict[str, Any]:
    if at is None:
        return {"since": "", "since_iso": ""}
    return {"since": words.clock_time(at, person), "since_iso": at.isoformat()}
