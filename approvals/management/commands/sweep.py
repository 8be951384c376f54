"""`manage.py sweep`: one turn of every periodic job, for cron where nobody wants Celery beat."""

from typing import Any

from django.core.management.base import BaseCommand

from approvals.sweep import turn


class Command(BaseCommand):
    help = "One turn of every periodic job."

    def handle(self, *args: Any, **options: Any) -> None:
        for job, taken in turn().items():
            self.stdout.write(f"{job}: {taken}")
