"""What came of an action: reported without a lease, however late, and the same again is nothing."""

from typing import Any

import pytest
from django.test import Client

from agents_registry.models import ActionType, Agent, Person
from approvals import outcome, release, review
from approvals.models import Action, Result
from ledger import record
from ledger.models import Event
from tests import factories
from tests.api.client import AgentClient, pointers, problem

pytestmark = pytest.mark.django_db

MEETING = {"kind": "meeting", "value": None, "at": "2026-11-20T09:00:00Z"}
REVENUE = {
    "kind": "revenue",
    "value": "1200.50",
    "currency": "EUR",
    "at": "2026-12-01T10:00:00+01:00",
}


@pytest.fixture
def done(agent: Agent, action: Action, reviewer: Person) -> Action:
    """A refund that a person approved and the agent carried out; the lease is over."""
    review.approve(
        action_id=action.pk, person=reviewer, seen=factories.seen(action), checked=["all"]
    )
    taken = release.lease(agent=agent, action_id=action.pk)
    return outcome.report(
        agent=agent,
        action_id=action.pk,
        body_digest="sha256:x",
        lease_id=taken.lease.pk,
        status="succeeded",
    )


def post(api: AgentClient, action: Action, body: Any) -> Any:
    return api.post(f"/actions/{action.pk}/results", body)


def test_a_result_comes_after_the_lease_is_over(api: AgentClient, done: Action) -> None:
    answer = post(api, done, REVENUE)
    assert answer.status_code == 201
    told = answer.json()
    assert told["reported_at"]
    del told["reported_at"]
    assert told == {
        "action_id": str(done.pk),
        "kind": "revenue",
        "value": "1200.5",
        "currency": "EUR",
        "at": "2026-12-01T09:00:00.000Z",
    }


def test_the_same_again_changes_nothing(api: AgentClient, done: Action) -> None:
    first = post(api, done, REVENUE)
    same = {**REVENUE, "value": 1200.5, "at": "2026-12-01T09:00:00Z"}
    second = post(api, done, same)
    assert (second.status_code, second.json()) == (200, first.json())
    assert Result.objects.count() == 1
    assert Event.objects.filter(type="action.result_reported").count() == 1


def test_several_results_stand_beside_each_other(api: AgentClient, done: Action) -> None:
    later = {**REVENUE, "at": "2027-01-01T09:00:00Z"}
    assert [post(api, done, each).status_code for each in (MEETING, REVENUE, later)] == [201] * 3
    assert Result.objects.filter(action=done).count() == 3


def test_what_it_says_is_kept_out_of_the_event(api: AgentClient, done: Action) -> None:
    post(api, done, REVENUE)
    event = Event.objects.get(type="action.result_reported")
    assert b"revenue" not in bytes(event.content)
    assert b'"1200' not in bytes(event.content)
    assert record.body_of(event)["result_said"]["kind"] == "revenue"


def test_of_what_was_not_done_nothing_can_have_come(api: AgentClient, action: Action) -> None:
    problem(post(api, action, MEETING), 409, "not_done")
    assert not Result.objects.exists()


def test_of_a_draft_that_people_accepted_something_can(
    api: AgentClient, agent: Agent, refund: ActionType, reviewer: Person
) -> None:
    ActionType.objects.filter(pk=refund.pk).update(mode="draft_only")
    draft = factories.create_action(agent, ActionType.objects.get(pk=refund.pk))
    review.approve(action_id=draft.pk, person=reviewer, seen=factories.seen(draft), checked=["all"])
    assert post(api, draft, MEETING).status_code == 201


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"kind": "Meeting with Jane"}, "/kind"),
        ({"kind": "a" * 41}, "/kind"),
        ({"value": "much"}, "/value"),
        ({"currency": "euros"}, "/currency"),
        ({"at": "yesterday"}, "/at"),
        ({"more": 1}, "/more"),
    ],
)
def test_what_is_no_result_is_pointed_at(
    api: AgentClient, done: Action, fields: dict[str, Any], pointer: str
) -> None:
    answer = post(api, done, {**REVENUE, **fields})
    assert answer.status_code == 400
    assert pointer in [at for at, _ in pointers(answer.json())]


@pytest.mark.parametrize("value", ["100000000000000", "1e30", -(10**15)])
def test_a_value_that_cannot_be_kept_is_refused(api: AgentClient, done: Action, value: Any) -> None:
    assert post(api, done, {**REVENUE, "value": value}).status_code == 400


def test_another_agents_action_is_not_there(api: AgentClient, done: Action) -> None:
    other = AgentClient(factories.create_token(factories.create_agent(done.team)))
    problem(post(other, done, MEETING), 404, "not_found")


def test_the_page_shows_it_as_the_agents_claim(
    api: AgentClient, done: Action, signed_in: Client
) -> None:
    post(api, done, REVENUE)
    page = signed_in.get(f"/actions/{done.pk}/").content.decode()
    assert "What came of it" in page
    assert "1,200.50 EUR" in page
    assert "reports what came of it" in page
