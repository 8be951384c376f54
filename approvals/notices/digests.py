"""Makes the day's digests when they are due, and says what stands in them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Self

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse

from agents_registry.away import away_now
from agents_registry.models import Absence, Person, Pool, Workflow
from agents_registry.words import counted
from approvals.models import Action, Channel, Decision, Delivery, DeliveryState, Notice, Pace
from approvals.notices import channel_hours, foreign, in_full, saying
from approvals.notices.hours import next_digest
from approvals.notices.known import Known, contents_of
from approvals.notices.letters import Group, Letter
from approvals.notices.saying import Reader
from approvals.notices.standing import OF_ACTIONS, standing
from approvals.pages.words import CAP, capped
from approvals.querysets import PEOPLES_RANKS, Reviewed, band, pending, reviewed_by, view_of
from ledger import clock

SECTIONS = {"late": "late", "today": "due today", "later": "due later"}
MOST_URGENT = 10
LONGEST_LOOK_BACK = timedelta(days=31)


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits for the reader of a channel: how much in each section, and what comes first."""

    counts: dict[str, int]
    first: Sequence[Action]

    @classmethod
    def of(cls, rows: Sequence[QuerySet[Action]], reader: Reader) -> Self:
        """From one set of rows for each team, each counted up to one over the cap."""
        tomorrow = reader.now.astimezone(reader.zone).date() + timedelta(days=1)
        day_end = datetime.combine(tomorrow, time(), reader.zone)
        bands = {name: band(name, reader.now, day_end) for name in SECTIONS}
        counts = {
            name: sum(len(part.filter(within).values_list("pk")[: CAP + 1]) for part in rows)
            for name, within in bands.items()
        }
        ranges = [
            (bands[name], rank) for name in SECTIONS if counts[name] for rank in PEOPLES_RANKS
        ]
        return cls(counts, _first(rows, ranges))

    @property
    def words(self) -> str:
        """Like “3 late, 5 due today”; empty where nothing waits."""
        said = [f"{capped(self.counts[k])} {v}" for k, v in SECTIONS.items() if self.counts[k]]
        return ", ".join(said)


@transaction.atomic
def make_due(*, limit: int = 200) -> int:
    """Queues the digest of each channel whose time has come; how many channels that were.

    Who is away gets none, and in the first one afterwards what they missed. While one has not
    left yet there is no other.
    """
    now = clock.now()
    due = Channel.objects.filter(next_digest_at__lte=now, disabled_at__isnull=True)
    channels = list(
        due.select_for_update(of=("self",), skip_locked=True).order_by("next_digest_at")[:limit]
    )
    Delivery.objects.bulk_create(
        Delivery(channel=channel, due_at=now, created_at=now) for channel in _wanting(channels)
    )
    for channel in channels:
        channel.next_digest_at = next_for(channel, now)
    Channel.objects.bulk_update(channels, ["next_digest_at"])
    return len(channels)


def next_for(channel: Channel, at: datetime) -> datetime | None:
    """What belongs in `next_digest_at` of a channel that was made or changed at `at`."""
    if Pace.DIGEST not in {channel.own, channel.pools} or channel.disabled_at:
        return None
    return next_digest(channel_hours.of(channel), at)


def letter(channel: Channel, told: Sequence[Notice], now: datetime) -> Letter | None:
    """The digest of a channel, with what is told over it at the same time; None where there is
    nothing to say."""
    reader = Reader.of(channel, now)
    waiting = Waiting.of(list(_rows(channel)), reader)
    news = sorted([*told, *_not_told(channel, now)], key=in_full.urgency)
    missed = _missed(channel, reader)
    groups = [*_waiting_group(waiting, reader), *_news_group(news, reader)]
    if not groups and not missed:
        return None
    title = waiting.words or counted(len(news), "thing to know", "things to know")
    if not waiting.words and not news:
        title = "What happened while you were away"
    return Letter(
        subject=f"{reader.pool}: {title}" if reader.pool else f"Your work: {title}",
        title=title,
        intro=missed,
        groups=groups,
        url=f"{reverse('inbox')}?view=pool" if reader.pool else reverse("inbox"),
        url_words="Open the inbox",
        to_pool=reader.pool,
    )


def _wanting(channels: Iterable[Channel]) -> Iterator[Channel]:
    """Those whose reader is there, and whose last digest has left."""
    found = list(channels)
    away = away_now({channel.person_id for channel in found if channel.person_id})
    queued = Delivery.objects.filter(
        channel__in=found, notice__isnull=True, state=DeliveryState.QUEUED
    )
    on_their_way = set(queued.values_list("channel_id", flat=True))
    for channel in found:
        if channel.pk not in on_their_way and channel.person_id not in away:
            yield channel


def _rows(channel: Channel) -> Iterator[QuerySet[Action]]:
    """What waits for the reader, as their inbox shows it, one set for each team; of what waits by
    name or with pools only what this channel is for."""
    if channel.pool:
        yield _of_pool(channel.pool)
    if channel.person:
        for team in channel.person.teams.filter(archived_at__isnull=True):
            mine = view_of("mine", channel.person, reviewed_by(channel.person, team))
            yield pending(team).filter(mine, _wanted(channel, channel.person))


def _wanted(channel: Channel, person: Person) -> Q:
    by_name = Q(assignee=person)
    if channel.pools == Pace.NEVER:
        return by_name
    not_by_name = Q(assignee=None) | ~by_name
    return not_by_name if channel.own == Pace.NEVER else Q()


def _of_pool(pool: Pool) -> QuerySet[Action]:
    workflows = list(Workflow.objects.filter(pool=pool).values_list("pk", flat=True))
    anybodys = Q(assignee=None) | Q(approvals_needed__gt=1)
    return pending(pool.team).filter(Reviewed(workflows, [pool.pk]).waiting(), anybodys)


def _first(rows: Sequence[QuerySet[Action]], ranges: Iterable[tuple[Q, int]]) -> list[Action]:
    """In the inbox's order, a range of an index after the other until there are enough."""
    found: list[Action] = []
    for within, rank in ranges:
        if len(found) < MOST_URGENT:
            parts = [part.filter(within, tier_rank=rank) for part in rows]
            found += sorted(
                (
                    action
                    for part in parts
                    for action in part.select_related("workflow", "action_type").order_by(
                        "due_at", "id"
                    )[:MOST_URGENT]
                ),
                key=lambda action: (action.due_at, action.pk),
            )
    return found[:MOST_URGENT]


def _not_told(channel: Channel, now: datetime) -> list[Notice]:
    """What is told with the digest, or could not be told while they were away: not what waits,
    which the digest counts anyway."""
    if channel.person is None or channel.own == Pace.NEVER:
        return []
    over_it = Delivery.objects.filter(channel=channel, notice=OuterRef("pk"))
    notices = Notice.objects.filter(
        ~Exists(over_it), person=channel.person, created_at__gt=_last(channel, now)
    ).exclude(kind__in=OF_ACTIONS)
    return standing(
        notices.select_related("action__workflow", "action__action_type", "follow_up").order_by(
            "-created_at"
        )[: CAP + 1]
    )


def _last(channel: Channel, now: datetime) -> datetime:
    """When the last digest was made that has left, or had nothing to say."""
    ended = Delivery.objects.filter(
        channel=channel, notice__isnull=True, state__in=[DeliveryState.SENT, DeliveryState.DROPPED]
    )
    made = ended.order_by("-created_at").values_list("created_at", flat=True).first()
    return max(made or channel.created_at, now - LONGEST_LOOK_BACK)


def _missed(channel: Channel, reader: Reader) -> list[str]:
    """Who is back since the last digest learns what was decided in their place."""
    if channel.person is None:
        return []
    since = _last(channel, reader.now)
    over = Absence.objects.filter(person=channel.person, starts_at__lte=reader.now).filter(
        Q(ends_at__gt=since, ends_at__lte=reader.now, called_off_at__isnull=True)
        | Q(called_off_at__gt=since)
    )
    return [_missed_in(absence, reader) for absence in over.order_by("starts_at")]


def _missed_in(absence: Absence, reader: Reader) -> str:
    ended = min(filter(None, (absence.ends_at, absence.called_off_at)))
    decided = Decision.objects.filter(
        on_behalf_of=absence.person_id,
        created_at__gte=absence.starts_at,
        created_at__lte=ended,
        undone_at__isnull=True,
    ).count()
    said = counted(decided, "decision was", "decisions were") if decided else "No decision was"
    return f"You were away until {reader.at(ended)}. {said} made in your place."


def _waiting_group(waiting: Waiting, reader: Reader) -> Iterator[Group]:
    if waiting.first:
        known = Known(contents_of(waiting.first))
        lines = [saying.line_of(action, reader, known) for action in waiting.first]
        total = sum(waiting.counts.values())
        whom = f"with {foreign.line(reader.pool)}" if reader.pool else "for you"
        yield Group(f"What waits {whom}", lines, total - len(lines))


def _news_group(news: Sequence[Notice], reader: Reader) -> Iterator[Group]:
    if news:
        yield in_full.lines_of(news, reader, "What happened besides")
