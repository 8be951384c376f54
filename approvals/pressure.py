"""Back-pressure: how many of an agent's actions may wait for people, and how long one will."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any
from uuid import UUID

from django.db import connection

from agents_registry.models import Agent, Workflow
from agents_registry.sla import ALWAYS, Calendar, due_after_work, work_between
from approvals.errors import TooManyPending
from approvals.models import Action, Purpose
from approvals.querysets import PEOPLES_RANKS
from approvals.states import State
from ledger import clock

DAY, WEEK = timedelta(days=1), timedelta(days=7)
MOST_COUNTED = 10_000
"""Further than this neither the queue nor the decisions are counted."""

SOONEST, LATEST = timedelta(seconds=1), timedelta(hours=1)
"""Between these a refused agent is asked to come back: room is also made by hand, at any time."""

UNKNOWN_PACE = timedelta(minutes=1)
FIGURES = """
SELECT workflow, own.n, queue.n, decided.in_day, decided.in_week
FROM unnest(%(workflows)s::uuid[]) AS workflow,
LATERAL (SELECT count(*) AS n FROM (SELECT FROM approvals_action
    WHERE agent_id = %(agent)s AND workflow_id = workflow AND state = 'pending'
    AND purpose = 'live' LIMIT %(most)s) AS rows) AS own,
LATERAL (SELECT count(*) AS n FROM (SELECT FROM approvals_action
    WHERE workflow_id = workflow AND state = 'pending' LIMIT %(most)s) AS rows) AS queue,
LATERAL (SELECT count(*) FILTER (WHERE decided_at >= %(day)s) AS in_day, count(*) AS in_week
    FROM (SELECT decided_at FROM approvals_action
    WHERE workflow_id = workflow AND changed_at >= %(week)s AND decided_at >= %(week)s
    AND tier_rank = ANY(%(ranks)s) ORDER BY changed_at DESC LIMIT %(most)s) AS rows) AS decided"""


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast people decide: so many decisions in so much working time of the calendar."""

    decisions: int
    worked: timedelta
    calendar: Calendar

    def until(self, count: int, now: datetime) -> timedelta | None:
        """How long until so many more are decided; None for longer than ten years."""
        try:
            return due_after_work(now, self.worked * count / self.decisions, self.calendar) - now
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits in a workflow: an agent's `own` live actions, `all` actions, and the pace at
    which people decide them, None where nobody did within a week."""

    own: int
    all: int
    pace: Pace | None

    def expected(self, now: datetime) -> int | None:
        """For how many seconds a new action is expected to wait; None where nobody can tell."""
        wait = self.pace.until(self.all + 1, now) if self.pace else None
        return None if wait is None else ceil(wait.total_seconds())


def check(*, agent: Agent, workflow: Workflow) -> None:
    """TooManyPending where as many of the agent's actions wait for people as its team lets wait.

    One bounded range of an index and no lock: what is staged at the same instant may pass too.
    """
    most = agent.most_pending
    if most is None:
        return
    waiting = Action.objects.filter(agent=agent, state=State.PENDING, purpose=Purpose.LIVE)
    if waiting[:most].count() < most:
        return
    now = clock.now()
    queue = queues(agent=agent, workflows=[workflow], now=now)[workflow.pk]
    raise TooManyPending(
        f"{most} actions of this agent wait for people, and more may not. Nothing "
        "was staged. Ask again at `retry_at`; what needs no person is taken in at any time.",
        retry_at=now + _room(queue.pace, now),
        expected_wait_seconds=queue.expected(now),
    )


def queues(*, agent: Agent, workflows: Iterable[Workflow], now: datetime) -> dict[UUID, Queue]:
    """By the workflow's id, in one query; the workflows come with their calendars."""
    calendars = {each.pk: Calendar.from_document(each.calendar.document) for each in workflows}
    asked: dict[str, Any] = {
        "agent": agent.pk,
        "workflows": list(calendars),
        "day": now - DAY,
        "week": now - WEEK,
        "ranks": PEOPLES_RANKS,
        "most": MOST_COUNTED,
    }
    with connection.cursor() as cursor:
        cursor.execute(FIGURES, asked)
        return {
            workflow: Queue(own, every, pace_of(in_day, in_week, calendars[workflow], now))
            for workflow, own, every, in_day, in_week in cursor.fetchall()
        }


def pace_of(in_day: int, in_week: int, calendar: Calendar, now: datetime) -> Pace | None:
    """The pace of the last day, else of the last week; None where nobody decided anything.

    Where all of it fell outside the calendar's hours, every hour counts as working time.
    """
    decisions, span = (in_day, DAY) if in_day else (in_week, WEEK)
    if not decisions:
        return None
    worked = work_between(now - span, now, calendar)
    return Pace(decisions, worked, calendar) if worked else Pace(decisions, span, ALWAYS)


def _room(pace: Pace | None, now: datetime) -> timedelta:
    """After how long one more is expected to be decided, which makes room for another."""
    if pace is None:
        return UNKNOWN_PACE
    return min(max(pace.until(1, now) or LATEST, SOONEST), LATEST)
