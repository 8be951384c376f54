"""`manage.py replay`: stages recorded actions through the REST API of a running server."""

import logging
import time
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils.text import slugify
from rich.console import Console
from rich.progress import track
from rich.table import Table

from agents_registry import tokens
from agents_registry.management import finding
from agents_registry.models import Scope
from agents_registry.policy.findings import Tier
from approvals import recorded

MOST_IN_A_BATCH = 50
TRIES = 6
OUTCOMES = [tier.value for tier in Tier]
REFUSED = "refused"


class Command(BaseCommand):
    help = "Stages a JSONL of recorded actions; docs/recorded-actions.md describes the format."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--agent", required=True, help="the slug of the agent that stages them")
        parser.add_argument("--team", help="its team, where several teams have such an agent")
        parser.add_argument("--workflow", help="stage all of them here, whatever the lines say")
        parser.add_argument(
            "--rate", type=int, help="actions a second; without it as fast as it goes"
        )
        parser.add_argument("--url", default=settings.PUBLIC_URL, help="the server's address")
        parser.add_argument("--token", help="the agent's; one for a day is issued if absent")

    def handle(self, *args: Any, **options: Any) -> None:
        logging.getLogger("httpx").setLevel(logging.WARNING)
        lines = _read(options["file"])
        token = options["token"] or tokens.issue(
            agent=finding.agent(options["agent"], options["team"]),
            actor="system:replay",
            scopes=[Scope.STAGE],
            days=1,
        )
        with httpx.Client(
            base_url=f"{options['url'].rstrip('/')}/api/v1",
            headers={"Authorization": f"Bearer {token}"},
            timeout=60,
        ) as client:
            results = list(_replayed(client, lines, options["workflow"], options["rate"]))
        self._tell(lines, results)

    def _tell(self, lines: list[dict[str, Any]], results: list[dict[str, Any]]) -> None:
        width = None if self.stdout.isatty() else 120
        console = Console(file=self.stdout, width=width, highlight=False)  # type: ignore[arg-type]
        console.print(table(lines, results))
        problems = [result["problem"] for result in results if "problem" in result]
        counted = Counter((problem["code"], problem["detail"]) for problem in problems)
        for (code, detail), count in counted.most_common(10):
            console.print(f"{count} × {code}: {detail}", markup=False)
        console.print(f"{len(results) - len(problems)} of {len(lines)} staged.")
        if problems:
            raise CommandError(f"{len(problems)} were refused.")


def table(lines: list[dict[str, Any]], results: list[dict[str, Any]]) -> Table:
    """How many actions of each effect came into which tier."""
    counts = Counter(
        (recorded.effect(line), _outcome(result))
        for line, result in zip(lines, results, strict=True)
    )
    columns = [name for name in [*OUTCOMES, REFUSED] if any(out == name for _, out in counts)]
    shown = Table("Effect", *(name.replace("_", " ") for name in columns), "all")
    for effect in sorted({effect for effect, _ in counts}):
        numbers = [counts[effect, column] for column in columns]
        shown.add_row(effect, *map(str, numbers), str(sum(numbers)))
    return shown


def _outcome(result: dict[str, Any]) -> str:
    return str(result["action"]["tier"]) if "action" in result else REFUSED


def _read(path: Path) -> list[dict[str, Any]]:
    try:
        with path.open(encoding="utf-8") as file:
            return list(recorded.lines(file))
    except (OSError, ValueError) as error:
        raise CommandError(f"{path}: {error}") from error


def _replayed(
    client: httpx.Client, lines: list[dict[str, Any]], workflow: str | None, rate: int | None
) -> Iterator[dict[str, Any]]:
    """The result of each line, in order, with a bar while they are sent."""
    items = (
        recorded.submission(line, workflow or slugify(line["workflow"]))
        for line in track(lines, "Staging", console=Console(stderr=True))
    )
    begun, sent = time.monotonic(), 0
    while batch := list(islice(items, min(rate or MOST_IN_A_BATCH, MOST_IN_A_BATCH))):
        yield from _sent(client, batch)
        sent += len(batch)
        if rate:
            time.sleep(max(0.0, begun + sent / rate - time.monotonic()))


def _sent(client: httpx.Client, batch: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The batch's results; sent again with the same keys where no answer came or it must wait."""
    for attempt in range(TRIES):
        try:
            answer = client.post("/actions/batch", json={"actions": batch})
        except httpx.TransportError as error:
            reason, pause = str(error), 2.0**attempt
        else:
            if answer.status_code == httpx.codes.MULTI_STATUS:
                results: list[dict[str, Any]] = answer.json()["results"]
                return results
            reason = f"it answered {answer.status_code}: {answer.text}"
            if answer.status_code < 500 and answer.status_code != httpx.codes.TOO_MANY_REQUESTS:
                break
            pause = float(answer.headers.get("Retry-After", 2**attempt))
        time.sleep(pause)
    raise CommandError(f"{client.base_url} took nothing: {reason}")
