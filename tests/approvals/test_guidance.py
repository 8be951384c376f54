"""What a reviewer wants remembered about a customer, until somebody takes it back."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client

from agents_registry.models import ActionType, Agent, Person, Role, Workflow
from approvals import guidance
from approvals.errors import Conflict, Invalid, Missing
from approvals.models import Action, Guidance
from ledger import clock, record
from ledger.models import Event
from tests.factories import (
    create_absence,
    create_action,
    create_action_type,
    create_person,
    create_workflow,
    reviewer_of,
)

pytestmark = pytest.mark.django_db

KESTREL = {"type": "account", "id": "kestrel", "label": "Kestrel Robotics"}
WORDS = "They merge with Heron in May. Call <b>Ines</b> first."


@pytest.fixture
def about(agent: Agent, refund: ActionType) -> Action:
    return create_action(agent, refund, subject=KESTREL)


def leave(action: Action, person: Person, words: str = WORDS, **fields: Any) -> Guidance:
    return guidance.leave(action_id=action.pk, person=person, words=words, **fields)


def standing(action: Action) -> list[str]:
    return [each.words for each in guidance.about(action)]


def test_it_stands_until_somebody_takes_it_back(
    about: Action, reviewer: Person, workflow: Workflow
) -> None:
    left = leave(about, reviewer)
    assert standing(about) == [WORDS]
    guidance.take_back(guidance_id=left.pk, person=workflow.risk_owner)
    assert standing(about) == []
    left.refresh_from_db()
    assert left.withdrawn_by == workflow.risk_owner


def test_it_stands_for_as_many_days_as_it_says(about: Action, reviewer: Person) -> None:
    left = leave(about, reviewer, days=30)
    assert standing(about) == [WORDS]
    Guidance.objects.filter(pk=left.pk).update(ends_at=clock.now() - timedelta(seconds=1))
    assert standing(about) == []


def test_it_holds_in_its_workflow_or_in_all(
    agent: Agent, about: Action, reviewer: Person, workflow: Workflow
) -> None:
    other = create_workflow(workflow.team)
    other.agents.add(agent)
    elsewhere = create_action(agent, create_action_type(other), subject=KESTREL)
    leave(about, reviewer, "here")
    leave(about, reviewer, "everywhere", everywhere=True)
    assert standing(about) == ["everywhere", "here"]
    assert standing(elsewhere) == ["everywhere"]


def test_it_is_about_one_subject(agent: Agent, refund: ActionType, about: Action) -> None:
    leave(about, reviewer_of(refund.workflow))
    contact = create_action(agent, refund, subject={**KESTREL, "type": "contact"})
    assert standing(contact) == []


@pytest.mark.parametrize(
    "role", ["workflow_owner", "system_owner", "risk_owner", "approval_owner", "manager"]
)
def test_owners_and_managers_leave_it_too(about: Action, workflow: Workflow, role: str) -> None:
    if role == "manager":
        person = create_person(team=workflow.team, role=Role.MANAGER)
    else:
        person = getattr(workflow, role)
    leave(about, person)
    assert standing(about) == [WORDS]


def test_whoever_stands_in_for_a_decider_leaves_it(about: Action, workflow: Workflow) -> None:
    stand_in = create_workflow(workflow.team).system_owner
    with pytest.raises(PermissionDenied):
        leave(about, stand_in)
    create_absence(workflow.approval_owner, delegate=stand_in)
    leave(about, stand_in)
    assert standing(about) == [WORDS]


@pytest.mark.parametrize("role", [Role.MEMBER, Role.AUDITOR])
def test_nobody_else_leaves_it_or_takes_it_back(
    about: Action, workflow: Workflow, reviewer: Person, role: Role
) -> None:
    left = leave(about, reviewer)
    person = create_person(team=workflow.team, role=role)
    with pytest.raises(PermissionDenied):
        leave(about, person)
    with pytest.raises(PermissionDenied):
        guidance.take_back(guidance_id=left.pk, person=person)
    assert standing(about) == [WORDS]


def test_an_auditor_changes_nothing_whatever_else_they_are(
    about: Action, workflow: Workflow
) -> None:
    auditor = create_person(team=workflow.team, role=Role.AUDITOR)
    workflow.pool.people.add(auditor)
    with pytest.raises(PermissionDenied):
        leave(about, auditor)


def test_another_teams_action_is_not_there(
    about: Action, reviewer: Person, stranger: Person
) -> None:
    left = leave(about, reviewer)
    with pytest.raises(Missing):
        leave(about, stranger)
    with pytest.raises(Missing):
        guidance.take_back(guidance_id=left.pk, person=stranger)


def test_its_words_are_kept_out_of_the_event(about: Action, reviewer: Person) -> None:
    left = leave(about, reviewer, everywhere=True, days=7)
    guidance.take_back(guidance_id=left.pk, person=reviewer)
    events = Event.objects.filter(stream=about.stream, type__contains="guidance").order_by("seq")
    assert [event.type for event in events] == [guidance.LEFT, guidance.TAKEN_BACK]
    assert all(b"Ines" not in bytes(event.content) for event in events)
    assert record.body_of(events[0])["comment"] == WORDS
    assert record.body_of(events[0])["days"] == 7


def test_it_is_taken_back_once(about: Action, reviewer: Person) -> None:
    left = leave(about, reviewer)
    guidance.take_back(guidance_id=left.pk, person=reviewer)
    with pytest.raises(Conflict):
        guidance.take_back(guidance_id=left.pk, person=reviewer)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"words": "  "}, "words_missing"),
        ({"words": "x" * (guidance.LONGEST + 1)}, "words_too_long"),
        ({"days": 0}, "days_out_of_range"),
        ({"days": 10**9}, "days_out_of_range"),
    ],
)
def test_what_is_not_whole_is_refused(
    about: Action, reviewer: Person, fields: dict[str, Any], code: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        leave(about, reviewer, **fields)
    assert refusal.value.code == code
    assert standing(about) == []


def test_without_a_subject_there_is_nothing_to_leave_it_at(
    action: Action, reviewer: Person
) -> None:
    with pytest.raises(Conflict) as refusal:
        leave(action, reviewer)
    assert refusal.value.code == "no_subject"


def test_only_so_much_stands_about_one_subject(about: Action, reviewer: Person) -> None:
    for number in range(guidance.MOST):
        leave(about, reviewer, str(number))
    with pytest.raises(Conflict):
        leave(about, reviewer)


def test_a_reviewer_leaves_it_beside_deciding_and_takes_it_back(
    about: Action, signed_in: Client
) -> None:
    page = f"/actions/{about.pk}/"
    assert "Leave guidance for next time" in signed_in.get(page).content.decode()
    answer = signed_in.post(f"{page}guidance", {"guidance": WORDS, "where": "here", "days": ""})
    assert (answer.status_code, answer["Location"]) == (303, page)
    text = signed_in.get(page).content.decode()
    assert "Call &lt;b&gt;Ines&lt;/b&gt; first." in text
    assert "left guidance about it" in text
    left = Guidance.objects.get()
    assert left.workflow == about.workflow
    answer = signed_in.post(f"/guidance/{left.pk}/take-back", {"action": str(about.pk)})
    assert (answer.status_code, answer["Location"]) == (303, page)
    assert standing(about) == []


def test_the_next_action_about_the_same_shows_it(
    agent: Agent, refund: ActionType, about: Action, signed_in: Client, reviewer: Person
) -> None:
    leave(about, reviewer)
    again = create_action(agent, refund, subject=KESTREL)
    assert "They merge with Heron" in signed_in.get(f"/actions/{again.pk}/").content.decode()


def test_what_was_typed_is_kept_when_it_is_refused(about: Action, signed_in: Client) -> None:
    posted = {"guidance": WORDS, "where": "everywhere", "days": "soon"}
    answer = signed_in.post(f"/actions/{about.pk}/guidance", posted)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "Call &lt;b&gt;Ines&lt;/b&gt; first." in page
    assert 'value="soon"' in page
    assert not Guidance.objects.exists()


def test_who_may_not_leave_any_is_not_asked(
    about: Action, workflow: Workflow, reviewer: Person, client: Client
) -> None:
    leave(about, reviewer)
    client.force_login(create_person(team=workflow.team, role=Role.AUDITOR))
    page = client.get(f"/actions/{about.pk}/").content.decode()
    assert "They merge with Heron" in page
    assert "Leave guidance for next time" not in page
    assert "Take back" not in page
