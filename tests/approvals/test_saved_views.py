"""A filter of the inbox is an address; a person keeps some of them under names."""

from urllib.parse import urlencode

import pytest
from django.test import Client

from agents_registry.models import Person
from approvals import saved_views
from approvals.errors import Invalid
from approvals.models import Action, SavedView
from tests.factories import create_person, create_team

pytestmark = pytest.mark.django_db


def keep(client: Client, name: str, query: str, **headers: str) -> str:
    answer = client.post("/inbox/views/keep", {"name": name, "query": query}, headers=headers)
    assert answer.status_code == 303
    return str(answer.headers["Location"])


def names(person: Person) -> list[str]:
    return [view.name for view in SavedView.objects.filter(person=person)]


def test_a_view_is_kept_under_a_name_and_leads_to_the_same_list(
    signed_in: Client, action: Action
) -> None:
    query = urlencode({"view": "all", "tier": "mandatory", "workflow": action.workflow.slug})
    back = keep(signed_in, "  Refunds   first ", query)
    assert back == f"/inbox/?{query}"
    page = signed_in.get(back).content.decode()
    assert "Refunds first" in page
    assert f'<a href="/inbox/?{query.replace("&", "&amp;")}" aria-current="true">' in page
    assert "order A-1" in page


def test_only_known_filters_are_kept_and_no_page_of_the_list(
    signed_in: Client, reviewer: Person
) -> None:
    keep(signed_in, "mine", "cursor=abc&as_of=2026-01-01&evil=%3Cb%3E&q=halden&view=pool&tier=")
    assert SavedView.objects.get(person=reviewer).query == "view=pool&q=halden"


def test_what_a_script_changed_in_the_address_is_what_is_kept(
    signed_in: Client, reviewer: Person
) -> None:
    headers = {
        "HX-Request": "true",
        "HX-Current-URL": "http://testserver/inbox/?view=all&tier=batch_review",
    }
    form = {"name": "Batches", "query": "view=mine"}
    answer = signed_in.post("/inbox/views/keep", form, headers=headers)
    assert answer.headers["HX-Redirect"] == "/inbox/?view=all&tier=batch_review"
    assert SavedView.objects.get(person=reviewer).query == "view=all&tier=batch_review"


def test_the_same_name_again_replaces_it(signed_in: Client, reviewer: Person) -> None:
    keep(signed_in, "Late ones", "view=all")
    keep(signed_in, "Late ones", "view=pool")
    assert SavedView.objects.get(person=reviewer).query == "view=pool"


def test_a_name_is_needed_and_is_short(signed_in: Client, reviewer: Person) -> None:
    for name in ("", "   ", "n" * 61, "\x00"):
        back = keep(signed_in, name, "view=all")
        assert "A name has 1 to 60 characters. Nothing was kept." in (
            signed_in.get(back).content.decode()
        )
    assert names(reviewer) == []


def test_a_filter_that_is_too_long_is_not_kept(signed_in: Client, reviewer: Person) -> None:
    keep(signed_in, "Long", urlencode({"q": "a" * 1000}))
    assert names(reviewer) == []


def test_at_most_twenty_are_kept(signed_in: Client, reviewer: Person, action: Action) -> None:
    for number in range(saved_views.MOST):
        keep(signed_in, f"View {number}", "view=all")
    with pytest.raises(Invalid, match="Remove one first"):
        saved_views.keep(person=reviewer, team=action.team, name="One more", query="view=all")
    saved_views.keep(person=reviewer, team=action.team, name="View 3", query="view=pool")
    assert len(names(reviewer)) == saved_views.MOST


def test_what_is_removed_is_gone_and_only_ones_own_is(
    signed_in: Client, reviewer: Person, action: Action
) -> None:
    other = create_person(team=action.team)
    theirs = saved_views.keep(person=other, team=action.team, name="Theirs", query="view=all")
    mine = saved_views.keep(person=reviewer, team=action.team, name="Mine", query="view=all")
    for view in (theirs, mine, mine):
        answer = signed_in.post(f"/inbox/views/{view.pk}/forget", {"query": "view=all"})
        assert answer.headers["Location"] == "/inbox/?view=all"
    assert (names(other), names(reviewer)) == (["Theirs"], [])


def test_the_views_of_another_team_stay_there(
    signed_in: Client, reviewer: Person, action: Action
) -> None:
    elsewhere = create_team()
    saved_views.keep(person=reviewer, team=elsewhere, name="Elsewhere", query="view=all")
    assert "Elsewhere" not in signed_in.get("/inbox/").content.decode()


def test_a_name_is_shown_as_plain_text(signed_in: Client, action: Action) -> None:
    back = keep(signed_in, "<b>bold</b>", "view=all")
    page = signed_in.get(back).content.decode()
    assert "&lt;b&gt;bold&lt;/b&gt;" in page
    assert "<b>bold</b>" not in page
