"""What a stop touched: what agents hold is asked back, and what they did before is listed."""

from datetime import timedelta
from urllib.parse import parse_qsl

import pytest
from django.test import Client

from agents_registry.models import ActionType, Agent, Person, Stop, StopKind, Workflow
from approvals import answers, outcome, release, review, stopping
from approvals.models import Action, Lease
from approvals.release import Taken
from ledger.models import Event
from tests.factories import create_action, create_read_type, seen

pytestmark = pytest.mark.django_db


@pytest.fixture
def taken(agent: Agent, action: Action, reviewer: Person) -> Taken:
    review.approve(action_id=action.pk, person=reviewer, seen=seen(action), checked=["all"])
    return release.lease(agent=agent, action_id=action.pk)


def press(workflow: Workflow, person: Person) -> Stop:
    return stopping.stop(
        team=workflow.team,
        kind=StopKind.WORKFLOW,
        target=str(workflow.pk),
        reason="wrong prices",
        person=person,
    )


def told(action: Action) -> bool:
    fresh = Action.objects.get(pk=action.pk)
    content = fresh.contents.get(revision=fresh.revision)
    return bool(answers.action(fresh, content=content)["recall_requested"])


def test_what_an_agent_holds_is_asked_back_and_it_is_told(
    taken: Taken, workflow: Workflow, reviewer: Person
) -> None:
    assert not told(taken.action)
    press(workflow, reviewer)
    assert told(taken.action)
    last = Event.objects.filter(stream=taken.action.stream).order_by("seq").last()
    assert last is not None
    assert last.type == "action.recall_requested"


def test_an_outcome_under_a_recalled_lease_is_still_taken(
    taken: Taken, workflow: Workflow, reviewer: Person, agent: Agent
) -> None:
    press(workflow, reviewer)
    outcome.report(
        agent=agent,
        action_id=taken.action.pk,
        lease_id=taken.lease.pk,
        status="succeeded",
        body_digest="sha256:x",
    )
    assert Action.objects.get(pk=taken.action.pk).state == "succeeded"
    assert not told(taken.action)


def test_what_another_stop_covers_is_left_alone(
    taken: Taken, workflow: Workflow, reviewer: Person
) -> None:
    create_read_type(workflow)
    stopping.stop(
        team=workflow.team,
        kind=StopKind.ACTION_TYPE,
        target=f"{workflow.pk}/look_up_order",
        reason="slow",
        person=reviewer,
    )
    assert not told(taken.action)


def test_the_page_lists_what_was_taken_in_the_time_before(
    signed_in: Client, taken: Taken, workflow: Workflow, reviewer: Person
) -> None:
    stop = press(workflow, reviewer)
    page = signed_in.get(f"/stops/{stop.pk}/").content.decode()
    assert taken.action.sentence in page
    assert "wrong prices" in page
    early = stop.at - timedelta(hours=30)
    Lease.objects.filter(pk=taken.lease.pk).update(leased_at=early)
    assert taken.action.sentence not in signed_in.get(f"/stops/{stop.pk}/").content.decode()
    week = signed_in.get(f"/stops/{stop.pk}/?since=7d").content.decode()
    assert taken.action.sentence in week


def test_a_long_list_goes_on_where_it_ended(
    signed_in: Client,
    agent: Agent,
    refund: ActionType,
    workflow: Workflow,
    reviewer: Person,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("oversight.touched.AT_ONCE", 2)
    actions = [create_action(agent, refund) for _ in range(3)]
    for action in actions:
        review.approve(action_id=action.pk, person=reviewer, seen=seen(action), checked=["all"])
        release.lease(agent=agent, action_id=action.pk)
    stop = press(workflow, reviewer)
    first = signed_in.get(f"/stops/{stop.pk}/").context["page"]
    second = signed_in.get(f"/stops/{stop.pk}/{first.more}").context["page"]
    urls = [row.url for row in [*first.rows, *second.rows]]
    assert urls == [f"/actions/{action.pk}/" for action in reversed(actions)]
    assert not second.more


def test_another_teams_stop_is_not_there(
    client: Client, workflow: Workflow, reviewer: Person, stranger: Person
) -> None:
    stop = press(workflow, reviewer)
    client.force_login(stranger)
    assert client.get(f"/stops/{stop.pk}/").status_code == 404


@pytest.mark.parametrize("kind", list(StopKind))
def test_it_leads_to_where_all_of_it_can_be_undone(
    kind: StopKind, agent: Agent, refund: ActionType, workflow: Workflow, client: Client
) -> None:
    targets = {
        StopKind.AGENT: str(agent.pk),
        StopKind.WORKFLOW: str(workflow.pk),
        StopKind.ACTION_TYPE: f"{workflow.pk}/{refund.key}",
        StopKind.SYSTEM: "payments",
    }
    refund.systems = {"writes": ["payments"]}
    refund.save()
    stop = stopping.stop(
        team=workflow.team, kind=kind, target=targets[kind], person=workflow.risk_owner, reason="x"
    )
    client.force_login(workflow.risk_owner)
    page = client.get(f"/stops/{stop.pk}/").context["page"]
    wanted = {
        StopKind.AGENT: {"agent": agent.slug},
        StopKind.WORKFLOW: {"type": f"{workflow.slug}/"},
        StopKind.ACTION_TYPE: {"type": f"{workflow.slug}/refund"},
        StopKind.SYSTEM: {},
    }[kind]
    found = dict(parse_qsl(page.incident.partition("?")[2]))
    assert found.pop("from")
    assert found == {"team": workflow.team.slug, **wanted}
    assert client.get(page.incident).status_code == 200
