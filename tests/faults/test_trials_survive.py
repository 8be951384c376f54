"""A worker that is killed in the middle of a trial leaves it to another, with the right totals."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from agents_registry.revisions import policy_document
from approvals import trials
from approvals.models import Action, Trial, TrialState
from tests.factories import create_action, create_desk
from tests.together import at_once

ACTIONS = 3_000 if os.environ.get("FAULTS") == "full" else 60
PATIENCE = 60
WORKER = """
import time
import django
django.setup()
from approvals import trial_figures, trials
add = trial_figures.Tally.add
def slowly(tally, *words):
    time.sleep(0.02)
    add(tally, *words)
trial_figures.Tally.add = slowly
trials.BEAT = 0.1
trials.run_next(seconds=3600)
"""
"""A worker that is slow enough to be killed in the middle."""

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def trial() -> Trial:
    """A policy that would let every second refund run alone."""
    agent, workflow, refund = create_desk()
    for number in range(ACTIONS):
        payload = {"order": "A-1", "amount": 10 + 290 * (number % 2), "currency": "USD"}
        create_action(agent, refund, payload=payload)
    floors = ("refund", "customer_impacting_decision")
    loose = {
        "mode": "auto_executed",
        "reversibility": "reversible",
        "blast_radius": "low",
        "loosened": [{"floor": floor, "tier": "autonomous"} for floor in floors],
    }
    documents = {str(refund.pk): {**policy_document(refund), **loose}}
    return trials.start(team=workflow.team, documents=documents, days=1, author=workflow.risk_owner)


@pytest.fixture
def worker(trial: Trial) -> Iterator[subprocess.Popen[bytes]]:
    database = connection.settings_dict
    options = f"host={database['HOST']}&port={database['PORT'] or 5432}"
    address = f"postgresql://{database['USER']}:{database['PASSWORD']}@/{database['NAME']}"
    environment = {
        **os.environ,
        "DATABASE_URL": f"{address}?{options}",
        "DJANGO_SETTINGS_MODULE": "reviewqueue.settings",
    }
    process = subprocess.Popen(
        [sys.executable, "-c", WORKER], env=environment, cwd=settings.BASE_DIR
    )
    yield process
    if process.poll() is None:
        process.kill()
    process.wait(10)


def assert_right(trial: Trial) -> None:
    trial.refresh_from_db()
    assert (trial.state, trial.done, trial.total) == (TrialState.DONE, ACTIONS, ACTIONS)
    assert trial.result
    tiers = trial.result["tally"]["tiers"]
    moves = {pair: pile["count"] for pair, pile in tiers.items()}
    assert moves == {
        "mandatory>autonomous": ACTIONS // 2,
        "mandatory>batch_review": ACTIONS // 2,
    }
    examples = [pk for pile in tiers.values() for pk in pile["examples"]]
    assert len(set(examples)) == len(examples) == 40
    assert Action.objects.filter(pk__in=examples).count() == 40


def test_a_worker_killed_in_the_middle_leaves_a_trial_that_another_finishes(
    trial: Trial, worker: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    end = time.monotonic() + PATIENCE
    while not 0 < Trial.objects.get(pk=trial.pk).done < ACTIONS:
        assert time.monotonic() < end, "it was not caught in the middle"
        assert worker.poll() is None, "it was done before it was killed"
        time.sleep(0.01)
    worker.send_signal(signal.SIGKILL)
    worker.wait(10)
    left = Trial.objects.get(pk=trial.pk)
    assert left.state == TrialState.RUNNING
    assert 0 < left.done < ACTIONS
    monkeypatch.setattr(trials, "SILENCE", trials.SILENCE * 0)
    assert trials.run_next(seconds=PATIENCE)
    assert_right(trial)


def test_eight_workers_at_once_count_every_action_once(trial: Trial) -> None:
    def work() -> Any:
        while Trial.objects.exclude(state=TrialState.DONE).exists():
            trials.run_next(seconds=0.01)
        return "done"

    assert at_once([work] * 8) == ["done"] * 8
    assert_right(trial)
