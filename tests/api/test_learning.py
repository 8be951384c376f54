"""Learning the decision: one action with its ETag, the list, the feed of verdicts."""

import json
import threading
from datetime import datetime, timedelta
from queue import Queue

import pytest
from django.db import connection, connections, transaction
from pytest_django import DjangoAssertNumQueries

from agents_registry.models import ActionType, Agent, Person, Standard, Workflow
from approvals import feed, review
from approvals.models import Action, Decision
from tests import factories
from tests.api.client import AgentClient, problem

pytestmark = pytest.mark.django_db

QUERIES_OF_A_LIST = 4
"""The token, the clock, the page."""
QUERIES_OF_ME = 8


def reject(action: Action, person: Person, *, age: timedelta = timedelta(minutes=1)) -> Decision:
    """A rejection that settled some time ago."""
    decision = review.reject(
        action_id=action.pk,
        person=person,
        seen=factories.seen(action),
        reason="wrong_facts",
        cause="source",
        comment="that order was cancelled",
    )
    Decision.objects.filter(pk=decision.pk).update(created_at=decision.created_at - age)
    return decision


def test_one_action_tells_its_state_and_the_verdict(
    api: AgentClient, action: Action, reviewer: Person
) -> None:
    assert api.get(f"/actions/{action.pk}").json()["decision"] is None
    reject(action, reviewer)
    found = api.get(f"/actions/{action.pk}").json()
    assert found["state"] == "rejected"
    assert found["decision"]["verdict"] == "rejected"
    assert found["decision"]["reason"] == "wrong_facts"
    assert found["decision"]["comment"] == "that order was cancelled"
    assert found["decision"]["by"] == reviewer.username


def test_an_action_that_did_not_change_is_not_sent_again(
    api: AgentClient, action: Action, reviewer: Person
) -> None:
    first = api.get(f"/actions/{action.pk}")
    again = api.get(f"/actions/{action.pk}", if_none_match=first["ETag"])
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    reject(action, reviewer)
    changed = api.get(f"/actions/{action.pk}", if_none_match=f'"other", W/{first["ETag"]}')
    assert changed.status_code == 200
    assert changed["ETag"] != first["ETag"]


def test_plain_wsgi_answers_at_once_and_says_that_waiting_is_worth_it(
    api: AgentClient, action: Action, reviewer: Person
) -> None:
    waiting = api.get(f"/actions/{action.pk}", prefer="respond-async, wait=30")
    assert waiting["Review-Queue-Pending"] == "60"
    assert "Preference-Applied" not in waiting
    reject(action, reviewer)
    assert "Review-Queue-Pending" not in api.get(f"/actions/{action.pk}", prefer="wait=30")


def test_the_list_is_read_page_by_page_the_newest_first(
    api: AgentClient, agent: Agent, refund: ActionType
) -> None:
    ids = [str(factories.create_action(agent, refund).pk) for _ in range(5)]
    read, cursor = [], ""
    while cursor is not None:
        page = api.get(f"/actions?limit=2{cursor and '&cursor=' + cursor}").json()
        read += [one["id"] for one in page["results"]]
        cursor = page["next"]
    assert read == ids[::-1]


def test_a_listed_action_lacks_its_large_parts_and_nothing_else(
    api: AgentClient, action: Action
) -> None:
    listed = api.get("/actions").json()["results"][0]
    whole = api.get(f"/actions/{action.pk}").json()
    large = {"payload", "before", "trace", "evidence", "policy", "decision", "used"}
    large |= {"as_approved", "recall_requested"}
    assert set(whole) - set(listed) == large
    assert {name: whole[name] for name in listed} == listed


def test_the_list_is_filtered_by_state_workflow_and_run(
    api: AgentClient, agent: Agent, refund: ActionType, reviewer: Person
) -> None:
    one = factories.create_action(agent, refund, run_id="run-1")
    two = factories.create_action(agent, refund, run_id="run-2")
    reject(two, reviewer)

    def found(query: str) -> list[str]:
        return [row["id"] for row in api.get(f"/actions?{query}").json()["results"]]

    assert found("state=rejected") == [str(two.pk)]
    assert found("run_id=run-1") == [str(one.pk)]
    assert len(found(f"workflow={refund.workflow.slug}&state=pending")) == 1
    assert found("workflow=another") == []


def test_a_longer_list_asks_no_more_of_the_database(
    api: AgentClient,
    agent: Agent,
    refund: ActionType,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for _ in range(7):
        factories.create_action(agent, refund)
    with django_assert_num_queries(QUERIES_OF_A_LIST):
        api.get("/actions")


def test_a_list_of_approved_ones_asks_once_what_time_it_is(
    api: AgentClient,
    agent: Agent,
    refund: ActionType,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    read = factories.create_read_type(refund.workflow)
    for _ in range(7):
        factories.create_action(agent, read)
    with django_assert_num_queries(QUERIES_OF_A_LIST + 1):
        api.get("/actions")


def test_the_feed_tells_verdicts_once_in_their_order(
    api: AgentClient, agent: Agent, refund: ActionType, reviewer: Person
) -> None:
    actions = [factories.create_action(agent, refund) for _ in range(3)]
    for action in actions:
        reject(action, reviewer)
    first = api.get("/decisions?limit=2").json()
    assert [one["action_id"] for one in first["results"]] == [str(a.pk) for a in actions[:2]]
    assert first["results"][0]["action_type"] == "refund"
    rest = api.get(f"/decisions?after={first['next']}").json()
    assert [one["action_id"] for one in rest["results"]] == [str(actions[2].pk)]
    end = api.get(f"/decisions?after={rest['next']}").json()
    assert end == {"results": [], "next": rest["next"]}


def test_the_feed_comes_as_lines_too_each_with_its_cursor(
    api: AgentClient, agent: Agent, refund: ActionType, reviewer: Person
) -> None:
    for _ in range(2):
        reject(factories.create_action(agent, refund), reviewer)
    response = api.get("/decisions", accept="application/jsonl")
    assert response["Content-Type"] == "application/jsonl"
    lines = [json.loads(line) for line in response.content.splitlines()]
    assert lines == api.get("/decisions").json()["results"]
    rest = api.get(f"/decisions?after={lines[0]['cursor']}", accept="application/jsonl")
    assert [json.loads(line) for line in rest.content.splitlines()] == lines[1:]
    refused = api.get("/decisions?after=x", accept="application/jsonl")
    problem(refused, 400, "cursor_invalid")


def test_the_feed_carries_the_edit_as_a_patch(
    api: AgentClient, action: Action, reviewer: Person
) -> None:
    decision = review.edit_and_approve(
        action_id=action.pk,
        person=reviewer,
        seen=factories.seen(action),
        payload={"order": "A-1", "amount": 100, "currency": "USD"},
        checked=["amount"],
    )
    earlier = decision.created_at - timedelta(minutes=1)
    Decision.objects.filter(pk=decision.pk).update(created_at=earlier)
    learned = api.get("/decisions").json()["results"][0]
    assert learned["verdict"] == "edited"
    assert learned["edits"] == [{"op": "replace", "path": "/amount", "value": 100}]


def test_the_feed_holds_back_what_may_still_be_undone_and_all_behind_it(
    api: AgentClient, agent: Agent, refund: ActionType, reviewer: Person
) -> None:
    young, old = (factories.create_action(agent, refund) for _ in range(2))
    undone = reject(young, reviewer, age=timedelta(0))
    reject(old, reviewer)
    assert api.get("/decisions").json()["results"] == []
    review.undo(decision_id=undone.pk, person=reviewer)
    learned = api.get("/decisions").json()["results"]
    assert [one["action_id"] for one in learned] == [str(old.pk)]


@pytest.mark.django_db(transaction=True)
def test_the_feed_waits_for_a_verdict_that_commits_late(
    api: AgentClient, agent: Agent, refund: ActionType, reviewer: Person
) -> None:
    """The first draws its id first and commits last: a feed by id alone would lose it."""
    slow, quick = (factories.create_action(agent, refund) for _ in range(2))
    begun, go_on = Queue[datetime](), threading.Event()

    def decide_slowly() -> None:
        try:
            with transaction.atomic():
                with connection.cursor() as cursor:
                    cursor.execute("SELECT now()")
                    start = cursor.fetchone()[0]
                reject(slow, reviewer)
                begun.put(start)
                go_on.wait()
        finally:
            connections.close_all()

    thread = threading.Thread(target=decide_slowly)
    thread.start()
    almost_settled = begun.get() - feed.MARGIN + timedelta(milliseconds=1)
    decision = reject(quick, reviewer)
    Decision.objects.filter(pk=decision.pk).update(created_at=almost_settled)
    during = api.get("/decisions").json()
    go_on.set()
    thread.join()
    after = api.get(f"/decisions?after={during['next']}" if during["next"] else "/decisions")
    assert during["results"] == []
    assert [one["action_id"] for one in after.json()["results"]] == [str(slow.pk), str(quick.pk)]


def test_me_tells_what_applies_now(
    api: AgentClient,
    agent: Agent,
    workflow: Workflow,
    refund: ActionType,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    threshold = {
        "metric": "spend_delta",
        "operator": ">",
        "limit": "500",
        "currency": "USD",
        "effect": {"raise_to": "mandatory"},
        "words": "large refunds",
    }
    factories.create_action_type(
        workflow, "discount", thresholds=[threshold], confidence_line="0.8"
    )
    with django_assert_num_queries(QUERIES_OF_ME):
        found = api.get("/me").json()
    assert found["agent"] == {"slug": agent.slug, "name": agent.name, "status": "active"}
    assert [one["slug"] for one in found["workflows"]] == [workflow.slug]
    discount, refunding = found["workflows"][0]["action_types"]
    del threshold["words"]
    assert (discount["thresholds"], discount["confidence_line"]) == ([threshold], 0.8)
    assert refunding["payload_schema"] == refund.payload_schema
    assert refunding["mode"] == "approval_gated"


def test_me_tells_what_a_standard_makes_of_it(
    api: AgentClient, workflow: Workflow, refund: ActionType
) -> None:
    rules = {"mode": "draft_only", "confidence_line": 0.9}
    Standard.objects.create(
        team=workflow.team, slug="house", name="House", everywhere=True, rules=rules
    )
    (refunding,) = api.get("/me").json()["workflows"][0]["action_types"]
    assert (refunding["mode"], refunding["confidence_line"]) == ("draft_only", 0.9)


def test_a_revision_is_judged_afresh(api: AgentClient, action: Action, reviewer: Person) -> None:
    body = {"payload": {"order": "A-1", "amount": 90, "currency": "USD"}, "before": {}}
    problem(api.post(f"/actions/{action.pk}/revise", body), 409, "not_revisable")
    review.ask_for_changes(
        action_id=action.pk, person=reviewer, seen=factories.seen(action), comment="too much"
    )
    revised = api.post(f"/actions/{action.pk}/revise", body).json()
    assert (revised["state"], revised["revision"], revised["decision"]) == ("pending", 2, None)
    assert revised["payload"] == body["payload"]


def test_a_pending_action_is_withdrawn_once(api: AgentClient, action: Action) -> None:
    assert api.post(f"/actions/{action.pk}/withdraw").json()["state"] == "withdrawn"
    problem(api.post(f"/actions/{action.pk}/withdraw"), 409, "conflict")
