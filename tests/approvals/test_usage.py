"""A recommendation is no order: whether people used what they accepted is on record."""

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client

from agents_registry.models import ActionType, Agent, Person, Role, Workflow
from approvals import review, usage
from approvals.errors import Conflict, Invalid, Missing
from approvals.models import Action
from ledger import record
from ledger.models import Event
from tests.factories import create_action, create_person, seen

pytestmark = pytest.mark.django_db


@pytest.fixture
def accepted(agent: Agent, refund: ActionType, reviewer: Person) -> Action:
    """A draft that a reviewer accepted: nothing is executed."""
    refund.mode = "draft_only"
    refund.save()
    action = create_action(agent, refund)
    review.approve(action_id=action.pk, person=reviewer, seen=seen(action), checked=["x"])
    return Action.objects.get(pk=action.pk)


def mark(action: Action, person: Person, used: str = "with_changes") -> Action:
    return usage.mark(action_id=action.pk, person=person, used=used)


def answers_of(action: Action) -> list[str]:
    events = Event.objects.filter(stream=action.stream, type="action.used").order_by("seq")
    return [record.body_of(event)["used"] for event in events]


def test_anybody_of_the_team_says_how_it_was_used(accepted: Action, workflow: Workflow) -> None:
    assert accepted.state == "accepted"
    mark(accepted, create_person(team=workflow.team))
    assert answers_of(accepted) == ["with_changes"]


def test_the_newest_answer_counts_and_the_others_stay_on_record(
    accepted: Action, reviewer: Person, signed_in: Client
) -> None:
    mark(accepted, reviewer, "as_it_is")
    mark(accepted, reviewer, "not_used")
    assert answers_of(accepted) == ["as_it_is", "not_used"]
    page = signed_in.get(f"/actions/{accepted.pk}/").content.decode()
    assert '<span class="small dim">not used</span>' in page


def test_an_auditor_and_a_stranger_do_not_say_it(
    accepted: Action, workflow: Workflow, stranger: Person
) -> None:
    with pytest.raises(PermissionDenied):
        mark(accepted, create_person(team=workflow.team, role=Role.AUDITOR))
    with pytest.raises(Missing):
        mark(accepted, stranger)
    assert not answers_of(accepted)


def test_only_the_three_answers_are_taken(accepted: Action, reviewer: Person) -> None:
    with pytest.raises(Invalid):
        mark(accepted, reviewer, "sometimes")
    assert not answers_of(accepted)


def test_only_what_was_accepted_is_used_or_not(action: Action, reviewer: Person) -> None:
    with pytest.raises(Conflict):
        mark(action, reviewer)
    assert not answers_of(action)


def test_the_page_asks_and_the_timeline_tells(
    accepted: Action, signed_in: Client, reviewer: Person
) -> None:
    page = signed_in.get(f"/actions/{accepted.pk}/").content.decode()
    assert "Nobody has said yet" in page
    answer = signed_in.post(f"/actions/{accepted.pk}/used", {"used": "as_it_is"})
    assert answer.status_code == 303
    page = signed_in.get(f"/actions/{accepted.pk}/").content.decode()
    assert f"{reviewer} says that it was used as it is" in page
    assert signed_in.post(f"/actions/{accepted.pk}/used", {}).status_code == 422


def test_other_actions_are_not_asked_about(action: Action, signed_in: Client) -> None:
    page = signed_in.get(f"/actions/{action.pk}/").content.decode()
    assert f"/actions/{action.pk}/used" not in page
