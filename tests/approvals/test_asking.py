"""An agent that has nothing approved to propose asks, or hands the case over, and is answered."""

import pytest
from django.test import Client

from agents_registry import built_in
from agents_registry.models import Agent, Person, Workflow
from approvals import release, review
from approvals.errors import Conflict, Invalid
from approvals.models import Action
from approvals.states import State
from tests.factories import create_action, seen

pytestmark = pytest.mark.django_db

HANDOFF = {"trigger": "a mail", "decision_asked": "Which price?", "next_steps": ["send it"]}


@pytest.fixture
def question(agent: Agent, workflow: Workflow) -> Action:
    for row in built_in.action_types(workflow):
        row.save()
    ask = workflow.action_types.get(key="ask")
    return create_action(
        agent, ask, payload={"question": "Which price holds?"}, handoff=HANDOFF, before=None
    )


def test_a_question_waits_for_a_person_and_the_answer_goes_back(
    question: Action, reviewer: Person
) -> None:
    assert (question.state, question.tier) == (State.PENDING, "mandatory")
    decision = review.answer(
        action_id=question.pk, person=reviewer, seen=seen(question), text="The old one."
    )
    assert Action.objects.get(pk=question.pk).state == State.ANSWERED
    assert decision.answer == {"text": "The old one.", "data": None}


def test_a_question_is_never_approved_and_never_taken(
    question: Action, agent: Agent, reviewer: Person
) -> None:
    with pytest.raises(Invalid):
        review.approve(action_id=question.pk, person=reviewer, seen=seen(question), checked=["x"])
    review.answer(action_id=question.pk, person=reviewer, seen=seen(question), text="Yes.")
    with pytest.raises(Conflict):
        release.lease(agent=agent, action_id=question.pk)


def test_its_page_offers_an_answer_instead_of_an_approval(
    signed_in: Client, question: Action
) -> None:
    page = signed_in.get(f"/actions/{question.pk}/").content.decode()
    assert "Send the answer" in page
    assert 'value="approved"' not in page
