"""A person's own settings: they hold for that person alone, from the next page on."""

from datetime import UTC, datetime

import pytest
from django.test import Client

from agents_registry.models import Person
from approvals.models import Action
from tests.factories import PASSWORD, create_person

pytestmark = pytest.mark.django_db

NEW = "another staple 42"


def settings(**changes: str) -> dict[str, str]:
    return {"time_zone": "UTC", "theme": "", "keys_on": "yes", **changes}


def again(person: Person) -> Person:
    return Person.objects.get(pk=person.pk)


def test_the_time_zone_is_the_one_in_which_the_pages_say_when(
    signed_in: Client, action: Action
) -> None:
    Action.objects.filter(pk=action.pk).update(due_at=datetime(2030, 7, 1, 12, 0, tzinfo=UTC))
    signed_in.post("/me/", settings(time_zone="Asia/Tokyo"))
    page = signed_in.get(f"/actions/{action.pk}/").content.decode()
    assert "21:00" in page
    assert "Times in Asia/Tokyo" in page


def test_a_zone_or_look_that_is_none_changes_nothing(signed_in: Client, reviewer: Person) -> None:
    for wrong in ({"time_zone": "Mars/Base"}, {"time_zone": ""}, {"theme": "pink"}):
        answer = signed_in.post("/me/", settings(**wrong))
        assert answer.status_code == 422
        assert "Nothing was changed" in answer.content.decode()
    assert (again(reviewer).time_zone, again(reviewer).theme) == ("UTC", "")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_look_is_said_on_every_page(signed_in: Client, theme: str) -> None:
    assert "data-theme" not in signed_in.get("/inbox/").content.decode()
    signed_in.post("/me/", settings(theme=theme))
    assert f'<html lang="en" data-theme="{theme}">' in signed_in.get("/inbox/").content.decode()


def test_keys_are_off_where_the_box_is_not_ticked(signed_in: Client) -> None:
    signed_in.post("/me/", {"time_zone": "UTC", "theme": ""})
    assert 'data-keys="off"' in signed_in.get("/inbox/").content.decode()
    signed_in.post("/me/", settings())
    assert 'data-keys="off"' not in signed_in.get("/inbox/").content.decode()


def test_nothing_else_of_the_account_is_set_there(signed_in: Client, reviewer: Person) -> None:
    before = (reviewer.username, reviewer.email, reviewer.is_superuser)
    signed_in.post(
        "/me/", settings(username="root", email="x@example.com", is_superuser="on", pk="1")
    )
    after = again(reviewer)
    assert (after.username, after.email, after.is_superuser) == before


def test_another_password_takes_the_old_one(signed_in: Client, reviewer: Person) -> None:
    wrong = {"old_password": "not mine", "new_password1": NEW, "new_password2": NEW}
    answer = signed_in.post("/me/password/", wrong)
    assert "This password was not taken" in answer.content.decode()
    assert again(reviewer).check_password(PASSWORD)


def test_a_new_password_signs_other_devices_out_and_this_one_not(
    signed_in: Client, reviewer: Person
) -> None:
    other = Client()
    other.force_login(reviewer)
    form = {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW}
    answer = signed_in.post("/me/password/", form)
    assert answer.headers["Location"] == "/me/"
    assert again(reviewer).check_password(NEW)
    assert signed_in.get("/me/").status_code == 200
    assert other.get("/me/").headers["Location"].startswith("/login/")


def test_somebody_in_no_team_sets_their_own_things_too(client: Client) -> None:
    person = create_person()
    client.force_login(person)
    assert client.get("/me/").status_code == 200
    assert client.post("/me/", settings(theme="dark")).status_code == 303
    assert again(person).theme == "dark"
