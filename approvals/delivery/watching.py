"""Sees once a second, for every open stream of this process together, what changed in the
database, and wakes those whom it concerns."""

import asyncio
import logging
from collections.abc import Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from django.db import close_old_connections, connections
from django.db.models import BigIntegerField, UUIDField, Value
from django.db.models.functions import Now

from approvals.models import Action, Notice, Viewing
from approvals.presence import LOOKING

EVERY = 1.0
WINDOW = timedelta(seconds=10)
"""How long a change stays in sight: a transaction that commits late is still seen."""

log = logging.getLogger(__name__)


class Sight(NamedTuple):
    """A change of an action of a team; with a person, that they have it open; with a person alone,
    that they are told something."""

    action: UUID | None
    team: UUID | None
    at: datetime
    person: int | None


class Watched(Protocol):
    """An open page: whose, of which team, and with which rows."""

    person: int
    team: UUID
    rows: frozenset[UUID]

    def wake(self, *events: str) -> None: ...


def look(
    teams: Collection[UUID], rows: Collection[UUID], people: Collection[int]
) -> frozenset[Sight]:
    """What changed in these teams within the window, who has any of these rows open, and which of
    these people is told something.

    One query: a range of an index for each workflow of the teams, for each person and for each of
    their pools, and one look-up for each row.
    """
    changed: Any = (
        Action.objects.filter(workflow__team__in=teams, changed_at__gt=Now() - WINDOW)
        .annotate(person=Value(None, BigIntegerField()))
        .values_list("pk", "workflow__team_id", "changed_at", "person")
    )
    opened: Any = (
        Viewing.objects.filter(action__in=rows, seen_at__gt=Now() - LOOKING)
        .annotate(team=Value(None, UUIDField()))
        .values_list("action_id", "team", "since", "person_id")
    )
    sights = changed.union(opened, _told("person", people), _told("pool__people", people), all=True)
    return frozenset(Sight(*each) for each in sights)


def _told(whom: str, people: Collection[int]) -> Any:
    told = Notice.objects.filter(created_at__gt=Now() - WINDOW, **{f"{whom}__in": people})
    nothing = {"of_action": Value(None, UUIDField()), "of_team": Value(None, UUIDField())}
    return told.annotate(**nothing).values_list("of_action", "of_team", "created_at", whom)


def wake(
    watched: Iterable[Watched], before: frozenset[Sight] | None, now: frozenset[Sight]
) -> None:
    """Wakes each page for what is new to it; without a `before`, everybody for everything."""
    new = now - (before or frozenset())
    changed = [sight for sight in new if sight.person is None]
    told = {sight.person for sight in new if sight.action is None}
    looks = [sight for sight in now ^ (before if before is not None else now) if sight.person]
    teams, actions = {sight.team for sight in changed}, {sight.action for sight in changed}
    for page in watched:
        if before is None or page.team in teams or page.person in told:
            page.wake("fresh")
        moved = not actions.isdisjoint(page.rows)
        others = any(each.action in page.rows and each.person != page.person for each in looks)
        if before is None or moved or others:
            page.wake("elsewhere")


async def watch(watched: Collection[Watched]) -> None:
    """Looks until it is cancelled, while there is anybody to look for.

    One thread and one connection for all; after a pause or trouble everybody looks again.
    """
    before: frozenset[Sight] | None = None
    loop = asyncio.get_running_loop()
    looked_at = loop.time()
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="watch") as thread:
        while True:
            await asyncio.sleep(EVERY)
            if not watched:
                if before is not None:
                    await loop.run_in_executor(thread, connections.close_all)
                before = None
                continue
            if loop.time() - looked_at > WINDOW.total_seconds() / 2:
                before = None
            teams, people = {page.team for page in watched}, {page.person for page in watched}
            rows = frozenset[UUID]().union(*(page.rows for page in watched))
            try:
                now = await loop.run_in_executor(thread, _look_apart, teams, rows, people)
            except Exception as error:  # Every open page hangs on it: it never stays away.
                log.warning("not seeing what changes, trying again: %s", error)
                before = None
                continue
            wake(list(watched), before, now)
            before, looked_at = now, loop.time()


def _look_apart(
    teams: Collection[UUID], rows: Collection[UUID], people: Collection[int]
) -> frozenset[Sight]:
    close_old_connections()
    return look(teams, rows, people)
