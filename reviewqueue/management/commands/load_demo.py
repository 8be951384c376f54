"""`manage.py load_demo`: the demo organisation, where it is missing."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from reviewqueue.demo import load


class Command(BaseCommand):
    help = "Loads two teams, their agents, a month of history and work that waits."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--url", default=settings.PUBLIC_URL, help="where it is served")
        parser.add_argument(
            "--json-out", type=Path, default=Path(".data/demo.json"), help="people and tokens"
        )

        parser.add_argument(
            "--times", type=int, default=3, help="how much history; 3 is about 220 past actions"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not (settings.DEMO or settings.DEBUG):
            raise CommandError("All people of the demo share one password. Set DEMO=1 to load it.")
        load.load(url=options["url"], json_out=options["json_out"], times=options["times"])
