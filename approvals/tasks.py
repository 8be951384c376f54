"""The Celery tick. It carries no data: losing one costs delay, never work."""

from celery import shared_task

from approvals.sweep import turn


@shared_task  # type: ignore[untyped-decorator]  # celery ships no types
def sweep() -> None:
    turn()
