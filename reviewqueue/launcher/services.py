"""The two services under everything: the ones the environment names, or ones of our own."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from reviewqueue.launcher import postgres, processes, redis
from reviewqueue.launcher.processes import Child, say


@contextlib.contextmanager
def running(data: Path, *, throwaway: bool) -> Iterator[tuple[list[Child], dict[str, str]]]:
    """Both services for the length of a `with`: what was started, and both addresses by name.

    While it lasts nobody else can start services on `data`. Throwaway data is written faster
    and does not survive the death of the machine.
    """
    data, children = data.resolve(), list[Child]()
    with processes.alone_in(data), postgres.socket_folder(data / "run") as sockets:
        try:
            yield children, start_missing(data, sockets, children, throwaway=throwaway)
        finally:
            processes.stop(children)


def start_missing(
    data: Path, sockets: Path, children: list[Child], *, throwaway: bool
) -> dict[str, str]:
    """Start what DATABASE_URL and REDIS_URL do not name and return both addresses.

    A child is in `children` as soon as it runs, so that whoever stops them misses none.
    """
    (data / "logs").mkdir(exist_ok=True, mode=0o700)
    addresses = {name: os.environ.get(name, "") for name in ("DATABASE_URL", "REDIS_URL")}
    if not addresses["DATABASE_URL"]:
        say(f"Starting PostgreSQL in {data / 'postgres'}")
        addresses["DATABASE_URL"] = postgres.run(data, sockets, children, throwaway=throwaway)
    if not addresses["REDIS_URL"]:
        say("Starting Redis")
        addresses["REDIS_URL"] = redis.run(data, children)
    return addresses
