"""The actions that a person chose together: what may be done with each, and what was done."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.urls import reverse

from agents_registry.away import away_now
from agents_registry.models import Person
from agents_registry.policy.findings import Tier
from agents_registry.words import counted
from approvals import ruled_out
from approvals.judging import BUILT_IN
from approvals.lots import opened_by
from approvals.models import Action, Cause, Reason
from approvals.pages import words
from approvals.pages.bar import Choice
from approvals.pages.batch import address_of
from approvals.pages.content import Text, text
from approvals.permissions import why_not_each
from approvals.querysets import in_teams_of
from approvals.ruled_out import Asked
from approvals.states import State
from ledger import clock

MOST = 100

Told = Mapping[str, Sequence[Any]]
"""What was done with each by its id: the words, and the decision that can be taken back, if any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One action. `bound` is what a decision on it is bound to, empty where there is none to take;
    `closed` says why; `approve` holds the words of its button, `unapproved` why it has none."""

    id: UUID
    url: str
    sentence: Text
    tier: str
    tier_words: str
    state_words: str
    due: words.Due | None
    subject: Text
    bound: str
    closed: str
    can_approve: bool
    unapproved: str
    told: str
    undo_url: str
    batch_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    place: str
    notice: str
    lines: list[Line]
    count_words: str
    open_words: str
    reasons: list[Choice]
    causes: list[Choice]
    colleagues: list[Choice]


@dataclass(frozen=True, slots=True)
class FromHere:
    """What says whether an action may be approved from the table: which ones this person has
    opened, and what the libraries take that some of them came from."""

    opened: Collection[UUID]
    asked: Mapping[UUID, Asked]

    def why_not(self, action: Action) -> str:
        """Why it may not; empty where it may."""
        if action.action_type.key in BUILT_IN:
            return "Answer it on its own page."
        asked = self.asked.get(action.pk, Asked())
        if limit := asked.against_approval_of(action.payload_digest):
            return limit.in_a_table
        if action.tier != Tier.BATCH_REVIEW or action.approvals_needed > 1:
            return "Approve it on its own page, where you say what you checked."
        if action.pk not in self.opened:
            return "You have not opened it yet. Open it to approve it."
        return ""


def page(person: Person, ids: Sequence[UUID], *, place: str, told: Told) -> Page:
    """The table, in the order in which they were chosen; what is another team's is left out."""
    actions = _chosen(person, ids)
    closed = why_not_each(person, [a for a in actions if a.state == State.PENDING])
    here = FromHere(
        opened_by(person, [action.pk for action in actions]), ruled_out.of_each(actions)
    )
    now = clock.now()
    lines = [_line(action, person, closed, here, place, told, now) for action in actions]
    open_now = [line for line in lines if line.bound]
    return Page(
        place=place,
        notice=told.get("", [""])[0],
        lines=lines,
        count_words=counted(len(lines), "action"),
        open_words=f"{len(open_now)} of them you may decide now",
        reasons=[Choice(reason.value, str(reason.label)) for reason in Reason],
        causes=[Choice(cause.value, str(cause.label)) for cause in Cause],
        colleagues=_colleagues(person, [a for a in actions if _is_open(a, closed)]),
    )


def bound(action: Action) -> str:
    """What a decision on it is bound to, as one form field."""
    return f"{action.pk} {action.revision} {action.payload_digest} {action.policy_revision}"


def _chosen(person: Person, ids: Sequence[UUID]) -> list[Action]:
    found = in_teams_of(person).select_related(
        "agent", "team", "action_type", "assignee", "workflow__pool", "workflow__workflow_owner"
    )
    by_id = found.in_bulk(list(ids[:MOST]))
    return [by_id[pk] for pk in dict.fromkeys(ids) if pk in by_id]


def _line(
    action: Action,
    person: Person,
    closed: Mapping[UUID, str],
    here: FromHere,
    place: str,
    told: Told,
    now: datetime,
) -> Line:
    pending = _is_open(action, closed)
    why_not = here.why_not(action) if pending else ""
    said, undo = told.get(str(action.pk), ("", None))
    return Line(
        id=action.pk,
        url=f"{reverse('action', args=[action.pk])}?{place}",
        sentence=text(action.sentence),
        tier=action.tier,
        tier_words=words.TIERS[action.tier],
        state_words="held" if action.held else words.state(action.state),
        due=words.due_of(action, now, person) if action.state == State.PENDING else None,
        subject=text(action.subject_label or action.subject_id),
        bound=bound(action) if pending else "",
        closed=closed.get(action.pk, ""),
        can_approve=pending and not why_not,
        unapproved=why_not,
        told=said,
        undo_url=reverse("undo", args=[undo]) if undo else "",
        batch_url=address_of(action) if pending else "",
    )


def _is_open(action: Action, closed: Mapping[UUID, str]) -> bool:
    return action.state == State.PENDING and action.pk not in closed


def _colleagues(person: Person, actions: Sequence[Action]) -> list[Choice]:
    """Those who may be given all of them: in the pool of every workflow, and there."""
    pools = {action.workflow.pool for action in actions}
    teams = [{p.username: str(p) for p in pool.people.filter(is_active=True)} for pool in pools]
    shared = set.intersection(*(set(team) for team in teams)) if teams else set()
    away = {absence.person.username for absence in away_now().values()}
    return [Choice(name, teams[0][name]) for name in sorted(shared - away - {person.username})]
