"""An administrator makes a team and names who goes on from there."""

import pytest
from django.test import Client

from agents_registry.models import Membership, Person, Team
from ledger.models import Event
from tests.factories import create_person, create_team

pytestmark = pytest.mark.django_db

NEW = {"slug": "finance", "name": "Finance", "manager": "mona"}


@pytest.fixture
def admin(client: Client) -> Client:
    person = create_person(team=create_team())
    Person.objects.filter(pk=person.pk).update(is_superuser=True)
    client.force_login(Person.objects.get(pk=person.pk))
    return client


def test_a_team_is_made_with_its_first_manager_and_chosen(admin: Client) -> None:
    mona = create_person("mona")
    page = admin.post("/team/found", NEW, follow=True).content.decode()
    team = Team.objects.get(slug="finance")
    assert Membership.objects.get(team=team, person=mona).role == "manager"
    assert "<h1>Finance</h1>" in page
    types = set(Event.objects.filter(scope=str(team.pk)).values_list("type", flat=True))
    assert types == {"team.added", "person.added"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"slug": "Fi nance"}, "Write a short name"),
        ({"name": " "}, "Write the team"),
        ({"manager": "nobody"}, "There is no active account nobody"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_made(
    admin: Client, change: dict[str, str], said: str
) -> None:
    create_person("mona")
    assert said in admin.post("/team/found", {**NEW, **change}, follow=True).content.decode()
    assert not Team.objects.filter(slug="finance").exists()


def test_a_name_that_is_taken_stays_with_its_team(admin: Client) -> None:
    create_person("mona")
    create_team("finance")
    assert "already" in admin.post("/team/found", NEW, follow=True).content.decode()


def test_nobody_else_makes_one_or_sees_the_form(signed_in: Client) -> None:
    create_person("mona")
    assert signed_in.post("/team/found", NEW).status_code == 403
    assert "/team/found" not in signed_in.get("/team/").content.decode()
