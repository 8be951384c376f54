"""Taken over: the person says what they do, does it, and says what they did."""

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client

from agents_registry.models import Person, Role, Workflow
from approvals import review, taken_over
from approvals.errors import Conflict, Invalid, Missing
from approvals.models import Action
from ledger import record
from ledger.models import Event
from tests.factories import create_person, seen

pytestmark = pytest.mark.django_db


@pytest.fixture
def taken(action: Action, reviewer: Person) -> Action:
    review.take_over(
        action_id=action.pk, person=reviewer, seen=seen(action), comment="I call them."
    )
    return action


def note(action: Action, person: Person, text: str = "Called Ada, it is settled.") -> Action:
    return taken_over.note_done(action_id=action.pk, person=person, text=text)


def notes_of(action: Action) -> list[Event]:
    return list(Event.objects.filter(stream=action.stream, type="action.taken_over_done"))


def test_whoever_took_it_over_says_what_they_did(taken: Action, reviewer: Person) -> None:
    assert note(taken, reviewer).state == "taken_over"
    (event,) = notes_of(taken)
    assert event.actor == f"person:{reviewer.pk}"
    assert record.body_of(event)["comment"] == "Called Ada, it is settled."
    assert b"Ada" not in bytes(event.content)


def test_an_owner_may_say_it_and_more_than_once(taken: Action, workflow: Workflow) -> None:
    note(taken, workflow.system_owner)
    note(taken, workflow.system_owner, "And wrote it down.")
    assert len(notes_of(taken)) == 2


def test_another_reviewer_and_an_auditor_may_not(
    taken: Action, workflow: Workflow, reviewer: Person
) -> None:
    with pytest.raises(PermissionDenied):
        note(taken, workflow.pool.people.order_by("pk")[1])
    reviewer.memberships.update(role=Role.AUDITOR)
    with pytest.raises(PermissionDenied):
        note(taken, reviewer)
    assert not notes_of(taken)


def test_another_teams_action_is_not_there(taken: Action, stranger: Person) -> None:
    with pytest.raises(Missing):
        note(taken, stranger)


def test_it_takes_words(taken: Action, reviewer: Person) -> None:
    for text in (" ", "x" * 4001):
        with pytest.raises(Invalid):
            note(taken, reviewer, text)
    assert not notes_of(taken)


def test_what_nobody_took_over_has_no_such_note(action: Action, workflow: Workflow) -> None:
    with pytest.raises(Conflict):
        note(action, workflow.workflow_owner)
    assert not notes_of(action)


def test_the_page_shows_the_way_from_note_to_note(
    taken: Action, signed_in: Client, reviewer: Person
) -> None:
    page = signed_in.get(f"/actions/{taken.pk}/").content.decode()
    assert "not said yet" in page
    answer = signed_in.post(f"/actions/{taken.pk}/done", {"done": "Called <b>Ada</b>."})
    assert answer.status_code == 303
    page = signed_in.get(f"/actions/{taken.pk}/").content.decode()
    assert "Called &lt;b&gt;Ada&lt;/b&gt;." in page
    assert f"{reviewer} says what was done" in page
    assert signed_in.post(f"/actions/{taken.pk}/done", {"done": " "}).status_code == 422


def test_others_read_it_and_have_no_form(
    taken: Action, reviewer: Person, workflow: Workflow, client: Client
) -> None:
    note(taken, reviewer)
    client.force_login(create_person(team=workflow.team))
    page = client.get(f"/actions/{taken.pk}/").content.decode()
    assert "Called Ada, it is settled." in page
    assert f"/actions/{taken.pk}/done" not in page
