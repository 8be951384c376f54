"""Approving in the top tier takes a fresh proof of who sits there, and loses nothing posted."""

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client

from agents_registry.models import ActionType, Agent, Person
from approvals.models import Action, Decision
from approvals.states import State
from approvals.views.reauthenticate import MOST_TRIES
from ledger import clock
from tests.approvals.html_forms import Posted, filled
from tests.factories import PASSWORD, create_action, seen

pytestmark = pytest.mark.django_db

MINUTES = 15


@pytest.fixture(autouse=True)
def asks_again(settings: Any, nobody_is_asked_again: None) -> None:
    settings.REAUTHENTICATE_MINUTES = MINUTES


@pytest.fixture
def stale(reviewer: Person) -> Client:
    """Signed in by name and password, longer ago than counts."""
    with clock.simulated(clock.now() - timedelta(minutes=MINUTES, seconds=1)):
        return signed_in_as(reviewer)


def signed_in_as(person: Person) -> Client:
    client = Client(enforce_csrf_checks=False)
    form = {"username": person.username, "password": PASSWORD}
    assert client.post("/login/", form).status_code == 302
    return client


def verdict(action: Action, name: str = "approved", **fields: Any) -> dict[str, Any]:
    page = seen(action)
    return {
        "verdict": name,
        "revision": page.revision,
        "digest": page.payload_digest,
        "policy_revision": page.policy_revision,
        "checked": ["Recipient and target", "Numbers against the source"],
        "comment": 'I "called" them <b>twice</b>',
        **fields,
    }


def decide(client: Client, action: Action, form: dict[str, Any], **more: Any) -> Any:
    return client.post(f"/actions/{action.pk}/decide?view=pool", form, **more)


def posted_again(page: str) -> tuple[str, Posted]:
    """Where the question's form goes, and what it posts beside the password."""
    (url,) = re.findall(r'id="proof-form" method="post" action="([^"]*)"', page)
    kept = filled(page, "proof-form")
    for own in ("current_password", "csrfmiddlewaretoken"):
        kept.pop(own, None)
    return unescape(url), kept


def state_of(action: Action) -> str:
    return Action.objects.get(pk=action.pk).state


def test_who_signed_in_lately_is_not_asked(reviewer: Person, action: Action) -> None:
    assert decide(signed_in_as(reviewer), action, verdict(action)).status_code == 303
    assert state_of(action) == State.APPROVED


def test_a_session_without_any_proof_is_asked(signed_in: Client, action: Action) -> None:
    assert decide(signed_in, action, verdict(action)).status_code == 422
    assert state_of(action) == State.PENDING


def test_who_signed_in_long_ago_is_asked_and_nothing_is_decided(
    stale: Client, action: Action
) -> None:
    response = decide(stale, action, verdict(action))
    assert response.status_code == 422
    page = response.content.decode()
    assert 'autocomplete="current-password"' in page
    assert "more than 15 minutes ago" in page
    assert not Decision.objects.exists()


def test_the_password_carries_the_very_same_post_out(stale: Client, action: Action) -> None:
    form = verdict(action)
    page = decide(stale, action, form).content.decode()
    url, kept = posted_again(page)
    assert url == f"/actions/{action.pk}/decide?view=pool"
    assert kept == {name: value if isinstance(value, list) else [str(value)]
                    for name, value in form.items()}  # fmt: skip
    assert stale.post(url, {**kept, "current_password": PASSWORD}).status_code == 303
    decision = Decision.objects.get()
    assert decision.checked == form["checked"]
    assert decision.comment == form["comment"]
    assert state_of(action) == State.APPROVED


def test_the_proof_lasts_for_the_next_approvals(
    stale: Client, agent: Agent, refund: ActionType
) -> None:
    first, second = create_action(agent, refund), create_action(agent, refund)
    decide(stale, first, verdict(first, current_password=PASSWORD))
    assert decide(stale, second, verdict(second)).status_code == 303


def test_a_wrong_password_is_said_and_what_was_posted_stays(stale: Client, action: Action) -> None:
    page = decide(stale, action, verdict(action, current_password="guess")).content.decode()
    assert "That is not your password. Nothing was approved." in page
    assert "guess" not in page
    assert posted_again(page)[1]["checked"] == verdict(action)["checked"]
    assert state_of(action) == State.PENDING


def test_too_many_wrong_passwords_end_the_session(stale: Client, action: Action) -> None:
    for _ in range(MOST_TRIES - 1):
        assert decide(stale, action, verdict(action, current_password="no")).status_code == 422
    last = decide(stale, action, verdict(action, current_password="no"))
    assert last.status_code == 302
    assert last.headers["Location"].startswith("/login/?next=%2Factions%2F")
    right = decide(stale, action, verdict(action, current_password=PASSWORD))
    assert right.headers["Location"].startswith("/login/")
    assert "wrong passwords" in stale.get("/login/").content.decode()
    assert state_of(action) == State.PENDING


def test_a_right_password_forgives_the_wrong_ones(
    stale: Client, agent: Agent, refund: ActionType
) -> None:
    for _ in range(2):
        action = create_action(agent, refund)
        for _ in range(MOST_TRIES - 1):
            decide(stale, action, verdict(action, current_password="no"))
        assert decide(stale, action, verdict(action, current_password=PASSWORD)).status_code == 303
        session = stale.session
        session["proved_at"] = 0
        session.save()


def test_the_brake_holds_on_through_other_pages(stale: Client, action: Action) -> None:
    for _ in range(MOST_TRIES - 1):
        decide(stale, action, verdict(action, current_password="no"))
        stale.get("/inbox/")
        decide(stale, action, verdict(action))
    assert decide(stale, action, verdict(action, current_password="no")).status_code == 302


def test_what_changed_meanwhile_is_refused_in_spite_of_the_password(
    stale: Client, action: Action
) -> None:
    url, kept = posted_again(decide(stale, action, verdict(action)).content.decode())
    Action.objects.filter(pk=action.pk).update(policy_revision="sha256:another")
    response = stale.post(url, {**kept, "current_password": PASSWORD})
    assert response.status_code == 409
    assert state_of(action) == State.PENDING


@pytest.mark.parametrize(
    ("name", "fields", "state"),
    [
        ("rejected", {"reason": "tone"}, State.REJECTED),
        ("changes_requested", {}, State.CHANGES_REQUESTED),
        ("taken_over", {}, State.TAKEN_OVER),
    ],
)
def test_stopping_something_never_takes_a_password(
    stale: Client, action: Action, name: str, fields: dict[str, Any], state: State
) -> None:
    assert decide(stale, action, verdict(action, name, **fields)).status_code == 303
    assert state_of(action) == state


def test_a_lower_tier_never_takes_a_password(stale: Client, action: Action) -> None:
    Action.objects.filter(pk=action.pk).update(tier="batch_review", tier_rank=1)
    assert decide(stale, action, verdict(action)).status_code == 303


def test_no_minutes_switch_it_off(stale: Client, action: Action, settings: Any) -> None:
    settings.REAUTHENTICATE_MINUTES = 0
    assert decide(stale, action, verdict(action)).status_code == 303


def test_edit_and_approve_takes_it_too_and_keeps_the_form(stale: Client, action: Action) -> None:
    note = "first line\nsecond <line>"
    edit = verdict(action, "edited", **{"f/amount": "7", "f/note": note})
    response = stale.post(f"/actions/{action.pk}/edit?view=pool", edit)
    assert response.status_code == 422
    url, kept = posted_again(response.content.decode())
    assert url == f"/actions/{action.pk}/edit?view=pool"
    assert stale.post(url, {**kept, "current_password": PASSWORD}).status_code == 303
    edited = Decision.objects.get().edited_payload
    assert edited == {"order": "A-1", "amount": 7, "currency": "USD", "note": note}


def test_only_looking_at_an_edit_takes_no_password(stale: Client, action: Action) -> None:
    edit = verdict(action, "edited", check="1", **{"f/amount": "7"})
    assert stale.post(f"/actions/{action.pk}/edit", edit).status_code == 200


def test_an_edit_that_raises_the_tier_takes_a_password(
    stale: Client, agent: Agent, refund: ActionType
) -> None:
    action = create_action(agent, refund)
    Action.objects.filter(pk=action.pk).update(tier="batch_review", tier_rank=1)
    edit = verdict(action, "edited", **{"f/amount": "7"})
    assert stale.post(f"/actions/{action.pk}/edit", edit).status_code == 422
    assert state_of(action) == State.PENDING


def test_htmx_gets_the_question_in_place(stale: Client, action: Action) -> None:
    response = decide(stale, action, verdict(action), headers={"HX-Request": "true"})
    page = response.content.decode()
    assert response.status_code == 422
    assert "<html" not in page
    assert f'hx-post="/actions/{action.pk}/decide?view=pool"' in page
    assert 'name="password"' not in page


def test_the_question_is_held_to_csrf(reviewer: Person, action: Action) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(reviewer)
    response = decide(client, action, verdict(action, current_password=PASSWORD))
    assert response.status_code == 403
    assert state_of(action) == State.PENDING


def test_what_is_kept_is_text_and_nothing_else(stale: Client, action: Action) -> None:
    nasty = '"><script>alert(1)</script>'
    page = decide(stale, action, verdict(action, comment=nasty, **{nasty: "x"})).content.decode()
    assert "<script>alert" not in page
    assert nasty in unescape(page)
