"""What one look at an action tells: the sentence of what is sent, its sources and their age, and
how it can be undone."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from agents_registry.models import ActionType, Agent, Workflow
from approvals import review
from approvals.models import Action, Content
from approvals.pages import outside
from approvals.pages.content import Text
from approvals.pages.evidence import Source, evidence
from approvals.pages.undoing import undoing
from approvals.states import State
from ledger import clock
from tests.factories import create_action, create_desk, reviewer_of, seen

pytestmark = pytest.mark.django_db
Desk = tuple[Agent, Workflow, ActionType]


@pytest.fixture
def desk() -> Desk:
    return create_desk()


@pytest.fixture
def signed_in(client: Client, desk: Desk) -> Client:
    client.force_login(reviewer_of(desk[1]))
    return client


def plain(text: Text) -> str:
    return "".join(span.text for span in text)


def source_of(desk: Desk, **fields: Any) -> Source:
    """The only source of an action, as the reviewer sees it."""
    action = create_action(desk[0], desk[2], evidence=[{"title": "Usage", **fields}])
    content = Content.objects.get(action=action)
    return evidence(action, content, reviewer_of(desk[1])).sources[0]


def ago(**span: float) -> str:
    return (clock.now() - timedelta(**span)).isoformat()


@pytest.mark.parametrize(
    ("as_of", "oldest", "words"),
    [
        ({"days": 8}, 7 * 86_400, "too old, 7 days at most"),
        ({"days": 6}, 7 * 86_400, ""),
        ({"days": 8}, None, ""),
        ({"hours": -1}, 86_400, "dated in the future, 1 day at most"),
        ({"hours": -1}, None, "dated in the future"),
        ({"minutes": -2}, 86_400, ""),
        (None, 86_400, "no date, 1 day at most"),
        (None, None, ""),
    ],
)
def test_a_source_that_is_older_than_its_type_allows_is_marked(
    desk: Desk, as_of: dict[str, float] | None, oldest: int | None, words: str
) -> None:
    desk[2].required_inputs = [{"name": "usage", "max_age_seconds": oldest}]
    desk[2].save()
    given = {"as_of": ago(**as_of)} if as_of else {}
    assert source_of(desk, input="usage", **given).old_words == words


def test_a_source_says_how_old_it_is(desk: Desk) -> None:
    assert source_of(desk, as_of=ago(days=8)).age_words.endswith(", 8 days old")
    assert source_of(desk, as_of=ago(hours=30)).age_words.endswith(", 30 hours old")
    assert source_of(desk, as_of=ago(minutes=3)).age_words.endswith(", 3 min old")
    assert source_of(desk).age_words == "no date"


def test_a_source_shows_its_host_and_opens_through_our_page(desk: Desk, signed_in: Client) -> None:
    source = source_of(desk, url="https://crm.example/7?x=<b>")
    assert plain(source.host) == "crm.example"
    page = signed_in.get(source.open_url)
    assert page.headers["Referrer-Policy"] == "no-referrer"
    text = page.content.decode()
    assert 'href="https://crm.example/7?x=%3Cb%3E" rel="noreferrer noopener"' in text
    assert "https://crm.example/7?x=&lt;b&gt;" in text


def test_what_is_no_web_address_has_no_link(desk: Desk, signed_in: Client) -> None:
    source = source_of(desk, url="javascript:alert(1)")
    assert source.open_url == ""
    assert source.why_not == "It is no web address."
    text = signed_in.get(outside.url_of("javascript:alert(1)")).content.decode()
    assert "Go to this address" not in text
    assert 'href="javascript' not in text


def test_only_addresses_that_we_signed_are_shown(signed_in: Client, client: Client) -> None:
    assert signed_in.get("/outside/?to=https://evil.example/").status_code == 404
    forged = outside.url_of("https://a.example/").replace("to=", "to=x")
    assert signed_in.get(forged).status_code == 404
    client.logout()
    assert client.get(outside.url_of("https://a.example/")).status_code == 302


def test_the_sentence_is_of_what_will_be_done(desk: Desk, signed_in: Client) -> None:
    action = create_action(desk[0], desk[2])
    payload = {"order": "A-1", "amount": 60, "currency": "USD"}
    review.edit_and_approve(
        action_id=action.pk,
        person=reviewer_of(desk[1]),
        seen=seen(action),
        payload=payload,
        checked=["all"],
    )
    page = signed_in.get(f"/actions/{action.pk}/").context["page"]
    assert plain(page.head.sentence) == "Refund 60.00 USD for order A-1"


def test_the_way_back_is_said_with_whether_it_ever_worked(desk: Desk) -> None:
    action = create_action(desk[0], desk[2])
    person = reviewer_of(desk[1])
    content = action.contents.get()
    assert undoing(action, person, content).words == "It cannot be taken back. What helps instead:"
    assert undoing(action, person, content).proven_words == "not tried lately, so not proven"
    tried = create_action(desk[0], desk[2])
    for state, end, css in (
        (State.ROLLED_BACK, "worked", "good"),
        (State.ROLLBACK_FAILED, "failed", "bad"),
    ):
        became(tried, state)
        found = undoing(action, person, content)
        assert found.proven_words.endswith(f": it {end}")
        assert found.proven_css == css


def became(action: Action, state: State) -> None:
    Action.objects.filter(pk=action.pk).update(
        state=state, approved_digest=action.payload_digest, approved_seal="x"
    )


def test_no_way_back_is_said_honestly(desk: Desk) -> None:
    desk[2].rollback_path = ""
    desk[2].save()
    action = create_action(desk[0], desk[2])
    found = undoing(action, reviewer_of(desk[1]), action.contents.get())
    assert (found.path, found.words) == ("", "Once it is done, it stays done.")


def test_what_others_wrote_is_escaped_wherever_it_stands(desk: Desk, signed_in: Client) -> None:
    bad = "<i onclick=x>"
    action = create_action(
        desk[0],
        desk[2],
        payload={"order": bad, "amount": 1, "currency": "USD", "note": f"{bad}\u202e"},
        subject={"type": bad, "id": bad, "label": bad},
        evidence=[{"title": bad, "url": bad, "excerpt": bad, "source": bad}],
        trace={bad: bad},
        summary=bad,
        run_id=bad,
        agent_version=bad,
        batch_key=bad,
    )
    for url in (f"/actions/{action.pk}/", f"/actions/{action.pk}/edit", "/inbox/?view=all"):
        text = signed_in.get(url).content.decode()
        assert "<i onclick" not in text
        assert "&lt;i onclick=x&gt;" in text


def test_hidden_characters_are_named_beside_the_field_that_holds_them(
    desk: Desk, signed_in: Client
) -> None:
    payload = {"order": "A\u200b1", "amount": 1, "currency": "USD"}
    action = create_action(desk[0], desk[2], payload=payload)
    text = signed_in.get(f"/actions/{action.pk}/edit").content.decode()
    assert 'do not show here: <span class="tok">U+200B</span>' in text
