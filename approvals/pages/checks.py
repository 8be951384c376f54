"""The spot checks that wait for a person, and one of them with its rubric."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.urls import reverse

from agents_registry.models import Person, Team
from agents_registry.sla import in_words
from approvals import rollback, rubric, spot_checks, timetable
from approvals.errors import Invalid
from approvals.models import Action, Outcome, SpotCheck
from approvals.pages import words
from approvals.pages.content import LeafRow, Text, leaves, text
from approvals.permissions import why_no_check
from ledger import clock

PAGE = 50
LATELY = 10


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page of the list begins: after this check."""

    due_at: datetime
    id: int

    def encode(self) -> str:
        parts = [self.due_at.isoformat(), self.id]
        return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode()

    @classmethod
    def decode(cls, said: str) -> "Place":
        try:
            due_at, id = json.loads(base64.urlsafe_b64decode(said))
            place = cls(datetime.fromisoformat(due_at), int(id))
        except (ValueError, TypeError) as error:
            raise Invalid("This page link is not whole.", code="cursor_invalid") from error
        if place.due_at.tzinfo is None:
            raise Invalid("This page link is not whole.", code="cursor_invalid")
        return place

    def after(self) -> Q:
        return Q(due_at__gt=self.due_at) | Q(due_at=self.due_at, id__gt=self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the list. Of an open check `due` is set, of a made one `found`."""

    id: int
    url: str
    sentence: Text
    tier: str
    tier_words: str
    workflow_name: str
    agent_name: str
    state_words: str
    due: words.Due | None
    found: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """One page of the list, and what this person checked lately."""

    rows: list[Row]
    next_place: Place | None
    open_words: str
    late_words: str
    lately: list[Row]


@dataclass(frozen=True, slots=True)
class Line:
    """A criterion, and the answer given or typed so far."""

    key: str
    name: str
    asks: str
    answer: str
    answer_words: str


@dataclass(frozen=True, slots=True)
class CameOfIt:
    """What the agent reported. Settled by a person, there is no report."""

    words: str
    after: list[LeafRow]
    error: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What stands beside the action: the rubric to fill in, or what somebody found.

    `why_not` says why this person cannot make it, `why_no_rollback` why nobody can ask for it;
    `yours` is what this person wrote where somebody else was first.
    """

    id: int
    action_url: str
    due: words.Due | None
    drawn_words: str
    came_of_it: CameOfIt
    lines: list[Line]
    unanswered: list[rubric.Criterion]
    comment: str
    cleanup_minutes: str
    roll_back: bool
    why_not: str
    why_no_rollback: str
    made_words: str
    passed: bool
    error: str
    yours: str


def screen(person: Person, team: Team, after: Place | None = None) -> Screen:
    """One page of what waits for this person, the longest late first."""
    waiting, now = spot_checks.waiting_for(person, team), clock.now()
    page = waiting.filter(after.after()) if after else waiting
    found = list(_whole(page.order_by("due_at", "id"))[: PAGE + 1])
    shown = found[:PAGE]
    last = shown[-1] if len(found) > PAGE else None
    made = SpotCheck.objects.filter(checked_by=person, team=team).order_by("-checked_at")
    return Screen(
        rows=[_row(check, person, now) for check in shown],
        next_place=Place(last.due_at, last.pk) if last else None,
        open_words=_capped(waiting),
        late_words=_capped(waiting.filter(due_at__lt=now)),
        lately=[_row(check, person, now) for check in _whole(made)[:LATELY]],
    )


def open_count(person: Person, team: Team) -> str:
    """How many wait for this person, in words."""
    return _capped(spot_checks.waiting_for(person, team))


def next_after(made: SpotCheck, person: Person, team: Team) -> SpotCheck | None:
    """The check to go on with: the next in the list, else the first that is left."""
    waiting = spot_checks.waiting_for(person, team).order_by("due_at", "id")
    behind = Place(made.due_at, made.pk).after()
    return waiting.filter(behind).first() or waiting.first()


def check(
    made_of: SpotCheck,
    action: Action,
    person: Person,
    *,
    typed: Mapping[str, Any] | None = None,
    error: str = "",
) -> Check:
    """The check as this person sees it now; `typed` and `error` after a refusal."""
    is_open = made_of.checked_at is None
    said: Mapping[str, Any] = (typed or {"ratings": {}}) if is_open else _made(made_of)
    return Check(
        id=made_of.pk,
        action_url=reverse("action", args=[action.pk]),
        due=_due(made_of, action, person, clock.now()) if is_open else None,
        drawn_words=words.at(made_of.drawn_at, person),
        came_of_it=_came_of_it(action),
        lines=[_line(criterion, said["ratings"]) for criterion in rubric.CRITERIA],
        unanswered=rubric.unanswered(said["ratings"]) if typed else [],
        comment=said.get("comment", ""),
        cleanup_minutes=str(said.get("cleanup_minutes", "")),
        roll_back=bool(said.get("roll_back")),
        why_not=why_no_check(person, action) if is_open else "",
        why_no_rollback=rollback.why_not_now(action) if is_open else "",
        made_words=_made_words(made_of, person),
        passed=bool(made_of.passed),
        error=error,
        yours="" if is_open or not typed else typed["comment"],
    )


def saved_words(made: SpotCheck, *, rollback_asked: bool) -> str:
    """What the toast says after a check."""
    if made.passed:
        return "Saved: it passed."
    if rollback_asked:
        return "Saved: it failed. The agent is asked to roll it back."
    return "Saved: it failed. The workflow owner has it as open work."


def _whole(checks: QuerySet[SpotCheck]) -> QuerySet[SpotCheck]:
    return checks.select_related("action__workflow", "action__agent")


def _capped(checks: QuerySet[SpotCheck]) -> str:
    return words.capped(len(checks.order_by().values_list("pk")[: words.CAP + 1]))


def _row(check: SpotCheck, person: Person, now: datetime) -> Row:
    action = check.action
    is_open = check.checked_at is None
    return Row(
        id=check.pk,
        url=reverse("check", args=[check.pk]),
        sentence=text(action.sentence),
        tier=action.tier,
        tier_words=words.TIERS[action.tier],
        workflow_name=action.workflow.name,
        agent_name=action.agent.name,
        state_words=words.state(action.state),
        due=_due(check, action, person, now) if is_open else None,
        found="" if is_open else "passed" if check.passed else "failed",
    )


def _due(check: SpotCheck, action: Action, person: Person, now: datetime) -> words.Due:
    calendar = timetable.calendar_of(action.frozen)
    left = check.due_at - now
    soon = left <= max(words.SOON, (check.due_at - check.drawn_at) / 4)
    return words.Due(
        words=in_words(now, check.due_at, calendar),
        css="late" if check.due_at <= now else "soon" if soon else "",
        iso=check.due_at.isoformat(),
        title=f"{words.at(check.due_at, person)}, work time of {calendar.time_zone}",
    )


def _came_of_it(action: Action) -> CameOfIt:
    reported = Outcome.objects.filter(action=action).order_by("-created_at").first()
    if reported is None:
        return CameOfIt("No agent reported: a person settled what became of it.", [], [])
    after = [] if reported.after is None else leaves(reported.after)
    did = "it was done" if reported.status == "succeeded" else "it failed"
    return CameOfIt(f"It reports that {did}.", after, text(reported.error))


def _line(criterion: rubric.Criterion, ratings: Mapping[str, str]) -> Line:
    answer = ratings.get(criterion.key, "")
    said = rubric.WORDS[rubric.Answer(answer)] if answer in set(rubric.Answer) else ""
    return Line(criterion.key, criterion.name, criterion.asks, answer, said)


def _made(check: SpotCheck) -> Mapping[str, Any]:
    return {
        "ratings": check.ratings,
        "comment": check.comment,
        "cleanup_minutes": check.cleanup_minutes,
    }


def _made_words(check: SpotCheck, person: Person) -> str:
    if check.checked_at is None:
        return ""
    return f"{check.checked_by} checked it, {words.at(check.checked_at, person)}"
