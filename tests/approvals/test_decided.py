"""What I decided this week: counts, what became of each, and the weeks before."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from agents_registry.models import ActionType, Agent, Membership, Person
from approvals import review
from approvals.models import Action, Decision, SpotCheck
from approvals.pages import decided
from approvals.pages.decided import Week
from ledger import clock
from tests.factories import create_action, create_person, create_read_type, seen

pytestmark = pytest.mark.django_db


def rejected(agent: Agent, refund: ActionType, person: Person, order: str) -> Decision:
    payload = {"order": order, "amount": 10, "currency": "USD"}
    action = create_action(agent, refund, payload=payload)
    return review.reject(
        action_id=action.pk, person=person, seen=seen(action), reason="tone", comment="too loud"
    )


def move_to(decision: Decision, instant: datetime) -> None:
    Decision.objects.filter(pk=decision.pk).update(created_at=instant)


def text_of(client: Client, url: str = "/me/decided/") -> str:
    response = client.get(url)
    assert response.status_code == 200
    return str(response.content.decode())


def test_each_verdict_stands_there_with_its_reason_and_what_became_of_it(
    signed_in: Client, agent: Agent, refund: ActionType, reviewer: Person, action: Action
) -> None:
    rejected(agent, refund, reviewer, "R-1")
    review.approve(action_id=action.pk, person=reviewer, seen=seen(action), checked=["x"])
    page = text_of(signed_in)
    for words in ("1 approved", "1 rejected", "order R-1", "Tone", "too loud", "order A-1"):
        assert words in page
    assert page.index("order A-1") < page.index("order R-1")
    Action.objects.filter(pk=action.pk).update(state="failed")
    assert '<span class="chip bad">failed</span>' in text_of(signed_in)


def test_what_can_still_be_taken_back_is_taken_back_from_there(
    signed_in: Client, agent: Agent, refund: ActionType, reviewer: Person, action: Action
) -> None:
    decision = rejected(agent, refund, reviewer, "R-1")
    assert f'action="/decisions/{decision.pk}/undo"' in text_of(signed_in)
    signed_in.post(f"/decisions/{decision.pk}/undo")
    page = text_of(signed_in)
    assert "rejected, then taken back" in page
    assert "/undo" not in page
    assert "1 rejected" not in page


def test_what_an_agent_took_cannot_be_taken_back_from_there(
    signed_in: Client, action: Action, reviewer: Person
) -> None:
    review.approve(action_id=action.pk, person=reviewer, seen=seen(action), checked=["x"])
    assert "/undo" in text_of(signed_in)
    Action.objects.filter(pk=action.pk).update(state="released")
    assert "/undo" not in text_of(signed_in)


def test_nobody_elses_decisions_stand_there(
    client: Client, agent: Agent, refund: ActionType, reviewer: Person
) -> None:
    rejected(agent, refund, reviewer, "R-1")
    other = refund.workflow.pool.people.exclude(pk=reviewer.pk).get()
    client.force_login(other)
    assert "Nothing here" in text_of(client)


def test_what_was_decided_in_a_team_that_one_left_is_not_shown(
    signed_in: Client, agent: Agent, refund: ActionType, reviewer: Person
) -> None:
    rejected(agent, refund, reviewer, "R-1")
    Membership.objects.filter(person=reviewer).delete()
    assert "order R-1" not in text_of(signed_in)


def test_a_week_begins_on_monday_in_the_readers_zone(
    signed_in: Client, agent: Agent, refund: ActionType, reviewer: Person
) -> None:
    Person.objects.filter(pk=reviewer.pk).update(time_zone="Pacific/Auckland")
    late_on_sunday = datetime(2026, 11, 15, 10, 59, tzinfo=UTC)
    decision = rejected(agent, refund, reviewer, "R-1")
    move_to(decision, late_on_sunday)
    assert "order R-1" in text_of(signed_in, "/me/decided/?week=2026-11-09")
    assert "order R-1" not in text_of(signed_in, "/me/decided/?week=2026-11-16")
    move_to(decision, late_on_sunday + timedelta(minutes=1))
    assert "order R-1" not in text_of(signed_in, "/me/decided/?week=2026-11-09")
    assert "order R-1" in text_of(signed_in, "/me/decided/?week=2026-11-18")


def test_a_week_with_a_clock_change_is_whole(reviewer: Person) -> None:
    reviewer.time_zone = "America/New_York"
    week = Week.of(datetime(2026, 11, 1, tzinfo=UTC).date(), reviewer)
    assert week.end.astimezone(UTC) - week.start.astimezone(UTC) == timedelta(days=7, hours=1)


def test_each_page_of_a_week_begins_where_the_last_one_ended(
    signed_in: Client,
    agent: Agent,
    refund: ActionType,
    reviewer: Person,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(decided, "PAGE", 3)
    at = clock.now()
    for number in range(4):
        decision = rejected(agent, refund, reviewer, f"R-{number}")
        move_to(decision, at)
        checked(decision.action, reviewer, at)
    found: list[Any] = []
    url = "/me/decided/"
    while url:
        page = signed_in.get(url).context["decided"]
        found += [entry.place for entry in page.entries]
        url = page.rest_url
    assert found == sorted(set(found), reverse=True)
    assert len(found) == 8


def checked(action: Action, person: Person, at: datetime) -> SpotCheck:
    return SpotCheck.objects.create(
        action=action,
        team=action.team,
        drawn_at=at,
        due_at=at,
        passed=False,
        comment="wrong source",
        checked_by=person,
        checked_at=at,
    )


def test_spot_checks_stand_there_too(
    signed_in: Client, agent: Agent, refund: ActionType, reviewer: Person
) -> None:
    look_up = create_read_type(refund.workflow)
    action = create_action(agent, look_up, payload={"order": "L-1"}, before=None)
    checked(action, reviewer, clock.now())
    page = text_of(signed_in)
    for words in ("1 spot-checked", "spot check failed", "wrong source", "Look up order L-1"):
        assert words in page


def test_the_number_of_queries_does_not_grow_with_the_week(
    signed_in: Client,
    agent: Agent,
    refund: ActionType,
    reviewer: Person,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    checked(rejected(agent, refund, reviewer, "R-0").action, reviewer, clock.now())
    with django_assert_max_num_queries(30) as few:
        text_of(signed_in)
    for number in range(1, 6):
        checked(rejected(agent, refund, reviewer, f"R-{number}").action, reviewer, clock.now())
    with django_assert_max_num_queries(30) as many:
        text_of(signed_in)
    assert len(many) == len(few)


@pytest.mark.parametrize(
    "query", ["week=yesterday", "week=9999-12-31", "week=0001-01-01", "before=x", "before=WzFd"]
)
def test_no_address_breaks_the_page(signed_in: Client, query: str) -> None:
    text_of(signed_in, f"/me/decided/?{query}")


def test_hostile_words_stand_there_as_tokens(
    signed_in: Client, agent: Agent, refund: ActionType, reviewer: Person
) -> None:
    rejected(agent, refund, reviewer, "‮evil<script>")
    page = text_of(signed_in)
    assert "U+202E" in page
    assert "<script>" not in page


def test_a_stranger_has_a_page_of_their_own(client: Client) -> None:
    client.force_login(create_person())
    assert "Nothing here" in text_of(client)
