"""Children of the launcher: how they are started, watched, waited for and stopped."""

import contextlib
import ctypes
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
GRACE = 5.0
PR_SET_PDEATHSIG = 1


class LaunchError(Exception):
    """The launcher cannot go on; the message is for the person at the terminal."""


class StopAsked(BaseException):
    """Ctrl-C, a kill or a closed terminal."""

    def __init__(self, number: int) -> None:
        self.number = number


@dataclass(frozen=True)
class Child:
    """A running process, how it is ended politely, and the file it writes to."""

    name: str
    popen: subprocess.Popen[bytes]
    log: Path | None
    stop_signal: signal.Signals
    grace: float


def say(line: str) -> None:
    """Print a line; a terminal that is gone is no reason to stop cleaning up."""
    try:
        print(line, flush=True)
    except OSError:
        sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115 (lives until the process ends)


def listen_for_stop() -> None:
    """Turn the stop signals into StopAsked, also where a shell's `&` had them ignored."""

    def ask(number: int, frame: FrameType | None) -> None:
        ignore_stop()
        raise StopAsked(number)

    for number in STOP_SIGNALS:
        signal.signal(number, ask)


def ignore_stop() -> None:
    """From here on everything ends anyway, and a second Ctrl-C must not interrupt that."""
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def start(
    name: str,
    command: Sequence[str | Path],
    *,
    environment: Mapping[str, str] | None = None,
    log: Path | None = None,
    folder: Path | None = None,
    stop_signal: signal.Signals = signal.SIGTERM,
    grace: float = GRACE,
) -> Child:
    """Start `command` in a session of its own, so that Ctrl-C reaches the launcher alone.

    Its output goes to `log` (emptied first), or to the launcher's own when there is none. After
    `stop_signal` it has `grace` seconds before it is killed.
    """
    with contextlib.ExitStack() as files:
        output = files.enter_context(log.open("wb")) if log else None
        popen = subprocess.Popen(
            [str(word) for word in command],
            cwd=folder,
            env=None if environment is None else dict(environment),
            stdin=subprocess.DEVNULL if log else None,
            stdout=output,
            stderr=subprocess.STDOUT if log else None,
            start_new_session=True,
            preexec_fn=_ends_with_its_parent(stop_signal),
        )
    return Child(name, popen, log, stop_signal, grace)


def _ends_with_its_parent(number: signal.Signals) -> Callable[[], None] | None:
    """What a new child does so that even `kill -9` of the launcher ends it (Linux only)."""
    if sys.platform != "linux":
        return None
    libc, launcher = ctypes.CDLL(None), os.getpid()

    def prepare() -> None:
        libc.prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0)
        if os.getppid() != launcher:
            os._exit(1)

    return prepare


def ticks(doing: str, seconds: float = float("inf")) -> Iterator[None]:
    """Yield every 50 ms for `seconds`; after 2 s, and then every 5, say what takes so long."""
    began = time.monotonic()
    next_word = 2.0
    while (taken := time.monotonic() - began) < seconds:
        if taken >= next_word:
            say(f"  {doing}: {taken:.0f} s so far")
            next_word += 5.0
        yield
        time.sleep(0.05)


def finish(child: Child, doing: str) -> int:
    """Wait for a child that ends by itself and return its exit status."""
    for _ in ticks(doing):
        if child.popen.poll() is not None:
            break
    return child.popen.returncode


def must_finish(child: Child, doing: str) -> None:
    """Wait for a child that ends by itself; LaunchError when it fails."""
    if finish(child, doing) != 0:
        raise LaunchError(f"{doing} failed.\n{last_lines(child)}")


def wait_until(
    ready: Callable[[], bool], what: str, children: Sequence[Child], seconds: float = 60.0
) -> None:
    """Wait until `ready()`; LaunchError when one of the children ends first or the time is up."""
    for _ in ticks(f"Waiting for {what}", seconds):
        for child in children:
            if child.popen.poll() is not None:
                raise LaunchError(f"{child.name} ended while it was starting.\n{last_lines(child)}")
        if ready():
            return
    logs = "\n".join(last_lines(child) for child in children)
    raise LaunchError(f"{what} was not ready after {seconds:.0f} s.\n{logs}")


def watch(children: Sequence[Child]) -> Child:
    """Sleep until one of the children has ended by itself, and return it."""
    while True:
        for child in children:
            if child.popen.poll() is not None:
                return child
        time.sleep(0.2)


def until_one_ends(children: Sequence[Child]) -> int:
    """Wait until one of the children ends by itself, say so, and return 1."""
    child = watch(children)
    ignore_stop()
    say(f"{child.name} ended by itself, status {child.popen.returncode}.\n{last_lines(child)}")
    return 1


def stop(children: Sequence[Child]) -> None:
    """End all of these children together, politely first, and with all that they started."""
    for child in children:
        if child.popen.poll() is None:
            child.popen.send_signal(child.stop_signal)
    asked_at = time.monotonic()
    for child in children:
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.popen.wait(max(0.0, asked_at + child.grace - time.monotonic()))
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.popen.pid, signal.SIGKILL)
        child.popen.wait()


def last_lines(child: Child, count: int = 12) -> str:
    """The end of a child's log, with the log's name; nothing when it has none."""
    if child.log is None or not child.log.exists():
        return ""
    lines = child.log.read_text(errors="replace").splitlines()[-count:]
    return "\n".join([f"The end of {child.log}:", *(f"  {line}" for line in lines)])


@contextlib.contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Make the folder and hold its lock; LaunchError while another launcher holds it."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise LaunchError(f"Another launcher is already running on {folder}.") from None
        yield
