"""Health: alive says little, ready says what does not work."""

from datetime import timedelta
from typing import Any

import pytest

from approvals.models import Sweep
from approvals.sweep import JOBS, turn
from ledger import clock
from tests.api.client import AgentClient

pytestmark = pytest.mark.django_db
nobody = AgentClient("")


def test_alive_needs_nothing() -> None:
    assert nobody.get("/health/live").json() == {"status": "alive"}


def test_ready_once_everything_was_swept() -> None:
    first = nobody.get("/health/ready")
    assert first.status_code == 503
    assert first.json()["database"]["ok"] is True
    assert "never" in first.json()["sweep"]["detail"]
    assert set(first.json()["sweep"]["jobs"].values()) == {None}
    turn()
    second = nobody.get("/health/ready")
    assert (second.status_code, second.json()["status"]) == (200, "ready")
    ages = second.json()["sweep"]["jobs"]
    assert set(ages) == set(JOBS)
    assert all(0 <= age < 60 for age in ages.values())


def test_not_ready_when_one_job_stands_still(settings: Any) -> None:
    turn()
    Sweep.objects.filter(job=next(iter(JOBS))).update(
        finished_at=clock.now() - timedelta(seconds=20 * settings.SWEEP_SECONDS)
    )
    response = nobody.get("/health/ready")
    assert response.status_code == 503
    assert "s ago" in response.json()["sweep"]["detail"]


def test_not_ready_without_the_broker(settings: Any) -> None:
    turn()
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    response = nobody.get("/health/ready")
    assert response.status_code == 503
    assert response.json()["broker"] == {"ok": False, "detail": "It does not answer."}
    assert response.json()["sweep"]["ok"] is True
