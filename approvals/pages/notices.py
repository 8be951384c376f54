"""The list of what a person was told in the app, by day, newest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any, Self
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet
from django.urls import reverse

from agents_registry.current_team import teams_seen_by
from agents_registry.models import Person
from approvals import noticing
from approvals.models import Notice, NoticeKind
from approvals.notices import wording
from approvals.notices.letters import Line
from approvals.pages.content import Text, text
from approvals.states import State
from ledger import clock

PAGE = 50
NEWEST_FIRST = ("-created_at", "-pk")
OVER = {
    NoticeKind.STOPPED: "turned on again meanwhile",
    NoticeKind.DOWNGRADED: "brought back meanwhile",
    NoticeKind.SIGNATURE: "settled meanwhile",
    NoticeKind.DELEGATED: "over",
}
"""What is said of a matter that is over, where it is no piece of work."""

UNDECIDED = {State.EXPIRED: "expired meanwhile", State.WITHDRAWN: "withdrawn meanwhile"}
MOVED_ON = "has moved on"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page of the list begins: before this notice, newest first."""

    at: datetime
    id: UUID

    def encode(self) -> str:
        return f"{self.at.isoformat()}_{self.id}"

    @classmethod
    def decode(cls, code: str) -> Self | None:
        """None for what is no place."""
        at, _, id = code.partition("_")
        try:
            place = cls(datetime.fromisoformat(at), UUID(id))
        except ValueError:
            return None
        return place if place.at.tzinfo else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One notice as it is now. `over`: in words, where nothing is to be done about it any more."""

    url: str
    icon: str
    title: Text
    sub: Text
    day: str
    iso: str
    at_words: str
    new: bool
    over: str


@dataclass(frozen=True, slots=True)
class Day:
    title: str
    entries: list[Entry]


@dataclass(frozen=True, slots=True)
class Page:
    """`newest_at` is None on every page but the first, which alone makes notices seen."""

    days: list[Day]
    older_url: str
    newest_at: datetime | None


def page(person: Person, before: Place | None) -> Page:
    """One page of the list, in a constant number of queries."""
    found = _newest(person, before)
    shown = found[:PAGE]
    entries = _entries(shown, person)
    return Page(
        days=[Day(day, list(of_day)) for day, of_day in groupby(entries, lambda each: each.day)],
        older_url=_older(shown[-1]) if len(found) > PAGE else "",
        newest_at=shown[0].created_at if shown and before is None else None,
    )


def _newest(person: Person, before: Place | None) -> list[Notice]:
    """The first ones of a page, and one more: a range of an index for each name and pool."""
    pools = person.pools.values_list("pk", flat=True)
    readers = [Q(person=person), *(Q(pool=pool) for pool in pools)]
    first, *rest = (_ids(reader, person, before) for reader in readers)
    merged = first.union(*rest, all=True).order_by(*NEWEST_FIRST) if rest else first
    ids = [id for id, _ in merged[: PAGE + 1]]
    found = Notice.objects.select_related(*wording.FOR_LINES).in_bulk(ids)
    return [found[id] for id in ids]


def _ids(reader: Q, person: Person, before: Place | None) -> QuerySet[Any, tuple[UUID, datetime]]:
    notices = Notice.objects.filter(reader, team__in=teams_seen_by(person).values("pk"))
    if before:
        same_instant = Q(created_at=before.at, pk__lt=before.id)
        notices = notices.filter(Q(created_at__lt=before.at) | same_instant)
    return notices.order_by(*NEWEST_FIRST).values_list("pk", "created_at")[: PAGE + 1]


def _entries(notices: Sequence[Notice], person: Person) -> list[Entry]:
    standing = {notice.pk for notice in wording.standing(notices)}
    today = clock.now().astimezone(ZoneInfo(person.time_zone)).date()
    return [
        _entry(notice, line, person, today, over="" if notice.pk in standing else _over(notice))
        for notice, line in zip(notices, wording.lines(notices, person), strict=True)
    ]


def _entry(notice: Notice, line: Line, person: Person, today: date, *, over: str) -> Entry:
    local = notice.created_at.astimezone(ZoneInfo(person.time_zone))
    return Entry(
        url=line.url,
        icon=line.icon,
        title=text(line.title),
        sub=text(line.sub),
        day=_day(local.date(), today),
        iso=notice.created_at.isoformat(),
        at_words=f"{local:%H:%M}",
        new=notice.created_at > noticing.looked_at(person),
        over=over,
    )


def _over(notice: Notice) -> str:
    """Why nothing is to be done about it by whoever was told."""
    if notice.follow_up:
        return "done meanwhile" if notice.follow_up.closed_at else MOVED_ON
    if notice.action:
        state = State(notice.action.state)
        decided = UNDECIDED.get(state, "decided meanwhile")
        return MOVED_ON if state == State.PENDING else decided
    return OVER.get(NoticeKind(notice.kind), MOVED_ON)


def _day(day: date, today: date) -> str:
    match (today - day).days:
        case 0:
            return "Today"
        case 1:
            return "Yesterday"
    return f"{day:%A %-d %B %Y}" if day.year != today.year else f"{day:%A %-d %B}"


def _older(last: Notice) -> str:
    place = Place(last.created_at, last.pk)
    return f"{reverse('notices')}?{urlencode({'before': place.encode()})}"
