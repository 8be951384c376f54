"""The Celery ticks. They carry no data, and no expiry, which a worker would judge by a clock of
its own: losing one costs delay, never work, and one too many costs nothing."""

from celery import shared_task

from approvals import trials
from approvals.delivery import call_sending, outgoing, turns
from approvals.delivery.alone import alone
from approvals.sweep import tick


@shared_task  # type: ignore[untyped-decorator]  # celery ships no types
def sweep() -> None:
    tick()


@shared_task  # type: ignore[untyped-decorator]  # celery ships no types
def try_policies() -> None:
    """A short turn, so that the sweep gets its own; the next tick goes on."""
    trials.run_next()


@shared_task  # type: ignore[untyped-decorator]  # celery ships no types
def deliver() -> None:
    """One at a time: however slow a mail server is, it keeps one worker from the other ticks."""
    with alone("deliver") as free:
        if free:
            turns.send_due(outgoing.NOTICES, call_sending.CALLS)
