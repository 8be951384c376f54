"""`manage.py issue_token`: makes a token for an agent and prints it, and nothing else."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from agents_registry import tokens
from agents_registry.management import finding
from agents_registry.models import WORKING_SCOPES, Scope


class Command(BaseCommand):
    help = "Makes a token for an agent and prints it. It is stored nowhere and shown this once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        working = ",".join(WORKING_SCOPES)
        parser.add_argument("agent", help="its slug")
        parser.add_argument("--team", help="its team, where several teams have such an agent")
        parser.add_argument("--scopes", default=working, help=f"separated by commas: {working}")
        parser.add_argument("--test", action="store_true", help="what it stages is never done")
        parser.add_argument("--days", type=int, default=tokens.DEFAULT_DAYS, help="until it ends")

    def handle(self, *args: Any, **options: Any) -> None:
        token = tokens.issue(
            agent=finding.agent(options["agent"], options["team"]),
            actor="system:issue_token",
            scopes=_scopes(options["scopes"]),
            days=_days(options["days"]),
            test=options["test"],
        )
        self.stdout.write(token)


def _scopes(text: str) -> list[str]:
    scopes = [name.strip() for name in text.split(",") if name.strip()]
    unknown = [name for name in scopes if name not in Scope.values]
    if unknown or not scopes:
        raise CommandError(f"The scopes are {', '.join(Scope.values)}; not {text!r}.")
    return scopes


def _days(days: int) -> int:
    if not 1 <= days <= 3650:
        raise CommandError("A token lives 1 to 3650 days.")
    return days
