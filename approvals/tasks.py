"""The Celery ticks. They carry no data: losing one costs delay, never work."""

from celery import shared_task

from approvals import trials
from approvals.sweep import turn


@shared_task  # type: ignore[untyped-decorator]  # celery ships no types
def sweep() -> None:
    turn()


@shared_task  # type: ignore[untyped-decorator]  # celery ships no types
def try_policies() -> None:
    """A short turn, so that the sweep gets its own; the next tick goes on."""
    trials.run_next()
