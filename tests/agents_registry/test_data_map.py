"""The data map: which workflow sees which class of data."""

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from agents_registry.models import ActionType, Person, Workflow
from agents_registry.pages.data_map import data_map
from tests.factories import create_action_type, create_read_type, create_workflow

pytestmark = pytest.mark.django_db


def declare(action_type: ActionType, *classes: str) -> None:
    ActionType.objects.filter(pk=action_type.pk).update(data_classes=list(classes))


def test_who_sees_what_and_who_acts_on_it_stand_apart(
    workflow: Workflow, refund: ActionType, signed_in: Client
) -> None:
    declare(refund, "payment_data")
    declare(create_read_type(workflow), "payment_data", "order")
    payment, order = sorted(data_map(workflow.team).rows, key=lambda row: row.name, reverse=True)
    assert payment.name == "payment data"
    assert payment.cells[0] is not None
    assert (payment.cells[0].types, payment.cells[0].changes) == (
        ["Look up an order", "Refund"],
        True,
    )
    assert order.cells[0] is not None
    assert not order.cells[0].changes
    assert "Payment data" in signed_in.get("/registry/data/").content.decode()


def test_a_type_that_touches_a_system_and_declares_nothing_is_named(
    workflow: Workflow, refund: ActionType
) -> None:
    ActionType.objects.filter(pk=refund.pk).update(systems={"reads": ["crm"], "writes": []})
    assert data_map(workflow.team).undeclared == [workflow.name]


def test_it_is_one_query_however_many_workflows(
    workflow: Workflow, refund: ActionType, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    team = workflow.team
    for _ in range(3):
        create_action_type(create_workflow(team))
    with django_assert_num_queries(1):
        assert len(data_map(team).workflows) == 4


def test_another_teams_data_is_not_on_it(
    client: Client, workflow: Workflow, refund: ActionType, stranger: Person
) -> None:
    declare(refund, "payment_data")
    client.force_login(stranger)
    assert "Payment data" not in client.get("/registry/data/").content.decode()
