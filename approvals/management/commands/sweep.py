"""`manage.py sweep`: one turn of every periodic job, for cron where nobody wants Celery beat."""

from typing import Any

from django.core.management.base import BaseCommand

from approvals import trials
from approvals.delivery import call_sending, outgoing, turns
from approvals.sweep import turn

A_MINUTE = 60.0


class Command(BaseCommand):
    help = "One turn of every periodic job, of sending, and of the trial that waits longest."

    def handle(self, *args: Any, **options: Any) -> None:
        for job, taken in turn().items():
            self.stdout.write(f"{job}: {taken}")
        sent = turns.send_due(outgoing.NOTICES, call_sending.CALLS, seconds=A_MINUTE)
        self.stdout.write(f"messages: {sent}")
        tried = trials.run_next(seconds=trials.GIVEN_UP.total_seconds())
        self.stdout.write(f"trials: {int(tried)}")
