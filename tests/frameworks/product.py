"""Starts the product out of `.venv`, on data of its own, and says where it is."""

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".venv" / "bin" / "python"
PATIENCE = 120
SERVE = """
$PYTHON manage.py migrate --no-input --verbosity=0
$PYTHON -m tests.frameworks.organisation > $FOLDER/organisation.json
exec $PYTHON -m uvicorn reviewqueue.asgi:application --port $PORT --no-access-log
"""


@dataclass(frozen=True)
class Product:
    """A running server, its agent, and the person who decides."""

    url: str
    token: str
    agent: str
    workflow: str
    username: str
    password: str

    @property
    def api(self) -> str:
        return f"{self.url}/api/v1"


@contextmanager
def running(folder: Path) -> Iterator[Product]:
    """The product for the length of a `with`; whatever it writes is in `folder`."""
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    own = {"PYTHON": str(PYTHON), "FOLDER": str(folder), "PORT": str(port), "PUBLIC_URL": url}
    launch = [PYTHON, "-m", "reviewqueue.launcher", "run", "--throwaway", "--data", folder / "data"]
    with (folder / "log").open("w") as log:
        launcher = subprocess.Popen(
            [*map(str, launch), "--", "sh", "-ec", SERVE],
            cwd=ROOT,
            env=_environment(own),
            stdout=log,
            stderr=log,
        )
        try:
            _until_it_answers(url, launcher, folder / "log")
            yield Product(url, **json.loads((folder / "organisation.json").read_text()))
        finally:
            launcher.send_signal(signal.SIGINT)
            launcher.wait(60)


def _environment(own: dict[str, str]) -> dict[str, str]:
    """This one's, but for what would lead the product to other services or another mode."""
    others = {"DATABASE_URL", "REDIS_URL", "DEBUG", "DEMO", "PYTHONPATH"}
    kept = {name: value for name, value in os.environ.items() if name not in others}
    return {**kept, "SECRET_KEY": "only-for-tests", **own}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _until_it_answers(url: str, launcher: "subprocess.Popen[bytes]", log: Path) -> None:
    end = time.monotonic() + PATIENCE
    while launcher.poll() is None and time.monotonic() < end:
        try:
            httpx.get(f"{url}/api/v1/health/live", timeout=60).raise_for_status()
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"The product did not start:\n{log.read_text()}")
