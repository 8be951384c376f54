"""How soon a thousand waiting agents learn of a decision, against PostgreSQL's NOTIFY beside it,
and what each of them costs the server in memory."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from django.conf import settings

from approvals import review
from approvals.models import Action
from approvals.transitions import WAKE_CHANNEL
from benchmarks import waiters
from tests.api import server
from tests.factories import create_action, create_desk, create_token, reviewer_of, seen

WAITERS, DECIDED, APART = 1_000, 400, 0.02
"""Fewer are decided than wait: all of it is over before the first has waited for its minute."""

CALM = 2.0
"""Seconds for which the server has to do nothing before anybody decides."""

PAGE_KIB = os.sysconf("SC_PAGE_SIZE") // 1024
TICKS = os.sysconf("SC_CLK_TCK")


def measure() -> Iterator[tuple[str, str]]:
    agent, workflow, refund = create_desk()
    refund.settle_seconds = 0
    refund.save()
    token, actions = create_token(agent), [create_action(agent, refund) for _ in range(WAITERS)]
    os.environ["API_RATE_PER_MINUTE"] = "1000000"
    folder = tempfile.TemporaryDirectory()
    with folder as name, server.running(Path(name) / "server.log") as url:
        process = _child_that_serves()
        _ask_once(url, token, actions)
        before = _resident_kib(process)
        crew = _start_waiters(url, token, actions)
        _until_all_wait(process)
        after = _resident_kib(process)
        decided = _decide_all(actions[:DECIDED], reviewer_of(workflow))
        heard = json.loads(crew.communicate()[0])
    yield from _figures(decided, heard)
    each = (after - before) / WAITERS
    yield (
        f"memory of {WAITERS:,} waiters",
        f"{(after - before) / 1024:.1f} MiB, {each:.1f} KiB each",
    )


def _figures(decided: dict[str, float], heard: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Milliseconds from just before the commit, and from NOTIFY to the answer."""
    notified, answered = heard["notified"], heard["answered"]
    told = [key for key in decided if key in notified and key in answered]
    floor = [1000 * (notified[key] - decided[key]) for key in told]
    answers = [1000 * (answered[key] - decided[key]) for key in told]
    behind = [1000 * (answered[key] - notified[key]) for key in told]
    yield ("waiters that were answered by the decision", f"{len(told):,} of {len(decided):,}")
    yield ("decision to NOTIFY", _spread(floor))
    yield ("decision to answer", _spread(answers))
    yield ("NOTIFY to answer", _spread(behind))
    over = _p95(answers) - _p95(floor)
    yield ("p95 of the answer over that of NOTIFY", f"{over:.1f} ms, promised at most 10 ms")


def _spread(values: Sequence[float]) -> str:
    return f"median {median(values):.1f} ms, p95 {_p95(values):.1f} ms, most {max(values):.1f} ms"


def _p95(values: Sequence[float]) -> float:
    return quantiles(values, n=20)[-1]


def _decide_all(actions: Sequence[Action], person: Any) -> dict[str, float]:
    """Approves one after the other; the instant just before each, on the machine's clock."""
    decided = {}
    for action in actions:
        page = seen(action)
        decided[str(action.pk)] = time.monotonic()
        review.approve(action_id=action.pk, person=person, seen=page, checked=["amount"])
        time.sleep(APART)
    return decided


def _start_waiters(url: str, token: str, actions: Sequence[Action]) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", waiters.__name__, url, server.database_url()]
    crew = subprocess.Popen(
        command, cwd=settings.BASE_DIR, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert crew.stdin
    ids = [str(each.pk) for each in actions]
    given = {"channel": WAKE_CHANNEL, "token": token, "actions": ids, "decided": DECIDED}
    crew.stdin.write(json.dumps(given))
    crew.stdin.close()
    crew.stdin = None
    return crew


def _ask_once(url: str, token: str, actions: Sequence[Action]) -> None:
    """Every thread of the server has served by now, so that only waiting adds memory."""
    waiters.ask(url, token, [str(each.pk) for each in actions[:200]])


def _child_that_serves() -> int:
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    return int(children[-1])


def _resident_kib(process: int) -> int:
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * PAGE_KIB


def _until_all_wait(process: int) -> None:
    """Until everybody is connected and the server has used no processor for a while."""
    sockets = Path(f"/proc/{process}/fd")
    while len(list(sockets.iterdir())) < WAITERS:
        time.sleep(0.2)
    used, since = _processor_seconds(process), time.monotonic()
    while time.monotonic() - since < CALM:
        time.sleep(0.2)
        if _processor_seconds(process) - used > 0.1:
            used, since = _processor_seconds(process), time.monotonic()


def _processor_seconds(process: int) -> float:
    words = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / TICKS
