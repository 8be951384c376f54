"""What the dashboard says to look at: chains that lead nowhere, roles that nobody fills."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from agents_registry.models import (
    Absence,
    ActionType,
    EscalationChain,
    Person,
    Role,
    Workflow,
)
from agents_registry.policy.findings import Mode
from ledger import clock
from oversight.needs import Need
from oversight.ownership import ownership
from tests.factories import create_action_type, create_person, create_workflow

pytestmark = pytest.mark.django_db


def needs_of(workflow: Workflow, kind: str = "hole", *, person: Person | None = None) -> list[Need]:
    page = ownership(workflow.team, person or workflow.workflow_owner)
    return [need for need in page.needs if need.kind == kind]


def stage(who: str, **more: Any) -> dict[str, Any]:
    return {"who": who, "within": "2 hours", "remind": None, **more}


def break_chain(workflow: Workflow, **fields: Any) -> None:
    EscalationChain.objects.filter(pk=workflow.chain_id).update(**fields)


def the_hole(workflow: Workflow) -> Need:
    (need,) = needs_of(workflow)
    return need


def test_a_chain_that_works_is_no_hole(workflow: Workflow, refund: ActionType) -> None:
    assert not needs_of(workflow)


@pytest.mark.parametrize(
    ("stages", "said"),
    [
        ([], "The chain is empty: nobody is asked after the first."),
        ([stage("manager")], "This team has no manager."),
        ([stage("pool:nowhere")], "There is no pool 'nowhere'."),
        ([stage("pool:empty")], "Nobody is in the pool 'empty'."),
        ([stage("person:left")], "'left' no longer has an active account."),
        ([stage("person:elsewhere")], "'elsewhere' is not in this team."),
        ([stage("risk_owner"), stage("risk_owner")], "It goes in a circle: risk_owner was"),
        ([stage("risk_owner", within="9 business weeks")], "is not a duration"),
        ([stage("risk_owner", remind="3 hours")], "is reminded of when it is over."),
    ],
)
def test_a_chain_that_leads_nowhere_is_a_hole_before_the_night_that_needs_it(
    workflow: Workflow, refund: ActionType, stages: list[dict[str, Any]], said: str
) -> None:
    left = create_person("left", team=workflow.team)
    Person.objects.filter(pk=left.pk).update(is_active=False)
    create_person("elsewhere")
    workflow.team.pools.create(slug="empty", name="Empty").people.add(left)
    break_chain(workflow, stages=stages)
    hole = the_hole(workflow)
    assert hole.title == f"The escalation chain “To the owner” of {workflow} leads nowhere."
    assert said in hole.sub
    assert f"{workflow.workflow_owner} or a manager mends it." in hole.sub
    assert (hole.url, hole.link) == (f"/team/chains/{workflow.chain.slug}/", "Edit the chain")


def test_a_step_that_never_ends_in_its_calendar_is_a_hole(workflow: Workflow) -> None:
    workflow.calendar.document |= {"hours": {"mon": [["09:00", "09:01"]]}}
    workflow.calendar.save()
    break_chain(workflow, stages=[stage("risk_owner", within="40 business hours")])
    assert "Step 2 of the chain never ends" in the_hole(workflow).sub


def test_the_chain_of_one_type_alone_is_looked_at_too(
    workflow: Workflow, refund: ActionType
) -> None:
    own = EscalationChain.objects.create(team=workflow.team, slug="own", name="Own", stages=[])
    ActionType.objects.filter(pk=refund.pk).update(chain=own)
    assert "“Own”" in the_hole(workflow).title
    ActionType.objects.filter(pk=refund.pk).update(retired_at=clock.now())
    assert not needs_of(workflow)


def test_a_chain_of_several_workflows_is_one_hole(workflow: Workflow, refund: ActionType) -> None:
    other = create_workflow(workflow.team, chain=workflow.chain)
    break_chain(workflow, stages=[])
    hole = the_hole(workflow)
    assert str(workflow) in hole.title
    assert str(other) in hole.title


def test_who_may_not_edit_the_chain_is_told_who_may(workflow: Workflow, refund: ActionType) -> None:
    break_chain(workflow, stages=[])
    (hole,) = needs_of(workflow, person=create_person(team=workflow.team))
    assert not hole.url
    assert str(workflow.workflow_owner) in hole.sub


def test_an_owner_who_is_away_without_anybody_is_a_hole_and_holds_nothing(
    workflow: Workflow, refund: ActionType
) -> None:
    manager = create_person(team=workflow.team, role=Role.MANAGER)
    now = clock.now()
    absence = Absence.objects.create(
        person=workflow.risk_owner,
        starts_at=now - timedelta(hours=1),
        ends_at=now + timedelta(days=3),
        set_by=manager,
        created_at=now,
    )
    hole = the_hole(workflow)
    assert hole.title == f"Nobody stands in as risk owner of {workflow}."
    assert "a manager names a deputy" in hole.sub
    assert hole.url == f"/registry/{workflow.slug}/"
    absence.delegate = manager
    absence.save()
    assert not needs_of(workflow)


def test_an_owner_who_left_is_a_hole_with_what_to_do(workflow: Workflow) -> None:
    Person.objects.filter(pk=workflow.risk_owner_id).update(is_active=False)
    hole = the_hole(workflow)
    assert hole.title == f"{workflow} has no risk owner."
    assert "A manager names another one." in hole.sub
    assert hole.link == "Name somebody"


def test_a_live_type_without_a_whole_handoff_is_a_gap_and_stays_live(
    workflow: Workflow, refund: ActionType
) -> None:
    create_action_type(workflow, "draft", mode="draft_only", handoff={})
    ActionType.objects.filter(pk=refund.pk).update(handoff={"trigger": "a letter"})
    (gap,) = needs_of(workflow, "gap")
    assert "Nothing says what the reviewer should know or what the reviewer is asked" in gap.sub
    assert "for refund." in gap.sub
    refund.refresh_from_db()
    assert refund.mode == Mode.APPROVAL_GATED


def test_the_page_links_to_the_chain(
    client: Client, workflow: Workflow, refund: ActionType
) -> None:
    break_chain(workflow, stages=[])
    client.force_login(workflow.workflow_owner)
    page = client.get("/ownership/").content.decode()
    assert f'href="/team/chains/{workflow.chain.slug}/"' in page
    assert client.get(f"/team/chains/{workflow.chain.slug}/").status_code == 200
