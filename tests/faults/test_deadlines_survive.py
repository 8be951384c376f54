"""Deadlines with a real worker, two beats and a real Redis that go away at the worst moment."""

import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from approvals.models import Action, Sweep
from ledger.models import Event
from reviewqueue.launcher import redis
from reviewqueue.launcher.processes import Child, start, stop
from tests.factories import create_action, create_desk, make_due

FULL = os.environ.get("FAULTS") == "full"
GONE_SECONDS = 20 if FULL else 3
ACTIONS = 2_000 if FULL else 260
PATIENCE = 120
CELERY = [sys.executable, "-m", "celery", "-A", "reviewqueue"]

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
            [*CELERY, *words],
            environment=self.environment,
            folder=Path(settings.BASE_DIR),
            log=self.folder / f"{name}.log",
        )
        self.children.append(child)
        return child

    def start_worker(self, name: str) -> Child:
        return self.start(name, "worker", "--concurrency", "1", "--pool", "prefork")

    def start_beats(self) -> None:
        for name in ("beat-1", "beat-2"):
            schedule = str(self.folder / f"{name}-schedule")
            self.start(name, "beat", "--pidfile=", "--schedule", schedule)

    def kill(self, child: Child) -> None:
        os.killpg(child.popen.pid, signal.SIGKILL)
        child.popen.wait(10)
        self.children.remove(child)

    def restart_redis(self) -> None:
        self.kill(self.children[0])
        time.sleep(GONE_SECONDS)  # the length of the outage is what is tested
        program = [redis.find_program(), self.folder / "redis" / "redis.conf"]
        self.children.insert(0, start("Redis", program, log=self.folder / "redis-again.log"))


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
            logs = {log.name: log.read_text()[-1500:] for log in crew.folder.glob("*.log")}
            pytest.fail(f"did not happen within {PATIENCE} s: {logs}")
        time.sleep(0.05)


def make_late(count: int) -> None:
    agent, _, refund = create_desk()
    for action in [create_action(agent, refund) for _ in range(count)]:
        make_due(action)


def escalated() -> int:
    return Event.objects.filter(type="action.escalated").count()


def assert_each_step_once() -> None:
    steps = Event.objects.filter(type="action.escalated").values_list("stream", flat=True)
    assert Counter(Counter(steps).values()) == {1: ACTIONS}
    assert set(Action.objects.values_list("step", flat=True)) == {1}


def test_a_worker_killed_in_a_sweep_and_two_beats_leave_each_step_done_once(crew: Crew) -> None:
    make_late(ACTIONS)
    crew.start_beats()
    worker = crew.start_worker("worker-1")
    until(lambda: escalated() > 0, crew)
    crew.kill(worker)
    assert escalated() < ACTIONS
    crew.start_worker("worker-2")
    until(lambda: escalated() >= ACTIONS, crew)
    assert_each_step_once()


def test_a_redis_that_goes_away_delays_steps_and_loses_none(crew: Crew) -> None:
    crew.start_beats()
    crew.start_worker("worker-1")
    until(Sweep.objects.exists, crew)
    make_late(ACTIONS // 2)
    crew.restart_redis()
    make_late(ACTIONS - ACTIONS // 2)
    until(lambda: escalated() >= ACTIONS, crew)
    assert_each_step_once()
