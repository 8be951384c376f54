"""`rq` in a shell."""

import json
import subprocess
import sys
from collections.abc import Callable

import pytest

from approvals.models import Action
from tests.clients.conftest import REFUND, Decide

Shell = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def rq(server: str, token: str) -> Shell:
    """Runs `rq` with these words."""

    def rq(*words: str, typed: str = "", **environment: str) -> "subprocess.CompletedProcess[str]":
        own = {"REVIEW_QUEUE_URL": server, "REVIEW_QUEUE_TOKEN": token, **environment}
        command = [sys.executable, "-m", "review_queue", *words]
        return subprocess.run(
            command, env=own, input=typed, text=True, capture_output=True, timeout=60, check=False
        )

    return rq


def test_from_a_question_to_its_report(rq: Shell, support: str, approve: Decide) -> None:
    asked = rq("stage", support, "refund", json.dumps(REFUND), "--key", "A-1", "--json")
    action_id = json.loads(asked.stdout)["id"]
    assert asked.returncode == 0
    waiting = rq("wait", action_id, "--timeout", "0")
    assert (waiting.returncode, waiting.stdout) == (4, "")
    assert waiting.stderr.startswith("Not decided yet: Refund 120.00 USD for order A-1.")
    approve()
    decided = rq("wait", action_id)
    assert decided.returncode == 0
    assert decided.stdout.startswith(f"{action_id}  approved  mandatory\nRefund 120.00 USD")
    release = json.loads(rq("take", action_id).stdout)
    assert release["payload"] == REFUND
    done = rq("report", action_id, release["lease_id"], "succeeded", "--after", "{}")
    assert done.stdout.startswith(f"{action_id}  succeeded")


def test_what_was_decided_otherwise_is_the_exit_status(
    rq: Shell, support: str, reject: Decide
) -> None:
    rq("stage", support, "refund", "-", "--key", "A-1", typed=json.dumps(REFUND))
    reject("It never came back.")
    again = ["stage", support, "refund", json.dumps(REFUND), "--key", "A-1", "--wait"]
    refused = rq(*again)
    assert refused.returncode == 3
    assert "rejected by" in refused.stdout
    assert "wrong facts: It never came back." in refused.stdout
    assert Action.objects.count() == 1


def test_what_people_decide_is_followed(
    server: str, token: str, rq: Shell, support: str, reject: Decide
) -> None:
    rq("stage", support, "refund", json.dumps(REFUND))
    action_id = reject("It never came back.")
    tail = subprocess.Popen(
        [sys.executable, "-m", "review_queue", "tail"],
        env={"REVIEW_QUEUE_URL": server, "REVIEW_QUEUE_TOKEN": token},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert tail.stdout
    try:
        line = tail.stdout.readline()
    finally:
        tail.kill()
        tail.wait()
    assert action_id in line
    assert line.endswith("wrong facts: It never came back.\n")


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        (["stage", "support", "refund", "{"], 2, "not JSON"),
        (["wait", "01a20028-1609-7e2a-8aee-2b98212e0140"], 1, "not_found"),
        (["stage", "nowhere", "refund", "{}"], 1, "unknown_workflow"),
    ],
)
def test_what_is_wrong_is_said_and_is_the_exit_status(
    words: list[str], status: int, says: str, rq: Shell
) -> None:
    refused = rq(*words)
    assert (refused.returncode, refused.stdout) == (status, "")
    assert says in refused.stderr
    assert "Traceback" not in refused.stderr


def test_without_a_token_it_says_what_to_set(rq: Shell) -> None:
    refused = rq("tail", REVIEW_QUEUE_TOKEN="")
    assert refused.returncode == 2
    assert "REVIEW_QUEUE_TOKEN" in refused.stderr
