"""Loads the demo where it is missing: the organisation once, waiting work when none waits."""

from datetime import datetime
from pathlib import Path

from django.db import transaction

from ledger import clock
from reviewqueue.demo import handles, history, organisation, pending, people
from reviewqueue.demo.tale import begin


@transaction.atomic
def load(*, url: str, json_out: Path, times: int) -> None:
    """All of it or nothing; run again, it adds only what is missing. `times`: how much history."""
    now = clock.now()
    new = not organisation.is_there()
    if new:
        organisation.set_up(now)
        _tell_history(now, times)
        organisation.plan_a_holiday(now)
    people.let_in()
    if new or not pending.is_there():
        _put_pending(now)
    handles.write(json_out, url)


def _tell_history(now: datetime, times: int) -> None:
    tale = begin(now)
    history.plan(tale, times=times)
    tale.timeline.run(until=now)


def _put_pending(now: datetime) -> None:
    """What was left to the end of its chain first: the sweeps that tell of it find nothing else."""
    tale = begin(now)
    pending.plan(tale, left=True)
    tale.timeline.run(until=now)
    pending.plan(tale, left=False)
    pending.pause(tale)
    tale.timeline.run(until=now)
