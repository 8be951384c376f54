"""Test mode: what a token for tests stages is judged and answered like the rest, and never done."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from agents_registry import tokens
from agents_registry.models import ActionType, Agent, AgentToken, Person, Workflow
from approvals import steps, totals
from approvals.models import Action, Delivery, FollowUp, Notice, Refusal
from approvals.querysets import pending
from ledger.models import Event
from tests import factories
from tests.api.client import AgentClient, problem

pytestmark = pytest.mark.django_db


@pytest.fixture
def testing(agent: Agent) -> AgentClient:
    return AgentClient(factories.create_token(agent, test=True))


def staged(api: AgentClient, body: Any, key: str = "k-1") -> dict[str, Any]:
    response = api.stage(body, key=key)
    assert response.status_code == 201, response.content
    answer: dict[str, Any] = response.json()
    return answer


def test_a_test_is_judged_like_the_rest_and_observed_at_once(
    testing: AgentClient, api: AgentClient, body: dict[str, Any]
) -> None:
    test, live = staged(testing, body), staged(api, body)
    assert (test["state"], live["state"]) == ("observed", "pending")
    assert (test["test"], live["test"]) == (True, False)
    same = ("tier", "mode", "policy", "sentence", "payload_digest")
    assert [test[name] for name in same] == [live[name] for name in same]
    assert test["due_at"] is None
    action = Action.objects.get(pk=test["id"])
    assert (action.purpose, action.assignee, action.next_step_at) == ("eval", None, None)


def test_what_needs_no_person_is_not_approved_either_nor_taken(
    testing: AgentClient, read_body: dict[str, Any]
) -> None:
    answer = staged(testing, {**read_body, "take": True})
    assert (answer["state"], answer["tier"]) == ("observed", "autonomous")
    assert "release" not in answer
    assert answer["approved_digest"] is None


def test_it_is_refused_for_the_same_faults(testing: AgentClient, body: dict[str, Any]) -> None:
    wrong = testing.stage({**body, "payload": {"order": 1}}, key="k")
    problem(wrong, 400, "payload_invalid")
    problem(testing.post("/actions", body), 400, "idempotency_key_missing")
    unlisted = {**body, "action_type": "made_up"}
    problem(testing.stage(unlisted, key="k"), 400, "unknown_action_type")
    problem(testing.post("/actions/check", unlisted), 400, "unknown_action_type")
    assert not Refusal.objects.exists()
    assert not Action.objects.exists()


def test_what_is_blocked_says_so_and_nobody_has_to_look_into_it(
    testing: AgentClient, api: AgentClient, body: dict[str, Any], refund: ActionType
) -> None:
    rule = {"metric": "spend_delta", "operator": ">", "limit": "100", "currency": "USD"}
    ActionType.objects.filter(pk=refund.pk).update(thresholds=[{**rule, "effect": {"block": True}}])
    assert staged(testing, body)["state"] == "blocked"
    assert not FollowUp.objects.exists()
    assert staged(api, body)["state"] == "blocked"
    assert FollowUp.objects.count() == 1


def test_nobody_is_asked_and_nobody_is_told(
    testing: AgentClient, body: dict[str, Any], workflow: Workflow, signed_in: Client
) -> None:
    answer = staged(testing, body)
    assert not pending(workflow.team).exists()
    assert answer["id"] not in signed_in.get("/inbox/?view=all").content.decode()
    told = Event.objects.filter(stream=f"action:{answer['id']}").order_by("seq")
    assert [event.type for event in told] == ["action.staged", "action.observed"]
    assert not Notice.objects.exists()
    assert not Delivery.objects.exists()


def test_it_adds_nothing_up(
    testing: AgentClient, api: AgentClient, body: dict[str, Any], refund: ActionType
) -> None:
    limit = {"id": "day", "metric": "spend_delta", "currency": "USD", "per": "agent"}
    limit |= {"within": "24 hours", "operator": ">", "limit": "200", "effect": {"block": True}}
    ActionType.objects.filter(pk=refund.pk).update(cumulative=[limit])
    assert staged(testing, body, "a")["tier"] == staged(testing, body, "b")["tier"] == "mandatory"
    assert staged(api, body, "a")["tier"] == "mandatory"
    over = staged(testing, body, "c")
    assert (over["tier"], over["state"]) == ("blocked", "blocked")


def test_a_test_waits_for_no_sum_that_others_hold(
    testing: AgentClient, body: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[Any] = []
    monkeypatch.setattr(totals, "hold", lambda *args: held.append(args))
    staged(testing, body)
    assert held == []


def test_keys_of_tests_are_their_own(
    testing: AgentClient, api: AgentClient, body: dict[str, Any]
) -> None:
    test = staged(testing, body, "order-1")
    again = testing.stage(body, key="order-1")
    assert (again.json(), again["Idempotency-Replayed"]) == (test, "true")
    problem(testing.stage({**body, "summary": "x"}, key="order-1"), 422, "idempotency_key_reused")
    live = staged(api, body, "order-1")
    assert (live["state"], live["id"] == test["id"]) == ("pending", False)


def test_in_a_batch_too(testing: AgentClient, body: dict[str, Any]) -> None:
    items = [{**body, "idempotency_key": key} for key in ("a", "b")]
    results = testing.post("/actions/batch", {"actions": items}).json()["results"]
    assert [each["action"]["state"] for each in results] == ["observed", "observed"]


def test_the_steps_of_a_test_are_tests_and_no_real_one_hangs_on_them(
    testing: AgentClient, api: AgentClient, body: dict[str, Any]
) -> None:
    first = {**body, "idempotency_key": "first"}
    second = {**body, "idempotency_key": "second", "depends_on": ["first"]}
    results = testing.post("/actions/batch", {"actions": [first, second]}).json()["results"]
    assert [each["action"]["state"] for each in results] == ["observed", "observed"]
    step = results[0]["action"]["id"]
    assert results[1]["action"]["depends_on"] == [{"id": step, "state": "observed"}]
    real = api.stage({**body, "depends_on": [step]}, key="real")
    problem(real, 409, "dependency_failed")
    dropped = staged(api, body, "dropped")["id"]
    api.post(f"/actions/{dropped}/withdraw")
    problem(testing.stage({**body, "depends_on": [dropped]}, key="x"), 409, "dependency_failed")


def test_nothing_is_followed_up_when_a_test_has_steps(
    testing: AgentClient, body: dict[str, Any]
) -> None:
    first = staged(testing, body, "a")
    staged(testing, {**body, "depends_on": [first["id"]]}, "b")
    steps.follow()
    assert not FollowUp.objects.exists()


def test_a_test_cannot_be_taken_with_any_token(
    testing: AgentClient, api: AgentClient, body: dict[str, Any]
) -> None:
    test = staged(testing, body)
    problem(testing.post(f"/actions/{test['id']}/release"), 409, "not_live")
    problem(api.post(f"/actions/{test['id']}/release"), 409, "not_live")


@pytest.mark.parametrize(
    "path",
    ["/actions/{}/release", "/actions/{}/outcome", "/actions/{}/withdraw", "/actions/{}/revise",
     "/actions/{}/rollback", "/actions/release", "/metrics"],
)  # fmt: skip
def test_a_test_token_changes_nothing_that_is_live(
    agent: Agent, api: AgentClient, body: dict[str, Any], path: str
) -> None:
    live = staged(api, body)
    every = ["stage", "release", "report", "read", "metrics", "check"]
    testing = AgentClient(factories.create_token(agent, test=True, scopes=every))
    before = Event.objects.count()
    problem(testing.post(path.format(live["id"])), 409, "not_live")
    assert Action.objects.get(pk=live["id"]).state == "pending"
    assert Event.objects.count() == before


def test_it_reads_what_the_agent_may_read(testing: AgentClient, body: dict[str, Any]) -> None:
    test = staged(testing, body)
    assert testing.get(f"/actions/{test['id']}").json()["state"] == "observed"
    assert [each["id"] for each in testing.get("/actions").json()["results"]] == [test["id"]]
    assert testing.get("/me").json()["token"]["test"] is True


def test_tests_have_a_rate_limit_of_their_own(
    testing: AgentClient, api: AgentClient, settings: Any
) -> None:
    settings.API_RATE_PER_MINUTE = 3
    assert any(testing.get("/me").status_code == 429 for _ in range(9))
    assert api.get("/me").status_code == 200


def test_the_command_makes_a_token_for_tests(agent: Agent) -> None:
    out = StringIO()
    call_command("issue_token", agent.slug, "--test", stdout=out)
    token = tokens.prove(out.getvalue().strip())
    assert token is not None
    assert token.test
    assert not AgentToken.objects.get(agent=agent, pk=token.pk).revoked_at


def test_the_record_says_that_a_token_is_for_tests(agent: Agent) -> None:
    factories.create_token(agent, test=True)
    event = Event.objects.get(type="token.issued")
    assert b'"test":true' in bytes(event.content)


def test_a_reviewer_cannot_decide_it(
    testing: AgentClient, body: dict[str, Any], signed_in: Client, reviewer: Person
) -> None:
    test = staged(testing, body)
    page = signed_in.get(f"/actions/{test['id']}/")
    assert page.status_code == 200
    action = Action.objects.get(pk=test["id"])
    seen = factories.seen(action)
    posted = {"verdict": "approved", "revision": seen.revision, "digest": seen.payload_digest}
    posted |= {"policy_revision": seen.policy_revision, "checked": ["all"]}
    refused = signed_in.post(f"/actions/{test['id']}/decide", posted)
    assert refused.status_code == 409
    assert Action.objects.get(pk=test["id"]).state == "observed"
