"""What an agent learns from people: cases to be tried on, and what became of what they accepted."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from agents_registry.models import ActionType, Agent, Person, Role, Workflow
from approvals import evaluation_set, review, staging, usage
from approvals.models import Action, Decision, Purpose
from approvals.proposals import Revised
from ledger import clock
from tests import factories
from tests.api.client import AgentClient, pointers, problem

pytestmark = pytest.mark.django_db

PAYLOAD = {"order": "A-1", "amount": 120, "currency": "USD"}
EDITED = {"order": "A-1", "amount": 60, "currency": "USD"}


def approve(action: Action, reviewer: Person, **fields: Any) -> Decision:
    return review.approve(
        action_id=action.pk,
        person=reviewer,
        seen=factories.seen(action),
        checked=["all"],
        **fields,
    )


def settled() -> None:
    """The verdicts were given an hour ago, as waiting would make it."""
    for decision in Decision.objects.all():
        at = decision.created_at - timedelta(hours=1)
        Decision.objects.filter(pk=decision.pk).update(created_at=at)
        Action.objects.filter(pk=decision.action_id, decided_at=decision.created_at).update(
            decided_at=at
        )


def cases(api: AgentClient, workflow: Workflow, more: str = "") -> list[dict[str, Any]]:
    answer = api.get(f"/evaluation-set?workflow={workflow.slug}{more}")
    assert answer.status_code == 200, answer.content
    rows: list[dict[str, Any]] = answer.json()["results"]
    return rows


def reject(action: Action, reviewer: Person, **fields: Any) -> Decision:
    words = {"reason": "wrong_facts", "cause": "source", "comment": "It is 60.", **fields}
    return review.reject(action_id=action.pk, person=reviewer, seen=factories.seen(action), **words)


def test_a_case_has_what_the_agent_knew_and_said_and_what_the_person_said(
    api: AgentClient, agent: Agent, refund: ActionType, reviewer: Person
) -> None:
    action = factories.create_action(
        agent, refund, subject={"type": "account", "id": "kestrel"}, agent_version="7"
    )
    review.edit_and_approve(
        action_id=action.pk,
        person=reviewer,
        seen=factories.seen(action),
        payload=EDITED,
        checked=["all"],
        comment="Half of it.",
    )
    settled()
    (case,) = cases(api, refund.workflow)
    assert case["agent_answer"] == PAYLOAD
    assert case["human_answer"] == EDITED
    assert (case["verdict"], case["comment"]) == ("edited", "Half of it.")
    assert case["input"]["subject"] == {"type": "account", "id": "kestrel"}
    assert case["input"]["before"] == {"order": "A-1", "amount": 0, "currency": "USD"}
    assert case["input"]["handoff"]["decision_asked"] == "May this refund be paid?"
    assert case["agent_version"] == "7"


def test_a_rejection_says_why_and_has_no_answer_of_its_own(
    api: AgentClient, action: Action, reviewer: Person
) -> None:
    reject(action, reviewer)
    settled()
    (case,) = cases(api, action.workflow)
    assert (case["verdict"], case["human_answer"]) == ("rejected", None)
    assert (case["reason"], case["cause"]) == ("wrong_facts", "source")


def test_an_approval_confirms_the_agents_answer(
    api: AgentClient, action: Action, reviewer: Person
) -> None:
    approve(action, reviewer)
    settled()
    (case,) = cases(api, action.workflow)
    assert case["human_answer"] == case["agent_answer"] == PAYLOAD


def test_each_revision_is_a_case_of_its_own(
    api: AgentClient, agent: Agent, action: Action, reviewer: Person
) -> None:
    review.ask_for_changes(
        action_id=action.pk, person=reviewer, seen=factories.seen(action), comment="Half of it."
    )
    staging.revise(agent=agent, action_id=action.pk, revised=Revised(payload=EDITED))
    approve(Action.objects.get(pk=action.pk), reviewer)
    settled()
    told = [
        (case["revision"], case["verdict"], case["agent_answer"], case["human_answer"])
        for case in cases(api, action.workflow)
    ]
    assert told == [(1, "changes_requested", PAYLOAD, None), (2, "approved", EDITED, EDITED)]


def test_a_verdict_that_may_still_be_taken_back_is_none_yet(
    api: AgentClient, action: Action, reviewer: Person
) -> None:
    decision = reject(action, reviewer)
    assert cases(api, action.workflow) == []
    settled()
    assert len(cases(api, action.workflow)) == 1
    Decision.objects.filter(pk=decision.pk).update(undone_at=clock.now())
    assert cases(api, action.workflow) == []


def test_what_is_sensitive_is_in_none_of_it(
    api: AgentClient, agent: Agent, refund: ActionType, reviewer: Person
) -> None:
    refund.payload_schema = {
        "type": "object",
        "properties": {"order": {"type": "string", "x-sensitive": True}},
    }
    refund.save()
    payload, edited = {"order": "SECRET-7"}, {"order": "SECRET-8"}
    action = factories.create_action(agent, refund, payload=payload, before=payload)
    review.edit_and_approve(
        action_id=action.pk,
        person=reviewer,
        seen=factories.seen(action),
        payload=edited,
        checked=["all"],
        comment="SECRET-8, not SECRET-7",
    )
    settled()
    text = json.dumps(cases(api, refund.workflow))
    assert "SECRET" not in text
    assert "•••, not •••" in json.loads(text)[0]["comment"]


@pytest.mark.parametrize("purpose", [each for each in Purpose if each != Purpose.LIVE])
def test_what_was_never_live_is_no_case(
    api: AgentClient, action: Action, reviewer: Person, purpose: Purpose
) -> None:
    reject(action, reviewer)
    settled()
    Action.objects.filter(pk=action.pk).update(purpose=purpose)
    assert cases(api, action.workflow) == []


def test_an_agent_has_its_own_cases_only(
    agent: Agent, action: Action, reviewer: Person, workflow: Workflow
) -> None:
    reject(action, reviewer)
    settled()
    colleague = factories.create_agent(agent.team)
    other = AgentClient(factories.create_token(colleague))
    problem(other.get(f"/evaluation-set?workflow={workflow.slug}"), 404, "unknown_workflow")
    workflow.agents.add(colleague)
    assert cases(other, workflow) == []


def test_pages_go_on_with_the_cursor_and_lines_carry_their_own(
    api: AgentClient, agent: Agent, refund: ActionType, reviewer: Person
) -> None:
    staged = [factories.create_action(agent, refund) for _ in range(3)]
    for each in staged:
        reject(each, reviewer)
    settled()
    path = f"/evaluation-set?workflow={refund.workflow.slug}&limit=2"
    first = api.get(path).json()
    lines = api.get(f"{path}&after={first['next']}", accept="application/jsonl")
    rest = [json.loads(line) for line in lines.content.splitlines()]
    found = [case["action_id"] for case in [*first["results"], *rest]]
    assert found == [str(each.pk) for each in staged]
    answer = api.get(f"{path}&after={rest[-1]['cursor']}").json()
    assert (answer["results"], answer["next"]) == ([], rest[-1]["cursor"])
    refusal = problem(api.get(f"{path}&after=x"), 400, "cursor_invalid")
    assert pointers(refusal) == [("/query/after", "cursor_invalid")]


def test_people_of_the_team_download_it_whole(
    action: Action, reviewer: Person, client: Client, stranger: Person, monkeypatch: Any
) -> None:
    reject(action, reviewer)
    more = [factories.create_action(action.agent, action.action_type) for _ in range(3)]
    for each in more:
        approve(each, reviewer)
    settled()
    monkeypatch.setattr(evaluation_set, "PAGE", 2)
    path = f"/registry/{action.workflow.slug}/evaluation-set"
    client.force_login(factories.create_person(team=action.team, role=Role.AUDITOR))
    assert path in client.get(f"/registry/{action.workflow.slug}/").content.decode()
    answer = client.get(path)
    assert answer["Content-Type"] == "application/jsonl"
    lines = b"".join(answer.streaming_content).splitlines()  # type: ignore[attr-defined]
    told = [json.loads(line)["verdict"] for line in lines]
    assert told == ["rejected", "approved", "approved", "approved"]
    monkeypatch.setattr(evaluation_set, "MOST", 2)
    newest = b"".join(client.get(path).streaming_content)  # type: ignore[attr-defined]
    assert len(newest.splitlines()) == 2
    client.force_login(stranger)
    assert client.get(path).status_code == 404


@pytest.fixture
def accepted(agent: Agent, refund: ActionType, reviewer: Person) -> Action:
    """A draft that a person accepted."""
    ActionType.objects.filter(pk=refund.pk).update(mode="draft_only")
    action = factories.create_action(agent, ActionType.objects.get(pk=refund.pk))
    approve(action, reviewer)
    return Action.objects.get(pk=action.pk)


def test_whether_a_draft_was_used_is_told_wherever_the_agent_looks(
    api: AgentClient, accepted: Action, reviewer: Person
) -> None:
    def told() -> tuple[Any, Any]:
        (learned,) = api.get("/decisions").json()["results"]
        return api.get(f"/actions/{accepted.pk}").json()["used"], learned["used"]

    at = accepted.decided_at - timedelta(minutes=1)  # type: ignore[operator]
    Action.objects.filter(pk=accepted.pk).update(decided_at=at)
    Decision.objects.filter(action=accepted).update(created_at=at)
    assert told() == (None, None)
    usage.mark(action_id=accepted.pk, person=reviewer, used="as_it_is")
    usage.mark(action_id=accepted.pk, person=reviewer, used="with_changes")
    assert told() == ("with_changes", "with_changes")
    settled()
    assert cases(api, accepted.workflow)[0]["used"] == "with_changes"


def test_what_was_not_accepted_costs_no_look_at_the_record(
    action: Action, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(0):
        assert usage.used_of([action]) == {}
