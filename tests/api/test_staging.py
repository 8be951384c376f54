"""Staging over REST: judged at once, stored once per key, refused with a reason."""

import threading
from typing import Any

import pytest
from django.db import connections

from agents_registry import stops
from agents_registry.models import ActionType, Agent, StopKind, Workflow
from approvals.models import Action, Refusal, Submission
from ledger.canonical import digest
from ledger.models import Event
from tests import factories
from tests.api.client import AgentClient, pointers, problem

pytestmark = pytest.mark.django_db

WHOLE: dict[str, Any] = {
    "summary": "Refund the broken printer",
    "confidence": 0.58,
    "impact": {
        "affected": 1,
        "spend_delta": "-120.00",
        "currency": "USD",
        "metrics": {"share_pct": 40, "days": "3.5"},
    },
    "signals": {"missing": ["photo"], "conflicts": [], "categories": ["billing"]},
    "evidence": [{"title": "Mail", "url": "https://x.example/1", "excerpt": "…", "source": "crm"}],
    "trace": {"model": "m", "prompt": "p", "retrieval": [], "tool_calls": []},
    "handoff": {
        "trigger": "a mail",
        "context": "Their contract ends in March.",
        "decision_asked": "May it be paid?",
        "next_steps": ["pay it"],
        "inputs": {"usage_90d": None},
    },
    "preconditions": [{"path": "/refunded", "equals": 0}],
    "agent_version": "2026-11-14",
    "run_id": "run-17",
    "subject": {"type": "order", "id": "A-1", "label": "Order A-1"},
    "batch_key": "refunds-47",
    "depends_on": [],
    "requested_by": "ana@example.com",
    "callback_url": None,
    "not_before": None,
    "not_after": "2036-11-25T17:00:00+01:00",
}


def test_a_refund_is_staged_and_waits_for_a_person(api: AgentClient, body: dict[str, Any]) -> None:
    response = api.stage(body, "k1")
    staged = response.json()
    assert response.status_code == 201
    assert response["Location"] == f"/api/v1/actions/{staged['id']}"
    assert "Idempotency-Replayed" not in response
    assert (staged["state"], staged["tier"], staged["revision"]) == ("pending", "mandatory", 1)
    assert staged["payload_digest"] == digest(body["payload"])
    assert staged["policy"]["findings"][0]["because"]
    assert staged["review_url"].endswith(f"/actions/{staged['id']}/")
    assert staged["due_at"] > staged["created_at"]


def test_every_field_of_the_contract_is_taken_and_kept(
    api: AgentClient, body: dict[str, Any]
) -> None:
    staged = api.stage({**body, **WHOLE}, "k1").json()
    kept = Action.objects.get(pk=staged["id"])
    content = kept.contents.get()
    assert staged["subject"] == WHOLE["subject"]
    assert (staged["confidence"], staged["run_id"]) == (0.58, "run-17")
    assert staged["not_after"] == "2036-11-25T16:00:00.000Z"
    assert content.evidence == WHOLE["evidence"]
    assert content.handoff == WHOLE["handoff"]
    assert content.impact == WHOLE["impact"]
    assert content.signals == WHOLE["signals"]
    assert content.preconditions == WHOLE["preconditions"]


def test_only_three_fields_are_required(api: AgentClient, body: dict[str, Any]) -> None:
    least = {name: body[name] for name in ("workflow", "action_type", "payload")}
    assert api.stage(least, "k1").status_code == 201
    found = problem(api.stage({}, "k2"), 400, "invalid")
    assert set(pointers(found)) == {
        ("/workflow", "required"),
        ("/action_type", "required"),
        ("/payload", "required"),
    }


def test_the_same_key_and_body_get_the_first_answer_again(
    api: AgentClient, body: dict[str, Any]
) -> None:
    first, again = api.stage(body, "k1"), api.stage(dict(reversed(body.items())), "k1")
    assert again.status_code == 201
    assert again["Idempotency-Replayed"] == "true"
    assert again["Location"] == first["Location"]
    assert again.json() == first.json()
    assert Action.objects.count() == 1


def test_the_same_key_with_another_body_is_refused(api: AgentClient, body: dict[str, Any]) -> None:
    api.stage(body, "k1")
    other = {**body, "payload": {**body["payload"], "amount": 121}}
    problem(api.stage(other, "k1"), 422, "idempotency_key_reused")
    assert Action.objects.count() == 1


def test_a_refused_request_does_not_consume_its_key(api: AgentClient, body: dict[str, Any]) -> None:
    wrong = {**body, "payload": {"order": "A-1"}}
    problem(api.stage(wrong, "k1"), 400, "payload_invalid")
    assert api.stage(body, "k1").status_code == 201


def test_two_agents_may_use_the_same_key(
    api: AgentClient, body: dict[str, Any], agent: Agent, workflow: Workflow
) -> None:
    colleague = factories.create_agent(agent.team)
    workflow.agents.add(colleague)
    other = AgentClient(factories.create_token(colleague))
    assert api.stage(body, "k1").json()["id"] != other.stage(body, "k1").json()["id"]


@pytest.mark.parametrize("key", ["", "ä", "x" * 256, "tab\tinside"])
def test_a_key_that_is_none_is_refused(api: AgentClient, body: dict[str, Any], key: str) -> None:
    found = problem(api.stage(body, key), 400, "idempotency_key_invalid")
    assert pointers(found) == [("/headers/Idempotency-Key", "idempotency_key_invalid")]


def test_what_writes_needs_a_key_and_a_read_does_not(
    api: AgentClient, body: dict[str, Any], read_body: dict[str, Any]
) -> None:
    problem(api.post("/actions", body), 400, "idempotency_key_missing")
    assert api.post("/actions", read_body).status_code == 201


def test_a_read_is_approved_in_the_answer(api: AgentClient, read_body: dict[str, Any]) -> None:
    staged = api.post("/actions", read_body).json()
    assert (staged["state"], staged["tier"], staged["due_at"]) == ("approved", "autonomous", None)


def test_take_leases_in_the_same_call_what_needs_no_person(
    api: AgentClient, body: dict[str, Any], read_body: dict[str, Any]
) -> None:
    taken = api.post("/actions", {**read_body, "take": True}).json()
    assert taken["state"] == "released"
    assert taken["release"]["payload"] == read_body["payload"]
    assert taken["release"]["fence"] == 1
    waiting = api.stage({**body, "take": True}, "k1").json()
    assert waiting["state"] == "pending"
    assert "release" not in waiting


def test_an_unlisted_action_type_is_refused_and_counted_for_the_risk_owner(
    api: AgentClient, body: dict[str, Any], workflow: Workflow
) -> None:
    for key in ("k1", "k2"):
        problem(api.stage({**body, "action_type": "burn"}, key), 400, "unknown_action_type")
    refusal = Refusal.objects.get()
    assert (refusal.workflow, refusal.key, refusal.count) == (workflow, "burn", 2)


def test_an_unknown_workflow_and_one_of_another_team_are_not_there(
    api: AgentClient, body: dict[str, Any]
) -> None:
    _, foreign, _ = factories.create_desk()
    problem(api.stage({**body, "workflow": "nowhere"}, "k1"), 404, "unknown_workflow")
    problem(api.stage({**body, "workflow": foreign.slug}, "k2"), 404, "unknown_workflow")


def test_a_payload_that_does_not_fit_is_pointed_at(api: AgentClient, body: dict[str, Any]) -> None:
    wrong = {**body, "payload": {"order": "", "amount": -1, "currency": "GBP", "x": 1}}
    found = problem(api.stage(wrong, "k1"), 400, "payload_invalid")
    assert {pointer for pointer, _ in pointers(found)} == {
        "/payload",
        "/payload/order",
        "/payload/amount",
        "/payload/currency",
    }


def test_a_handoff_that_says_too_little_is_pointed_at(
    api: AgentClient, body: dict[str, Any], refund: ActionType
) -> None:
    ActionType.objects.filter(pk=refund.pk).update(handoff={})
    found = problem(api.stage(body, "k1"), 400, "handoff_incomplete")
    assert ("/handoff/decision_asked", "required") in pointers(found)


@pytest.mark.parametrize(
    "url",
    ["http://agent.example/hook", "https://127.0.0.1/", "https://[::1]/", "https://10.1.2.3/", "?"],
)
def test_a_callback_goes_to_the_public_internet_alone(
    api: AgentClient, body: dict[str, Any], url: str
) -> None:
    body = {**body, "callback_url": url}
    for answer in (api.stage(body, "k1"), api.post("/actions/check", body)):
        found = problem(answer, 400, "address_not_allowed")
        assert pointers(found) == [("/callback_url", "address_not_allowed")]
    assert not Action.objects.exists()


@pytest.mark.parametrize("url", ["https://agent.example/hook", "", None])
def test_a_callback_is_kept_with_its_action(
    api: AgentClient, body: dict[str, Any], url: str | None
) -> None:
    assert api.stage({**body, "callback_url": url}, "k1").status_code == 201
    assert Action.objects.get().callback_url == (url or "")


def test_a_stopped_workflow_that_refuses_says_who_can_turn_it_on(
    api: AgentClient, body: dict[str, Any], workflow: Workflow
) -> None:
    stops.put(
        team=workflow.team,
        kind=StopKind.WORKFLOW,
        target=stops.workflow_target(workflow),
        reason="prices are wrong",
        actor="person:test",
        by=None,
    )
    assert api.stage(body, "k1").json()["state"] == "pending"
    Workflow.objects.filter(pk=workflow.pk).update(when_stopped="refuse")
    found = problem(api.stage(body, "k2"), 423, "paused")
    assert str(workflow.risk_owner) in found["detail"]


def test_check_answers_what_staging_would_and_stores_nothing(
    api: AgentClient, body: dict[str, Any]
) -> None:
    answer = api.post("/actions/check", body)
    assert answer.status_code == 200
    assert answer.json()["tier"] == "mandatory"
    assert answer.json()["needs_person"] is True
    assert not Action.objects.exists()
    assert not Event.objects.filter(type="action.staged").exists()


@pytest.mark.django_db(transaction=True)
def test_fifty_parallel_posts_of_one_key_make_one_action(token: str, body: dict[str, Any]) -> None:
    start, answers = threading.Barrier(50), []

    def post() -> None:
        try:
            start.wait()
            response = AgentClient(token).stage(body, "one")
            answers.append((response.status_code, response.json().get("id")))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=post) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {status for status, _ in answers} <= {201, 409}
    ids = {action_id for status, action_id in answers if status == 201}
    assert ids == {str(Action.objects.get().pk)}
    assert Submission.objects.count() == 1
    assert Event.objects.filter(type="action.staged").count() == 1
