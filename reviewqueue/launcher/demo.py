"""The whole of Review Queue on this machine, with an organisation to look at."""

import http.client
import json
import os
import socket
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from reviewqueue.launcher import processes, services
from reviewqueue.launcher.processes import Child, LaunchError, must_finish, say, start, wait_until

ROOT = Path(__file__).resolve().parents[2]
HOST = "127.0.0.1"
READY = "/api/v1/health/ready"
CELERY = ["-m", "celery", "-A", "reviewqueue"]


def run(data: Path, port: int) -> int:
    """Serve the demo until a person stops it, or until one of its processes ends (status 1)."""
    began, data = time.monotonic(), data.resolve()
    url = f"http://{HOST}:{port}"
    refuse_taken(port)
    with services.running(data, throwaway=False) as (children, addresses):
        environment = os.environ | addresses | {"DEMO": "1", "PUBLIC_URL": url}
        prepare(data, url, environment)
        crew: list[Child] = []
        try:
            start_crew(crew, data, port, environment)
            wait_until(lambda: is_ready(port), "Review Queue", crew)
            announce(data, url, time.monotonic() - began)
            return processes.until_one_ends([*crew, *children])
        finally:
            say("Stopping")
            processes.stop(crew)


def refuse_taken(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            advice = f"Choose another: make demo PORT={port + 1}"
            raise LaunchError(f"Port {port} cannot be used: {error.strerror}. {advice}") from None


def prepare(data: Path, url: str, environment: Mapping[str, str]) -> None:
    """Migrate, load the demo organisation where it is missing, and complete demo.json."""
    settings = data / "demo.json"
    settings.touch(mode=0o600)
    manage("Migrating the database", data, environment, "migrate", "--no-input", "--verbosity=0")
    manage(
        "Loading the demo organisation",
        data,
        environment,
        *["load_demo", "--url", url, "--json-out", str(settings)],
    )
    found = json.loads(settings.read_text())
    addresses = {name.lower(): environment[name] for name in ("DATABASE_URL", "REDIS_URL")}
    settings.write_text(json.dumps({**found, "url": url, **addresses}, indent=2) + "\n")


def manage(doing: str, data: Path, environment: Mapping[str, str], *words: str) -> None:
    say(doing)
    command = [sys.executable, "manage.py", *words]
    log = data / "logs" / f"{words[0]}.log"
    must_finish(start(doing, command, environment=environment, folder=ROOT, log=log), doing)


def start_crew(crew: list[Child], data: Path, port: int, environment: Mapping[str, str]) -> None:
    """Start web, worker, beat and the demo agent; each is in `crew` as soon as it runs."""
    say("Starting web, worker, beat and the demo agent")
    for name, words in crew_commands(data, port).items():
        child = start(
            name,
            [sys.executable, *words],
            environment={**environment, "PYTHONUNBUFFERED": "1"},
            folder=ROOT,
            log=data / "logs" / f"{name}.log",
        )
        crew.append(child)


def crew_commands(data: Path, port: int) -> dict[str, list[str]]:
    serve = ["-m", "uvicorn", "reviewqueue.asgi:application", "--workers", "1", "--host", HOST]
    schedule = ["--pidfile=", "--schedule", str(data / "celerybeat-schedule")]
    return {
        "web": [*serve, "--port", str(port), "--no-access-log", "--timeout-graceful-shutdown", "2"],
        "worker": [*CELERY, "worker", "--concurrency", "2"],
        "beat": [*CELERY, "beat", *schedule],
        "agent": ["examples/demo_agent.py", "--settings", str(data / "demo.json")],
    }


def is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", READY)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def announce(data: Path, url: str, seconds: float) -> None:
    """Say where it is, who may sign in, and how it ends."""
    say(f"Review Queue is ready at {url}")
    for user in json.loads((data / "demo.json").read_text())["users"]:
        say(f"  {user['username']:<8} {user['password']:<12} {user['role']}")
    say(f"Started in {seconds:.1f} s. Logs are in {data / 'logs'}. Ctrl-C stops it.")
