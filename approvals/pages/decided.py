"""What one person decided in a week of theirs: how much of what, on what, and what became of it."""

import base64
import json
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Self
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.db.models import Count, Q, QuerySet
from django.urls import reverse

from agents_registry.current_team import teams_seen_by
from agents_registry.models import Person
from approvals import review
from approvals.models import Action, Decision, SpotCheck, Verdict
from approvals.pages import words
from approvals.pages.content import Text, text
from approvals.pages.head import STATE_CSS
from approvals.release import UNDONE

PAGE = 50
CHECKED, DECIDED = "check", "decision"
SAID = {
    Verdict.APPROVED: "approved",
    Verdict.EDITED: "edited and approved",
    Verdict.REJECTED: "rejected",
    Verdict.CHANGES_REQUESTED: "asked for changes",
    Verdict.TAKEN_OVER: "taken over",
    Verdict.ANSWERED: "answered",
    Verdict.ESCALATED: "escalated",
    Verdict.REASSIGNED: "reassigned",
}
VERDICT_CSS = {"approved": "good", "edited": "good", "rejected": "bad", "answered": "good"}


@dataclass(frozen=True, slots=True)
class Week:
    """From a Monday to the next in the reader's zone, as instants: the end is not in it."""

    monday: date
    zone: ZoneInfo

    @classmethod
    def of(cls, day: date, person: Person) -> Self:
        return cls(day - timedelta(days=day.weekday()), ZoneInfo(person.time_zone))

    @property
    def start(self) -> datetime:
        return datetime.combine(self.monday, time(), self.zone)

    @property
    def end(self) -> datetime:
        return datetime.combine(self.monday + timedelta(days=7), time(), self.zone)


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a page of the week begins: before this one, newest first."""

    at: datetime
    kind: str
    id: int

    def encode(self) -> str:
        parts = [self.at.isoformat(), self.kind, self.id]
        return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode()

    @classmethod
    def decode(cls, code: str) -> Self | None:
        """None for what is no place."""
        try:
            at, kind, id = json.loads(base64.urlsafe_b64decode(code))
            place = cls(datetime.fromisoformat(at), str(kind), int(id))
        except (ValueError, TypeError, AttributeError):
            return None
        return place if place.at.tzinfo and abs(place.id) < 2**63 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One verdict or spot check. `sentence` and `comment` may hold others' words."""

    place: Place
    sentence: Text
    url: str
    verdict: str
    css: str
    because: str
    comment: Text
    where: str
    iso: str
    at_words: str
    state: str
    state_css: str
    undo_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    title: str
    counts: list[tuple[str, int]]
    entries: list[Entry]
    earlier_url: str
    later_url: str
    rest_url: str


def page(person: Person, week: Week, today: date, before: Place | None = None) -> Page:
    """One page of the week, in a constant number of queries."""
    mine = Q(action__team__in=teams_seen_by(person))
    decisions = Decision.objects.filter(mine, within("created_at", week), person=person)
    checks = SpotCheck.objects.filter(mine, within("checked_at", week), checked_by=person)
    entries = [
        *(_decided(each, person) for each in _newest(decisions, "created_at", DECIDED, before)),
        *(_checked(each, person) for each in _newest(checks, "checked_at", CHECKED, before)),
    ]
    shown = sorted(entries, key=lambda entry: entry.place, reverse=True)[:PAGE]
    current = Week.of(today, person)
    return Page(
        title="This week" if week == current else f"The week of {week.monday:%-d %b %Y}",
        counts=_counts(decisions, checks),
        entries=shown,
        earlier_url=_url(week.monday - timedelta(days=7)),
        later_url=_url(week.monday + timedelta(days=7)) if week.monday < current.monday else "",
        rest_url=_url(week.monday, shown[-1].place) if len(entries) > PAGE else "",
    )


def within(at: str, week: Week) -> Q:
    return Q(**{f"{at}__gte": week.start, f"{at}__lt": week.end})


def _newest(rows: QuerySet[Any], at: str, kind: str, before: Place | None) -> QuerySet[Any]:
    """The first ones of a page, and one more. Of two at one instant the kinds decide, then ids."""
    if before and kind == before.kind:
        same_instant = Q(**{at: before.at}, id__lt=before.id)
        rows = rows.filter(Q(**{f"{at}__lt": before.at}) | same_instant)
    elif before:
        rows = rows.filter(**{f"{at}__lte" if kind < before.kind else f"{at}__lt": before.at})
    related = rows.select_related("action__action_type", "action__workflow")
    return related.order_by(f"-{at}", "-id")[: PAGE + 1]


def _counts(decisions: QuerySet[Decision], checks: QuerySet[SpotCheck]) -> list[tuple[str, int]]:
    """How much of each verdict in the whole week; what was taken back does not count."""
    standing = decisions.filter(undone_at__isnull=True).order_by()
    of_verdict = dict(standing.values_list("verdict").annotate(Count("id")))
    counts = [(SAID[Verdict(each)], of_verdict[each]) for each in SAID if each in of_verdict]
    checked = checks.count()
    return [*counts, ("spot-checked", checked)] if checked else counts


def _decided(decision: Decision, person: Person) -> Entry:
    undone = decision.undone_at is not None
    can_undo = decision.verdict in UNDONE and review.stands(decision, decision.action)
    reason, cause = decision.get_reason_display(), decision.get_cause_display()
    return _entry(
        decision.action,
        person,
        Place(decision.created_at, DECIDED, decision.pk),
        verdict=f"{SAID[Verdict(decision.verdict)]}{', then taken back' if undone else ''}",
        css="" if undone else VERDICT_CSS.get(decision.verdict, ""),
        because="; ".join(part for part in (reason, cause) if part),
        comment=decision.comment,
        undo_url=reverse("undo", args=[decision.pk]) if can_undo else "",
    )


def _checked(check: SpotCheck, person: Person) -> Entry:
    assert check.checked_at is not None
    return _entry(
        check.action,
        person,
        Place(check.checked_at, CHECKED, check.pk),
        verdict=f"spot check {'passed' if check.passed else 'failed'}",
        css="good" if check.passed else "bad",
        because="",
        comment=check.comment,
        undo_url="",
    )


def _entry(
    action: Action,
    person: Person,
    place: Place,
    *,
    verdict: str,
    css: str,
    because: str,
    comment: str,
    undo_url: str,
) -> Entry:
    return Entry(
        place=place,
        sentence=text(action.sentence),
        url=reverse("action", args=[action.pk]),
        verdict=verdict,
        css=css,
        because=because,
        comment=text(comment),
        where=f"{action.action_type} in {action.workflow}",
        iso=place.at.isoformat(),
        at_words=words.clock_time(place.at, person),
        state=words.state(action.state),
        state_css=STATE_CSS.get(action.state, ""),
        undo_url=undo_url,
    )


def _url(monday: date, before: Place | None = None) -> str:
    query = {"week": monday.isoformat(), **({"before": before.encode()} if before else {})}
    return f"{reverse('decided')}?{urlencode(query)}"
