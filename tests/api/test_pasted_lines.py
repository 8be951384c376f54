"""The lines of the connect page, pasted as they stand there, against a running server."""

import ast
import re
import subprocess
import sys
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as installed
from django.test import Client

from agents_registry.models import ActionType, Agent
from approvals import review
from approvals.models import Action
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)

WORKING = ["stage", "release", "report", "read"]
CLIENT = Path(installed.BASE_DIR) / "clients" / "python" / "src"


@pytest.fixture
def lines(client: Client, agent: Agent, refund: ActionType, server: str, settings: Any) -> Any:
    """What the page shows in the answer that made a token, as a browser copies it."""
    settings.PUBLIC_URL = server
    client.force_login(refund.workflow.system_owner)

    def lines(**fields: Any) -> list[str]:
        url = f"/team/agents/{agent.slug}/connect/?type={refund.workflow.slug}/refund"
        page = client.post(url, {"scopes": WORKING, "days": "90", **fields}).content.decode()
        found = re.findall(r"<pre class=\"paste\"[^>]*>(.*?)</pre>", page, re.DOTALL)
        return [unescape(each) for each in found]

    return lines


def pasted(blocks: list[str], folder: Path) -> str:
    """What a terminal says to them; any line that fails fails the test."""
    done = subprocess.run(
        ["bash", "-ec", "\n".join(blocks)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def approve(action: Action) -> None:
    person = factories.reviewer_of(action.workflow)
    seen = factories.seen(action)
    review.approve(action_id=action.pk, person=person, seen=seen, checked=["all"])


def test_they_work_from_the_first_to_the_last(lines: Any, tmp_path: Path) -> None:
    where, me, check, stage, wait, take, report = lines()[:7]
    said = pasted([where, me, check, stage], tmp_path)
    assert '"payload_schema"' in said
    assert '"needs_person": true' in said
    assert '"state": "pending"' in said
    approve(Action.objects.get())
    said = pasted([where, wait, take, report], tmp_path)
    assert '"state": "approved"' in said
    assert '"state": "succeeded"' in said
    assert Action.objects.get().state == "succeeded"


def test_with_a_token_for_tests_nothing_comes_of_them(lines: Any, tmp_path: Path) -> None:
    said = pasted(lines(test="yes")[:4], tmp_path)
    assert '"state": "observed"' in said
    assert Action.objects.get().purpose == "eval"


def test_the_python_lines_run_once_with_what_was_approved(lines: Any, tmp_path: Path) -> None:
    blocks = lines()
    script = tmp_path / "agent.py"
    script.write_text(next(each for each in blocks if each.startswith("from review_queue")))
    command = f"{blocks[0]}\nPYTHONPATH={CLIENT} exec {sys.executable} {script}"
    running = subprocess.Popen(
        ["bash", "-ec", command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        approve(first_action(running))
        said, _ = running.communicate(timeout=60)
    finally:
        running.kill()
    assert running.returncode == 0, said
    done = Action.objects.get()
    assert ast.literal_eval(said.removeprefix("doing ")) == done.contents.get().payload
    assert done.state == "succeeded"


def first_action(running: "subprocess.Popen[str]") -> Action:
    """The action that the program stages; it waits for the decision meanwhile."""
    while running.poll() is None:
        if action := Action.objects.first():
            return action
    raise AssertionError(running.communicate()[0])
