"""Deadlines with a real worker, two beats and a real Redis that go away at the worst moment."""

import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from approvals import sweep
from approvals.deadlines import STEPS
from approvals.models import Action, Sweep
from benchmarks.steps import (
    at_the_same_time,
    create_waiting,
    make_all_due,
    sweep_until_nothing_is_due,
    times_taken,
)
from ledger import clock
from ledger.models import Event
from reviewqueue.launcher import redis
from reviewqueue.launcher.processes import Child, start, stop
from tests.factories import create_action, create_desk, make_due
from tests.faults import doomed

FULL = os.environ.get("FAULTS") == "full"
GONE_SECONDS = 60 if FULL else 3
ACTIONS = 10_000 if FULL else 1_500
PATIENCE = 60 if FULL else 120
"""How long the crew may take for everything, once all of it works again."""

CELERY = ["-m", "celery", "-A", "reviewqueue"]
WORKER = ["worker", "--concurrency", "1", "--pool", "prefork"]

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]


class Crew:
    """The processes of one installation over this test's own database."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.children: list[Child] = []
        self.redis_url = redis.run(folder, self.children)

    @property
    def environment(self) -> dict[str, str]:
        database = connection.settings_dict
        options = f"host={database['HOST']}&port={database['PORT'] or 5432}"
        address = f"postgresql://{database['USER']}:{database['PASSWORD']}@/{database['NAME']}"
        urls = {"DATABASE_URL": f"{address}?{options}", "REDIS_URL": self.redis_url}
        return {**os.environ, **urls, "SWEEP_SECONDS": "1", "PYTHONUNBUFFERED": "1"}

    def start(self, name: str, *words: str) -> Child:
        child = start(
            name,
            [sys.executable, *words],
            environment=self.environment,
            folder=Path(settings.BASE_DIR),
            log=self.folder / f"{name}.log",
        )
        self.children.append(child)
        return child

    def start_worker(self, name: str) -> Child:
        return self.start(name, *CELERY, *WORKER)

    def start_doomed(self, fate: str) -> Child:
        """A worker that dies at that point, or whose clock is wrong by so many hours."""
        return self.start(f"worker{fate}", "-m", "tests.faults.doomed", fate, *WORKER)

    def start_beats(self) -> None:
        for name in ("beat-1", "beat-2"):
            schedule = str(self.folder / f"{name}-schedule")
            self.start(name, *CELERY, "beat", "--pidfile=", "--schedule", schedule)

    def must_die(self, child: Child) -> None:
        assert child.popen.wait(PATIENCE) == -signal.SIGKILL, self.logs()
        self.children.remove(child)

    def kill(self, child: Child) -> None:
        os.killpg(child.popen.pid, signal.SIGKILL)
        child.popen.wait(10)
        self.children.remove(child)

    def restart_redis(self, load: Callable[[], object]) -> None:
        """Kills it, and starts it again after so many seconds of this load."""
        self.kill(self.children[0])
        end = time.monotonic() + GONE_SECONDS
        while time.monotonic() < end:
            load()
        program = [redis.find_program(), self.folder / "redis" / "redis.conf"]
        self.children.insert(0, start("Redis", program, log=self.folder / "redis-again.log"))

    def logs(self) -> dict[str, str]:
        return {log.name: log.read_text()[-1500:] for log in self.folder.glob("*.log")}


@pytest.fixture
def crew(tmp_path: Path) -> Iterator[Crew]:
    (tmp_path / "logs").mkdir()
    crew = Crew(tmp_path)
    yield crew
    stop(crew.children)


def until(holds: Callable[[], bool], crew: Crew) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        if time.monotonic() > end:
            pytest.fail(f"did not happen within {PATIENCE} s: {crew.logs()}")
        time.sleep(0.05)


def plan_steps(count: int, *, within: float = 0) -> dict[str, datetime]:
    """Actions whose first step is due now, or some time within so many seconds; when, by stream."""
    pattern = create_waiting(count)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE approvals_action AS a SET due_at = plan.at, next_step_at = plan.at FROM "
            "(SELECT id, now() + %s * row_number() OVER () * interval '1 second' AS at "
            "FROM approvals_action WHERE workflow_id = %s) AS plan WHERE a.id = plan.id",
            [within / count, pattern.workflow_id],
        )
    planned = Action.objects.filter(workflow=pattern.workflow_id).values_list("id", "due_at")
    return {f"action:{pk}": due for pk, due in planned if due}


def taken() -> dict[str, datetime]:
    return dict(Event.objects.filter(type="action.escalated").values_list("stream", "at"))


def assert_each_once_and_none_early(
    planned: dict[str, datetime], crew: Crew, *, recovered: datetime
) -> None:
    """Once all are taken, which is waited for."""
    streams = Event.objects.filter(type="action.escalated").values_list("stream", flat=True)
    until(lambda: streams.count() >= len(planned), crew)
    assert Counter(streams) == dict.fromkeys(planned, 1)
    told = Event.objects.exclude(type__in=["action.staged", "action.escalated"])
    assert not told.exists(), "a reminder before its time, or a step too many"
    assert set(Action.objects.values_list("step", flat=True)) == {1}
    late = {stream: (at - planned[stream]).total_seconds() for stream, at in taken().items()}
    assert min(late.values()) >= 0
    after = max(at - max(recovered, planned[stream]) for stream, at in taken().items())
    print(
        f"{len(planned):,} steps, each once, none early; the last {after.total_seconds():.1f} s "
        "after it was due and everything worked again"
    )


def test_a_worker_killed_at_each_point_of_a_sweep_leaves_each_step_done_once(crew: Crew) -> None:
    planned = plan_steps(ACTIONS)
    crew.start_beats()
    for point in doomed.POINTS:
        assert not taken()
        crew.must_die(crew.start_doomed(point))
    assert len(taken()) == STEPS
    recovered = clock.now()
    crew.start_worker("worker-2")
    assert_each_once_and_none_early(planned, crew, recovered=recovered)


def test_a_redis_that_goes_away_delays_steps_and_loses_none(crew: Crew) -> None:
    crew.start_beats()
    crew.start_worker("worker-1")
    crew.start_worker("worker-2")
    until(Sweep.objects.exists, crew)
    agent, _, refund = create_desk()
    planned = plan_steps(ACTIONS, within=GONE_SECONDS)

    def load() -> None:
        action = create_action(agent, refund)
        planned[action.stream] = clock.now()
        make_due(action, by=timedelta())

    crew.restart_redis(load)
    assert_each_once_and_none_early(planned, crew, recovered=clock.now())


def test_workers_whose_own_clocks_are_wrong_take_each_step_in_time(crew: Crew) -> None:
    crew.start_beats()
    planned: dict[str, datetime] = {}
    for hours in ("2", "-2"):
        begun, worker = clock.now(), crew.start_doomed(hours)
        done = Sweep.objects.filter(finished_at__gt=begun)
        until(lambda: done.count() == len(sweep.JOBS), crew)  # noqa: B023 (it is waited for here)
        planned |= plan_steps(ACTIONS // 2, within=5)
        assert_each_once_and_none_early(planned, crew, recovered=clock.now())
        crew.kill(worker)


def test_four_sweepers_at_once_take_each_step_once() -> None:
    pattern = create_waiting(ACTIONS)
    make_all_due(pattern)
    at_the_same_time(sweep_until_nothing_is_due)
    assert times_taken(pattern) == {1: ACTIONS}
