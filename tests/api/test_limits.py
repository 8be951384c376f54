"""The rate limit: told in every answer, kept per agent, and never in the way when Redis is gone."""

from typing import Any

import pytest

from agents_registry.rates import Counter
from approvals.api import throttling
from tests import factories
from tests.api.client import AgentClient, problem

pytestmark = pytest.mark.django_db


def test_every_answer_tells_how_much_is_left(api: AgentClient, settings: Any) -> None:
    settings.API_RATE_PER_MINUTE = 10
    first, second = (
        api.get("/me"),
        api.get("/actions/nothing-of-mine"),
    )
    assert first["RateLimit-Limit"] == "10"
    assert 0 < int(first["RateLimit-Reset"]) <= 60
    assert int(first["RateLimit-Remaining"]) == 9
    assert "RateLimit-Limit" not in second


def test_past_the_limit_an_agent_is_told_when_to_come_back_and_others_pass(
    api: AgentClient, settings: Any
) -> None:
    settings.API_RATE_PER_MINUTE = 2
    answers = [api.get("/me") for _ in range(8)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert len(refused) >= 4
    problem(refused[0], 429, "throttled")
    assert 0 < int(refused[0]["Retry-After"]) <= 60
    assert refused[0]["RateLimit-Remaining"] == "0"
    agent, _, _ = factories.create_desk()
    assert AgentClient(factories.create_token(agent)).get("/me").status_code == 200


def test_while_redis_is_away_requests_pass(
    api: AgentClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = Counter("redis://127.0.0.1:1/0")
    monkeypatch.setattr(throttling, "counter", lambda: nobody)
    first = api.get("/me")
    assert first.status_code == 200
    assert "RateLimit-Limit" not in first
    assert nobody.silent_until > 0
    assert api.get("/me").status_code == 200
