"""`rq`: the review queue from a shell."""

import argparse
import importlib
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

from review_queue.errors import ReviewQueueError, StillPending
from review_queue.models import TAKEABLE, WAITING, Action, Decision
from review_queue.requests import FOREVER, LEASE_SECONDS, Details
from review_queue.synchronous import Client

DONE, REFUSED, WRONG, NOT_APPROVED, NOT_DECIDED = 0, 1, 2, 3, 4
EPILOG = """\
REVIEW_QUEUE_URL and REVIEW_QUEUE_TOKEN say where the queue is and who asks.
Exit status: 0 done or approved, 1 refused by the server, 2 wrong usage, 3 decided otherwise,
4 not decided yet."""


def run() -> None:
    """What the command `rq` calls."""
    try:
        status = main(sys.argv[1:])
    except KeyboardInterrupt:
        status = 130
    sys.exit(status)


def main(words: list[str]) -> int:
    """Does what was asked; the exit status."""
    asked = arguments().parse_args(words)
    try:
        return cast(Callable[[argparse.Namespace], int], asked.do)(asked)
    except StillPending as waiting:
        print(waiting, file=sys.stderr)
        return NOT_DECIDED
    except ReviewQueueError as refusal:
        print(refusal, file=sys.stderr)
        return REFUSED
    except TypeError as wrong:
        print(wrong, file=sys.stderr)
        return WRONG


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="rq",
        description="AI agents ask before they act.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, do: Callable[[argparse.Namespace], int], words: str) -> Any:
        added = commands.add_parser(name, help=words, description=words)
        added.set_defaults(do=do)
        return added

    _add_asking(command)
    _add_doing(command)
    _add_serving(command)
    return parser


def _add_asking(command: Callable[..., Any]) -> None:
    add = command("stage", stage, "ask to do something")
    add.add_argument("workflow")
    add.add_argument("action_type")
    add.add_argument("payload", type=_json, help="JSON, @FILE, or - for standard input")
    add.add_argument("--key", help="names the thing to be done: the same key is staged once")
    add.add_argument("--details", type=_json, default={}, help="what else a person is told")
    add.add_argument("--wait", action="store_true", help="until it is decided")
    _add_json(add)

    add = command("wait", wait, "wait until an action is decided")
    add.add_argument("action_id")
    add.add_argument("--timeout", type=float, default=FOREVER, metavar="SECONDS")
    _add_json(add)

    add = command("tail", tail, "follow what people decide, one line each")
    add.add_argument("--after", metavar="CURSOR", help="from there on, instead of the beginning")
    _add_json(add)


def _add_doing(command: Callable[..., Any]) -> None:
    add = command("take", take, "lease an approved action; prints the release")
    add.add_argument("action_id")
    add.add_argument("--seconds", type=int, default=LEASE_SECONDS)

    add = command("report", report, "say what came of what was taken")
    add.add_argument("action_id")
    add.add_argument("lease_id")
    add.add_argument("status", choices=["succeeded", "failed"])
    add.add_argument("--after", type=_json, help="the state of the target afterwards")
    add.add_argument("--error", help="why it failed")
    _add_json(add)


def _add_serving(command: Callable[..., Any]) -> None:
    add = command("mcp", mcp, "serve the queue to an MCP client, over stdio or HTTP")
    add.add_argument("--http", type=int, metavar="PORT", help="streamable HTTP on 127.0.0.1")

    add = command("mcp-proxy", mcp_proxy, "put the tools of an MCP server behind the queue")
    add.add_argument("--workflow", required=True, help="its action types are named like the tools")
    add.add_argument("command", nargs="+", metavar="-- COMMAND", help="starts that server")


def stage(asked: argparse.Namespace) -> int:
    with Client() as rq:
        details = cast(Details, asked.details)
        action = rq.stage(
            asked.workflow, asked.action_type, asked.payload, key=asked.key, **details
        )
        if asked.wait and (action.replayed or action.state == WAITING):
            action = rq.wait(action.id)
    _print(action, asked.json)
    return _status_of(action) if asked.wait else DONE


def wait(asked: argparse.Namespace) -> int:
    with Client() as rq:
        action = rq.wait(asked.action_id, timeout=asked.timeout)
    _print(action, asked.json)
    return _status_of(action)


def take(asked: argparse.Namespace) -> int:
    with Client() as rq:
        _print_json(rq.take(asked.action_id, lease_seconds=asked.seconds).raw)
    return DONE


def report(asked: argparse.Namespace) -> int:
    with Client() as rq:
        action = rq.report(
            asked.action_id, asked.lease_id, asked.status, after=asked.after, error=asked.error
        )
    _print(action, asked.json)
    return DONE


def tail(asked: argparse.Namespace) -> int:
    with Client() as rq:
        for decision in rq.follow(asked.after):
            if asked.json:
                _print_json(decision.raw)
            else:
                print(_line(decision), flush=True)
    return DONE


def mcp(asked: argparse.Namespace) -> int:
    _extra("mcp_server").serve(port=asked.http)
    return DONE


def mcp_proxy(asked: argparse.Namespace) -> int:
    _extra("mcp_proxy").serve(asked.command, workflow=asked.workflow)
    return DONE


def _extra(name: str) -> Any:
    """A module that needs the mcp SDK, which everything else here works without."""
    try:
        return importlib.import_module(f"review_queue.{name}")
    except ModuleNotFoundError as missing:
        raise TypeError(f'{missing}: pip install "review-queue-client[mcp]"') from missing


def _add_json(parser: Any) -> None:
    parser.add_argument("--json", action="store_true", help="the whole answer, as JSON")


def _json(text: str) -> Any:
    """What a word of the command line holds: JSON itself, or where it is."""
    if text == "-":
        text = sys.stdin.read()
    elif text.startswith("@"):
        text = Path(text[1:]).read_text()
    try:
        return json.loads(text)
    except ValueError as wrong:
        raise argparse.ArgumentTypeError(f"not JSON: {wrong}") from wrong


def _print(action: Action, as_json: bool) -> None:
    if as_json:
        _print_json(action.raw)
        return
    print(f"{action.id}  {action.state}  {action.tier}\n{action.sentence}")
    for why in action.because:
        print(f"  {why}")
    if action.decision:
        print(_line(action.decision))
    print(action.review_url)


def _print_json(answer: Mapping[str, Any]) -> None:
    print(json.dumps(answer, ensure_ascii=False), flush=True)


def _line(decision: Decision) -> str:
    at = decision.at.isoformat(timespec="seconds")
    said = [decision.reason and decision.reason.replace("_", " "), decision.comment]
    words = ": ".join([f"{decision.verdict} by {decision.by}", *filter(None, said)])
    return f"{at}  {decision.action_id}  {words}"


def _status_of(action: Action) -> int:
    return DONE if action.state == TAKEABLE else NOT_APPROVED
