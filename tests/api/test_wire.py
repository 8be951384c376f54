"""Interrupts of other libraries over REST: opened as they come, each once, all calls or none."""

import pytest

from agents_registry.models import ActionType, Agent, Person, Workflow
from approvals.models import Action, Refusal, WireThread
from tests import factories
from tests.api.client import AgentClient, pointers, problem
from tests.api.wired import approve, opened, question

pytestmark = pytest.mark.django_db


@pytest.fixture
def at(workflow: Workflow) -> str:
    return f"/wire/langchain?workflow={workflow.slug}"


def test_every_call_of_an_interrupt_becomes_an_action_in_order(api: AgentClient, at: str) -> None:
    answer = api.post(f"{at}&run_id=run-7", question("A-1", "A-2"))
    thread, actions = opened(answer)
    assert answer["Location"].endswith(thread)
    assert [action["payload"]["order"] for action in answer.json()["actions"]] == ["A-1", "A-2"]
    assert {(action.state, action.run_id) for action in actions} == {("pending", "run-7")}
    assert [action.wire_call.place for action in actions] == [0, 1]


def test_a_token_for_tests_opens_a_thread_that_is_decided_at_once_and_never_taken(
    api: AgentClient, at: str, agent: Agent
) -> None:
    testing = AgentClient(factories.create_token(agent, test=True))
    thread, (action,) = opened(testing.post(at, question("A-1")))
    assert action.state == "observed"
    (decision,) = testing.get(thread).json()["i1"]["decisions"]
    assert decision["message"].startswith("This was a test.")
    problem(testing.post(f"{thread}/take"), 409, "not_live")
    for_good, (live,) = opened(api.post(at, question("A-1")))
    assert (for_good != thread, live.state) == (True, "pending")


def test_the_same_interrupt_again_is_the_same_thread(api: AgentClient, at: str) -> None:
    first = api.post(at, question("A-1"))
    again = api.post(at, {**question("A-1"), "response_schema": {"type": "object"}})
    assert again["Idempotency-Replayed"] == "true"
    assert again.json() == first.json()
    other = api.post(at, question("A-1", interrupt="i2"))
    elsewhere = api.post(f"{at}&run_id=run-2", question("A-1"))
    ids = {answer.json()["thread_id"] for answer in (first, other, elsewhere)}
    assert len(ids) == Action.objects.count() == 3


def test_in_another_order_it_is_still_the_same_interrupt(api: AgentClient, at: str) -> None:
    both = [question("A-1", interrupt="a"), question("A-2", interrupt="b")]
    first = api.post(at, both).json()
    assert api.post(at, both[::-1]).json() == first


def test_without_an_id_a_verdict_is_not_used_for_another_interrupt_that_reads_the_same(
    api: AgentClient, at: str, reviewer: Person
) -> None:
    alone = question("A-1")["value"]
    thread, (action,) = opened(api.post(at, alone))
    assert opened(api.post(at, alone))[0] == thread
    approve(action, reviewer)
    later, (new,) = opened(api.post(at, alone))
    assert later != thread
    assert new.state == "pending"
    assert api.get(thread).json() == {"decisions": [{"type": "approve"}]}


def test_an_idempotency_key_stands_for_one_interrupt(
    api: AgentClient, at: str, reviewer: Person
) -> None:
    alone = question("A-1")["value"]
    thread, (action,) = opened(api.post(at, alone, idempotency_key="k"))
    approve(action, reviewer)
    assert opened(api.post(at, alone, idempotency_key="k"))[0] == thread
    problem(api.post(at, question("A-2"), idempotency_key="k"), 422, "idempotency_key_reused")
    problem(api.post(at, alone, idempotency_key=""), 400, "idempotency_key_invalid")


def test_all_calls_are_staged_or_none_and_each_problem_is_at_its_place(
    api: AgentClient, at: str
) -> None:
    body = question("A-1", "A-2", "A-3")
    body["value"]["action_requests"][1]["args"]["amount"] = -1
    del body["value"]["action_requests"][2]["args"]["order"]
    found = problem(api.post(at, body), 400, "payload_invalid")
    assert pointers(found) == [
        ("/value/action_requests/1/args/amount", "minimum"),
        ("/value/action_requests/2/args", "required"),
    ]
    assert Action.objects.count() == WireThread.objects.count() == 0
    body = question("A-1", "A-2", "A-3")
    assert len(opened(api.post(at, body))[1]) == 3, "the refusal did not consume the interrupt"


def test_a_tool_that_is_not_in_the_action_space_is_refused_and_counted(
    api: AgentClient, at: str
) -> None:
    body = question("A-1", "A-2")
    body["value"]["action_requests"][1]["name"] = "wire_money"
    found = problem(api.post(at, body), 400, "unknown_action_type")
    assert pointers(found) == [("/value/action_requests/1/name", "unknown_action_type")]
    assert Action.objects.count() == 0
    assert Refusal.objects.get().key == "wire_money"


def test_an_unknown_shape_or_workflow_is_not_found(api: AgentClient, at: str) -> None:
    problem(api.post(at.replace("langchain", "crewai"), question("A-1")), 404, "not_found")
    found = api.post("/wire/langchain?workflow=nowhere", question("A-1"))
    problem(found, 404, "unknown_workflow")
    missing = problem(api.post("/wire/langchain", question("A-1")), 400, "invalid")
    assert pointers(missing) == [("/query/workflow", "required")]


def test_a_thread_of_another_agent_or_shape_is_not_found(api: AgentClient, at: str) -> None:
    thread, _ = opened(api.post(at, question("A-1")))
    stranger = AgentClient(factories.create_token(factories.create_desk()[0]))
    for call in (
        stranger.get(thread),
        stranger.post(f"{thread}/take"),
        api.get(thread.replace("langchain", "agent-inbox")),
        api.post(f"{thread.replace('langchain', 'agent-inbox')}/take"),
    ):
        problem(call, 404, "not_found")


def test_each_call_needs_its_scope(api: AgentClient, at: str, agent: Agent) -> None:
    thread, _ = opened(api.post(at, question("A-1")))
    reader = AgentClient(factories.create_token(agent, scopes=["read"]))
    problem(reader.post(at, question("A-2")), 403, "permission_denied")
    problem(reader.post(f"{thread}/take"), 403, "permission_denied")
    assert reader.get(thread).status_code == 202


def test_a_handoff_that_neither_type_nor_library_has_says_what_is_true(
    api: AgentClient, at: str, refund: ActionType
) -> None:
    ActionType.objects.filter(pk=refund.pk).update(handoff={"trigger": "a customer wrote"})
    body = question("A-1")
    body["value"]["action_requests"][0]["description"] = "The parcel came back."
    _, (action,) = opened(api.post(at, body))
    handoff = action.contents.get().handoff
    assert handoff["trigger"] == "a customer wrote"
    assert handoff["decision_asked"] == "May it call refund with these arguments?"
    assert action.summary == "The parcel came back."


def test_a_list_is_taken_as_it_is_and_anything_else_refused(api: AgentClient, at: str) -> None:
    both = [question("A-1", interrupt="a"), question("A-2", interrupt="b")]
    assert len(opened(api.post(at, both))[1]) == 2
    problem(api.post(at, b'"text"'), 400, "body_not_object")
    problem(api.post("/actions", b"[]"), 400, "body_not_object")
