"""“Why did this happen”: a signed link opens one action to read, and nothing else of the team."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from agents_registry.models import Agent, Membership, Person, Workflow
from approvals import mistakes, review, why_links
from approvals.errors import Missing
from approvals.models import Action, FollowUp, Mistake
from approvals.why_links import Expired
from ledger import clock
from tests.approvals.carried_out import carried_out
from tests.factories import create_action, create_person, seen

pytestmark = pytest.mark.django_db

WORDS = {"what": "It went to Ada", "severity": "severe", "cleanup_minutes": ""}


@pytest.fixture
def done(agent: Agent, action: Action, reviewer: Person) -> Action:
    return carried_out(agent, action, reviewer)


@pytest.fixture
def signed(done: Action, reviewer: Person) -> str:
    return why_links.make(done, reviewer)[0]


@pytest.fixture
def outside(client: Client, stranger: Person) -> Client:
    """The browser of somebody of another team."""
    client.force_login(stranger)
    return client


def url(signed: str) -> str:
    return reverse("why", args=[signed])


def test_somebody_of_another_team_reads_what_happened_and_why(
    outside: Client, signed: str, reviewer: Person
) -> None:
    page = outside.get(url(signed)).content.decode()
    for words in (
        "Refund 120.00 USD for order A-1",
        f"{reviewer} approved it",
        "It is on record as done.",
        "charge the customer again after a phone call",
        "Mandatory approval",
        "amount",
    ):
        assert words in page, words


def test_the_action_itself_stays_behind_the_wall(
    outside: Client, signed: str, done: Action
) -> None:
    outside.get(url(signed))
    assert outside.get(f"/actions/{done.pk}/").status_code == 404
    assert f"/actions/{done.pk}/" not in outside.get(url(signed)).content.decode()


def test_nothing_confidential_is_on_it(
    outside: Client, agent: Agent, action: Action, reviewer: Person
) -> None:
    private = create_action(
        agent,
        action.action_type,
        evidence=[{"title": "Secret title", "excerpt": "Secret excerpt"}],
        trace={"thought": "Secret trace"},
        handoff={"trigger": "Secret handoff", "next_steps": ["Secret step"]},
        summary="Secret claim",
    )
    review.reject(
        action_id=private.pk, person=reviewer, seen=seen(private), reason="tone",
        comment="Secret comment",
    )  # fmt: skip
    mine = create_person(team=action.team)
    Mistake.objects.create(
        action=private, reporter=mine, what="Secret report", severity="minor",
        created_at=clock.now(),
    )  # fmt: skip
    page = outside.get(url(why_links.make(private, reviewer)[0])).content.decode()
    assert f"{reviewer} rejected it" in page
    assert "Secret" not in page


def test_a_first_approval_is_kept_back_while_a_second_one_is_to_come(
    outside: Client, agent: Agent, action: Action, reviewer: Person
) -> None:
    action.action_type.approvals_needed = 2
    action.action_type.save()
    two = create_action(agent, action.action_type)
    review.approve(action_id=two.pk, person=reviewer, seen=seen(two), checked=["x"])
    page = outside.get(url(why_links.make(two, action.workflow.risk_owner)[0])).content.decode()
    assert "It is not decided yet." in page
    assert str(reviewer) not in page


def test_it_is_for_signed_in_people_only(client: Client, signed: str) -> None:
    answer = client.get(url(signed))
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("/login/")


def test_nobody_else_keeps_or_finds_it(outside: Client, signed: str) -> None:
    answer = outside.get(url(signed))
    assert "noindex" in answer.headers["X-Robots-Tag"]
    assert "no-store" in answer.headers["Cache-Control"]


def test_a_link_ends_after_thirty_days(outside: Client, signed: str) -> None:
    with clock.simulated(clock.now() + timedelta(days=29, hours=23)):
        assert outside.get(url(signed)).status_code == 200
    with clock.simulated(clock.now() + timedelta(days=30, seconds=1)):
        answer = outside.get(url(signed))
        assert answer.status_code == 410
        assert "Ask the person who sent it for a new one" in answer.content.decode()
        assert outside.post(f"{url(signed)}mistakes", WORDS).status_code == 410
    assert not Mistake.objects.exists()


@pytest.mark.parametrize("broken", ["x", "a:b:c", "…"])
def test_a_link_that_is_not_ours_opens_nothing(outside: Client, broken: str) -> None:
    answer = outside.get(url(broken))
    assert answer.status_code == 404
    assert "Copy it once more" in answer.content.decode()


def test_a_changed_link_opens_nothing(signed: str) -> None:
    head, _, tail = signed.partition(":")
    for changed in (f"{head}A:{tail}", signed[:-1], f"{signed}A"):
        with pytest.raises(Missing):
            why_links.read(changed)


def test_a_link_falls_with_the_membership_of_whoever_made_it(
    outside: Client, signed: str, reviewer: Person
) -> None:
    Membership.objects.filter(person=reviewer).delete()
    with pytest.raises(Expired):
        why_links.read(signed)
    assert outside.get(url(signed)).status_code == 410


def test_a_mistake_is_reported_through_the_link(
    outside: Client, signed: str, done: Action, stranger: Person, workflow: Workflow
) -> None:
    answer = outside.post(f"{url(signed)}mistakes", WORDS)
    assert (answer.status_code, answer.headers["Location"]) == (303, url(signed))
    assert (Mistake.objects.get().reporter, Mistake.objects.get().action) == (stranger, done)
    assert FollowUp.objects.get(action=done).assignee == workflow.workflow_owner
    assert "It went to Ada" in outside.get(url(signed)).content.decode()


def test_a_wish_through_the_link_is_passed_on_and_moves_nothing(
    outside: Client, signed: str, done: Action
) -> None:
    outside.post(f"{url(signed)}mistakes", {**WORDS, "roll_back": "1"})
    assert Action.objects.get(pk=done.pk).state == "succeeded"
    assert FollowUp.objects.filter(action=done, kind="mistake", closed_at=None).exists()


def test_a_link_to_one_action_reports_on_no_other(
    outside: Client, signed: str, agent: Agent, done: Action, stranger: Person
) -> None:
    other = create_action(agent, done.action_type)
    answer = outside.post(f"/actions/{other.pk}/mistakes", {**WORDS, "link": signed})
    assert answer.status_code == 404
    with pytest.raises(Missing):
        mistakes.report(
            action_id=other.pk, person=stranger, what="x", severity="minor", link=signed
        )
    assert not Mistake.objects.exists()


def test_a_report_that_is_refused_keeps_what_was_typed(outside: Client, signed: str) -> None:
    answer = outside.post(f"{url(signed)}mistakes", {**WORDS, "severity": ""})
    assert answer.status_code == 422
    assert "It went to Ada</textarea>" in answer.content.decode()


def test_the_actions_page_has_a_link_that_works(
    done: Action, signed_in: Client, stranger: Person
) -> None:
    page = signed_in.get(f"/actions/{done.pk}/").content.decode()
    link = page.partition('href="/why/')[2].partition('"')[0]
    signed_in.force_login(stranger)
    assert signed_in.get(f"/why/{link}").status_code == 200


def test_a_reader_of_the_team_gets_back_to_the_action(
    done: Action, signed_in: Client, signed: str
) -> None:
    assert f'href="/actions/{done.pk}/"' in signed_in.get(url(signed)).content.decode()
