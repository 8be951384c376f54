"""The launcher's command line: `python -m reviewqueue.launcher demo|services|run`."""

import argparse
import contextlib
import os
import signal
import sys
import tempfile
from pathlib import Path

from reviewqueue.launcher import demo, processes, services
from reviewqueue.launcher.processes import LaunchError, StopAsked, say


def main(words: list[str]) -> int:
    """Do what was asked and return the exit status: 0 when a person stopped a server."""
    asked = arguments().parse_args(words)
    processes.listen_for_stop()
    try:
        return int(asked.do(asked))
    except LaunchError as reason:
        say(str(reason))
        return 1
    except StopAsked as stopped:
        return 128 + stopped.number if asked.do is around else 0


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m reviewqueue.launcher", description=__doc__)
    parts = parser.add_subparsers(required=True, metavar="demo|services|run")
    add = parts.add_parser("demo", help="everything, with an organisation to look at")
    add.set_defaults(do=lambda asked: demo.run(asked.data, asked.port))
    add.add_argument("--data", type=Path, default=Path(".data"), help="where the data lives")
    add.add_argument("--port", type=int, default=8000)
    add = parts.add_parser("services", help="PostgreSQL and Redis in the foreground")
    add.set_defaults(do=serve)
    add.add_argument("--data", type=Path, default=Path(".data"), help="where the data lives")
    add.add_argument("--throwaway", action="store_true", help="fast data that may be lost")
    add = parts.add_parser("run", help="start both services, run a command, stop them again")
    add.set_defaults(do=around)
    add.add_argument("--data", type=Path, help="where the data lives; else a temporary folder")
    add.add_argument("--throwaway", action="store_true", help="fast data that may be lost")
    add.add_argument("command", nargs="+", metavar="-- CMD")
    return parser


def serve(asked: argparse.Namespace) -> int:
    with services.running(asked.data, throwaway=asked.throwaway) as (children, addresses):
        for name, address in addresses.items():
            say(f"{name}={address}")
        return processes.until_one_ends(children)


def around(asked: argparse.Namespace) -> int:
    """Run a command with both services around it and return its exit status."""
    with contextlib.ExitStack() as stack:
        data = asked.data or Path(stack.enter_context(temporary_folder()))
        running = services.running(data, throwaway=asked.throwaway)
        children, addresses = stack.enter_context(running)
        command = processes.start(
            "The command",
            asked.command,
            environment=os.environ | addresses,
            stop_signal=signal.SIGINT,
        )
        stack.callback(processes.stop, [command])
        if processes.watch([command, *children]) is command:
            return status_of(command)
        return processes.until_one_ends(children)


def temporary_folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="review-queue-", ignore_cleanup_errors=True)


def status_of(command: processes.Child) -> int:
    """Its exit status, as a shell would say it of a command that died of a signal."""
    status = command.popen.returncode
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
