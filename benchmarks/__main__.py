"""`make bench`: migrates an empty database, runs every measurement, prints one table."""

import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "reviewqueue.settings")
django.setup()

from django.core.management import call_command  # noqa: E402
from rich.console import Console  # noqa: E402
from rich.table import Table  # noqa: E402

from benchmarks import batches, hands, inbox, races, steps, trials, waiting  # noqa: E402

MEASUREMENTS = {
    "races": races.measure,
    "inbox": inbox.measure,
    "trials": trials.measure,
    "hands": hands.measure,
    "batches": batches.measure,
    "steps": steps.measure,
    "waiting": waiting.measure,
}


def main(names: list[str]) -> None:
    call_command("migrate", verbosity=0)
    table = Table("measurement", "figure", title="Review Queue, measured")
    console = Console()
    for name in names or list(MEASUREMENTS):
        with console.status(f"Measuring {name}"):
            for row in MEASUREMENTS[name]():
                table.add_row(*row)
    console.print(table)


main(sys.argv[1:])
