"""One turn of every periodic job, for the Celery tick and for `manage.py sweep` alike."""

from collections.abc import Callable

from approvals import deadlines, downgrading, leaving, measuring
from approvals.models import Sweep
from ledger import clock

JOBS: dict[str, Callable[[], int]] = {
    "steps": deadlines.sweep_steps,
    "ends": deadlines.sweep_ends,
    "leases": deadlines.sweep_leases,
    "follow_ups": deadlines.sweep_follow_ups,
    "windows": measuring.sweep_windows,
    "downgrades": downgrading.sweep_late,
    "left": leaving.sweep_left,
}
MOST_TURNS = 500


def turn() -> dict[str, int]:
    """Runs each job until nothing is due; how many rows each took. Safe to run twice at once."""
    done = {}
    for name, job in JOBS.items():
        done[name] = _until_empty(job)
        Sweep.objects.update_or_create(job=name, defaults={"finished_at": clock.now()})
    return done


def _until_empty(job: Callable[[], int]) -> int:
    total = 0
    for _ in range(MOST_TURNS):
        taken = job()
        total += taken
        if taken < deadlines.BATCH:
            break
    return total
