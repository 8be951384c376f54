"""`manage.py document`: writes the pages that are made from the code."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from approvals import state_table

PAGES = {"docs/states.md": state_table.page}


class Command(BaseCommand):
    help = "Writes the pages of docs/ that are made from the code."

    def handle(self, *args: Any, **options: Any) -> None:
        for name, page in PAGES.items():
            Path(settings.BASE_DIR, name).write_text(page())
            self.stdout.write(name)
