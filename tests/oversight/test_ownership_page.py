"""The ownership page: who owns what, where nobody does, what is late, and the stop button."""

from dataclasses import replace

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from agents_registry.models import ActionType, Agent, Person, Stop, Workflow
from approvals import staging
from approvals.errors import Invalid
from approvals.models import Action
from tests.factories import create_action, create_agent, create_workflow, make_due, propose

pytestmark = pytest.mark.django_db


def page_of(client: Client) -> str:
    return client.get("/ownership/").content.decode()


def test_an_owner_who_left_is_a_hole_at_once(signed_in: Client, workflow: Workflow) -> None:
    assert "has no risk owner" not in page_of(signed_in)
    Person.objects.filter(pk=workflow.risk_owner_id).update(is_active=False)
    page = page_of(signed_in)
    assert f"{workflow} has no risk owner" in page
    assert "Nothing of it runs without a person" in page


def test_without_a_risk_owner_nothing_of_a_workflow_runs_alone(
    agent: Agent, workflow: Workflow, refund: ActionType
) -> None:
    Person.objects.filter(pk=workflow.risk_owner_id).update(is_active=False)
    refund.verb, refund.authority_level, refund.mode = "read", "read_only", "auto_executed"
    refund.blast_radius, refund.reversibility, refund.impact = "low", "reversible", None
    refund.save()
    answer = staging.check(agent=agent, proposal=propose(refund))
    assert (answer["tier"], answer["mode"]) == ("batch_review", "approval_gated")


def test_what_is_late_is_counted_by_workflow(signed_in: Client, action: Action) -> None:
    assert "1 decision is late" not in page_of(signed_in)
    make_due(action)
    assert "1 decision is late" in page_of(signed_in)


def test_an_unlisted_type_is_refused_counted_and_shown(
    signed_in: Client, agent: Agent, refund: ActionType
) -> None:
    unlisted = replace(propose(refund), action_type="wire_money")
    for _ in range(3):
        with pytest.raises(Invalid) as refusal:
            staging.stage(agent=agent, proposal=unlisted, key="k")
        assert refusal.value.code == "unknown_action_type"
    assert f"{agent} tried “wire_money” 3 times" in page_of(signed_in)


def test_a_stop_needs_a_reason_and_says_who_turns_it_on(
    signed_in: Client, workflow: Workflow
) -> None:
    target = {"kind": "workflow", "target": str(workflow.pk)}
    page = signed_in.post("/stop", {**target, "reason": " "}, follow=True).content.decode()
    assert "Say why you stop it" in page
    signed_in.post("/stop", {**target, "reason": "wrong prices"})
    page = page_of(signed_in)
    assert "wrong prices" in page
    assert f"Only {workflow.risk_owner} can turn it back on" in page
    assert Stop.objects.count() == 1


def test_what_is_stopped_twice_is_stopped_once(signed_in: Client, agent: Agent) -> None:
    target = {"kind": "agent", "target": str(agent.pk), "reason": "odd"}
    for _ in range(2):
        signed_in.post("/stop", target)
    assert Stop.objects.filter(lifted_at__isnull=True).count() == 1


@pytest.mark.parametrize(
    ("kind", "target"), [("agent", "x"), ("workflow", ""), ("system", "none"), ("all", "x")]
)
def test_a_stop_of_nothing_is_refused(
    signed_in: Client, workflow: Workflow, kind: str, target: str
) -> None:
    response = signed_in.post("/stop", {"kind": kind, "target": target, "reason": "x"})
    assert response.status_code in {303, 404}
    assert not Stop.objects.exists()


def test_a_system_is_stopped_for_every_type_that_touches_it(
    signed_in: Client, agent: Agent, refund: ActionType
) -> None:
    refund.systems = {"reads": [], "writes": ["payments"]}
    refund.save()
    signed_in.post("/stop", {"kind": "system", "target": "payments", "reason": "down"})
    page = page_of(signed_in)
    assert "payments is stopped" in page


def test_the_number_of_queries_does_not_grow_with_the_workflows(
    signed_in: Client,
    workflow: Workflow,
    agent: Agent,
    refund: ActionType,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    create_action(agent, refund)
    with django_assert_max_num_queries(54) as few:
        page_of(signed_in)
    for _ in range(4):
        other = create_workflow(workflow.team)
        other.agents.add(create_agent(workflow.team))
    with django_assert_max_num_queries(54) as many:
        page_of(signed_in)
    assert len(many) == len(few)


def test_when_to_stop_and_the_runbook_stand_beside_the_button(
    signed_in: Client, workflow: Workflow
) -> None:
    Workflow.objects.filter(pk=workflow.pk).update(
        pause_when="Two wrong payments in a day.", runbook="https://wiki.example/refunds"
    )
    page = page_of(signed_in)
    assert "Pause when: Two wrong payments in a day." in page
    assert 'href="https://wiki.example/refunds"' in page
    Workflow.objects.filter(pk=workflow.pk).update(runbook="javascript:alert(1)")
    assert "javascript:" not in page_of(signed_in)
