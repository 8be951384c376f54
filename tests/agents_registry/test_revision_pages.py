"""The page of revisions and the page of what waits to be signed, as people use them."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from agents_registry import editing
from agents_registry.models import ChangeRequest, Person, PolicyChange, Team
from agents_registry.spec.export import stored
from agents_registry.spec.rows import rows
from tests.agents_registry.documents import REFUND, install
from tests.factories import create_person, create_team

pytestmark = pytest.mark.django_db

PLACE = ("workflows", "refunds", "action_types", "refund_order")
URL = "/registry/refunds/refund_order/revisions/"
RULE = {"id": "legal", "words": "A lawyer wrote.", "when": "payload.amount > 1", "effect": {}}


@pytest.fixture
def shop(db: None) -> Team:
    install()
    return Team.objects.get()


def signed_in(client: Client, username: str) -> Client:
    client.force_login(Person.objects.get(username=username))
    return client


def edit(who: str, **fields: Any) -> editing.Edited:
    team = Team.objects.get()
    return editing.edit(
        team=team,
        place=PLACE,
        row={**rows(stored(team))[PLACE], **fields},
        actor=Person.objects.get(username=who),
        reason="a lesson of May",
        base=editing.base_of(team, PLACE),
    )


def text(response: Any) -> str:
    """What the page says, without its tags."""
    plain = re.sub(r"<[^>]+>", " ", response.content.decode())
    return " ".join(plain.replace("&quot;", '"').replace("&gt;", ">").split())


def test_each_step_tells_who_why_and_where_it_led(shop: Team, client: Client) -> None:
    edit("omar", confidence_line=0.9)
    page = text(signed_in(client, "rita").get(URL))
    assert "Omar Haddad a lesson of May stricter" in page
    assert "Confidence line changed stricter 0.80 0.90" in page
    assert "Undo it" not in page


def test_rules_are_told_in_their_words_beside_their_condition(shop: Team, client: Client) -> None:
    rule = {**RULE, "effect": {"raise_to": "mandatory"}}
    dearer = [{**REFUND["thresholds"][0], "limit": 500}]
    edit("rhea", stop_rules=[rule], thresholds=dearer)
    page = text(signed_in(client, "rhea").get(URL))
    assert "Stop rule legal added stricter not there A lawyer wrote." in page
    assert "payload.amount > 1" in page
    assert "Threshold changed looser The amount is above 200.00 EUR." in page
    assert "The amount is above 500.00 EUR." in page


def test_any_two_steps_are_compared_in_the_order_of_time(shop: Team, client: Client) -> None:
    for line in (0.85, 0.9, 0.95):
        edit("omar", confidence_line=line)
    first, _, last = PolicyChange.objects.filter(reason="a lesson of May").order_by("id")
    signed_in(client, "omar")
    for older, newer in ((first, last), (last, first)):
        page = text(client.get(f"{URL}?older={older.pk}&newer={newer.pk}"))
        assert "Confidence line changed stricter 0.85 0.95" in page
    assert client.get(f"{URL}?older=0&newer=99999999999999&before=x").status_code == 200


def test_long_histories_are_read_page_by_page(shop: Team, client: Client) -> None:
    for number in range(30):
        edit("rhea", confidence_line=0.8 + (number % 2) / 10, confirmed=True)
    page = signed_in(client, "omar").get(URL).content.decode()
    assert page.count('name="older"') == 25
    (more,) = re.findall(r'href="([^"]*\?before=\d+)"', page)
    rest = client.get(more).content.decode()
    assert 1 <= rest.count('name="older"') < 25


def test_the_last_step_is_undone_with_a_reason(shop: Team, client: Client) -> None:
    edit("rhea", confidence_line=0.7)
    step = PolicyChange.objects.latest("id")
    signed_in(client, "omar")
    assert client.post(f"{URL}{step.pk}/undo", {"reason": " "}).status_code == 303
    assert PolicyChange.objects.latest("id") == step
    answer = client.post(f"{URL}{step.pk}/undo", {"reason": "a mistake"}, follow=True)
    assert "Put back as it was." in text(answer)
    undone = PolicyChange.objects.latest("id")
    assert (undone.author.username, undone.reason, undone.after) == (
        "omar",
        "a mistake",
        step.before,
    )


def test_undoing_a_tightening_is_asked_for_and_signed_on_the_page(
    shop: Team, client: Client
) -> None:
    edit("omar", confidence_line=0.9)
    step = PolicyChange.objects.latest("id")
    signed_in(client, "omar")
    answer = client.post(f"{URL}{step.pk}/undo", {"reason": "too strict"}, follow=True)
    page = text(answer)
    assert "Nothing is changed yet: it waits to be signed." in page
    assert "What you asked for Refund an order, in Refunds" in page
    assert "It waits for the risk owner, Rhea Vance." in page
    assert "Confidence line changed looser 0.90 0.80" in page
    request = ChangeRequest.objects.get()
    signed_in(client, "rhea")
    assert "For you to sign Refund an order" in text(client.get("/requests/"))
    answer = client.post(f"/requests/{request.pk}/sign", {"note": "agreed"}, follow=True)
    assert "Signed, and done." in text(answer)
    page = text(signed_in(client, "omar").get("/requests/"))
    assert "Refund an order, in Refunds: signed by Rhea Vance “agreed”" in page


def test_what_was_overtaken_says_so_and_is_not_lost(shop: Team, client: Client) -> None:
    edit("omar", confidence_line=0.7)
    edit("mona", name="Money back")
    request = ChangeRequest.objects.get()
    signed_in(client, "rhea")
    page = client.get("/requests/")
    assert "This was changed since it was asked for." in text(page)
    assert "/sign" not in page.content.decode()
    answer = client.post(f"/requests/{request.pk}/sign")
    assert answer.status_code == 409
    assert "Ask again for what is still due." in text(answer)
    assert client.post(f"/requests/{request.pk}/decline", {"note": "late"}).status_code == 303
    assert client.post(f"/requests/{request.pk}/decline").status_code == 409


def test_who_asked_takes_it_back_and_nobody_else_does(shop: Team, client: Client) -> None:
    edit("omar", confidence_line=0.7)
    request = ChangeRequest.objects.get()
    url = f"/requests/{request.pk}/withdraw"
    assert signed_in(client, "rhea").post(url).status_code == 403
    assert signed_in(client, "omar").post(url).status_code == 303
    request.refresh_from_db()
    assert request.end == "withdrawn"


def test_another_teams_revisions_and_requests_are_not_there(shop: Team, client: Client) -> None:
    edit("omar", confidence_line=0.7)
    request, step = ChangeRequest.objects.get(), PolicyChange.objects.latest("id")
    client.force_login(create_person(team=create_team()))
    assert client.get(URL).status_code == 404
    assert client.post(f"{URL}{step.pk}/undo", {"reason": "x"}).status_code == 404
    for verb in ("sign", "decline", "withdraw"):
        assert client.post(f"/requests/{request.pk}/{verb}").status_code == 404


def test_the_pages_ask_no_more_queries_for_more_rows(shop: Team, client: Client) -> None:
    signed_in(client, "rhea")
    asked = dict[str, set[int]]()
    for lines in ((0.9, 0.7), (0.85, 0.75, 0.9, 0.72, 0.95, 0.71)):
        for number, line in enumerate(lines):
            edit("omar" if number % 2 else "rhea", confidence_line=line)
        for url in (URL, "/requests/"):
            with CaptureQueriesContext(connection) as queries:
                assert client.get(url).status_code == 200
            asked.setdefault(url, set()).add(len(queries))
    assert ChangeRequest.objects.count() == 4
    assert [len(counts) for counts in asked.values()] == [1, 1], asked
