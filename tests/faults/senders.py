"""Senders as processes of their own, over a test's database, for tests that kill them."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import connection

SENDER = """
import time
import django
django.setup()
from approvals.delivery import call_results, call_sending, hooks, outgoing, results, turns
{trap}
while True:
    turns.send_due(outgoing.NOTICES, call_sending.CALLS)
    time.sleep(0.05)
"""

Process = subprocess.Popen[str]


class Senders:
    """Starts them, with a trap that is set in each: a line of Python."""

    def __init__(self) -> None:
        self.started: list[Process] = []

    def start(self, trap: str) -> Process:
        process = subprocess.Popen(
            [sys.executable, "-c", SENDER.format(trap=trap)],
            env=_environment(),
            cwd=settings.BASE_DIR,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.started.append(process)
        return process


@contextmanager
def senders() -> Iterator[Senders]:
    found = Senders()
    try:
        yield found
    finally:
        for process in found.started:
            process.kill()
            process.wait(10)


def kill_when_it_says(process: Process, word: str) -> None:
    assert process.stdout is not None
    assert process.stdout.readline().strip() == word
    process.send_signal(signal.SIGKILL)
    process.wait(10)


def _environment() -> dict[str, str]:
    """That of this test: its database, and its mail server as it is now."""
    database = connection.settings_dict
    options = f"host={database['HOST']}&port={database['PORT'] or 5432}"
    address = f"postgresql://{database['USER']}:{database['PASSWORD']}@/{database['NAME']}"
    return {
        **os.environ,
        "ALLOW_PRIVATE_ADDRESSES": "1",
        "DATABASE_URL": f"{address}?{options}",
        "DJANGO_SETTINGS_MODULE": "reviewqueue.settings",
        "EMAIL_URL": f"smtp://127.0.0.1:{settings.EMAIL_PORT}",
    }
