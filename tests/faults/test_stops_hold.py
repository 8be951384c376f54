"""The stop button against agents that never rest, over HTTP, with Redis gone: nothing is leased
after the call returned."""

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice
from pathlib import Path
from threading import Event as Flag
from typing import Any

import httpx
import pytest
from django.db.models import QuerySet

from agents_registry.models import ActionType, Agent, Stop, StopKind, Workflow
from approvals import stopping
from approvals.models import Action, Lease
from approvals.querysets import covered_by
from reviewqueue.launcher import redis
from reviewqueue.launcher.processes import Child, stop
from tests.api.server import running
from tests.factories import (
    create_agent,
    create_read_type,
    create_team,
    create_token,
    create_workflow,
)

FULL = os.environ.get("FAULTS") == "full"
AGENTS, PRESSES = (100, 100) if FULL else (6, 8)
SYSTEM = "orders"
PATIENCE = 60

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server whose Redis was there and is gone."""
    children: list[Child] = []
    (tmp_path / "logs").mkdir()
    monkeypatch.setenv("REDIS_URL", redis.run(tmp_path, children))
    for child in children:
        stop([child])
    with running(tmp_path / "server.log") as address:
        yield address


@pytest.fixture
def read() -> ActionType:
    workflow = create_workflow(create_team())
    read = create_read_type(workflow)
    ActionType.objects.filter(pk=read.pk).update(systems={"reads": [SYSTEM], "writes": []})
    return read


class Poller:
    """An agent that stages reads, which need nobody, and takes each at once, without a rest."""

    def __init__(self, url: str, agent: Agent, read: ActionType) -> None:
        headers = {"Authorization": f"Bearer {create_token(agent)}"}
        self.client = httpx.Client(base_url=f"{url}/api/v1", headers=headers, timeout=60)
        self.body = {
            "workflow": read.workflow.slug,
            "action_type": read.key,
            "payload": {"order": "A-1"},
            "take": True,
        }

    def work(self, until: Flag) -> int:
        """How many were taken until told to end; an answer without a lease is as good."""
        taken = 0
        while not until.is_set():
            answer = self.client.post("/actions", json=self.body)
            taken += "release" in answer.json()
            more = {"workflow": self.body["workflow"], "limit": 3}
            taken += len(self.client.post("/actions/release", json=more).json()["results"])
        return taken


def targets(agent: Agent, read: ActionType) -> Iterator[tuple[StopKind, str]]:
    """Each kind of stop in turn, without end."""
    workflow = read.workflow
    return cycle(
        [
            (StopKind.WORKFLOW, str(workflow.pk)),
            (StopKind.AGENT, str(agent.pk)),
            (StopKind.ACTION_TYPE, f"{workflow.pk}/{read.key}"),
            (StopKind.SYSTEM, SYSTEM),
        ]
    )


def leased_while_stopped(stop: Stop) -> int:
    stop = Stop.objects.get(pk=stop.pk)
    leases = Lease.objects.filter(action__in=covered_by(stop))
    return leases.filter(leased_at__gt=stop.at, leased_at__lt=stop.lifted_at).count()


def test_nothing_is_leased_after_the_stop_returned(url: str, read: ActionType) -> None:
    workflow: Workflow = read.workflow
    agents = [create_agent(workflow.team) for _ in range(AGENTS)]
    workflow.agents.add(*agents)
    end = Flag()
    with ThreadPoolExecutor(AGENTS) as pool:
        working = [pool.submit(Poller(url, agent, read).work, end) for agent in agents]
        try:
            stops = list(pressed(agents[0], read))
        finally:
            end.set()
    taken, late = sum(job.result() for job in working), sum(map(leased_while_stopped, stops))
    print(f"{AGENTS} agents, {len(stops)} stops, Redis gone: {taken} taken, {late} while stopped")
    assert (len(stops), late) == (PRESSES, 0)
    assert taken > PRESSES


def pressed(agent: Agent, read: ActionType) -> Iterator[Stop]:
    """Presses as often as asked; agents take something before each, and try while it holds."""
    team, person = read.workflow.team, read.workflow.risk_owner
    for kind, target in islice(targets(agent, read), PRESSES):
        _wait_for_one_more(Lease.objects.all())
        stop = stopping.stop(
            team=team, kind=kind, target=target, reason="it runs away", person=person
        )
        _wait_for_one_more(Action.objects.all())
        yield stopping.resume(stop_id=stop.pk, person=person, note="seen to it")


def _wait_for_one_more(rows: QuerySet[Any]) -> None:
    before, end = rows.count(), time.monotonic() + PATIENCE
    while rows.all().count() == before:
        assert time.monotonic() < end, "the agents have come to rest"
