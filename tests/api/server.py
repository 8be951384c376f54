"""The real server on a free port, over the test's database."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urlencode

import httpx
from django.conf import settings
from django.db import connection


@contextmanager
def running(log: Path) -> Iterator[str]:
    """Starts uvicorn with the ASGI entry; its address once it answers, gone afterwards."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "uvicorn", "reviewqueue.asgi:application", "--no-access-log"]
    command += ["--port", str(port), "--timeout-graceful-shutdown", "1"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=settings.BASE_DIR,
            env=os.environ | {"DATABASE_URL": database_url(), "PUBLIC_URL": url},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait_until_it_answers(url, process, log)
        yield url
    finally:
        process.terminate()
        process.wait()


def database_url() -> str:
    """The address of the database that this test run made for itself."""
    given = connection.settings_dict
    who = quote(str(given["USER"]), safe="")
    if given["PASSWORD"]:
        who += ":" + quote(str(given["PASSWORD"]), safe="")
    place = {name.lower(): given[name] for name in ("HOST", "PORT") if given[name]}
    return f"postgresql://{who}@/{given['NAME']}?{urlencode(place)}"


def _wait_until_it_answers(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    patient = httpx.HTTPTransport(retries=10)
    with httpx.Client(transport=patient, timeout=60) as client:
        while process.poll() is None:
            try:
                client.get(f"{url}/api/v1/health/live").raise_for_status()
            except httpx.ConnectError:
                continue
            return
    raise AssertionError(log.read_text())
