"""Somebody leaves: their work and their roles go to the next named person, and nothing is lost."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from agents_registry import roles
from agents_registry.models import ActionType, Agent, Membership, Person, Role, Workflow
from approvals import deadlines, follow_ups, leaving
from approvals.errors import Conflict
from approvals.models import Action
from ledger.models import Event
from tests.factories import create_action, create_desk, create_person, make_due

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
