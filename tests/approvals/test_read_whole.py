"""What one statement reads of an action: the same that the models would tell, piece by piece."""

import pytest
from pytest_django import DjangoAssertNumQueries

from agents_registry.models import ActionType, Agent, Calendar, Person, Workflow
from approvals import dependencies, four_eyes, review, told
from approvals.models import DECIDING, Action, Decision
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


def approve(action: Action, person: Person) -> Decision:
    return review.approve(action_id=action.pk, person=person, seen=seen(action), checked=["amount"])


def read(action: Action) -> told.Told:
    return told.read([action.pk])[action.pk]


def by_the_rule(action: Action) -> Decision | None:
    """The verdict that the ORM finds, where the rule is written down."""
    action.refresh_from_db()
    given = action.decisions.filter(
        revision=action.revision, verdict__in=DECIDING, undone_at__isnull=True
    )
    return four_eyes.told(given).order_by("-id").first()


def test_of_two_approvals_only_the_one_that_decided_is_told(
    double: Action, pair: tuple[Person, Person]
) -> None:
    approve(double, pair[0])
    assert read(double).decision is by_the_rule(double) is None
    second = approve(double, pair[1])
    assert read(double).decision == by_the_rule(double) == second


def test_a_rejection_among_several_is_told(double: Action, pair: tuple[Person, Person]) -> None:
    approve(double, pair[0])
    rejection = review.reject(
        action_id=double.pk, person=pair[1], seen=seen(double), reason="tone", cause="prompt"
    )
    assert read(double).decision == by_the_rule(double) == rejection


def test_a_verdict_that_was_undone_is_not_told(action: Action, reviewer: Person) -> None:
    Action.objects.filter(pk=action.pk).update(frozen={**action.frozen, "settle_seconds": 300})
    decision = approve(action, reviewer)
    assert read(action).decision == decision
    review.undo(decision_id=decision.pk, person=reviewer)
    assert read(action).decision is by_the_rule(action) is None


def test_every_piece_of_the_verdict_and_the_content_is_what_the_models_hold(
    action: Action, reviewer: Person
) -> None:
    kept = review.edit_and_approve(
        action_id=action.pk,
        person=reviewer,
        seen=seen(action),
        payload={"order": "A-1", "amount": 5.25, "currency": "USD"},
        checked=["amount"],
        comment="“less”",
    )
    kept.refresh_from_db()
    found = read(action)
    assert found.decision
    names = [each.attname for each in Decision._meta.concrete_fields]
    assert {name: getattr(found.decision, name) for name in names} == {
        name: getattr(kept, name) for name in names
    }
    assert found.decision.person.username == reviewer.username
    content = action.contents.get(revision=1)
    for name in ("payload", "before", "trace", "evidence", "findings"):
        assert getattr(found.content, name) == getattr(content, name)


def test_what_was_not_read_is_fetched_and_never_made_up(
    action: Action, refund: ActionType, workflow: Workflow
) -> None:
    refund.matches = {"/amount": "/amount"}
    refund.send_window = Calendar.objects.create(
        team=workflow.team, name="Mornings", document={"hours": {"mon": ["09:00-12:00"]}}
    )
    refund.save()
    found = read(action).action
    assert found.action_type.matches == {"/amount": "/amount"}
    assert found.action_type.workflow == workflow
    assert found.action_type.send_window == refund.send_window
    assert found.action_type.send_window.name == "Mornings"
    assert found.workflow.name == workflow.name


def test_steps_come_in_order_as_they_stand(
    agent: Agent, refund: ActionType, reviewer: Person
) -> None:
    first, second = (create_action(agent, refund) for _ in range(2))
    action = create_action(agent, refund, depends_on=[str(second.pk), str(first.pk)])
    approve(first, reviewer)
    steps = read(action).steps
    assert [step.pk for step in steps] == [first.pk, second.pk]
    for step, by_orm in zip(steps, dependencies.awaited(action), strict=True):
        for name in dependencies.STANDS:
            assert getattr(step, name) == getattr(by_orm, name)


def test_it_is_one_statement_however_many_there_are(
    agent: Agent, refund: ActionType, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    actions = [create_action(agent, refund) for _ in range(3)]
    with django_assert_num_queries(1):
        found = told.read([action.pk for action in actions])
    assert set(found) == {action.pk for action in actions}
