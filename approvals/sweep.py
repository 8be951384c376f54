"""One turn of every periodic job, for the Celery tick and for `manage.py sweep` alike, and how
long ago the last one was."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import inf

import structlog
from django.conf import settings

from approvals import deadlines, downgrading, leaving, measuring, rollback_ends, steps
from approvals.delivery import calls, notices
from approvals.models import Sweep
from approvals.notices import digests
from ledger import clock

log = structlog.get_logger(__name__)

JOBS: dict[str, Callable[[], int]] = {
    "steps": deadlines.sweep_steps,
    "ends": deadlines.sweep_ends,
    "leases": deadlines.sweep_leases,
    "follow_ups": deadlines.sweep_follow_ups,
    "dependencies": steps.follow,
    "rollbacks": rollback_ends.sweep,
    "windows": measuring.sweep_windows,
    "downgrades": downgrading.sweep_late,
    "left": leaving.sweep_left,
    "notices": notices.tell,
    "digests": digests.make_due,
    "calls": calls.call,
}
MOST_TURNS = 500
PATIENCE = 12
"""Turns that may be missed before a job counts as standing still."""


@dataclass(frozen=True, slots=True)
class Pulse:
    """How long ago each job was last done; None where it never was."""

    at: datetime
    ages: dict[str, timedelta | None]

    def seconds(self) -> dict[str, float | None]:
        """The ages as numbers, to a tenth."""
        return {
            job: None if age is None else round(age.total_seconds(), 1)
            for job, age in self.ages.items()
        }

    @property
    def never(self) -> list[str]:
        return [job for job, age in self.ages.items() if age is None]

    @property
    def oldest(self) -> timedelta:
        """The longest time ago, of those that were done at all."""
        return max((age for age in self.ages.values() if age is not None), default=timedelta())

    @property
    def stands_still(self) -> bool:
        return bool(self.never) or self.oldest > timedelta(
            seconds=PATIENCE * settings.SWEEP_SECONDS
        )


def tick() -> dict[str, int]:
    """A turn of what nobody has just done: ticks that piled up cost one question each.

    No job keeps the others waiting for longer than until the next tick, which goes on with it.
    """
    recently = clock.now() - timedelta(seconds=settings.SWEEP_SECONDS / 2)
    done = Sweep.objects.filter(finished_at__gt=recently).values_list("job", flat=True)
    return turn([job for job in JOBS if job not in set(done)], seconds=settings.SWEEP_SECONDS)


def turn(jobs: Iterable[str] = tuple(JOBS), *, seconds: float = inf) -> dict[str, int]:
    """Runs each job until nothing is due, or for so many seconds; how many rows each took.

    Safe to run twice at once. A job that fails is missing in the answer, and holds up no other.
    """
    done = {}
    for name in jobs:
        try:
            done[name] = _until_empty(JOBS[name], seconds)
            _beat(name)
        except Exception:
            log.exception("job_failed", job=name)
    return done


def pulse() -> Pulse:
    at, done = clock.now(), dict(Sweep.objects.values_list("job", "finished_at"))
    return Pulse(at, {job: at - done[job] if job in done else None for job in JOBS})


def _beat(name: str) -> None:
    Sweep.objects.bulk_create(
        [Sweep(job=name, finished_at=clock.now())],
        update_conflicts=True,
        unique_fields=["job"],
        update_fields=["finished_at"],
    )


def _until_empty(job: Callable[[], int], seconds: float) -> int:
    total, end = 0, time.monotonic() + seconds
    for _ in range(MOST_TURNS):
        taken = job()
        total += taken
        if taken < deadlines.BATCH or time.monotonic() > end:
            break
    return total
