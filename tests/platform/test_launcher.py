"""The launcher with real services: what it starts, refuses, survives and takes down with it."""

import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psycopg
import pytest
import redis

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "reviewqueue.launcher"]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@dataclass
class Running:
    """A launcher in the foreground of somebody else, and what it said so far."""

    popen: subprocess.Popen[str]
    addresses: dict[str, str]

    def stop(self, number: int = signal.SIGINT) -> int:
        self.popen.send_signal(number)
        return self.popen.wait(20)


def environment(**more: str) -> dict[str, str]:
    inherited = {k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "REDIS_URL"}}
    return inherited | more


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One data folder for many starts: making a new cluster each time takes a second."""
    return tmp_path_factory.mktemp("services")


@pytest.fixture
def serve() -> Iterator[Callable[..., Running]]:
    started: list[subprocess.Popen[str]] = []

    def serve(data: Path, stderr: IO[str] | None = None, **more: str) -> Running:
        popen = subprocess.Popen(
            [*COMMAND, "services", "--throwaway", "--data", data],
            cwd=ROOT,
            env=environment(**more),
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )
        started.append(popen)
        assert popen.stdout
        addresses = {}
        said = []
        while not addresses.get("REDIS_URL") and (line := popen.stdout.readline()):
            said.append(line)
            name, _, value = line.strip().partition("=")
            addresses[name] = value
        assert "REDIS_URL" in addresses, "".join(said)
        return Running(popen, addresses)

    yield serve
    for popen in started:
        with suppress(ProcessLookupError):
            popen.terminate()
        popen.wait(20)
        assert popen.stdout
        popen.stdout.close()


def database(running: Running) -> psycopg.Connection:
    return psycopg.connect(running.addresses["DATABASE_URL"], autocommit=True)


def descendants(number: int) -> list[int]:
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            parents[int(folder.name)] = int(fields[1])
    found, wanted = [], {number}
    while wanted := {child for child, parent in parents.items() if parent in wanted}:
        found += wanted
    return found


def hold(numbers: list[int]) -> list[int]:
    """Handles on running processes, by which their end can be awaited without asking twice."""
    return [os.pidfd_open(number) for number in numbers]


def all_end(handles: list[int], seconds: float = 15) -> bool:
    deadline = time.monotonic() + seconds
    ended = [
        bool(select.select([handle], [], [], max(0, deadline - time.monotonic()))[0])
        for handle in handles
    ]
    for handle in handles:
        os.close(handle)
    return all(ended)


def test_both_services_answer_and_a_stop_leaves_nothing_behind(data, serve):
    running = serve(data)
    with database(running) as connection:
        assert connection.execute("SHOW server_encoding").fetchone() == ("UTF8",)
    assert redis.Redis.from_url(running.addresses["REDIS_URL"]).ping()
    children = descendants(running.popen.pid)
    assert len(children) >= 3
    handles = hold(children)

    assert running.stop() == 0
    assert all_end(handles, seconds=0)


def test_data_outlives_a_stop(data, serve):
    first = serve(data)
    with database(first) as connection:
        connection.execute("DROP TABLE IF EXISTS kept")
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    first.stop(signal.SIGTERM)

    with database(serve(data)) as connection:
        assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)


def test_a_redis_of_ours_asks_for_its_password(data, serve):
    _, _, place = serve(data).addresses["REDIS_URL"].rpartition("@")
    with pytest.raises(redis.AuthenticationError):
        redis.Redis.from_url(f"redis://{place}").ping()


def test_a_second_launcher_on_the_same_data_is_refused_and_disturbs_nobody(data, serve):
    running = serve(data)
    second = subprocess.run(
        [*COMMAND, "services", "--data", data],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert second.returncode == 1
    assert "already running" in second.stdout
    with database(running) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_pid_file_that_names_a_stranger_is_forgotten_and_the_stranger_lives(data, serve):
    serve(data).stop()
    stranger = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
    file = data / "postgres" / "postmaster.pid"
    file.write_text(f"{stranger.pid}\n{data / 'postgres'}\n1700000000\n5432\n/nowhere\n\n\n")

    with database(serve(data)) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert stranger.poll() is None
    stranger.communicate()


def test_a_killed_launcher_takes_its_children_along_and_can_start_again_at_once(data, serve):
    running = serve(data)
    handles = hold(descendants(running.popen.pid))
    running.popen.kill()
    again = serve(data)

    assert all_end(handles)
    with database(again) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


@pytest.mark.parametrize("service", ["postgres", "valkey"])
def test_a_service_that_dies_ends_the_other_with_status_1(data, serve, service):
    running = serve(data)
    children = descendants(running.popen.pid)
    victim = next(
        number for number in children if service in Path(f"/proc/{number}/cmdline").read_text()
    )
    handles = hold(children)
    os.kill(victim, signal.SIGKILL)

    assert running.popen.wait(20) == 1
    assert all_end(handles)


def test_a_terminal_that_is_gone_does_not_stop_the_clean_up(data, tmp_path, serve):
    with (tmp_path / "stderr").open("w+") as stderr:
        running = serve(data, stderr=stderr)
        children = descendants(running.popen.pid)
        handles = hold(children)
        assert running.popen.stdout
        running.popen.stdout.close()
        os.kill(children[0], signal.SIGKILL)

        assert running.popen.wait(20) == 1
        assert all_end(handles)
        stderr.seek(0)
        assert stderr.read() == ""


def test_an_interrupt_that_was_ignored_by_the_shell_is_heard(data):
    ignored = subprocess.Popen(
        ["sh", "-c", f'trap "" INT; exec "$@" --data "{data}"', "sh", *COMMAND, "services"],
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert ignored.stdout
    while not ignored.stdout.readline().startswith("REDIS_URL"):
        assert ignored.poll() is None
    ignored.send_signal(signal.SIGINT)
    assert ignored.wait(20) == 0
    ignored.stdout.close()


def test_a_folder_too_deep_for_a_socket_path_still_works_and_nothing_stays_in_tmp(tmp_path, serve):
    running = serve(tmp_path / ("deep" * 25))
    with database(running) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
        sockets = connection.info.host
    running.stop()
    assert not Path(sockets).parent.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become somebody else")
def test_root_without_user_namespaces_becomes_nobody(tmp_path, serve):
    stub = tmp_path / "unshare"
    stub.write_text("#!/bin/sh\nexit 1\n")
    stub.chmod(0o755)
    with tempfile.TemporaryDirectory(prefix="review-queue-") as folder:
        Path(folder).chmod(0o711)
        running = serve(Path(folder) / "data", PATH=f"{tmp_path}:{os.environ['PATH']}")
        handles = hold(descendants(running.popen.pid))
        assert (Path(folder) / "data" / "postgres").stat().st_uid != 0
        with database(running) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        running.popen.kill()
        assert all_end(handles)


def test_run_gives_a_command_both_addresses_and_returns_its_status():
    script = (
        "import os, psycopg, redis\n"
        "psycopg.connect(os.environ['DATABASE_URL']).close()\n"
        "redis.Redis.from_url(os.environ['REDIS_URL']).ping()\n"
        "raise SystemExit(7)\n"
    )
    command = [*COMMAND, "run", "--throwaway", "--", sys.executable, "-c", script]
    assert subprocess.run(command, cwd=ROOT, env=environment(), check=False).returncode == 7


def test_addresses_in_the_environment_win():
    given = {"DATABASE_URL": "postgresql:///theirs", "REDIS_URL": "redis://theirs"}
    command = [*COMMAND, "run", "--throwaway", "--", "env"]
    done = subprocess.run(
        command, cwd=ROOT, env=environment(**given), capture_output=True, text=True, check=True
    )
    lines = done.stdout.splitlines()
    assert {f"{name}={value}" for name, value in given.items()} <= set(lines)
    assert not any(line.startswith("Starting") for line in lines)
