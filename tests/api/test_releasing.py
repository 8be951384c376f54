"""Taking what was approved: once, by its agent, never past a stop, in a queue of many."""

import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connections

from agents_registry import stops
from agents_registry.models import ActionType, Agent, Calendar, Person, StopKind, Workflow
from approvals import review
from approvals.models import Action
from ledger import clock
from ledger.canonical import digest
from tests import factories
from tests.api.client import AgentClient, pointers, problem

pytestmark = pytest.mark.django_db


def approved(agent: Agent, refund: ActionType, reviewer: Person, **fields: Any) -> Action:
    action = factories.create_action(agent, refund, **fields)
    seen = factories.seen(action)
    review.approve(action_id=action.pk, person=reviewer, seen=seen, checked=["amount"])
    return action


def test_an_approved_action_is_taken_with_what_may_be_done(
    api: AgentClient, agent: Agent, refund: ActionType, reviewer: Person
) -> None:
    action = approved(agent, refund, reviewer)
    response = api.post(f"/actions/{action.pk}/release", {"lease_seconds": 60})
    taken = response.json()
    assert response.status_code == 200
    assert taken["payload_digest"] == digest(taken["payload"])
    assert taken["approved_by"] == [reviewer.username]
    assert (taken["fence"], taken["edits"]) == (1, [])
    assert taken["release_id"] != taken["lease_id"]
    problem(api.post(f"/actions/{action.pk}/release"), 409, "leased")


def test_what_nobody_approved_is_not_given_out(api: AgentClient, action: Action) -> None:
    problem(api.post(f"/actions/{action.pk}/release"), 409, "not_approved")


def test_nothing_is_given_out_past_a_stop(
    api: AgentClient, agent: Agent, refund: ActionType, reviewer: Person
) -> None:
    action = approved(agent, refund, reviewer)
    stops.put(
        team=agent.team,
        kind=StopKind.AGENT,
        target=stops.agent_target(agent),
        reason="it went wild",
        actor="person:test",
        by=None,
    )
    problem(api.post(f"/actions/{action.pk}/release"), 423, "paused")
    queue = api.post("/actions/release", {"workflow": refund.workflow.slug})
    assert queue.json() == {"results": []}


def test_a_changed_world_brings_the_action_back_to_its_reviewer(
    api: AgentClient, agent: Agent, refund: ActionType, reviewer: Person
) -> None:
    conditions = [{"path": "/amount", "equals": 0}]
    action = approved(agent, refund, reviewer, preconditions=conditions)
    observed = {"observed": [{"path": "/amount", "value": 7}]}
    problem(api.post(f"/actions/{action.pk}/release", observed), 409, "world_changed")
    assert api.get(f"/actions/{action.pk}").json()["state"] == "pending"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"lease_seconds": 0}, "/lease_seconds"),
        ({"lease_seconds": 86_401}, "/lease_seconds"),
        ({"lease_seconds": "60"}, "/lease_seconds"),
        ({"lease_seconds": 1.5}, "/lease_seconds"),
        ({"observed": [{"value": 1}]}, "/observed/0/path"),
        ({"seconds": 1}, "/seconds"),
    ],
)
def test_a_release_of_the_wrong_shape_is_refused(
    api: AgentClient, action: Action, body: dict[str, Any], pointer: str
) -> None:
    found = problem(api.post(f"/actions/{action.pk}/release", body), 400, "invalid")
    assert [place for place, _ in pointers(found)] == [pointer]


def test_the_queue_gives_up_to_its_limit(
    api: AgentClient, agent: Agent, refund: ActionType, reviewer: Person
) -> None:
    ids = {str(approved(agent, refund, reviewer).pk) for _ in range(3)}
    body = {"workflow": refund.workflow.slug, "limit": 2}
    taken = [*api.post("/actions/release", body).json()["results"]]
    assert len(taken) == 2
    taken += api.post("/actions/release", body).json()["results"]
    assert {one["action_id"] for one in taken} == ids
    assert api.post("/actions/release", body).json()["results"] == []
    problem(api.post("/actions/release", {"workflow": "nowhere"}), 404, "unknown_workflow")


@pytest.mark.django_db(transaction=True)
def test_many_takers_at_once_take_each_action_once(
    token: str, agent: Agent, refund: ActionType, workflow: Workflow
) -> None:
    read = factories.create_read_type(workflow)
    ids = {str(factories.create_action(agent, read).pk) for _ in range(60)}
    start, taken = threading.Barrier(8), []

    def take() -> None:
        client, body = AgentClient(token), {"workflow": workflow.slug, "limit": 3}
        try:
            start.wait()
            while results := client.post("/actions/release", body).json()["results"]:
                taken.extend(one["action_id"] for one in results)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(taken) <= ids
    assert max(Counter(taken).values()) == 1
    left = {str(pk) for pk in Action.objects.filter(state="approved").values_list("pk", flat=True)}
    assert set(taken) | left == ids
    assert len(left) < 60


def test_what_is_to_be_taken_at_once_and_is_stopped_is_staged_and_waits(
    api: AgentClient, agent: Agent, workflow: Workflow
) -> None:
    read = factories.create_read_type(workflow)
    stops.put(
        team=agent.team,
        kind=StopKind.AGENT,
        target=stops.agent_target(agent),
        reason="it went wild",
        actor="person:test",
        by=None,
    )
    body = {"workflow": workflow.slug, "action_type": read.key, "payload": {"order": "A-1"}}
    answer = api.stage({**body, "take": True}, "one")
    assert (answer.status_code, answer.json()["state"]) == (201, "approved")
    assert "release" not in answer.json()


OFFICE: dict[str, Any] = {
    "time_zone": "Europe/Berlin",
    "hours": {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")},
    "holidays": None,
    "days_off": [],
}
SATURDAY = datetime(2026, 11, 21, 12, tzinfo=UTC)
MONDAY_NINE = "2026-11-23T08:00:00.000Z"


@pytest.fixture
def windowed(refund: ActionType) -> ActionType:
    """The refund, released in office hours only."""
    refund.send_window = Calendar.objects.create(
        team=refund.workflow.team, slug="office", name="Office", document=OFFICE
    )
    refund.save()
    return refund


def test_outside_the_window_the_answer_says_when_to_come_back(
    api: AgentClient, agent: Agent, windowed: ActionType, reviewer: Person
) -> None:
    with clock.simulated(SATURDAY):
        action = approved(agent, windowed, reviewer)
        response = api.post(f"/actions/{action.pk}/release")
        found = problem(response, 409, "too_early")
        assert found["retry_at"] == MONDAY_NINE
        assert "2026-11-23T08:00:00Z" in found["detail"]
        assert response["Retry-After"] == str(44 * 3600)
        assert api.get(f"/actions/{action.pk}").json()["releasable_at"] == MONDAY_NINE
        (listed,) = api.get("/actions?state=approved").json()["results"]
        assert listed["releasable_at"] == MONDAY_NINE
    with clock.simulated(datetime.fromisoformat(found["retry_at"])):
        assert api.post(f"/actions/{action.pk}/release").status_code == 200


def test_not_before_with_odd_microseconds_is_kept_by_who_comes_when_told(
    api: AgentClient, agent: Agent, refund: ActionType, reviewer: Person
) -> None:
    with clock.simulated(SATURDAY):
        later = SATURDAY + timedelta(seconds=90, microseconds=1)
        action = approved(agent, refund, reviewer, not_before=later)
        response = api.post(f"/actions/{action.pk}/release")
        told = problem(response, 409, "too_early")["retry_at"]
        assert response["Retry-After"] == "91"
    with clock.simulated(datetime.fromisoformat(told)):
        assert api.post(f"/actions/{action.pk}/release").status_code == 200


def test_what_ends_before_its_window_opens_is_not_waited_for(
    api: AgentClient, agent: Agent, windowed: ActionType, reviewer: Person
) -> None:
    with clock.simulated(SATURDAY):
        action = approved(agent, windowed, reviewer, not_after=SATURDAY + timedelta(days=1))
        response = api.post(f"/actions/{action.pk}/release")
        assert "retry_at" not in problem(response, 409, "too_late")
        assert "Retry-After" not in response
        assert api.get(f"/actions/{action.pk}").json()["releasable_at"] is None


def test_the_etag_changes_when_the_window_does_and_not_by_the_minute(
    api: AgentClient, agent: Agent, windowed: ActionType, reviewer: Person
) -> None:
    def etag_at(hours: int) -> str:
        with clock.simulated(SATURDAY + timedelta(hours=hours)):
            return str(api.get(f"/actions/{action.pk}")["ETag"])

    with clock.simulated(SATURDAY):
        action = approved(agent, windowed, reviewer)
    assert etag_at(1) == etag_at(30)
    assert etag_at(44) == etag_at(50) != etag_at(1)


def test_while_it_is_undecided_nothing_is_said_of_when(api: AgentClient, action: Action) -> None:
    assert api.get(f"/actions/{action.pk}").json()["releasable_at"] is None


def test_taken_at_once_outside_its_window_it_waits_and_says_from_when(
    api: AgentClient, windowed: ActionType
) -> None:
    read = factories.create_read_type(windowed.workflow)
    ActionType.objects.filter(pk=read.pk).update(send_window=windowed.send_window)
    body = {
        "workflow": windowed.workflow.slug,
        "action_type": read.key,
        "payload": {"order": "A-1"},
        "take": True,
    }
    with clock.simulated(SATURDAY):
        answer = api.stage(body, "one").json()
    assert (answer["state"], answer["releasable_at"]) == ("approved", MONDAY_NINE)
    assert "release" not in answer
