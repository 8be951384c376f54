"""Somebody leaves: their work and their roles go to the next named person, and nothing is lost."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from agents_registry import roles
from agents_registry.models import ActionType, Agent, Membership, Person, Pool, Role, Workflow
from approvals import addressing, deadlines, follow_ups, leaving
from approvals.errors import Conflict
from approvals.models import Action
from approvals.permissions import can_decide
from ledger import record
from ledger.models import Event
from tests.factories import (
    create_absence,
    create_action,
    create_desk,
    create_person,
    end_absence,
    make_due,
    seen,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> tuple[Agent, Workflow, ActionType]:
    return create_desk()


@pytest.fixture
def workflow(desk: Any) -> Workflow:
    return desk[1]


@pytest.fixture
def manager(workflow: Workflow) -> Person:
    return create_person(team=workflow.team, role=Role.MANAGER)


@pytest.fixture
def admin(workflow: Workflow) -> Person:
    person = create_person()
    Person.objects.filter(pk=person.pk).update(is_superuser=True)
    return Person.objects.get(pk=person.pk)


def escalated(desk: tuple[Agent, Workflow, ActionType]) -> Action:
    """An action that escalation brought to the workflow owner."""
    agent, _, refund = desk
    action = create_action(agent, refund)
    make_due(action)
    deadlines.sweep_steps()
    action.refresh_from_db()
    assert action.assignee_id == desk[1].workflow_owner_id
    return action


def test_an_account_that_is_closed_is_a_hole_and_its_open_work_moves_in_the_same_commit(
    desk: Any, workflow: Workflow, admin: Person, manager: Person
) -> None:
    action = escalated(desk)
    assert leaving.deactivate(person=workflow.workflow_owner, actor=admin, reason="left") == 1
    workflow = Workflow.objects.get(pk=workflow.pk)
    assert [hole.role for hole in roles.holes(workflow)] == ["workflow_owner"]
    action.refresh_from_db()
    assert action.assignee == manager
    told = Event.objects.filter(stream=action.stream).order_by("seq").last()
    assert told is not None
    assert told.type == "action.handed_on"
    assert record.body_of(told) == {
        "revision": 1,
        "step": 1,
        "to": f"person:{manager.pk}",
        "from": f"person:{workflow.workflow_owner_id}",
        "why": "left",
    }


def test_open_work_after_the_fact_moves_too(desk: Any, workflow: Workflow, admin: Person) -> None:
    agent, _, refund = desk
    work = follow_ups.open_for(action=create_action(agent, refund), kind="unknown")
    assert work.assignee == workflow.system_owner
    leaving.deactivate(person=workflow.system_owner, actor=admin)
    work.refresh_from_db()
    assert work.assignee == workflow.workflow_owner


def test_an_account_closed_by_other_means_is_found_by_the_sweep_once(
    desk: Any, workflow: Workflow, manager: Person
) -> None:
    action = escalated(desk)
    Person.objects.filter(pk=workflow.workflow_owner_id).update(is_active=False)
    assert leaving.sweep_left() == 1
    action.refresh_from_db()
    assert action.assignee == manager
    assert leaving.sweep_left() == 0


def test_an_owner_leaves_a_team_only_when_somebody_takes_over(
    desk: Any, workflow: Workflow, manager: Person
) -> None:
    action = escalated(desk)
    owner, heir = workflow.workflow_owner, create_person(team=workflow.team)
    with pytest.raises(Conflict, match="Choose who takes over first"):
        leaving.leave(team=workflow.team, person=owner, actor=manager)
    leaving.leave(team=workflow.team, person=owner, actor=manager, successor=heir)
    workflow.refresh_from_db()
    action.refresh_from_db()
    assert (workflow.workflow_owner, action.assignee) == (heir, heir)
    assert not Membership.objects.filter(team=workflow.team, person=owner).exists()


def test_a_successor_is_of_the_same_team(workflow: Workflow, manager: Person) -> None:
    with pytest.raises(Conflict, match="is not in this team"):
        leaving.leave(
            team=workflow.team,
            person=workflow.risk_owner,
            actor=manager,
            successor=create_person(),
        )


def test_a_reviewer_who_leaves_is_in_no_pool_of_the_team(
    workflow: Workflow, manager: Person
) -> None:
    reviewer = workflow.pool.people.first()
    assert reviewer is not None
    leaving.leave(team=workflow.team, person=reviewer, actor=manager, reason="new job")
    assert reviewer not in workflow.pool.people.all()


def test_the_last_manager_stays_until_there_is_another(workflow: Workflow, manager: Person) -> None:
    with pytest.raises(Conflict, match="Name another manager first"):
        leaving.leave(team=workflow.team, person=manager, actor=manager)


def test_only_who_manages_the_team_takes_people_out(workflow: Workflow) -> None:
    stranger, colleague = create_person(), create_person(team=workflow.team)
    for actor in (stranger, colleague, workflow.risk_owner):
        with pytest.raises(PermissionDenied):
            leaving.leave(team=workflow.team, person=colleague, actor=actor)


def test_only_an_administrator_closes_accounts(workflow: Workflow, manager: Person) -> None:
    with pytest.raises(PermissionDenied):
        leaving.deactivate(person=workflow.risk_owner, actor=manager)
    workflow.risk_owner.refresh_from_db()
    assert workflow.risk_owner.is_active


def told(action: Action) -> dict[str, Any]:
    return record.body_of(Event.objects.filter(stream=action.stream).latest("seq"))


def claimed(desk: tuple[Agent, Workflow, ActionType], person: Person) -> Action:
    action = create_action(desk[0], desk[2])
    return addressing.claim(action_id=action.pk, person=person, seen=seen(action))


def test_what_escalation_brought_to_somebody_goes_to_who_stands_in(
    desk: Any, workflow: Workflow
) -> None:
    action = escalated(desk)
    due = action.due_at
    create_absence(workflow.workflow_owner, delegate=workflow.risk_owner)
    assert leaving.move_from(workflow.workflow_owner) == 1
    action.refresh_from_db()
    assert (action.assignee, action.step, action.due_at) == (workflow.risk_owner, 1, due)
    assert told(action) == {
        "revision": 1,
        "step": 1,
        "to": f"person:{workflow.risk_owner_id}",
        "instead_of": f"person:{workflow.workflow_owner_id}",
        "from": f"person:{workflow.workflow_owner_id}",
        "why": "away",
    }
    assert can_decide(workflow.risk_owner, action)


def test_with_nobody_standing_in_the_next_of_the_chain_is_asked_and_the_clock_begins_anew(
    desk: Any, workflow: Workflow, manager: Person
) -> None:
    agent, _, refund = desk
    refund.stop_rules = [
        {
            "id": "large",
            "words": "The approval owner signs it.",
            "when": "true",
            "ask": "approval_owner",
            "effect": {"raise_to": "mandatory"},
        }
    ]
    refund.save()
    action = create_action(agent, refund)
    make_due(action)
    Action.objects.filter(pk=action.pk).update(reminded=1)
    create_absence(workflow.approval_owner)
    assert leaving.sweep_left() == 1
    was, action = action, Action.objects.get(pk=action.pk)
    assert (action.step, action.assignee, action.reminded) == (1, workflow.workflow_owner, 0)
    assert action.due_at
    assert was.due_at
    assert action.due_at > action.changed_at
    assert can_decide(workflow.workflow_owner, action)
    assert leaving.sweep_left() == 0


def test_what_a_reviewer_took_goes_back_to_the_pool_while_somebody_of_it_is_there(
    desk: Any, workflow: Workflow
) -> None:
    reviewer = workflow.pool.people.order_by("pk")[0]
    action = claimed(desk, reviewer)
    create_absence(reviewer, delegate=workflow.system_owner)
    leaving.move_from(reviewer)
    action.refresh_from_db()
    assert (action.assignee, action.pool, action.step) == (None, None, 0)


def test_what_a_reviewer_took_goes_to_the_delegate_who_may_decide_it(
    desk: Any, workflow: Workflow
) -> None:
    reviewer, other = workflow.pool.people.order_by("pk")
    action = claimed(desk, reviewer)
    create_absence(reviewer, delegate=other)
    leaving.move_from(reviewer)
    action.refresh_from_db()
    assert action.assignee == other


def test_the_work_of_a_pool_goes_to_a_delegate_once_nobody_of_it_is_there(
    desk: Any, workflow: Workflow
) -> None:
    action = create_action(desk[0], desk[2])
    first, second = workflow.pool.people.order_by("pk")
    create_absence(first)
    assert leaving.sweep_left() == 0
    create_absence(second, delegate=workflow.system_owner)
    assert leaving.sweep_left() == 1
    action.refresh_from_db()
    assert action.assignee == workflow.system_owner
    assert can_decide(workflow.system_owner, action)
    assert told(action)["from"] == "pool"
    assert told(action)["instead_of"] == f"person:{second.pk}"


def test_the_work_of_a_pool_in_which_nobody_is_there_goes_to_the_approval_owner(
    desk: Any, workflow: Workflow
) -> None:
    action = create_action(desk[0], desk[2])
    for person in workflow.pool.people.all():
        create_absence(person)
    assert leaving.sweep_left() == 1
    action.refresh_from_db()
    assert (action.assignee, action.step) == (workflow.approval_owner, 0)


def test_nothing_moves_while_nobody_else_is_there_and_nothing_moves_back(
    desk: Any, workflow: Workflow
) -> None:
    action = escalated(desk)
    absence = create_absence(workflow.workflow_owner)
    for _ in range(2):
        assert leaving.sweep_left() == 0
    absence.delegate = workflow.risk_owner
    absence.save()
    assert leaving.sweep_left() == 1
    end_absence(absence)
    assert leaving.sweep_left() == 0
    action.refresh_from_db()
    assert action.assignee == workflow.risk_owner
    assert can_decide(workflow.risk_owner, action)


def test_what_nobody_can_take_over_hides_nothing_of_what_somebody_can(
    desk: Any, workflow: Workflow
) -> None:
    for _ in range(3):
        stuck = escalated(desk)
    legal = Pool.objects.create(team=workflow.team, slug="legal", name="Legal")
    lawyer = create_person(team=workflow.team)
    legal.people.add(lawyer)
    action = create_action(desk[0], desk[2])
    Action.objects.filter(pk=action.pk).update(pool=legal)
    create_absence(workflow.workflow_owner)
    create_absence(lawyer)
    assert leaving.sweep_left(limit=1) == 1
    action.refresh_from_db()
    stuck.refresh_from_db()
    assert (action.pool, stuck.assignee) == (None, workflow.workflow_owner)


def test_what_is_held_goes_to_who_stands_in_for_the_workflow_owner(
    desk: Any, workflow: Workflow
) -> None:
    workflow.chain.fallback = "hold"
    workflow.chain.save()
    action = escalated(desk)
    make_due(action)
    deadlines.sweep_steps()
    create_absence(workflow.workflow_owner, delegate=workflow.system_owner)
    assert leaving.sweep_left() == 1
    action.refresh_from_db()
    assert (action.held, action.assignee) == (True, workflow.system_owner)
    assert can_decide(workflow.system_owner, action)


def test_open_work_goes_to_the_delegate_else_to_the_next_who_answers(
    desk: Any, workflow: Workflow
) -> None:
    agent, _, refund = desk
    work = follow_ups.open_for(action=create_action(agent, refund), kind="unknown")
    absence = create_absence(workflow.system_owner, delegate=workflow.risk_owner)
    assert leaving.move_from(workflow.system_owner) == 1
    work.refresh_from_db()
    assert work.assignee == workflow.risk_owner
    assert told(work.action)["why"] == "away"
    absence.delegate = None
    absence.save()
    later = follow_ups.open_for(action=create_action(agent, refund), kind="unknown")
    assert later.assignee == workflow.workflow_owner, "it never waits for who is away"
