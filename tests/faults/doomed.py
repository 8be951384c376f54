"""A Celery worker to which something happens: `python -m tests.faults.doomed FATE worker …`.

FATE is a point of a sweep at which it is killed, or by how many hours its own clock is wrong.
"""

import os
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import django
import time_machine

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "reviewqueue.settings")
django.setup()

from approvals import compare_and_set, deadlines, sweep  # noqa: E402
from ledger import record  # noqa: E402
from reviewqueue.celery import app  # noqa: E402

POINTS = {
    "after_the_claim": (deadlines, "_claimed"),
    "after_planning": (deadlines, "_apart"),
    "after_the_update": (compare_and_set, "write_all"),
    "after_the_events": (record, "_add"),
    "after_the_commit": (sweep.JOBS, "steps"),
}
"""What has just been done, with at least one action; all but the last are before the commit."""


def die_after(place: Any, name: str) -> None:
    if isinstance(place, dict):
        place[name] = deadly(place[name])
    else:
        setattr(place, name, deadly(getattr(place, name)))


def deadly(done: Callable[..., Any]) -> Callable[..., Any]:
    def last(*args: Any, **options: Any) -> Any:
        answer = done(*args, **options)
        if answer:
            os.killpg(os.getpgrp(), signal.SIGKILL)
        return answer

    return last


if __name__ == "__main__":
    fate, *words = sys.argv[1:]
    if fate in POINTS:
        die_after(*POINTS[fate])
    else:
        wrong = datetime.now(UTC) + timedelta(hours=int(fate))
        time_machine.travel(wrong, tick=True).start()
    app.worker_main(words)
