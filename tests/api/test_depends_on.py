"""`depends_on` over the API: naming steps, learning what is awaited, and what is missing."""

from typing import Any

import pytest

from agents_registry.models import Agent, Person, Workflow
from approvals import review, steps
from approvals.models import Action
from tests import factories
from tests.api.client import AgentClient, pointers, problem

pytestmark = pytest.mark.django_db

NOBODYS = "0193f000-0000-7000-8000-000000000000"


def staged(api: AgentClient, body: dict[str, Any], key: str, *on: str) -> dict[str, Any]:
    response = api.stage({**body, "depends_on": list(on)}, key)
    assert response.status_code == 201, response.content
    answer: dict[str, Any] = response.json()
    return answer


def approve(action_id: str, person: Person) -> None:
    action = Action.objects.get(pk=action_id)
    seen = factories.seen(action)
    review.approve(action_id=action.pk, person=person, seen=seen, checked=["x"])


def reject(action_id: str, person: Person) -> None:
    action = Action.objects.get(pk=action_id)
    seen = factories.seen(action)
    review.reject(action_id=action.pk, person=person, seen=seen, reason="policy")


def finish(api: AgentClient, action_id: str, status: str = "succeeded", **more: Any) -> Any:
    lease = api.post(f"/actions/{action_id}/release").json()["lease_id"]
    body = {"lease_id": lease, "status": status, **more}
    return api.post(f"/actions/{action_id}/outcome", body).json()


def test_an_action_says_what_it_waits_for_alone_and_in_a_list(
    api: AgentClient, body: dict[str, Any]
) -> None:
    step = staged(api, body, "k1")
    waits = staged(api, body, "k2", step["id"])
    named = [{"id": step["id"], "state": "pending"}]
    assert (step["depends_on"], waits["depends_on"]) == ([], named)
    assert api.get(f"/actions/{waits['id']}").json()["depends_on"] == named
    listed = api.get("/actions").json()["results"]
    assert [each["depends_on"] for each in listed] == [named, []]


def test_a_step_whose_verdict_settles_is_still_seen_pending(
    api: AgentClient, body: dict[str, Any], reviewer: Person, workflow: Workflow
) -> None:
    workflow.action_types.update(settle_seconds=600)
    step = staged(api, body, "k1")
    waits = staged(api, body, "k2", step["id"])
    reject(step["id"], reviewer)
    told = api.get(f"/actions/{waits['id']}").json()["depends_on"]
    assert told == [{"id": step["id"], "state": "pending"}]


def test_taking_it_too_early_names_what_has_to_be_done_first(
    api: AgentClient, body: dict[str, Any], reviewer: Person, workflow: Workflow
) -> None:
    step = staged(api, body, "k1")
    waits = staged(api, body, "k2", step["id"])
    approve(waits["id"], reviewer)
    response = api.post(f"/actions/{waits['id']}/release")
    told = response.json()
    assert (response.status_code, told["code"]) == (409, "waiting_for")
    assert told["waiting_for"] == [step["id"]]
    assert api.get(f"/problems/{told['code']}").status_code == 200
    more = {"workflow": workflow.slug}
    assert api.post("/actions/release", more).json()["results"] == []
    approve(step["id"], reviewer)
    finish(api, step["id"])
    (taken,) = api.post("/actions/release", more).json()["results"]
    assert (taken["action_id"], taken["missing"]) == (waits["id"], [])


def test_what_goes_on_is_told_what_is_missing(
    api: AgentClient, body: dict[str, Any], reviewer: Person, workflow: Workflow
) -> None:
    Workflow.objects.filter(pk=workflow.pk).update(after_rejected_step="go_on")
    step = staged(api, body, "k1")
    waits = staged(api, body, "k2", step["id"])
    approve(waits["id"], reviewer)
    reject(step["id"], reviewer)
    steps.follow()
    assert api.post(f"/actions/{waits['id']}/release").json()["missing"] == [step["id"]]


def test_a_stopped_one_is_withdrawn_and_shows_by_what(
    api: AgentClient, body: dict[str, Any], reviewer: Person
) -> None:
    step = staged(api, body, "k1")
    waits = staged(api, body, "k2", step["id"])
    reject(step["id"], reviewer)
    steps.follow()
    told = api.get(f"/actions/{waits['id']}").json()
    assert told["state"] == "withdrawn"
    assert told["depends_on"] == [{"id": step["id"], "state": "rejected"}]
    found = problem(api.stage({**body, "depends_on": [step["id"]]}, "k3"), 409, "dependency_failed")
    assert pointers(found) == [("/depends_on/0", "dependency_failed")]


@pytest.mark.parametrize("path", ["/actions", "/actions/check"])
def test_what_is_not_there_or_another_agents_is_unknown(
    path: str, api: AgentClient, body: dict[str, Any], agent: Agent, workflow: Workflow
) -> None:
    other = factories.create_agent(workflow.team)
    workflow.agents.add(other)
    foreign = factories.create_action(other, workflow.action_types.get())
    own = staged(api, body, "k1")["id"]
    named = [own, str(foreign.pk), NOBODYS]
    response = api.post(path, {**body, "depends_on": named}, idempotency_key="k2")
    found = problem(response, 400, "dependency_unknown")
    assert pointers(found) == [
        ("/depends_on/1", "dependency_unknown"),
        ("/depends_on/2", "dependency_unknown"),
    ]
    assert Action.objects.filter(agent=agent).count() == 1


@pytest.mark.parametrize(
    ("named", "pointer", "code"),
    [
        ("x", "/depends_on", "not_a_list"),
        (["x"], "/depends_on/0", "invalid"),
        ([7], "/depends_on/0", "invalid"),
        ([None], "/depends_on/0", "null"),
        ([NOBODYS] * 51, "/depends_on", "max_length"),
    ],
)
def test_what_is_no_list_of_ids_is_refused(
    named: Any, pointer: str, code: str, api: AgentClient, body: dict[str, Any]
) -> None:
    found = problem(api.stage({**body, "depends_on": named}, "k1"), 400, "invalid")
    assert (pointer, code) in pointers(found)


def test_null_says_the_same_as_leaving_it_out(api: AgentClient, body: dict[str, Any]) -> None:
    assert api.stage({**body, "depends_on": None}, "k1").json()["depends_on"] == []


def test_an_item_of_a_batch_names_an_earlier_one_by_its_key(
    api: AgentClient, body: dict[str, Any]
) -> None:
    items = [
        {**body, "idempotency_key": "look"},
        {**body, "idempotency_key": "pay", "depends_on": ["look"]},
        {**body, "idempotency_key": "tell", "depends_on": ["look", "pay"]},
    ]
    first = api.post("/actions/batch", {"actions": items}).json()["results"]
    look, pay, tell = (result["action"] for result in first)
    assert [each["id"] for each in pay["depends_on"]] == [look["id"]]
    assert [each["id"] for each in tell["depends_on"]] == [look["id"], pay["id"]]
    again = api.post("/actions/batch", {"actions": items}).json()["results"]
    assert [result["replayed"] for result in again] == [True, True, True]


def test_a_later_or_a_failed_item_of_a_batch_cannot_be_named(
    api: AgentClient, body: dict[str, Any]
) -> None:
    items = [
        {**body, "idempotency_key": "early", "depends_on": ["late"]},
        {**body, "idempotency_key": "late", "payload": {}},
        {**body, "idempotency_key": "last", "depends_on": ["late"]},
    ]
    results = api.post("/actions/batch", {"actions": items}).json()["results"]
    assert [result["status"] for result in results] == [400, 400, 400]
    assert pointers(results[2]["problem"]) == [("/actions/2/depends_on/0", "invalid")]


def test_done_but_not_as_approved_is_said_in_the_answer_of_the_outcome(
    api: AgentClient, body: dict[str, Any], reviewer: Person
) -> None:
    for key, after, told in (
        ("k1", {"amount": "120.00"}, True),
        ("k2", {"amount": 1200}, False),
        ("k3", {"status": "paid"}, None),
    ):
        action = staged(api, body, key)
        assert action["as_approved"] is None
        approve(action["id"], reviewer)
        answer = finish(api, action["id"], after=after)
        assert (answer["state"], answer["as_approved"]) == ("succeeded", told)
        assert api.get(f"/actions/{action['id']}").json()["as_approved"] is told
