"""Where a type asks for two: two different people, of exactly the same content, who still may."""

from functools import partial
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from agents_registry import readiness
from agents_registry.models import ActionType, Agent, Membership, Person, Workflow
from approvals import release, review
from approvals.errors import Conflict, Invalid
from approvals.models import Action, Decision
from approvals.states import State
from ledger import record
from ledger.canonical import digest
from ledger.models import Event
from tests.factories import create_action, create_desk, create_person, seen
from tests.together import at_once

pytestmark = pytest.mark.django_db

STAGED = {"order": "A-1", "amount": 120, "currency": "USD"}
LESS = {"order": "A-1", "amount": 5, "currency": "USD"}
LEAST = {"order": "A-1", "amount": 1, "currency": "USD"}
SIGNED_ABOVE_500 = {
    "metric": "spend_delta",
    "operator": ">",
    "limit": "500",
    "currency": "USD",
    "effect": {"raise_to": "mandatory"},
    "ask": "approval_owner",
}


@pytest.fixture
def pair(workflow: Workflow) -> tuple[Person, Person]:
    one, other = workflow.pool.people.order_by("pk")
    return one, other


@pytest.fixture
def third(workflow: Workflow) -> Person:
    owner: Person = workflow.approval_owner
    return owner


@pytest.fixture
def double(agent: Agent, refund: ActionType) -> Action:
    return create_double(agent, refund)


def create_double(agent: Agent, refund: ActionType) -> Action:
    refund.approvals_needed = 2
    refund.save()
    return create_action(agent, refund)


def approve(action: Action, person: Person, payload: Any = None) -> Decision:
    """Approves the agent's version, or the colleague's that says `payload`."""
    return review.approve(
        action_id=action.pk,
        person=person,
        seen=seen(action),
        checked=["all"],
        content_digest=digest(payload) if payload else "",
    )


def edit(action: Action, person: Person, payload: Any, comment: str = "") -> Decision:
    return review.edit_and_approve(
        action_id=action.pk,
        person=person,
        seen=seen(action),
        payload=payload,
        checked=["all"],
        comment=comment,
    )


def state_of(action: Action) -> str:
    return Action.objects.get(pk=action.pk).state


def test_it_is_approved_at_the_second_approval(double: Action, pair: tuple[Person, Person]) -> None:
    approve(double, pair[0])
    assert state_of(double) == State.PENDING
    approve(double, pair[1])
    assert state_of(double) == State.APPROVED


def test_three_of_three_are_needed_where_the_type_says_three(
    agent: Agent, refund: ActionType, pair: tuple[Person, Person], third: Person
) -> None:
    refund.approvals_needed = 3
    refund.save()
    action = create_action(agent, refund)
    for person in pair:
        approve(action, person)
    assert state_of(action) == State.PENDING
    approve(action, third)
    assert state_of(action) == State.APPROVED


def test_one_person_does_not_count_twice(double: Action, pair: tuple[Person, Person]) -> None:
    approve(double, pair[0])
    with pytest.raises(Conflict):
        approve(double, pair[0])
    assert state_of(double) == State.PENDING


def test_who_edited_is_never_the_second_of_their_own_edit(
    double: Action, pair: tuple[Person, Person]
) -> None:
    edit(double, pair[0], LESS)
    with pytest.raises(Conflict):
        approve(double, pair[0], LESS)
    with pytest.raises(Conflict):
        edit(double, pair[0], LESS)
    assert state_of(double) == State.PENDING


def test_approvals_of_other_content_do_not_add_up(
    double: Action, pair: tuple[Person, Person]
) -> None:
    approve(double, pair[0])
    edit(double, pair[1], LESS)
    assert state_of(double) == State.PENDING


def test_one_rejection_is_enough(double: Action, pair: tuple[Person, Person]) -> None:
    approve(double, pair[0])
    review.reject(action_id=double.pk, person=pair[1], seen=seen(double), reason="tone")
    assert state_of(double) == State.REJECTED


def test_what_is_released_is_what_was_approved_although_somebody_edited_it_too(
    double: Action, agent: Agent, pair: tuple[Person, Person], third: Person
) -> None:
    edit(double, pair[0], LESS)
    for person in (pair[1], third):
        approve(double, person)
    taken = release.lease(agent=agent, action_id=double.pk)
    assert taken.payload["amount"] == 120
    assert taken.edits == []
    assert pair[0].username not in taken.approved_by


def test_the_second_approves_exactly_the_edit_of_the_first(
    double: Action, agent: Agent, pair: tuple[Person, Person]
) -> None:
    edit(double, pair[0], LESS)
    approve(double, pair[1], LESS)
    assert state_of(double) == State.APPROVED
    taken = release.lease(agent=agent, action_id=double.pk)
    assert taken.payload == LESS
    assert taken.edits == [{"op": "replace", "path": "/amount", "value": 5}]
    assert set(taken.approved_by) == {person.username for person in pair}


def test_of_two_edits_the_third_chooses_one(
    double: Action, agent: Agent, pair: tuple[Person, Person], third: Person
) -> None:
    edit(double, pair[0], LESS)
    edit(double, pair[1], LEAST)
    assert state_of(double) == State.PENDING
    approve(double, third, LESS)
    assert release.lease(agent=agent, action_id=double.pk).payload == LESS


def test_two_who_edit_alike_approve_the_same(
    double: Action, agent: Agent, pair: tuple[Person, Person]
) -> None:
    edit(double, pair[0], LESS)
    edit(double, pair[1], LESS)
    assert release.lease(agent=agent, action_id=double.pk).payload == LESS


def test_a_version_that_nobody_stands_for_is_not_approved(
    double: Action, pair: tuple[Person, Person]
) -> None:
    with pytest.raises(Conflict, match="no longer there"):
        approve(double, pair[1], LESS)
    edited = edit(double, pair[0], LESS)
    review.undo(decision_id=edited.pk, person=pair[0])
    with pytest.raises(Conflict, match="no longer there"):
        approve(double, pair[1], LESS)
    assert not Decision.objects.filter(person=pair[1]).exists()


def test_a_colleagues_edit_is_judged_for_whoever_approves_it_too(
    agent: Agent, refund: ActionType, pair: tuple[Person, Person], third: Person
) -> None:
    refund.thresholds = [SIGNED_ABOVE_500]
    action = create_double(agent, refund)
    more = {**STAGED, "amount": 501}
    edit(action, third, more)
    with pytest.raises(PermissionDenied, match="With this content only"):
        approve(action, pair[0], more)
    assert not Decision.objects.filter(person=pair[0]).exists()


def test_who_may_not_sign_the_edit_any_more_does_not_count_for_it(
    agent: Agent, refund: ActionType, workflow: Workflow, pair: tuple[Person, Person], third: Person
) -> None:
    refund.thresholds = [SIGNED_ABOVE_500]
    action = create_double(agent, refund)
    more = {**STAGED, "amount": 501}
    edit(action, third, more)
    workflow.pool.people.add(third)
    Workflow.objects.filter(pk=workflow.pk).update(approval_owner=pair[0])
    approve(action, pair[0], more)
    assert state_of(action) == State.PENDING


def test_what_was_checked_is_said_by_each(double: Action, pair: tuple[Person, Person]) -> None:
    edit(double, pair[0], LESS)
    with pytest.raises(Invalid, match="Say what you checked"):
        review.approve(
            action_id=double.pk, person=pair[1], seen=seen(double), content_digest=digest(LESS)
        )


def test_an_approval_is_taken_back_while_others_are_to_decide(
    double: Action, pair: tuple[Person, Person], third: Person
) -> None:
    before = Action.objects.get(pk=double.pk)
    given = approve(double, pair[0])
    review.undo(decision_id=given.pk, person=pair[0])
    after = Action.objects.get(pk=double.pk)
    assert (after.state, after.due_at, after.step) == (State.PENDING, before.due_at, before.step)
    approve(double, pair[1])
    assert state_of(double) == State.PENDING
    approve(double, pair[0])
    assert state_of(double) == State.APPROVED


def test_an_approval_is_taken_back_once(double: Action, pair: tuple[Person, Person]) -> None:
    given = approve(double, pair[0])
    review.undo(decision_id=given.pk, person=pair[0])
    with pytest.raises(Conflict):
        review.undo(decision_id=given.pk, person=pair[0])
    assert Event.objects.filter(type="action.approval_taken_back").count() == 1


def test_undo_of_the_whole_takes_every_approval_back(
    double: Action, pair: tuple[Person, Person]
) -> None:
    approve(double, pair[0])
    last = approve(double, pair[1])
    review.undo(decision_id=last.pk, person=pair[1])
    approve(double, pair[0])
    assert state_of(double) == State.PENDING


def left_the_pool(person: Person, workflow: Workflow) -> None:
    workflow.pool.people.remove(person)


def closed_the_account(person: Person, workflow: Workflow) -> None:
    Person.objects.filter(pk=person.pk).update(is_active=False)


def left_the_team(person: Person, workflow: Workflow) -> None:
    Membership.objects.filter(person=person, team=workflow.team).delete()


@pytest.mark.parametrize("leave", [left_the_pool, closed_the_account, left_the_team])
def test_the_approval_of_somebody_who_may_not_decide_any_more_does_not_count(
    double: Action,
    agent: Agent,
    workflow: Workflow,
    pair: tuple[Person, Person],
    third: Person,
    leave: Any,
) -> None:
    edit(double, pair[0], LESS)
    leave(pair[0], workflow)
    approve(double, pair[1], LESS)
    assert state_of(double) == State.PENDING
    lapsed = Event.objects.get(type="action.approval_lapsed")
    assert record.body_of(lapsed)["to"] == f"person:{pair[0].pk}"
    approve(double, third, LESS)
    taken = release.lease(agent=agent, action_id=double.pk)
    assert taken.payload == LESS
    assert set(taken.approved_by) == {pair[1].username, third.username}


def test_somebody_who_comes_back_decides_anew(
    double: Action, workflow: Workflow, pair: tuple[Person, Person]
) -> None:
    approve(double, pair[0])
    workflow.pool.people.remove(pair[0])
    approve(double, pair[1])
    workflow.pool.people.add(pair[0])
    assert state_of(double) == State.PENDING
    approve(double, pair[0])
    assert state_of(double) == State.APPROVED


def test_nobody_approves_what_they_asked_for(
    agent: Agent, refund: ActionType, pair: tuple[Person, Person]
) -> None:
    refund.approvals_needed = 2
    refund.save()
    action = create_action(agent, refund, requested_by=pair[0].email.upper())
    with pytest.raises(PermissionDenied, match="asked for this yourself"):
        approve(action, pair[0])


def test_too_few_people_for_the_approvals_is_a_hole(
    workflow: Workflow, refund: ActionType, pair: tuple[Person, Person]
) -> None:
    refund.approvals_needed = 3
    assert not too_few(workflow, refund)
    closed_the_account(pair[0], workflow)
    (gap,) = too_few(workflow, refund)
    assert "3" in gap.words
    assert "2" in gap.words
    refund.approvals_needed = 2
    assert not too_few(workflow, refund)


def too_few(workflow: Workflow, refund: ActionType) -> list[readiness.Gap]:
    found = readiness.gaps(Workflow.objects.get(pk=workflow.pk), [refund])
    return [gap for gap in found if gap.what == "approvers"]


@pytest.mark.django_db(transaction=True)
def test_of_many_who_approve_at_once_exactly_enough_count() -> None:
    agent, workflow, refund = create_desk()
    people = [create_person(team=workflow.team) for _ in range(8)]
    workflow.pool.people.add(*people)
    for _ in range(3):
        action = create_double(agent, refund)
        results = at_once([partial(approve, action, person) for person in people])
        assert sum(isinstance(result, Decision) for result in results) == 2
        assert sum(isinstance(result, Conflict) for result in results) == 6
        assert state_of(action) == State.APPROVED


@pytest.mark.django_db(transaction=True)
def test_two_who_approve_a_version_while_its_author_takes_it_back_leave_what_can_be_released() -> (
    None
):
    agent, workflow, refund = create_desk()
    author, one, other = [create_person(team=workflow.team) for _ in range(3)]
    workflow.pool.people.add(author, one, other)
    for _ in range(5):
        action = create_double(agent, refund)
        edited = edit(action, author, LESS)
        at_once(
            [
                partial(review.undo, decision_id=edited.pk, person=author),
                partial(approve, action, one, LESS),
                partial(approve, action, other, LESS),
            ]
        )
        standing = Decision.objects.filter(action=action, undone_at=None)
        if state_of(action) == State.APPROVED:
            assert standing.filter(payload_digest=digest(LESS)).count() >= 2
            assert release.lease(agent=agent, action_id=action.pk).payload == LESS
        else:
            assert standing.count() < 2
