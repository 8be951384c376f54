"""An address that takes only a form says so in words, also to whom a session ended under it."""

import pytest
from django.test import Client
from django.urls import reverse

from agents_registry.models import Person
from approvals.models import Action
from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db


def test_who_opens_it_by_itself_reads_that_nothing_was_done(
    signed_in: Client, action: Action
) -> None:
    page = signed_in.get(reverse("claim", args=[action.pk]))
    assert (page.status_code, page.headers["Allow"]) == (405, "POST")
    assert "Nothing was done" in page.content.decode()


def test_so_does_who_was_asked_to_sign_in_when_they_sent_it(
    client: Client, action: Action, reviewer: Person
) -> None:
    door = client.post(reverse("claim", args=[action.pk]))
    form = {"username": reviewer.username, "password": PASSWORD}
    page = client.post(door.headers["Location"], form, follow=True)
    assert page.status_code == 405
    assert "send it again" in page.content.decode()
    action.refresh_from_db()
    assert action.assignee is None


def test_agents_get_a_problem_instead(client: Client) -> None:
    refused = client.get("/api/v1/actions/check")
    assert refused.headers["Content-Type"] == "application/problem+json"
