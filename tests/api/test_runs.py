"""One run over the API: the agent's own, linked to its traces, without what it may not know."""

from typing import Any

import pytest

from agents_registry.models import ActionType, Agent, Person, Scope
from approvals import outcome, release, review
from approvals.models import Action
from tests import factories
from tests.api.client import AgentClient, problem
from tests.factories import seen

pytestmark = pytest.mark.django_db
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
OTHER_TRACE = "0af7651916cd43dd8448eb211c80319c"
HEADER = f"00-{TRACE}-00f067aa0ba902b7-01"


def stage(api: AgentClient, body: dict[str, Any], key: str, **headers: str) -> dict[str, Any]:
    answer = api.post("/actions", body, idempotency_key=key, **headers)
    assert answer.status_code == 201, answer.content
    told: dict[str, Any] = answer.json()
    return told


@pytest.mark.parametrize("run_id", ["run-17", "nightly/2026-11-21", "ü? #&"])
def test_it_gathers_the_agents_own_actions_in_order(
    run_id: str, api: AgentClient, body: dict[str, Any]
) -> None:
    trace = {"model": "m", "tool_calls": [{"name": "f", "args": {"a": 1}}], "retrieval": ["doc"]}
    first = stage(api, {**body, "run_id": run_id, "trace": trace}, "1")
    second = stage(api, {**body, "run_id": run_id}, "2")
    stage(api, {**body, "run_id": "another"}, "3")
    answer = api.client.get(
        "/api/v1/runs/" + run_id.replace("?", "%3F").replace("#", "%23"), headers=api.headers
    )
    told = answer.json()
    assert [each["id"] for each in told["actions"]] == [first["id"], second["id"]]
    assert told["run_id"] == run_id
    assert told["more"] is False
    action = told["actions"][0]
    assert action["model"] == "m"
    assert action["tool_calls"] == [
        {"name": "f", "arguments": {"a": 1}, "result": None, "error": None, "more": {}}
    ]
    assert action["retrievals"] == [{"title": "doc", "more": None}]
    assert "payload" not in action


def test_decision_and_outcome_are_told(
    api: AgentClient, agent: Agent, body: dict[str, Any], reviewer: Person
) -> None:
    told = stage(api, {**body, "run_id": "r"}, "1")
    action = Action.objects.get(pk=told["id"])
    review.approve(action_id=action.pk, person=reviewer, seen=seen(action), checked=["x"])
    taken = release.lease(agent=agent, action_id=action.pk)
    outcome.report(
        agent=agent, action_id=action.pk, lease_id=taken.lease.pk, status="succeeded",
        body_digest="d", after={"paid": 120},
    )  # fmt: skip
    action_told = api.get("/runs/r").json()["actions"][0]
    assert action_told["decision"]["verdict"] == "approved"
    assert action_told["outcomes"][0]["after"] == {"paid": 120}


def test_a_verdict_that_settles_is_not_told_yet(
    api: AgentClient, refund: ActionType, body: dict[str, Any], reviewer: Person
) -> None:
    refund.settle_seconds = 60
    refund.save()
    action = Action.objects.get(pk=stage(api, {**body, "run_id": "r"}, "1")["id"])
    review.approve(action_id=action.pk, person=reviewer, seen=seen(action), checked=["x"])
    told = api.get("/runs/r").json()["actions"][0]
    assert (told["state"], told["decision"]) == ("pending", None)


def test_one_of_two_approvals_is_not_told(
    api: AgentClient, refund: ActionType, body: dict[str, Any], reviewer: Person
) -> None:
    refund.approvals_needed = 2
    refund.save()
    action = Action.objects.get(pk=stage(api, {**body, "run_id": "r"}, "1")["id"])
    review.approve(action_id=action.pk, person=reviewer, seen=seen(action), checked=["x"])
    assert api.get("/runs/r").json()["actions"][0]["decision"] is None


def test_what_another_agent_did_in_the_same_run_is_not_its_own(
    api: AgentClient, body: dict[str, Any], refund: ActionType
) -> None:
    other = factories.create_agent(refund.workflow.team)
    refund.workflow.agents.add(other)
    own = stage(api, {**body, "run_id": "r"}, "1")
    theirs = AgentClient(factories.create_token(other))
    stage(theirs, {**body, "run_id": "r"}, "1")
    stage(theirs, {**body, "run_id": "only theirs"}, "2")
    assert [each["id"] for each in api.get("/runs/r").json()["actions"]] == [own["id"]]
    problem(api.get("/runs/only%20theirs"), 404, "not_found")


@pytest.mark.parametrize("run_id", ["nothing", "%00", "x" * 300, "a/b/c"])
def test_a_run_that_is_none_is_not_found(run_id: str, api: AgentClient) -> None:
    problem(api.get(f"/runs/{run_id}"), 404, "not_found")


def test_it_takes_the_scope_to_read(agent: Agent) -> None:
    api = AgentClient(factories.create_token(agent, scopes=[Scope.STAGE]))
    problem(api.get("/runs/r"), 403, "permission_denied")


def test_the_trace_of_the_request_is_kept_and_told(api: AgentClient, body: dict[str, Any]) -> None:
    told = stage(api, {**body, "run_id": "r"}, "1", traceparent=HEADER)
    assert told["trace_id"] == TRACE
    stage(api, {**body, "run_id": "r"}, "2", traceparent=HEADER)
    assert api.get("/runs/r").json()["trace_ids"] == [TRACE]


def test_a_trace_named_in_the_body_goes_before_that_of_the_request(
    api: AgentClient, body: dict[str, Any]
) -> None:
    named = {**body, "trace": {"trace_id": OTHER_TRACE}}
    assert stage(api, named, "1", traceparent=HEADER)["trace_id"] == OTHER_TRACE


@pytest.mark.parametrize(
    "header",
    [
        "", "x", TRACE, f"ff-{TRACE}-00f067aa0ba902b7-01", f"00-{'0' * 32}-00f067aa0ba902b7-01",
        f"00-{TRACE.upper()}-00f067aa0ba902b7-01", f"00-{TRACE}-{'0' * 16}-01",
    ],
)  # fmt: skip
def test_a_header_that_is_no_trace_is_left_alone(
    header: str, api: AgentClient, body: dict[str, Any]
) -> None:
    assert stage(api, body, "1", traceparent=header)["trace_id"] is None


def test_a_batch_is_of_the_trace_of_its_request(api: AgentClient, body: dict[str, Any]) -> None:
    items = [{**body, "idempotency_key": str(number)} for number in range(2)]
    items[1]["trace"] = {"trace_id": OTHER_TRACE}
    results = api.post("/actions/batch", {"actions": items}, traceparent=HEADER).json()["results"]
    assert [each["action"]["trace_id"] for each in results] == [TRACE, OTHER_TRACE]


def test_the_same_key_from_another_trace_is_the_same_request(
    api: AgentClient, body: dict[str, Any]
) -> None:
    first = stage(api, body, "1", traceparent=HEADER)
    again = stage(api, body, "1", traceparent=HEADER.replace("4bf9", "5bf9"))
    assert again == first
