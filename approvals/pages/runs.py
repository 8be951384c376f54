"""The runs of a team, the newest first: whose they are and how far they came."""

import base64
import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Count, Max, Min, Q
from django.urls import reverse

from agents_registry.models import Person, Team
from agents_registry.words import counted
from approvals.models import Action
from approvals.pages import words
from approvals.pages.content import Text, text
from approvals.pages.head import STATE_CSS, run_url

PAGE = 30
LOOKED_AT = 1000
"""Among how many actions the runs of one page are looked for; the next page goes on behind."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page begins: behind this action."""

    at: datetime
    id: UUID

    def encode(self) -> str:
        parts = [self.at.isoformat(), str(self.id)]
        return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode()

    @classmethod
    def decode(cls, code: str) -> Self | None:
        """None for what is no place."""
        try:
            at, id = json.loads(base64.urlsafe_b64decode(code))
            place = cls(datetime.fromisoformat(at), UUID(id))
        except (ValueError, TypeError, AttributeError):
            return None
        return place if place.at.tzinfo else None

    def behind(self) -> Q:
        return Q(created_at__lt=self.at) | Q(created_at=self.at, id__lt=self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One run; `sentence` is what its newest action would do."""

    url: str
    run_id: Text
    agent_name: str
    workflow_name: str
    sentence: Text
    actions: str
    states: list[tuple[str, str]]
    iso: str
    at_words: str


@dataclass(frozen=True, slots=True)
class Page:
    rows: list[Row]
    next_url: str


def page(team: Team, person: Person, before: Place | None = None) -> Page:
    """One page, in a constant number of queries. A run stands where its newest action is."""
    looked_at, newest = _newest(team, before)
    known = _known(team, list(newest))
    latest = {run_id: facts["last"] for run_id, facts in known.items()}
    shown = [
        action
        for run_id, action in newest.items()
        if not before or latest[run_id] <= action.created_at
    ]
    return Page(
        rows=[_row(action, known[action.run_id], team, person) for action in shown],
        next_url=_url(looked_at) if looked_at else "",
    )


def _newest(team: Team, before: Place | None) -> tuple[Place | None, dict[str, Action]]:
    """Of each run the newest action behind the place; and where the next page begins, if any."""
    behind = before.behind() if before else Q()
    actions = (
        Action.objects.filter(behind, team=team)
        .exclude(run_id="")
        .select_related("agent", "workflow")
        .only("run_id", "created_at", "sentence", "agent__name", "workflow__name")
        .order_by("-created_at", "-id")[:LOOKED_AT]
    )
    found: dict[str, Action] = {}
    place = None
    for action in actions:
        if action.run_id not in found and len(found) == PAGE:
            return place, found
        found.setdefault(action.run_id, action)
        place = Place(action.created_at, action.pk)
    return (place if len(actions) == LOOKED_AT else None), found


def _known(team: Team, run_ids: list[str]) -> dict[str, dict[str, Any]]:
    """How many actions each run has in which state, and when its first and last were staged."""
    rows = (
        Action.objects.filter(team=team, run_id__in=run_ids)
        .values("run_id", "state")
        .annotate(count=Count("id"), first=Min("created_at"), last=Max("created_at"))
        .order_by("-count", "state")
    )
    known: dict[str, dict[str, Any]] = defaultdict(lambda: {"states": []})
    for row in rows:
        facts = known[row["run_id"]]
        facts["states"].append((row["state"], row["count"]))
        facts["last"] = max(row["last"], facts.get("last", row["last"]))
        facts["first"] = min(row["first"], facts.get("first", row["first"]))
    return known


def _row(newest: Action, facts: dict[str, Any], team: Team, person: Person) -> Row:
    return Row(
        url=run_url(newest.run_id, team),
        run_id=text(newest.run_id),
        agent_name=newest.agent.name,
        workflow_name=newest.workflow.name,
        sentence=text(newest.sentence),
        actions=counted(sum(count for _, count in facts["states"]), "action"),
        states=[
            (f"{count} {words.state(state)}", STATE_CSS.get(state, ""))
            for state, count in facts["states"]
        ],
        iso=facts["last"].isoformat(),
        at_words=words.clock_time(facts["last"], person),
    )


def _url(place: Place) -> str:
    return f"{reverse('runs')}?{urlencode({'before': place.encode()})}"
