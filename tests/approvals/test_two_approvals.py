"""Where a type asks for two: two different people, of exactly the same content."""

import pytest

from agents_registry.models import ActionType, Agent, Person, Workflow
from approvals import release, review
from approvals.errors import Conflict
from approvals.models import Action
from approvals.states import State
from tests.factories import create_action, seen

pytestmark = pytest.mark.django_db


@pytest.fixture
def pair(workflow: Workflow) -> tuple[Person, Person]:
    one, other = workflow.pool.people.order_by("pk")
    return one, other


@pytest.fixture
def double(agent: Agent, refund: ActionType) -> Action:
    refund.approvals_needed = 2
    refund.save()
    return create_action(agent, refund)


def approve(action: Action, person: Person) -> None:
    review.approve(action_id=action.pk, person=person, seen=seen(action), checked=["all"])


def state_of(action: Action) -> str:
    return Action.objects.get(pk=action.pk).state


def test_it_is_approved_at_the_second_approval(double: Action, pair: tuple[Person, Person]) -> None:
    approve(double, pair[0])
    assert state_of(double) == State.PENDING
    approve(double, pair[1])
    assert state_of(double) == State.APPROVED


def test_one_person_does_not_count_twice(double: Action, pair: tuple[Person, Person]) -> None:
    approve(double, pair[0])
    with pytest.raises(Conflict):
        approve(double, pair[0])
    assert state_of(double) == State.PENDING


def test_approvals_of_other_content_do_not_add_up(
    double: Action, pair: tuple[Person, Person]
) -> None:
    approve(double, pair[0])
    review.edit_and_approve(
        action_id=double.pk,
        person=pair[1],
        seen=seen(double),
        payload={"order": "A-1", "amount": 5, "currency": "USD"},
        checked=["all"],
    )
    assert state_of(double) == State.PENDING


def test_one_rejection_is_enough(double: Action, pair: tuple[Person, Person]) -> None:
    approve(double, pair[0])
    review.reject(action_id=double.pk, person=pair[1], seen=seen(double), reason="tone")
    assert state_of(double) == State.REJECTED


def test_what_is_released_is_what_was_approved_although_somebody_edited_it_too(
    double: Action, agent: Agent, workflow: Workflow, pair: tuple[Person, Person]
) -> None:
    review.edit_and_approve(
        action_id=double.pk,
        person=pair[0],
        seen=seen(double),
        payload={"order": "A-1", "amount": 5, "currency": "USD"},
        checked=["all"],
    )
    for person in (pair[1], workflow.approval_owner):
        approve(double, person)
    taken = release.lease(agent=agent, action_id=double.pk)
    assert taken.payload["amount"] == 120
    assert taken.edits == []
    assert pair[0].username not in taken.approved_by
