"""Somebody is away: who stands in for them, who does not, and what a workflow lacks meanwhile."""

from datetime import timedelta
from itertools import pairwise

import pytest

from agents_registry import roles
from agents_registry.away import MOST_HOPS, Roster, away_now, stand_in
from agents_registry.models import Membership, Person, Role, Workflow
from ledger import clock
from tests.factories import create_absence, create_person, create_team, end_absence

pytestmark = pytest.mark.django_db


def fresh(workflow: Workflow) -> Workflow:
    return Workflow.objects.get(pk=workflow.pk)


def owner(workflow: Workflow, role: str = "risk_owner") -> Person | None:
    return roles.owner(fresh(workflow), role)


@pytest.fixture
def manager(workflow: Workflow) -> Person:
    return create_person(team=workflow.team, role=Role.MANAGER)


def test_away_is_from_the_start_until_the_end_unless_it_was_called_off(workflow: Workflow) -> None:
    person = workflow.risk_owner
    absence = create_absence(person)
    assert set(away_now()) == {person.pk}
    assert away_now([workflow.system_owner_id]) == {}
    with clock.simulated(absence.ends_at):
        assert away_now() == {}
    with clock.simulated(absence.starts_at - timedelta(seconds=1)):
        assert away_now() == {}
    end_absence(absence)
    assert away_now() == {}


def test_whoever_is_away_too_hands_it_to_their_own_delegate(workflow: Workflow) -> None:
    first, second, third = workflow.risk_owner, workflow.system_owner, workflow.approval_owner
    create_absence(first, delegate=second)
    create_absence(second, delegate=third)
    assert stand_in(first, workflow.team) == third
    assert stand_in(first, workflow.team_id) == third


def test_a_circle_of_delegates_leads_to_nobody(workflow: Workflow) -> None:
    first, second, third = workflow.risk_owner, workflow.system_owner, workflow.approval_owner
    for person, delegate in [(first, second), (second, third), (third, first)]:
        create_absence(person, delegate=delegate)
    assert [stand_in(each, workflow.team) for each in (first, second, third)] == [None] * 3
    assert owner(workflow) == workflow.workflow_owner


def test_a_row_of_delegates_is_followed_only_so_far(workflow: Workflow) -> None:
    people = [create_person(team=workflow.team, role=Role.MANAGER) for _ in range(MOST_HOPS + 2)]
    for person, delegate in pairwise(people):
        create_absence(person, delegate=delegate)
    assert stand_in(people[0], workflow.team) is None
    assert stand_in(people[1], workflow.team) == people[-1]


@pytest.mark.parametrize("why_not", ["stranger", "auditor", "gone", "lower", "refused"])
def test_nobody_stands_in_who_may_not(workflow: Workflow, why_not: str) -> None:
    team = workflow.team
    delegate = create_person(
        team=create_team() if why_not == "stranger" else team,
        role={"auditor": Role.AUDITOR, "lower": Role.MEMBER}.get(why_not, Role.MANAGER),
    )
    if why_not == "gone":
        Person.objects.filter(pk=delegate.pk).update(is_active=False)
    create_absence(workflow.risk_owner, delegate=delegate)
    refused = {delegate} if why_not == "refused" else set()
    assert stand_in(workflow.risk_owner, team, refused=lambda each: each in refused) is None


def test_an_auditor_passes_nothing_on_to_a_delegate(workflow: Workflow) -> None:
    Membership.objects.filter(person=workflow.risk_owner).update(role=Role.AUDITOR)
    create_absence(workflow.risk_owner, delegate=workflow.system_owner)
    assert stand_in(workflow.risk_owner, workflow.team) is None


def test_the_delegate_comes_before_the_deputy_and_the_deputy_before_the_workflow_owner(
    workflow: Workflow, manager: Person
) -> None:
    deputy = create_person(team=workflow.team)
    Workflow.objects.filter(pk=workflow.pk).update(risk_deputy=deputy)
    assert owner(workflow) == workflow.risk_owner
    absence = create_absence(workflow.risk_owner, delegate=workflow.system_owner)
    assert owner(workflow) == workflow.system_owner
    absence.delegate = None
    absence.save()
    assert owner(workflow) == deputy
    create_absence(deputy)
    assert owner(workflow) == workflow.workflow_owner
    create_absence(workflow.workflow_owner, delegate=workflow.approval_owner)
    assert owner(workflow) == workflow.approval_owner
    create_absence(workflow.approval_owner)
    assert owner(workflow) == manager
    create_absence(manager)
    assert owner(workflow) is None
    assert roles.answerable(fresh(workflow), "risk_owner") == workflow.risk_owner


def test_a_deputy_also_acts_for_an_owner_who_is_gone(workflow: Workflow) -> None:
    deputy = create_person(team=workflow.team)
    Workflow.objects.filter(pk=workflow.pk).update(system_deputy=deputy)
    Person.objects.filter(pk=workflow.system_owner_id).update(is_active=False)
    assert owner(workflow, "system_owner") == deputy


def test_of_several_managers_one_who_is_there_is_asked(workflow: Workflow, manager: Person) -> None:
    other = create_person(team=workflow.team, role=Role.MANAGER)
    assert roles.resolve(workflow, "manager") == manager
    create_absence(manager)
    assert roles.resolve(workflow, "manager") == other


def test_who_is_away_with_nobody_standing_in_is_a_hole_that_holds_nothing(
    workflow: Workflow,
) -> None:
    absence = create_absence(workflow.risk_owner)
    until = f"{absence.ends_at:%-d %b %Y}"
    (hole,) = roles.holes(fresh(workflow))
    assert (hole.role, hole.holds) == ("risk_owner", False)
    assert hole.because == f"{workflow.risk_owner} is away until {until} and nobody stands in."
    assert roles.vacant(fresh(workflow)) == []
    absence.delegate = workflow.system_owner
    absence.save()
    assert roles.holes(fresh(workflow)) == []


def test_a_pool_in_which_nobody_is_there_is_a_hole_too(workflow: Workflow) -> None:
    first, second = workflow.pool.people.all()
    create_absence(first)
    assert roles.holes(fresh(workflow)) == []
    absence = create_absence(second)
    assert [(hole.role, hole.holds) for hole in roles.holes(fresh(workflow))] == [("pool", False)]
    absence.delegate = workflow.approval_owner
    absence.save()
    assert roles.holes(fresh(workflow)) == []


def test_who_stands_in_for_whom_is_known_from_one_look(workflow: Workflow) -> None:
    create_absence(workflow.risk_owner, delegate=workflow.system_owner)
    create_absence(workflow.system_owner, delegate=workflow.approval_owner)
    roster = Roster()
    owners = {workflow.risk_owner_id, workflow.system_owner_id}
    assert roster.stands_in_for(workflow.approval_owner, workflow.team_id) == owners
    assert roster.stands_in_for(workflow.system_owner, workflow.team_id) == set()
