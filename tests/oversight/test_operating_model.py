"""The one-page operating model: what it says, and what it says is missing."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from agents_registry import readiness
from agents_registry.models import ActionType, Person, Workflow
from tests.factories import create_action_type, create_read_type

pytestmark = pytest.mark.django_db


def sheet(client: Client, workflow: Workflow) -> str:
    return client.get(f"/registry/{workflow.slug}/model/").content.decode()


def whole(workflow: Workflow) -> None:
    workflow.purpose = "Money that is owed is paid back."
    workflow.trigger = "A customer asks for money."
    workflow.evaluation = "A person looks at ten a week."
    workflow.failure_modes = ["It pays twice."]
    workflow.success_metric = "Half of them within an hour."
    workflow.pause_when = "Two wrong payments in a day."
    workflow.save()


def test_a_whole_model_says_that_nothing_is_missing(
    signed_in: Client, workflow: Workflow, refund: ActionType
) -> None:
    whole(workflow)
    page = sheet(signed_in, workflow)
    assert "missing" not in page
    for said in (
        "A customer asks for money.",
        "It pays twice.",
        "Two wrong payments in a day.",
        "Half of them within an hour.",
        str(workflow.risk_owner),
        refund.rollback_path,
    ):
        assert said in page  # fmt: skip


def test_what_is_missing_is_listed_and_drawn_as_a_hole(
    signed_in: Client, workflow: Workflow, refund: ActionType
) -> None:
    ActionType.objects.filter(pk=refund.pk).update(rollback_path="")
    page = sheet(signed_in, workflow)
    assert "No success metric is named." in page
    assert "No way back is named for refund." in page
    assert "it cannot leave draft-only" not in page


def test_a_missing_person_holds_the_modes_and_the_page_says_so(
    signed_in: Client, workflow: Workflow, refund: ActionType
) -> None:
    Person.objects.filter(pk=workflow.risk_owner_id).update(is_active=False)
    page = sheet(signed_in, workflow)
    assert "Nobody is risk owner." in page
    assert "it cannot leave draft-only" in page


def test_a_workflow_without_types_can_stage_nothing(workflow: Workflow) -> None:
    said = [gap.words for gap in readiness.gaps(workflow, [])]
    assert "It lists no action type, so its agents can stage nothing." in said


def test_what_runs_alone_and_what_never_does_stand_apart(
    signed_in: Client, workflow: Workflow, refund: ActionType
) -> None:
    create_read_type(workflow)
    page = sheet(signed_in, workflow)
    assert "Look up an order (2% is looked at afterwards), as long as no line below is" in page
    assert "Mandatory approval: Refund." in page


def test_it_is_read_in_as_many_queries_for_more_types(
    signed_in: Client,
    workflow: Workflow,
    refund: ActionType,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    sheet(signed_in, workflow)
    with CaptureQueriesContext(connection) as few:
        sheet(signed_in, workflow)
    for key in ("a", "b", "c"):
        create_action_type(workflow, key)
    with django_assert_num_queries(len(few)):
        sheet(signed_in, workflow)


def test_another_teams_model_is_not_there(
    client: Client, workflow: Workflow, stranger: Person
) -> None:
    client.force_login(stranger)
    assert client.get(f"/registry/{workflow.slug}/model/").status_code == 404
