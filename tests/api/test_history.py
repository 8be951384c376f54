"""What an agent may know of a subject: its own workflows, whoever acted, nothing sensitive."""

from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from agents_registry.models import ActionType, Agent, Person, Workflow
from approvals import guidance, review
from approvals.models import Action, Purpose
from tests import factories
from tests.api.client import AgentClient, problem

pytestmark = pytest.mark.django_db

KESTREL = {"type": "account", "id": "kestrel", "label": "Kestrel Robotics"}
PATH = "/subjects/account/kestrel/history"


def stage(agent: Agent, action_type: ActionType, **fields: Any) -> Action:
    return factories.create_action(agent, action_type, **{"subject": KESTREL, **fields})


def reject(action: Action, comment: str = "They left in March.") -> None:
    review.reject(
        action_id=action.pk,
        person=factories.reviewer_of(action.workflow),
        seen=factories.seen(action),
        reason="wrong_target",
        comment=comment,
    )


def test_it_tells_what_was_decided_and_why(
    api: AgentClient, agent: Agent, refund: ActionType
) -> None:
    action = stage(agent, refund)
    reject(action)
    answer = api.get(PATH).json()
    assert answer["subject"] == {"type": "account", "id": "kestrel"}
    (row,) = answer["results"]
    assert (row["action_id"], row["own"], row["state"]) == (str(action.pk), True, "rejected")
    assert row["decision"]["verdict"] == "rejected"
    assert row["decision"]["reason"] == "wrong_target"
    assert row["decision"]["comment"] == "They left in March."
    assert "by" not in row["decision"]


def test_a_subject_that_nobody_knows_has_no_history(api: AgentClient) -> None:
    answer = api.get("/subjects/account/nobody/history").json()
    assert (answer["guidance"], answer["results"], answer["next"]) == ([], [], None)
    problem(api.get("/subjects/account/a%00b/history"), 404, "not_found")
    assert api.get("/subjects/url/https:%2F%2Fkestrel.example%2Fa/history").status_code == 200


def test_other_workflows_are_another_agents_business(
    api: AgentClient, agent: Agent, refund: ActionType, workflow: Workflow
) -> None:
    other = factories.create_workflow(workflow.team)
    colleague = factories.create_agent(workflow.team)
    other.agents.add(colleague)
    elsewhere = factories.create_action_type(other)
    stage(colleague, elsewhere)
    assert api.get(PATH).json()["results"] == []
    workflow.agents.add(colleague)
    theirs = stage(colleague, refund)
    (row,) = api.get(PATH).json()["results"]
    assert (row["action_id"], row["own"]) == (str(theirs.pk), False)


def test_another_team_is_another_world(api: AgentClient, refund: ActionType) -> None:
    agent, workflow, action_type = factories.create_desk()
    theirs = stage(agent, action_type)
    guidance.leave(
        action_id=theirs.pk, person=factories.reviewer_of(workflow), words="x", everywhere=True
    )
    answer = api.get(PATH).json()
    assert (answer["guidance"], answer["results"]) == ([], [])


def test_what_is_sensitive_is_in_none_of_it(
    api: AgentClient, agent: Agent, refund: ActionType
) -> None:
    refund.payload_schema = {
        "type": "object",
        "properties": {"order": {"type": "string", "x-sensitive": True}},
    }
    refund.save()
    action = stage(agent, refund, payload={"order": "SECRET-7", "amount": 1, "currency": "EUR"})
    reject(action, comment="SECRET-7 is not theirs.")
    answer = api.get(PATH)
    assert "SECRET-7" not in answer.content.decode()
    assert answer.json()["results"][0]["decision"]["comment"] == "••• is not theirs."


@pytest.mark.parametrize("purpose", [each for each in Purpose if each != Purpose.LIVE])
def test_what_was_never_live_is_not_told(
    api: AgentClient, agent: Agent, refund: ActionType, purpose: Purpose
) -> None:
    action = stage(agent, refund)
    Action.objects.filter(pk=action.pk).update(purpose=purpose)
    assert api.get(PATH).json()["results"] == []


def test_a_verdict_that_can_still_be_undone_is_not_told(
    api: AgentClient, agent: Agent, refund: ActionType
) -> None:
    refund.settle_seconds = 600
    refund.save()
    reject(stage(agent, refund))
    (row,) = api.get(PATH).json()["results"]
    assert (row["state"], row["decision"], row["decided_at"]) == ("pending", None, None)


def test_one_of_two_approvals_is_not_told(
    api: AgentClient, agent: Agent, refund: ActionType, reviewer: Person
) -> None:
    refund.approvals_needed = 2
    refund.save()
    action = stage(agent, refund)
    review.approve(
        action_id=action.pk, person=reviewer, seen=factories.seen(action), checked=["all"]
    )
    (row,) = api.get(PATH).json()["results"]
    assert (row["state"], row["decision"]) == ("pending", None)


def test_results_are_told_as_claims(
    api: AgentClient, agent: Agent, refund: ActionType, reviewer: Person
) -> None:
    refund.mode = "draft_only"
    refund.save()
    action = stage(agent, refund)
    review.approve(
        action_id=action.pk, person=reviewer, seen=factories.seen(action), checked=["all"]
    )
    body = {"kind": "revenue", "value": "7", "currency": "EUR", "at": "2026-11-20T09:00:00Z"}
    assert api.post(f"/actions/{action.pk}/results", body).status_code == 201
    (row,) = api.get(PATH).json()["results"]
    assert row["claimed_results"][0]["value"] == "7"


def test_guidance_is_told_where_it_holds(
    api: AgentClient, agent: Agent, refund: ActionType, workflow: Workflow
) -> None:
    person = factories.reviewer_of(workflow)
    left = guidance.leave(
        action_id=stage(agent, refund).pk, person=person, words="Call, do not write."
    )
    other = factories.create_workflow(workflow.team)
    other.agents.add(agent)
    elsewhere = stage(agent, factories.create_action_type(other))
    guidance.leave(
        action_id=elsewhere.pk, person=factories.reviewer_of(other), words="No refunds here."
    )
    told = {row["words"]: row["workflow"] for row in api.get(PATH).json()["guidance"]}
    assert told == {"Call, do not write.": workflow.slug, "No refunds here.": other.slug}
    other.agents.remove(agent)
    guidance.take_back(guidance_id=left.pk, person=person)
    assert api.get(PATH).json()["guidance"] == []


def test_pages_go_on_in_a_number_of_queries_that_does_not_grow(
    api: AgentClient,
    agent: Agent,
    refund: ActionType,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    staged = [stage(agent, refund) for _ in range(5)]
    for each in staged[:3]:
        reject(each)
    with django_assert_max_num_queries(9):
        first = api.get(f"{PATH}?limit=3").json()
    second = api.get(f"{PATH}?limit=3&cursor={first['next']}").json()
    found = [row["action_id"] for row in first["results"] + second["results"]]
    assert found == [str(each.pk) for each in reversed(staged)]
    assert second["next"] is None
