"""POST /metrics: what an agent reports, what it is answered, and what is refused."""

from typing import Any

import pytest

from agents_registry.models import ActionType, Scope, Workflow
from approvals.models import Reading
from tests.api.client import AgentClient, pointers, problem
from tests.approvals.windowed import create_windowed_desk, rule, sure
from tests.factories import create_desk, create_token

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(db: None) -> tuple[Any, Workflow, ActionType]:
    return create_windowed_desk(rule(words="Bids may run away."))


@pytest.fixture
def reporter(desk: tuple[Any, Workflow, ActionType]) -> AgentClient:
    return AgentClient(create_token(desk[0], scopes=[Scope.METRICS]))


@pytest.fixture
def reading(desk: tuple[Any, Workflow, ActionType]) -> dict[str, Any]:
    return {
        "workflow": desk[1].slug,
        "metric": "cpa_variance_pct",
        "window_start": "2026-01-05T00:00:00+01:00",
        "window_end": "2026-01-06T00:00:00+01:00",
        "value": "12.50",
    }


def test_a_reading_is_answered_with_what_it_changed(
    reporter: AgentClient, desk: tuple[Any, Workflow, ActionType], reading: dict[str, Any]
) -> None:
    quiet = reporter.post("/metrics", reading)
    assert quiet.status_code == 201
    assert quiet.json() == {
        **reading,
        "source": "agent:bidder",
        "window_start": "2026-01-04T23:00:00.000Z",
        "window_end": "2026-01-05T23:00:00.000Z",
        "value": "12.5",
        "at": quiet.json()["at"],
        "changed": [],
    }
    later = {
        "window_start": "2026-01-06T00:00:00+01:00",
        "window_end": "2026-01-07T00:00:00+01:00",
        "value": 20.5,
    }
    loud = reporter.post("/metrics", {**reading, **later})
    assert loud.status_code == 201
    assert loud.json()["changed"] == [
        {
            "action_type": "tag_order",
            "mode_from": "auto_executed",
            "mode_to": "approval_gated",
            "rule": "window:cpa",
            "because": "The cpa variance was above 20%: 20.5%. Bids may run away.",
            "reviewer": desk[1].risk_owner.username,
        }
    ]
    assert "RateLimit-Remaining" in loud


def test_the_same_again_is_answered_the_same_and_another_value_is_a_conflict(
    reporter: AgentClient, desk: tuple[Any, Workflow, ActionType], reading: dict[str, Any]
) -> None:
    sure(desk[0], desk[2])
    first = reporter.post("/metrics", {**reading, "value": 30})
    again = reporter.post("/metrics", {**reading, "value": "30.0"})
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert again.json()["changed"]
    problem(reporter.post("/metrics", reading), 409, "reading_differs")
    assert Reading.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "code", "pointer"),
    [
        ({"metric": "cpa"}, "unknown_metric", "/metric"),
        ({"metric": "two words"}, "invalid", "/metric"),
        ({"window_end": "2026-01-04T00:00:00Z"}, "window_invalid", "/window_end"),
        ({"window_end": "2026-01-04T23:00:00Z"}, "window_invalid", "/window_end"),
        ({"window_end": "2027-01-07T00:00:00Z"}, "window_invalid", "/window_end"),
        (
            {"window_start": "2999-01-05T00:00:00Z", "window_end": "2999-01-06T00:00:00Z"},
            "window_invalid",
            "/window_end",
        ),
        ({"window_end": "2026-01-06"}, "invalid", "/window_end"),
        ({"window_start": None}, "invalid", "/window_start"),
        ({"value": "12.1234567890"}, "invalid", "/value"),
        ({"value": "1234567890123456"}, "invalid", "/value"),
        ({"value": 1e300}, "number_out_of_range", "/value"),
        ({"value": True}, "invalid", "/value"),
        ({"value": "NaN"}, "invalid", "/value"),
        ({"value": None}, "invalid", "/value"),
        ({"unit": "%"}, "invalid", "/unit"),
    ],
)
def test_what_is_wrong_is_pointed_at(
    reporter: AgentClient, reading: dict[str, Any], change: dict[str, Any], code: str, pointer: str
) -> None:
    found = problem(reporter.post("/metrics", {**reading, **change}), 400, code)
    assert [place for place, _ in pointers(found)] == [pointer]
    assert not Reading.objects.exists()


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"-Infinity", b"9007199254740993"])
def test_numbers_that_are_none_are_refused_as_everywhere(
    reporter: AgentClient, desk: tuple[Any, Workflow, ActionType], number: bytes
) -> None:
    body = b'{"workflow": "%s", "value": %s}' % (desk[1].slug.encode(), number)
    assert reporter.post("/metrics", body).status_code == 400


def test_it_takes_the_scope_and_one_of_the_agents_own_workflows(
    reporter: AgentClient, desk: tuple[Any, Workflow, ActionType], reading: dict[str, Any]
) -> None:
    working = AgentClient(create_token(desk[0]))
    problem(working.post("/metrics", reading), 403, "permission_denied")
    foreign = create_desk()[1].slug
    unknown = reporter.post("/metrics", {**reading, "workflow": foreign})
    problem(unknown, 404, "unknown_workflow")


def test_a_long_float_is_rounded_and_not_refused(
    reporter: AgentClient, reading: dict[str, Any]
) -> None:
    answer = reporter.post("/metrics", {**reading, "value": 0.1 + 0.2})
    assert answer.json()["value"] == "0.3"
