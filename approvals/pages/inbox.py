"""One screen of the inbox: late, today, later, each by tier and time left, in constant queries."""

import base64
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import IntegerField, Q, QuerySet, Value

from agents_registry.models import Person, Team
from approvals.errors import Invalid
from approvals.models import Action, Content, Viewing
from approvals.pages import words
from approvals.pages.content import Text, text
from approvals.querysets import PEOPLES_RANKS, band, pending, reviewed_by, view_of
from approvals.states import State

SECTIONS = {"late": "Late", "today": "Today", "later": "Later"}
FOUND = "found"
"""The one section of what is no longer pending: newest first."""

PAGE = 50
LOOKING = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the reader wants to see. `as_of` keeps the sections still while they page; `place` is
    the list as the query of an address."""

    person: Person
    team: Team
    view: str
    filters: Q
    as_of: datetime
    place: str
    state: str = State.PENDING

    @property
    def day_end(self) -> datetime:
        zone = ZoneInfo(self.person.time_zone)
        tomorrow = self.as_of.astimezone(zone).date() + timedelta(days=1)
        return datetime.combine(tomorrow, time(), zone)

    def rows(self) -> QuerySet[Action]:
        reviewed = reviewed_by(self.person, self.team)
        mine = view_of(self.view, self.person, reviewed)
        return Action.objects.filter(mine, self.filters, team=self.team, state=self.state)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page begins: after this row, in this section and tier."""

    section: str
    tier_rank: int
    due_at: datetime
    id: UUID

    def encode(self) -> str:
        parts = [self.section, self.tier_rank, self.due_at.isoformat(), str(self.id)]
        return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode()

    @classmethod
    def decode(cls, text: str) -> "Place":
        try:
            section, rank, due_at, id = json.loads(base64.urlsafe_b64decode(text))
            place = cls(section, int(rank), datetime.fromisoformat(due_at), UUID(id))
        except (ValueError, TypeError, AttributeError) as error:
            raise Invalid("This page link is not whole.", code="cursor_invalid") from error
        if section not in {*SECTIONS, FOUND} or place.due_at.tzinfo is None:
            raise Invalid("This page link is not whole.", code="cursor_invalid")
        return place


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the inbox, ready to be shown."""

    id: UUID
    url: str
    section: str
    sentence: Text
    tier: str
    tier_words: str
    due: words.Due | None
    subject_label: Text
    agent_name: str
    why: str
    confidence: str | None
    confidence_low: bool
    confidence_width: int
    line_x: int | None
    line_words: str
    unread: bool
    open_by: str | None
    held: bool
    state_words: str


@dataclass(frozen=True, slots=True)
class Screen:
    """The rows of one page by section, and the place of the next page if there is one."""

    rows: list[Row]
    next_place: Place | None


def screen(asked: Asked, after: Place | None = None) -> Screen:
    """One page, beginning after `after`."""
    found = list(_ids(asked, after))
    more, found = len(found) > PAGE, found[:PAGE]
    sections = dict(found)
    actions = {a.pk: a for a in _whole([pk for pk, _ in found])}
    shown = [actions[pk] for pk, _ in found if pk in actions]
    rows = _rows(asked, shown, sections)
    return Screen(rows, _place(shown[-1], sections) if more and shown else None)


def counts(asked: Asked) -> Counter[tuple[str, int]]:
    """How many rows each section and tier has, each counted up to one over the cap."""
    rows = asked.rows()
    if asked.state != State.PENDING:
        found = rows.order_by().values_list("tier_rank", flat=True)[: words.CAP + 1]
        return Counter((FOUND, rank) for rank in found)
    parts = [
        rows.filter(band(section, asked.as_of, asked.day_end), tier_rank=rank)
        .annotate(section=Value(number, IntegerField()))
        .order_by()
        .values_list("section", "tier_rank")[: words.CAP + 1]
        for number, section in enumerate(SECTIONS)
        for rank in PEOPLES_RANKS
    ]
    names = list(SECTIONS)
    union = parts[0].union(*parts[1:], all=True)
    return Counter((names[number], rank) for number, rank in union)


def view_counts(person: Person, team: Team) -> Counter[str]:
    """How much is open in each view, each counted up to one over the cap, in one query."""
    reviewed = reviewed_by(person, team)
    names = ["mine", "pool", "all", "escalated"]
    parts = [
        pending(team)
        .filter(view_of(name, person, reviewed))
        .annotate(view=Value(number, IntegerField()))
        .order_by()
        .values_list("view", flat=True)[: words.CAP + 1]
        for number, name in enumerate(names)
    ]
    return Counter(names[number] for number in parts[0].union(*parts[1:], all=True))


def newer(asked: Asked) -> int:
    """How many rows came since `as_of`, counted up to one over the cap."""
    newest = asked.rows().filter(created_at__gt=asked.as_of).order_by()
    return len(newest.values_list("pk", flat=True)[: words.CAP + 1])


def neighbour(asked: Asked, action: Action) -> UUID | None:
    """The row to go to after this one was decided: the next, else the first that is left."""
    after = None
    if action.due_at is not None:
        section = _section(asked, action.due_at)
        after = Place(section, action.tier_rank, action.due_at, action.pk)
    return _first(asked, after, action) or _first(asked, None, action)


def _first(asked: Asked, after: Place | None, other_than: Action) -> UUID | None:
    """The first row after the place. It nearly always stands in the very first range: so one is
    asked after the other."""
    if asked.state != State.PENDING:
        return next((pk for pk in _decided(asked, after, 2) if pk != other_than.pk), None)
    for _, rows in _ranges(asked, after):
        found = rows.exclude(pk=other_than.pk).values_list("pk", flat=True).first()
        if found:
            return found
    return None


def _ids(asked: Asked, after: Place | None, limit: int = PAGE + 1) -> Iterator[tuple[UUID, str]]:
    """The ids of a page in order. One query: a union of index ranges."""
    if asked.state != State.PENDING:
        yield from ((pk, FOUND) for pk in _decided(asked, after, limit))
        return
    parts = [
        rows.annotate(section=Value(number, IntegerField())).values_list(
            "section", "tier_rank", "due_at", "id"
        )[:limit]
        for number, rows in _ranges(asked, after)
    ]
    names = list(SECTIONS)
    union = parts[0].union(*parts[1:], all=True) if len(parts) > 1 else parts[0]
    for number, _, _, pk in sorted(union)[:limit]:
        yield pk, names[number]


def _ranges(asked: Asked, after: Place | None) -> Iterator[tuple[int, QuerySet[Action]]]:
    """What comes after the place, in order: one range of an index per section and tier."""
    rows, names = asked.rows(), list(SECTIONS)
    for number, section in enumerate(names):
        within = band(section, asked.as_of, asked.day_end)
        for rank in PEOPLES_RANKS:
            begins = _from(after, names, number, rank)
            if begins is not None:
                part = rows.filter(within, begins, tier_rank=rank)
                yield number, part.order_by("due_at", "id")


def _decided(asked: Asked, after: Place | None, limit: int) -> QuerySet[Action, UUID]:
    rows = asked.rows().filter(id__lt=after.id) if after else asked.rows()
    return rows.order_by("-id").values_list("pk", flat=True)[:limit]


def _from(after: Place | None, names: Sequence[str], number: int, rank: int) -> Q | None:
    """The part of a section and tier that comes after the place; None when all of it is before."""
    if after is None:
        return Q()
    here, there = (number, rank), (names.index(after.section), after.tier_rank)
    if here < there:
        return None
    if here > there:
        return Q()
    return Q(due_at__gt=after.due_at) | Q(due_at=after.due_at, id__gt=after.id)


def _whole(ids: list[UUID]) -> QuerySet[Action]:
    return Action.objects.filter(pk__in=ids).select_related("agent", "action_type", "assignee")


def _place(action: Action, sections: dict[UUID, str]) -> Place:
    due_at = action.due_at or action.created_at
    return Place(sections[action.pk], action.tier_rank, due_at, action.pk)


def _section(asked: Asked, due_at: datetime) -> str:
    if due_at < asked.as_of:
        return "late"
    return "today" if due_at < asked.day_end else "later"


def _rows(asked: Asked, actions: list[Action], sections: dict[UUID, str]) -> list[Row]:
    ids = [action.pk for action in actions]
    why = _findings(ids)
    viewings = list(Viewing.objects.filter(action_id__in=ids).select_related("person"))
    read = {v.action_id for v in viewings if v.person_id == asked.person.pk}
    fresh = asked.as_of - LOOKING
    looking = {
        v.action_id: str(v.person)
        for v in viewings
        if v.person_id != asked.person.pk and v.seen_at > fresh
    }
    return [
        _row(asked, action, sections[action.pk], why.get(action.pk, []), action.pk not in read,
             looking.get(action.pk))
        for action in actions
    ]  # fmt: skip


def _findings(ids: list[UUID]) -> dict[UUID, list[dict[str, Any]]]:
    newest = Content.objects.filter(action_id__in=ids).order_by("revision")
    return dict(newest.values_list("action_id", "findings"))


def _row(
    asked: Asked,
    action: Action,
    section: str,
    findings: list[dict[str, Any]],
    unread: bool,
    open_by: str | None,
) -> Row:
    line, confidence = action.action_type.confidence_line, action.confidence
    return Row(
        id=action.pk,
        url=f"/actions/{action.pk}/?{asked.place}",
        section=section,
        sentence=text(action.sentence),
        tier=action.tier,
        tier_words=words.TIERS[action.tier],
        due=words.due_of(action, asked.as_of, asked.person) if section != FOUND else None,
        state_words=words.state(action.state) if section == FOUND else "",
        subject_label=text(action.subject_label or action.subject_id),
        agent_name=action.agent.name,
        why=words.why(findings),
        confidence=None if confidence is None else f"{confidence:.2f}",
        confidence_low=line is not None and (confidence is None or confidence < line),
        confidence_width=round(40 * float(confidence or 0)),
        line_x=None if line is None else round(40 * float(line)),
        line_words="" if line is None else f"{line:.2f}",
        unread=unread,
        open_by=open_by,
        held=action.held,
    )
