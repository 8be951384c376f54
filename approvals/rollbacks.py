"""Undoes all of an incident: what belongs to it, what of that can be undone, and asks for it."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

from django.core.exceptions import PermissionDenied
from django.db.models import F, QuerySet

from agents_registry.models import Person, Team
from agents_registry.policy.floors import CHANGES_NOTHING
from approvals import rollback, ways_back
from approvals.errors import Conflict, Invalid, Missing
from approvals.models import Action, Purpose
from approvals.permissions import why_no_rollback_each
from approvals.states import State
from approvals.ways_back import Way
from ledger import clock

MOST = 500
"""How many actions one act undoes; the newest ones."""

SECONDS = 8.0
"""How long one act goes on; whoever asked goes on with what is left."""

LATELY = timedelta(days=7)
TOUCHED = (
    State.APPROVED,
    State.RELEASED,
    State.SUCCEEDED,
    State.FAILED,
    State.UNKNOWN,
    State.ROLLBACK_REQUESTED,
    State.ROLLED_BACK,
    State.ROLLBACK_FAILED,
)
"""What was done, may be done by now, or is undone already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """What went wrong together: every part that is given narrows it. `action_type` is the
    workflow's slug, a slash, and the key, or nothing for all of it; `rule` as findings name it.
    Instants are of staging."""

    team: Team
    agent: str = ""
    run_id: str = ""
    action_type: str = ""
    rule: str = ""
    since: datetime | None = None
    until: datetime | None = None

    @property
    def is_named(self) -> bool:
        parts = (self.agent, self.run_id, self.action_type, self.rule, self.since)
        return any(parts)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One action of an incident. `why_not`: why this person cannot have it undone now, or empty."""

    action: Action
    way: Way
    why_not: str


@dataclass(frozen=True, slots=True)
class Preview:
    """`more` says that there are older actions than those in `candidates`."""

    candidates: list[Candidate]
    more: bool


@dataclass(slots=True)
class Act:
    """What one act did: whose rollback was asked for (or rehearsed), why not of others, and what
    it did not get to."""

    id: UUID = field(default_factory=uuid4)
    done: list[UUID] = field(default_factory=list)
    refused: dict[UUID, str] = field(default_factory=dict)
    left: list[UUID] = field(default_factory=list)


def preview(incident: Incident, person: Person) -> Preview:
    """What belongs to it and what can be undone, in a number of queries that does not grow."""
    rows = list(_matching(incident).order_by("-id")[: MOST + 1])
    actions = rows[:MOST]
    ways, barred = ways_back.of_each(actions), why_no_rollback_each(person, actions)
    found = [
        Candidate(action, ways[action.pk], ways[action.pk].obstacle or barred.get(action.pk, ""))
        for action in actions
    ]
    return Preview(found, more=len(rows) > MOST)


def ask_each(*, ids: Sequence[UUID], person: Person, reason: str) -> Act:
    """Asks for the rollback of each, in a transaction of its own; what is refused harms no other.

    Invalid without a reason or with too many, PermissionDenied where this person may ask for none.
    """
    act = Act()
    ask = partial(rollback.ask, person=person, reason=reason, act=act.id)
    return _each(act, ids, reason, ask)


def drill_each(*, ids: Sequence[UUID], person: Person, reason: str) -> Act:
    """Rehearses the rollback of each: see `rollback.drill`."""
    return _each(Act(), ids, reason, partial(rollback.drill, person=person, reason=reason))


def _each(act: Act, ids: Sequence[UUID], reason: str, verb: Callable[..., Any]) -> Act:
    _check(ids, reason)
    end, allowed = time.monotonic() + SECONDS, False
    barred: PermissionDenied | Missing | None = None
    for place, pk in enumerate(ids):
        if time.monotonic() > end:
            act.left = list(ids[place:])
            break
        try:
            verb(action_id=pk)
            act.done.append(pk)
        except (PermissionDenied, Missing) as refusal:
            barred = refusal
            act.refused[pk] = str(refusal)
        except Conflict as refusal:
            allowed = True
            act.refused[pk] = refusal.detail
    if barred and not act.done and not allowed:
        raise barred
    return act


def _check(ids: Sequence[UUID], reason: str) -> None:
    if not ids:
        raise Invalid("Nothing is chosen, so nothing was asked. Choose what to undo.", code="empty")
    if len(ids) > MOST:
        raise Invalid(f"Nothing was asked: choose at most {MOST}.", code="max_length")
    if not reason.strip():
        raise Invalid("Say why it should be undone. Nothing was asked.", code="reason_missing")


def _matching(incident: Incident) -> QuerySet[Action]:
    workflow, _, key = incident.action_type.partition("/")
    since = incident.since
    if not incident.run_id and since is None:
        since = clock.now() - LATELY
    wanted: dict[str, Any] = {
        "agent__slug": incident.agent,
        "run_id": incident.run_id,
        "action_type__workflow__slug": workflow,
        "action_type__key": key,
        "created_at__gte": since,
        "created_at__lt": incident.until,
    }
    found = Action.objects.filter(
        team=incident.team, purpose=Purpose.LIVE, state__in=TOUCHED, rolls_back__isnull=True
    ).filter(**{name: value for name, value in wanted.items() if value})
    if incident.rule:
        found = found.filter(
            contents__revision=F("revision"), contents__findings__contains=[{"rule": incident.rule}]
        )
    found = found.exclude(action_type__verb__in=CHANGES_NOTHING)
    return found.select_related("action_type", "workflow", "agent")
