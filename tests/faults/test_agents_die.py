"""Agents that are killed with -9 at every point between taking and reporting: nothing is lost,
nothing has two outcomes, and what nobody can know is on the system owner's list."""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from itertools import cycle, islice
from math import ceil
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.db.models import Count, F

from agents_registry.models import ActionType, Agent, Workflow
from approvals import deadlines
from approvals.models import Action, FollowUp, Lease, LeaseEnd, Outcome
from approvals.states import State
from ledger import clock
from ledger.models import Event
from tests.api.server import running
from tests.factories import (
    create_action,
    create_agent,
    create_read_type,
    create_team,
    create_token,
    create_workflow,
)
from tests.faults.mortal_agent import A_FEW, POINTS

FULL = os.environ.get("FAULTS") == "full"
AGENTS, ACTIONS = (4, 2000) if FULL else (2, 48)
SHARE_BY_ID = 3 / 4
PATIENCE = 60
MORTAL = Path(__file__).with_name("mortal_agent.py")
AFTER_ALL_LEASES = timedelta(hours=1)

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]

Orders = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Downstream:
    """The system that the agents write to: what they did, in order."""

    file: Path

    def lines(self) -> list[list[str]]:
        return [line.split() for line in self.file.read_text().splitlines()]

    def done(self) -> Counter[str]:
        """How often each action was done."""
        return Counter(action for action, _, _ in self.lines())

    def leases(self) -> dict[str, str]:
        """The first lease under which each action was done."""
        return {action: lease for action, _, lease in reversed(self.lines())}


@pytest.fixture
def workflow() -> Workflow:
    return create_workflow(create_team())


@pytest.fixture
def once(workflow: Workflow) -> ActionType:
    """What must not be done twice."""
    return create_read_type(workflow, "once")


@pytest.fixture
def again(workflow: Workflow) -> ActionType:
    """What does no harm when it is done twice."""
    type_ = create_read_type(workflow, "again")
    ActionType.objects.filter(pk=type_.pk).update(idempotent=True)
    type_.refresh_from_db()
    return type_


def test_agents_killed_at_every_point_lose_nothing_and_do_nothing_twice(
    workflow: Workflow,
    once: ActionType,
    again: ActionType,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    agents = [create_agent(workflow.team) for _ in range(AGENTS)]
    workflow.agents.add(*agents)
    tokens = {agent: create_token(agent) for agent in agents}
    orders = {agent: ordered(agent, once, again) for agent in agents}
    downstream = Downstream(tmp_path / "downstream")
    with running(tmp_path / "server.log") as url:
        live(url, tokens, orders, downstream)
        dead = Lease.objects.filter(ended_at__isnull=True).count()
        zombies = {**downstream.leases()}
        finish_by_others(url, tokens, downstream)
        late = reported_by_the_dead(url, tokens, zombies)
    told = Counter(Action.objects.values_list("action_type__key", "state"))
    with capsys.disabled():
        print(
            f"\n{ACTIONS} actions, {AGENTS} agents killed at {len(POINTS)} points: {dead} leases "
            f"without anybody, {sorted(told.items())}, {late} reports of the dead came too late"
        )
    none_is_lost()
    none_has_two_outcomes()
    what_nobody_can_know_is_on_the_system_owners_list(workflow)
    nothing_was_done_twice_that_must_not_be(downstream)
    each_ended_as_its_point_says(orders)


def ordered(agent: Agent, *types: ActionType) -> Orders:
    """A life for each of its actions: most by id, some out of the queue, every point in turn."""
    count = ACTIONS // AGENTS
    kinds = islice(cycle(types), count)
    actions = [create_action(agent, kind, payload={"order": "A-1"}) for kind in kinds]
    by_id = actions[: int(count * SHARE_BY_ID)]
    points = cycle(point for point in POINTS for _ in types)
    named = [{"action": str(action.pk), "dies": next(points)} for action in by_id]
    queue = [{"action": None, "dies": next(points)} for _ in range((count - len(by_id)) // 2)]
    return named + queue


def live(
    url: str, tokens: dict[Agent, str], orders: dict[Agent, Orders], downstream: Downstream
) -> None:
    """Each agent lives its lives, all agents side by side."""
    address = url.removeprefix("http://")
    runs = []
    for agent, token in tokens.items():
        workflow = agent.workflows.get().slug
        process = subprocess.Popen(
            [sys.executable, MORTAL, address, token, workflow, downstream.file],
            stdin=subprocess.PIPE,
            text=True,
        )
        lines = "".join(json.dumps(order) + "\n" for order in orders[agent])
        runs.append((process, lines))
    for process, lines in runs:
        assert process.stdin is not None
        process.stdin.write(lines)
        process.stdin.close()
    for process, _ in runs:
        assert process.wait(600) == 0


def finish_by_others(url: str, tokens: dict[Agent, str], downstream: Downstream) -> None:
    """Leases run out, and agents that are not killed take whatever can be taken, to the end.

    What a dead agent had asked for may still be answered to nobody: so more than once.
    """
    end = time.monotonic() + PATIENCE * (10 if FULL else 1)
    while Action.objects.filter(state__in=[State.APPROVED, State.RELEASED]).exists():
        assert time.monotonic() < end, "something was left over"
        with clock.simulated(clock.now() + AFTER_ALL_LEASES):
            while deadlines.sweep_leases():
                pass
        rest = dict(
            Action.objects.filter(state=State.APPROVED)
            .values_list("agent")
            .annotate(count=Count("pk"))
        )
        alive = {"action": None, "dies": ""}
        turns = {agent: [alive] * ceil(rest.get(agent.pk, 0) / A_FEW) for agent in tokens}
        live(url, tokens, turns, downstream)


def reported_by_the_dead(url: str, tokens: dict[Agent, str], leases: dict[str, str]) -> int:
    """A dead agent that was only asleep reports under its old lease; how many were too late."""
    ran_out = Lease.objects.filter(pk__in=leases.values(), end=LeaseEnd.RAN_OUT)
    late = list(ran_out.select_related("agent")[:40])
    for lease in late:
        answer = httpx.post(
            f"{url}/api/v1/actions/{lease.action_id}/outcome",
            json={"lease_id": str(lease.pk), "status": "failed"},
            headers={"Authorization": f"Bearer {tokens[lease.agent]}"},
            timeout=60,
        )
        assert (answer.status_code, answer.json()["code"]) == (409, "lease_lost")
    return len(late)


def none_is_lost() -> None:
    states = Counter(Action.objects.values_list("state", flat=True))
    assert set(states) <= {State.SUCCEEDED, State.UNKNOWN}, states
    assert states.total() == ACTIONS
    assert not Lease.objects.filter(ended_at__isnull=True).exists()


def none_has_two_outcomes() -> None:
    each = Action.objects.annotate(reported=Count("outcomes"))
    assert not each.filter(reported__gt=1).exists()
    assert each.filter(reported=1).count() == each.filter(state=State.SUCCEEDED).count()
    told = Counter(Event.objects.filter(type="action.succeeded").values_list("stream", flat=True))
    assert set(told.values()) == {1}
    assert Outcome.objects.exclude(lease__action=F("action")).count() == 0


def what_nobody_can_know_is_on_the_system_owners_list(workflow: Workflow) -> None:
    unknown = set(Action.objects.filter(state=State.UNKNOWN).values_list("pk", flat=True))
    listed = FollowUp.objects.filter(kind="unknown", closed_at__isnull=True)
    assert unknown, "somebody died with something in hand"
    assert set(listed.values_list("action", flat=True)) == unknown
    assert set(listed.values_list("assignee", flat=True)) == {workflow.system_owner.pk}
    assert FollowUp.objects.count() == len(unknown)
    assert not Action.objects.filter(state=State.UNKNOWN, action_type__key="again").exists()


def nothing_was_done_twice_that_must_not_be(downstream: Downstream) -> None:
    done = downstream.done()
    keys = {str(pk): key for pk, key in Action.objects.values_list("pk", "action_type__key")}
    assert max(done[pk] for pk in keys if keys[pk] == "once") == 1
    assert max(done[pk] for pk in keys if keys[pk] == "again") > 1, "an agent died after doing it"
    under = {(action, release) for action, release, _ in downstream.lines()}
    assert len(under) == len(done), "done again, it is done under the same release_id"
    reported = Action.objects.filter(state=State.SUCCEEDED).values_list("pk", flat=True)
    assert {str(pk) for pk in reported} <= set(done), "what counts as done was done"
    leases = Lease.objects.filter(action__action_type__key="once").values_list("action", flat=True)
    assert max(Counter(leases).values()) == 1


def each_ended_as_its_point_says(orders: dict[Agent, Orders]) -> None:
    """By point, for what must not be done twice: the end that is certain, where one is. What was
    never taken goes to whoever takes it from the queue, and they may die too."""
    certain = {
        "taken": State.UNKNOWN,
        "done": State.UNKNOWN,
        "reported": State.SUCCEEDED,
    }
    ends = ended("once")
    for order in flat(orders.values()):
        if order["action"] in ends and order["dies"] in certain:
            assert ends[order["action"]] == certain[order["dies"]], order


def ended(key: str) -> dict[str, str]:
    rows = Action.objects.filter(action_type__key=key).values_list("pk", "state")
    return {str(pk): state for pk, state in rows}


def flat(orders: Iterable[Orders]) -> Orders:
    return [order for each in orders for order in each]
