"""Where the work of a period fell in the matrix, and how often people overruled it there."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet

from agents_registry.models import Team
from agents_registry.policy.findings import Tier
from agents_registry.words import TIERS, counted
from approvals.models import DECIDING, Action, Decision, Verdict
from approvals.states import State

PERIODS = {"24h": ("24 hours", 1), "7d": ("7 days", 7), "30d": ("30 days", 30)}
"""A period's name in addresses, in words, and its days."""
ROWS = (
    ("High reach", (Tier.BATCH_REVIEW, Tier.MANDATORY)),
    ("Low reach", (Tier.AUTONOMOUS, Tier.SPOT_CHECK)),
)
DECIDED_BY_PEOPLE = {Tier.BATCH_REVIEW, Tier.MANDATORY}
OVERRULING = (
    Verdict.EDITED,
    Verdict.REJECTED,
    Verdict.CHANGES_REQUESTED,
    Verdict.TAKEN_OVER,
)
DONE = (State.SUCCEEDED, State.FAILED, State.ROLLED_BACK, State.ROLLBACK_REQUESTED,
        State.ROLLBACK_FAILED)  # fmt: skip
WENT_WRONG = (State.FAILED, State.ROLLED_BACK, State.ROLLBACK_REQUESTED, State.ROLLBACK_FAILED)
LINES = (2, 8, 15)
"""Percent above which a cell is warm, warmer, hot."""
ENOUGH = 20


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many, in words; `heat` is 0 to 3, and 0 where there is too little to tell."""

    part: int
    whole: int

    @property
    def heat(self) -> int:
        if self.whole < ENOUGH:
            return 0
        return sum(100 * self.part > line * self.whole for line in LINES)

    def words(self, noun: str) -> str:
        if not self.whole:
            return f"none {noun} yet"
        if self.whole < ENOUGH:
            return f"not enough data, {self.whole} of {ENOUGH} {noun}"
        return f"{100 * self.part / self.whole:.1f}%, {self.part:,} of {self.whole:,} {noun}"


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of the matrix: how many, how often overruled, how often it went wrong."""

    tier: str
    tier_words: str
    count: int
    overruled: str
    failed: str
    heat: int
    url: str


@dataclass(frozen=True, slots=True)
class Row:
    label: str
    cells: list[Cell]


@dataclass(frozen=True, slots=True)
class Matrix:
    """The heat map of one period, in words; `blocked` is what fell outside of it."""

    period: str
    words: str
    rows: list[Row]
    blocked: str


def matrix(team: Team, period: str, now: datetime) -> Matrix:
    """Two grouped queries over the actions staged in the period."""
    title, days = PERIODS[period]
    staged = Action.objects.filter(
        team=team, created_at__gte=now - timedelta(days=days), purpose="live"
    )
    counts, judged = _counts(staged), _judged(staged)
    total, blocked = sum(row["all"] for row in counts.values()), counts.get(Tier.BLOCKED)
    return Matrix(
        period=period,
        words=f"{counted(total, 'action')} in {title}",
        rows=[
            Row(label, [_cell(tier, counts.get(tier), judged.get(tier)) for tier in tiers])
            for label, tiers in ROWS
        ],
        blocked=f"{counted(blocked['all'], 'more was', 'more were')} blocked." if blocked else "",
    )


def overruled_by_agent(team: Team, since: datetime) -> dict[Any, Share]:
    """How often people overruled each agent in what it staged since then, by the agent's id."""
    staged = Action.objects.filter(team=team, created_at__gte=since, purpose="live")
    return {
        agent: Share(row["overruled"], row["decided"])
        for agent, row in _judged(staged, by="action__agent").items()
    }


def _counts(staged: QuerySet[Action]) -> dict[str, dict[str, Any]]:
    rows = staged.order_by().values("tier").annotate(
        all=Count("pk"),
        done=Count("pk", filter=Q(state__in=DONE)),
        wrong=Count("pk", filter=Q(state__in=WENT_WRONG)),
    )  # fmt: skip
    return {row["tier"]: dict(row) for row in rows}


def _judged(staged: QuerySet[Action], by: str = "action__tier") -> dict[Any, dict[str, Any]]:
    """Actions, each once, that people decided, and those in which they overruled the agent."""
    rows = (
        Decision.objects.filter(action__in=staged, verdict__in=DECIDING, undone_at__isnull=True)
        .exclude(verdict=Verdict.ANSWERED)
        .order_by()
        .values(by)
        .annotate(
            decided=Count("action", distinct=True),
            overruled=Count("action", distinct=True, filter=Q(verdict__in=OVERRULING)),
        )
    )
    return {row[by]: row for row in rows}


def _cell(tier: Tier, counts: dict[str, Any] | None, judged: dict[str, Any] | None) -> Cell:
    counts, judged = counts or {}, judged or {}
    failed = Share(counts.get("wrong", 0), counts.get("done", 0))
    overruled = Share(judged.get("overruled", 0), judged.get("decided", 0))
    shown = tier in DECIDED_BY_PEOPLE
    return Cell(
        tier=str(tier),
        tier_words=TIERS[tier],
        count=counts.get("all", 0),
        overruled=overruled.words("decided") if shown else "",
        failed=failed.words("carried out"),
        heat=max(failed.heat, overruled.heat if shown else 0),
        url=f"/inbox/?view=all&tier={tier}",
    )
