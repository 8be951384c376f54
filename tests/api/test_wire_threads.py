"""The thread of an interrupt: answered in the library's words once every call is decided, and
taken together."""

import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from django.db import connections

from agents_registry import stops
from agents_registry.models import ActionType, Agent, Person, StopKind, Workflow
from approvals import review, stopping, threads
from approvals.errors import Conflict
from approvals.models import Action
from tests import factories
from tests.api.client import AgentClient, problem
from tests.api.wired import approve, create_thread, edit, opened, question, refund, reject

pytestmark = pytest.mark.django_db


@pytest.fixture
def at(workflow: Workflow) -> str:
    return f"/wire/langchain?workflow={workflow.slug}"


def test_the_payload_comes_once_all_calls_are_decided_and_not_before(
    api: AgentClient, at: str, reviewer: Person
) -> None:
    thread, (one, two, three) = opened(api.post(at, question("A-1", "A-2", "A-3")))
    edit(one, reviewer, refund("A-1", 80))
    reject(two, reviewer, "Paid on Monday.")
    waiting = api.get(thread)
    assert waiting.status_code == 202
    assert waiting.json() == {
        "thread_id": thread.rpartition("/")[2],
        "state": "pending",
        "actions": [
            {"id": str(one.pk), "state": "approved"},
            {"id": str(two.pk), "state": "rejected"},
            {"id": str(three.pk), "state": "pending"},
        ],
    }
    approve(three, reviewer)
    done = api.get(thread)
    assert done.status_code == 200
    message = "A person rejected this call. Facts are wrong. Paid on Monday."
    changed = {"name": "refund", "args": refund("A-1", 80)}
    decisions = [
        {"type": "edit", "edited_action": changed},
        {"type": "reject", "message": message},
        {"type": "approve"},
    ]
    assert done.json() == {"i1": {"decisions": decisions}}


def test_while_a_verdict_settles_the_call_is_undecided(
    api: AgentClient, at: str, refund: ActionType, reviewer: Person
) -> None:
    ActionType.objects.filter(pk=refund.pk).update(settle_seconds=600)
    thread, (action,) = opened(api.post(at, question("A-1")))
    approve(action, reviewer)
    assert api.get(thread).status_code == 202
    assert api.get(thread).json()["actions"][0]["state"] == "pending"
    problem(api.post(f"{thread}/take"), 409, "not_decided")


def test_taking_leases_what_is_approved_and_nothing_else(
    api: AgentClient, at: str, reviewer: Person
) -> None:
    thread, (one, two) = opened(api.post(at, question("A-1", "A-2")))
    problem(api.post(f"{thread}/take"), 409, "not_decided")
    edit(one, reviewer, refund("A-1", 80))
    reject(two, reviewer)
    taken = api.post(f"{thread}/take", {"lease_seconds": 60}).json()
    first, second = taken["releases"]
    assert first["payload"] == refund("A-1", 80)
    assert first["action_id"] == str(one.pk)
    assert second is None
    assert taken["resume"] == api.get(thread).json()
    report = {"lease_id": first["lease_id"], "status": "succeeded"}
    assert api.post(f"/actions/{one.pk}/outcome", report).json()["state"] == "succeeded"


def test_what_was_taken_once_is_a_rejection_the_second_time(
    api: AgentClient, at: str, reviewer: Person
) -> None:
    thread, (action,) = opened(api.post(at, question("A-1")))
    approve(action, reviewer)
    api.post(f"{thread}/take")
    again = api.post(f"{thread}/take").json()
    assert again["releases"] == [None]
    (decision,) = again["resume"]["i1"]["decisions"]
    assert decision["type"] == "reject"
    assert "taken already" in decision["message"]


def test_a_take_after_a_stop_is_a_rejection(
    api: AgentClient, at: str, agent: Agent, workflow: Workflow, reviewer: Person
) -> None:
    thread, (one, two) = opened(api.post(at, question("A-1", "A-2")))
    approve(one, reviewer)
    reject(two, reviewer)
    stopping.stop(
        team=agent.team,
        kind=StopKind.WORKFLOW,
        target=stops.workflow_target(workflow),
        reason="odd refunds",
        person=reviewer,
    )
    taken = api.post(f"{thread}/take").json()
    assert taken["releases"] == [None, None]
    first, second = taken["resume"]["i1"]["decisions"]
    assert first["type"] == "reject"
    assert "cannot be done now. Stopped since" in first["message"]
    assert second["message"] == "A person rejected this call. Facts are wrong."
    assert Action.objects.get(pk=one.pk).state == "approved"


def test_what_may_not_be_done_yet_is_no_rejection_and_nothing_is_taken(
    api: AgentClient, at: str, reviewer: Person
) -> None:
    thread, (one, two) = opened(api.post(at, question("A-1", "A-2")))
    approve(one, reviewer)
    approve(two, reviewer)
    Action.objects.filter(pk=two.pk).update(not_before="2099-01-01T00:00:00Z")
    Action.objects.filter(pk=two.pk).update(approval_ends_at="2099-02-01T00:00:00Z")
    assert problem(api.post(f"{thread}/take"), 409, "too_early")["retry_at"].startswith("2099")
    assert {each.state for each in Action.objects.all()} == {"approved"}


def test_what_is_past_its_end_is_a_rejection(api: AgentClient, at: str, reviewer: Person) -> None:
    thread, (action,) = opened(api.post(at, question("A-1")))
    approve(action, reviewer)
    Action.objects.filter(pk=action.pk).update(approval_ends_at="2020-01-01T00:00:00Z")
    (decision,) = api.post(f"{thread}/take").json()["resume"]["i1"]["decisions"]
    assert (decision["type"], "past its end" in decision["message"]) == ("reject", True)


def test_what_was_sent_back_is_a_rejection_and_taking_withdraws_it(
    api: AgentClient, at: str, reviewer: Person
) -> None:
    thread, (action,) = opened(api.post(at, question("A-1")))
    review.ask_for_changes(
        action_id=action.pk, person=reviewer, seen=factories.seen(action), comment="Half of it."
    )
    (before,) = api.get(thread).json()["i1"]["decisions"]
    assert before["type"] == "reject"
    assert "A person asks for changes" in before["message"]
    (decision,) = api.post(f"{thread}/take").json()["resume"]["i1"]["decisions"]
    assert decision == before
    assert decision["message"].endswith("Half of it.")
    assert Action.objects.get(pk=action.pk).state == "withdrawn"


def test_what_the_policy_blocks_is_a_rejection_with_the_reason(
    api: AgentClient, at: str, refund: ActionType
) -> None:
    rule = {"metric": "spend_delta", "operator": ">", "limit": "100", "currency": "USD"}
    ActionType.objects.filter(pk=refund.pk).update(thresholds=[{**rule, "effect": {"block": True}}])
    answer = api.post(at, question("A-1"))
    thread, (action,) = opened(answer)
    assert action.state == "blocked"
    (decision,) = api.get(thread).json()["i1"]["decisions"]
    findings = answer.json()["actions"][0]["policy"]["findings"]
    assert findings[0]["because"] in decision["message"]


def test_an_edit_that_the_tool_does_not_take_is_refused_and_the_call_still_waits(
    api: AgentClient, at: str, reviewer: Person
) -> None:
    body = question("A-1")
    body["value"]["review_configs"][0]["allowed_decisions"] = ["approve", "reject"]
    thread, (action,) = opened(api.post(at, body))
    with pytest.raises(Conflict, match="yes or a no"):
        edit(action, reviewer, refund("A-1", 80))
    assert api.get(thread).status_code == 202


def test_an_approval_by_the_policy_that_the_tool_does_not_take_is_a_rejection_and_not_taken(
    api: AgentClient, at: str, workflow: Workflow
) -> None:
    factories.create_read_type(workflow, "look_up_order")
    request = {"name": "look_up_order", "args": {"order": "A-1"}}
    configs = [{"action_name": "look_up_order", "allowed_decisions": ["reject"]}]
    body = {"action_requests": [request], "review_configs": configs}
    thread, (action,) = opened(api.post(at, body))
    assert action.state == "approved"
    taken = api.post(f"{thread}/take").json()
    (decision,) = taken["resume"]["decisions"]
    assert (decision["type"], taken["releases"]) == ("reject", [None])
    assert Action.objects.get(pk=action.pk).state == "approved"


def test_a_revision_that_is_approved_is_an_edit_of_what_the_library_asked(
    api: AgentClient, at: str, reviewer: Person
) -> None:
    thread, (action,) = opened(api.post(at, question("A-1")))
    review.ask_for_changes(
        action_id=action.pk, person=reviewer, seen=factories.seen(action), comment="Half of it."
    )
    revised = api.post(f"/actions/{action.pk}/revise", {"payload": refund("A-1", 60)})
    assert revised.status_code == 200
    assert api.get(thread).status_code == 202
    action.refresh_from_db()
    approve(action, reviewer)
    (decision,) = api.get(thread).json()["i1"]["decisions"]
    assert decision["edited_action"] == {"name": "refund", "args": refund("A-1", 60)}


def test_a_question_is_answered_in_a_persons_words(
    api: AgentClient, at: str, workflow: Workflow, reviewer: Person
) -> None:
    factories.create_action_type(workflow, "ask", payload_schema={}, impact=None)
    request = {"name": "ask", "args": {"question": "Which colour?"}}
    configs = [{"action_name": "ask", "allowed_decisions": ["respond"]}]
    body = {"action_requests": [request], "review_configs": configs}
    thread, (action,) = opened(api.post(at, body))
    review.answer(action_id=action.pk, person=reviewer, seen=factories.seen(action), text="Blue.")
    assert api.get(thread).json() == {"decisions": [{"type": "respond", "message": "Blue."}]}
    assert api.post(f"{thread}/take").json()["releases"] == [None]


@pytest.mark.django_db(transaction=True)
def test_of_two_who_take_at_once_one_gets_the_leases(
    at: str, agent: Agent, workflow: Workflow, reviewer: Person
) -> None:
    thread = create_thread(agent, workflow, "A-1", "A-2", by=reviewer)
    both = threading.Barrier(2)

    def take() -> list[bool]:
        try:
            both.wait(20)
            taken = threads.take(agent=agent, shape="langchain", thread_id=thread, seconds=60)
            return [lease is not None for lease in taken.leases]
        finally:
            connections.close_all()

    with ThreadPoolExecutor() as pool:
        results = [asked.result(60) for asked in [pool.submit(take), pool.submit(take)]]
    assert sorted(results) == [[False, False], [True, True]]


@pytest.mark.django_db(transaction=True)
def test_whoever_waits_for_a_thread_learns_when_its_last_call_is_decided(
    server: str, token: str, at: str, reviewer: Person
) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    posted = httpx.post(f"{server}/api/v1{at}", json=question("A-1", "A-2"), headers=headers)
    thread = posted.json()["thread_id"]
    address = f"{server}/api/v1/wire/langchain/{thread}"
    one, two = Action.objects.order_by("pk")

    def wait(seconds: int) -> httpx.Response:
        prefer = {**headers, "Prefer": f"wait={seconds}"}
        return httpx.get(address, headers=prefer, timeout=70)

    assert wait(1).status_code == 202
    with ThreadPoolExecutor() as elsewhere:
        waiting = elsewhere.submit(wait, 60)
        approve(one, reviewer)
        with pytest.raises(TimeoutError):
            waiting.result(timeout=1)
        approve(two, reviewer)
        answer = waiting.result(timeout=20)
    assert answer.json() == {"i1": {"decisions": [{"type": "approve"}] * 2}}
    assert answer.headers["Preference-Applied"] == "wait=60"
    assert not {"Review-Queue-Pending", "Review-Queue-Waits-For"} & set(answer.headers)
    assert wait(60).json() == answer.json(), "what is decided is not waited for"
