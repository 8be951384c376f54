"""The heat map: where work fell, how often people overruled it, how often it went wrong."""

from datetime import timedelta

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from agents_registry.models import ActionType, Agent, Person, Workflow
from approvals import review
from approvals.models import Action
from ledger import clock
from oversight import heat
from oversight.heat import Cell, Share
from tests.factories import create_action, create_desk, create_read_type, seen

pytestmark = pytest.mark.django_db


def cells(workflow: Workflow, period: str = "7d") -> dict[str, Cell]:
    found = heat.matrix(workflow.team, period, clock.now())
    return {cell.tier: cell for row in found.rows for cell in row.cells}


def decide(action: Action, person: Person, verdict: str) -> None:
    if verdict == "approve":
        review.approve(action_id=action.pk, person=person, seen=seen(action), checked=["all"])
    else:
        review.reject(action_id=action.pk, person=person, seen=seen(action), reason="tone")


@pytest.mark.parametrize(
    ("part", "whole", "warmth"),
    [(0, 0, 0), (19, 19, 0), (0, 20, 0), (2, 100, 0), (3, 100, 1), (8, 100, 1), (9, 100, 2),
     (15, 100, 2), (16, 100, 3), (100, 100, 3)],
)  # fmt: skip
def test_the_colour_says_how_often(part: int, whole: int, warmth: int) -> None:
    assert Share(part, whole).heat == warmth


@pytest.mark.parametrize(
    ("part", "whole", "said"),
    [
        (0, 0, "none decided yet"),
        (3, 7, "not enough data, 7 of 20 decided"),
        (25, 412, "6.1%, 25 of 412 decided"),
    ],
)
def test_too_little_is_said_and_never_a_percentage(part: int, whole: int, said: str) -> None:
    assert Share(part, whole).words("decided") == said


def test_what_people_reject_counts_as_overruled(
    agent: Agent, refund: ActionType, workflow: Workflow, reviewer: Person
) -> None:
    for number in range(20):
        verdict = "reject" if number < 2 else "approve"
        decide(create_action(agent, refund), reviewer, verdict)
    cell = cells(workflow)["mandatory"]
    assert (cell.count, cell.heat) == (20, 2)
    assert cell.overruled == "10.0%, 2 of 20 decided"


def test_a_decision_that_was_undone_does_not_count(
    agent: Agent, refund: ActionType, workflow: Workflow, reviewer: Person
) -> None:
    refund.settle_seconds = 60
    refund.save()
    action = create_action(agent, refund)
    decide(action, reviewer, "reject")
    review.undo(decision_id=action.decisions.get().pk, person=reviewer)
    assert cells(workflow)["mandatory"].overruled == "none decided yet"


def test_only_what_was_staged_in_the_period_counts(
    agent: Agent, refund: ActionType, workflow: Workflow
) -> None:
    action = create_action(agent, refund)
    Action.objects.filter(pk=action.pk).update(created_at=clock.now() - timedelta(days=2))
    assert cells(workflow, "24h")["mandatory"].count == 0
    assert cells(workflow, "7d")["mandatory"].count == 1


def test_another_teams_work_is_not_counted(workflow: Workflow, action: Action) -> None:
    other_agent, _, other_refund = create_desk()
    create_action(other_agent, other_refund)
    assert cells(workflow)["mandatory"].count == 1


def test_the_map_is_read_in_as_many_queries_for_more_work(
    agent: Agent,
    workflow: Workflow,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    read, team = create_read_type(workflow), workflow.team
    for _ in range(3):
        create_action(agent, read, payload={"order": "A-1"})
        now = clock.now()
        with django_assert_num_queries(2):
            heat.matrix(team, "7d", now)


def test_the_part_that_is_asked_for_again_is_the_map_alone(
    signed_in: Client, action: Action
) -> None:
    page = signed_in.get("/ownership/matrix?period=30d").content.decode()
    assert "1 action in 30 days" in page
    assert "<html" not in page
    assert "1 action in 7 days" in signed_in.get("/ownership/?period=ever").content.decode()
