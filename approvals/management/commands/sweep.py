"""`manage.py sweep`: one turn of every periodic job, for cron where nobody wants Celery beat."""

from typing import Any

from django.core.management.base import BaseCommand

from approvals import trials
from approvals.sweep import turn


class Command(BaseCommand):
    help = "One turn of every periodic job, and the trial of a policy that waits longest."

    def handle(self, *args: Any, **options: Any) -> None:
        for job, taken in turn().items():
            self.stdout.write(f"{job}: {taken}")
        tried = trials.run_next(seconds=trials.GIVEN_UP.total_seconds())
        self.stdout.write(f"trials: {int(tried)}")
