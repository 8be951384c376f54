"""examples/demo_agent.py as a process of its own, against a real server."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from agents_registry.models import Agent, Person
from approvals import review
from approvals.models import Action
from approvals.transitions import Seen
from ledger import clock
from reviewqueue.demo import organisation, tale
from tests import factories
from tests.api.server import running

pytestmark = pytest.mark.django_db(transaction=True)

AGENT = [sys.executable, "examples/demo_agent.py"]
PATIENCE = 60


@pytest.fixture(scope="module")
def server(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running(tmp_path_factory.mktemp("server") / "server.log") as url:
        yield url


@pytest.fixture
def writer(transactional_db: None) -> Agent:
    """The agent of the demo's outreach, in an organisation without a past."""
    organisation.set_up(clock.now())
    return Agent.objects.get(slug="outreach-writer")


@pytest.fixture
def settings_file(writer: Agent, server: str, tmp_path: Path) -> Path:
    path = tmp_path / "demo.json"
    signed_in = {"slug": writer.slug, "token": factories.create_token(writer)}
    path.write_text(json.dumps({"url": server, "agents": [signed_in]}))
    return path


def one_turn(path: Path) -> str:
    """What the agent says in one turn."""
    command = [*AGENT, "--settings", str(path), "--once"]
    done = subprocess.run(
        command, cwd=settings.BASE_DIR, capture_output=True, text=True, timeout=PATIENCE, check=True
    )
    return done.stdout


@pytest.fixture
def mail(writer: Agent) -> Iterator[Action]:
    """A mail of the agent that waits for a person, a minute ago: the test decides it then."""
    request: dict[str, Any] = {
        "workflow": "outreach",
        "action_type": "send_email",
        "payload": {
            "to": "dana.whitfield@kestrel.example",
            "recipient_role": "manager",
            "subject": "Two shifts",
            "body": "Hello Dana,\n\nhow do you plan two shifts?\n\nWe are thrilled.\n\nPriya",
        },
        "confidence": 0.9,
        "trace": {"model": "test"},
    }
    with clock.simulated(clock.now() - timedelta(minutes=1)):
        yield tale.stage(tale.begin(clock.now()), writer.slug, request)


def test_it_does_what_was_approved_and_reports_it(mail: Action, settings_file: Path) -> None:
    rita = Person.objects.get(username="rita")
    review.approve(action_id=mail.pk, person=rita, seen=Seen.of(mail), checked=["Tone"])
    said = one_turn(settings_file)
    mail.refresh_from_db()
    assert mail.state in {"succeeded", "failed"}
    assert mail.outcomes.count() == 1
    assert f"pretended to do {mail.pk}" in said


def test_it_revises_what_was_sent_back_once(mail: Action, settings_file: Path) -> None:
    rita = Person.objects.get(username="rita")
    review.ask_for_changes(
        action_id=mail.pk, person=rita, seen=Seen.of(mail), comment="Not so thrilled."
    )
    one_turn(settings_file)
    one_turn(settings_file)
    mail.refresh_from_db()
    assert (mail.state, mail.revision) == ("pending", 2)
    assert "thrilled" not in mail.contents.get(revision=2).payload["body"]


def test_it_proposes_something_that_its_workflow_takes(writer: Agent, settings_file: Path) -> None:
    said = one_turn(settings_file)
    assert Action.objects.filter(agent=writer).count() == 1
    assert "refused" not in said


def test_a_server_that_is_away_is_waited_for_until_somebody_stops_the_agent(
    tmp_path: Path,
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        path = tmp_path / "demo.json"
        path.write_text(
            json.dumps({"url": url, "agents": [{"slug": "crm-steward", "token": "rq_a_b"}]})
        )
        agent = subprocess.Popen(
            [*AGENT, "--settings", str(path)],
            cwd=settings.BASE_DIR,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert agent.stdout is not None
        assert "no answer" in agent.stdout.readline()
        agent.send_signal(signal.SIGTERM)
        assert agent.wait(PATIENCE) == 0
