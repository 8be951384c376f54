"""Spot checks in the browser: the list, one check, saving it without JavaScript, and afterwards."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from agents_registry.models import ActionType, Agent, Membership, Person, Role
from approvals import rubric, spot_checks
from approvals.models import Action, FollowUp, SpotCheck
from ledger import clock
from tests.approvals.checked import FAILED, PASSED, create_drawing_desk, do, drawn
from tests.approvals.windowed import sure
from tests.factories import create_person, reviewer_of

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def drawing() -> tuple[Agent, ActionType]:
    return create_drawing_desk()


@pytest.fixture
def agent(drawing: tuple[Agent, ActionType]) -> Agent:
    return drawing[0]


@pytest.fixture
def tag(drawing: tuple[Agent, ActionType]) -> ActionType:
    return drawing[1]


@pytest.fixture
def reviewer(tag: ActionType) -> Person:
    return reviewer_of(tag.workflow)


def due_in(check: SpotCheck, hours: float) -> SpotCheck:
    SpotCheck.objects.filter(pk=check.pk).update(due_at=clock.now() + hours * HOUR)
    check.refresh_from_db()
    return check


def html_of(client: Client, check: SpotCheck) -> str:
    response = client.get(f"/checks/{check.pk}/")
    assert response.status_code == 200
    return response.content.decode()


def listed(client: Client, url: str = "/checks/") -> list[int]:
    response = client.get(url)
    assert response.status_code == 200
    return [row.id for row in response.context["screen"].rows]


def save(client: Client, check: SpotCheck, ratings: dict[str, str], **fields: str) -> Any:
    return client.post(f"/checks/{check.pk}/save", {**ratings, **fields})


def toast(client: Client, response: Any) -> str:
    assert response.status_code == 303
    return client.get(response.headers["Location"]).content.decode()


# The list


def test_an_empty_list_says_what_will_come(signed_in: Client) -> None:
    assert "Nothing to look at" in signed_in.get("/checks/").content.decode()


def test_late_comes_first_then_what_is_due_next(
    signed_in: Client, agent: Agent, tag: ActionType
) -> None:
    checks = [due_in(drawn(agent, tag), hours) for hours in (60, -2, 5, -1)]
    later, late, soon, less_late = [check.pk for check in checks]
    assert listed(signed_in) == [late, less_late, soon, later]
    page = signed_in.get("/checks/").content.decode()
    assert "4 open, 2 late" in page
    assert 'id="n-checks">4<' in page


def test_each_page_begins_where_the_last_one_ended(
    signed_in: Client, agent: Agent, tag: ActionType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("approvals.pages.checks.PAGE", 2)
    together = clock.now() + HOUR
    for _ in range(5):
        SpotCheck.objects.filter(pk=drawn(agent, tag).pk).update(due_at=together)
    found, url = [], "/checks/"
    while url:
        found += listed(signed_in, url)
        url = signed_in.get(url).context["next_url"]
    assert len(found) == len(set(found)) == 5


@pytest.mark.parametrize("cursor", ["x", "WzFd", "WyJub3ciLDFd", ""])
def test_no_cursor_breaks_the_list(signed_in: Client, cursor: str) -> None:
    assert signed_in.get(f"/checks/?cursor={cursor}").status_code == 200


def test_the_number_of_queries_does_not_grow_with_the_list(
    signed_in: Client,
    agent: Agent,
    tag: ActionType,
    reviewer: Person,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    spot_checks.check(check_id=drawn(agent, tag).pk, person=reviewer, ratings=PASSED)
    drawn(agent, tag)
    signed_in.get("/checks/")
    with CaptureQueriesContext(connection) as few:
        signed_in.get("/checks/")
    for _ in range(3):
        drawn(agent, tag)
        spot_checks.check(check_id=drawn(agent, tag).pk, person=reviewer, ratings=PASSED)
    with django_assert_num_queries(len(few)):
        signed_in.get("/checks/")


def test_only_the_checks_of_ones_own_workflows_are_listed(
    signed_in: Client, client: Client, agent: Agent, tag: ActionType
) -> None:
    check = drawn(agent, tag)
    assert listed(signed_in) == [check.pk]
    workflow = tag.workflow
    client.force_login(workflow.approval_owner)
    assert listed(client) == [check.pk]
    for person in (workflow.workflow_owner, create_person(team=workflow.team)):
        client.force_login(person)
        assert listed(client) == []


# One of them


def test_it_shows_the_action_as_its_own_page_does_and_what_came_of_it(
    signed_in: Client, agent: Agent, tag: ActionType
) -> None:
    after = {"tags": ["late\u202edelivery"]}
    check = SpotCheck.objects.get(action=do(agent, sure(agent, tag), after=after))
    page = html_of(signed_in, check)
    own = signed_in.get(f"/actions/{check.action_id}/").content.decode()
    for part in ("h-why", "h-change", "h-undo", "h-time"):
        assert f'id="{part}"' in page
        assert f'id="{part}"' in own
    assert "It reports that it was done." in page
    assert '<span class="tok">U+202E</span>' in page
    assert "It was drawn by lot for a spot check" in page


def test_nothing_is_answered_beforehand(signed_in: Client, agent: Agent, tag: ActionType) -> None:
    page = html_of(signed_in, drawn(agent, tag))
    assert " checked>" not in page
    assert page.count('value="na"') == len(rubric.CRITERIA)


def test_who_may_not_check_reads_along(client: Client, agent: Agent, tag: ActionType) -> None:
    check = drawn(agent, tag)
    client.force_login(tag.workflow.workflow_owner)
    page = html_of(client, check)
    assert "You can read along" in page
    assert 'id="rubric"' not in page
    assert save(client, check, PASSED).status_code == 403


def test_an_auditor_of_the_pool_reads_along(
    signed_in: Client, agent: Agent, tag: ActionType, reviewer: Person
) -> None:
    check = drawn(agent, tag)
    Membership.objects.filter(person=reviewer).update(role=Role.AUDITOR)
    assert 'id="rubric"' not in html_of(signed_in, check)


def test_another_teams_check_is_not_there(
    client: Client, agent: Agent, tag: ActionType, stranger: Person
) -> None:
    check = drawn(agent, tag)
    client.force_login(stranger)
    assert client.get(f"/checks/{check.pk}/").status_code == 404
    assert save(client, check, PASSED).status_code == 404
    assert client.get(f"/checks/{10**30}/").status_code == 404


def test_where_there_is_no_way_back_rollback_is_not_offered_and_it_says_why(
    signed_in: Client, agent: Agent, tag: ActionType
) -> None:
    check = drawn(agent, tag)
    assert 'name="roll_back"' in html_of(signed_in, check)
    ActionType.objects.filter(pk=tag.pk).update(rollback_path="")
    page = html_of(signed_in, check)
    assert 'name="roll_back"' not in page
    assert "No way back is named" in page


# Saving


def test_after_saving_comes_the_next_open_one_with_a_toast(
    signed_in: Client, agent: Agent, tag: ActionType
) -> None:
    first, second, third = (due_in(drawn(agent, tag), hours) for hours in (1, 2, 3))
    response = save(signed_in, second, PASSED)
    assert response.headers["Location"] == f"/checks/{third.pk}/"
    assert "Saved: it passed." in toast(signed_in, response)
    response = save(signed_in, third, FAILED, comment="Wrong order.")
    assert response.headers["Location"] == f"/checks/{first.pk}/"
    assert "The workflow owner has it as open work" in toast(signed_in, response)
    response = save(signed_in, first, FAILED, comment="Wrong order.", roll_back="on")
    assert response.headers["Location"] == "/checks/"
    assert "The agent is asked to roll it back" in toast(signed_in, response)
    failed = FollowUp.objects.filter(kind="check_failed", closed_at__isnull=True)
    assert [each.action_id for each in failed] == [third.action_id]
    assert Action.objects.get(pk=first.action_id).state == "rollback_requested"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({**PASSED, "tone": ""}, "Not answered yet: Tone"),
        ({**FAILED, "comment": ""}, "Say what was wrong"),
        ({**PASSED, "cleanup_minutes": "some"}, "as a whole number"),
        ({**PASSED, "cleanup_minutes": "²"}, "as a whole number"),
        ({**PASSED, "cleanup_minutes": "9" * 40}, "as a whole number"),
        ({**PASSED, "roll_back": "on"}, "Nothing failed"),
    ],
)
def test_a_refusal_keeps_what_was_typed(
    signed_in: Client, agent: Agent, tag: ActionType, fields: dict[str, str], said: str
) -> None:
    check = drawn(agent, tag)
    response = save(signed_in, check, {"comment": "So far so good", **fields})
    page = response.content.decode()
    assert response.status_code == 422
    assert said in page
    assert "The check was not saved." in page
    assert page.count(" checked>") == sum(bool(fields[each.key]) for each in rubric.CRITERIA) + (
        "roll_back" in fields
    )
    assert fields.get("comment", "So far so good") in page
    check.refresh_from_db()
    assert check.checked_at is None


def test_what_is_not_answered_is_linked(signed_in: Client, agent: Agent, tag: ActionType) -> None:
    page = save(signed_in, drawn(agent, tag), {**PASSED, "tone": ""}).content.decode()
    assert '<a href="#r-tone">Tone</a>' in page
    assert 'id="r-tone"' in page
    assert '<a href="#r-policy">' not in page


def test_who_comes_second_reads_the_first_check_and_keeps_their_words(
    signed_in: Client, agent: Agent, tag: ActionType, reviewer: Person
) -> None:
    check = drawn(agent, tag)
    first = tag.workflow.approval_owner
    spot_checks.check(check_id=check.pk, person=first, ratings=PASSED, comment="All is well.")
    response = save(signed_in, check, FAILED, comment="It tagged another order.")
    page = response.content.decode()
    assert response.status_code == 409
    assert "Somebody checked this first" in page
    assert "All is well." in page
    assert "You wrote: “It tagged another order.”" in page
    assert 'id="rubric"' not in page


# Afterwards


def test_a_made_check_stays_readable_there_and_in_the_timeline(
    signed_in: Client, client: Client, agent: Agent, tag: ActionType, reviewer: Person
) -> None:
    check = drawn(agent, tag)
    toast(
        signed_in,
        save(signed_in, check, FAILED, comment="Wrong <b>order</b>.", cleanup_minutes="12"),
    )
    assert "What you checked lately" in signed_in.get("/checks/").content.decode()
    client.force_login(create_person(team=tag.workflow.team, role=Role.AUDITOR))
    page = html_of(client, check)
    assert f"{reviewer} checked it" in page
    assert "Wrong &lt;b&gt;order&lt;/b&gt;." in page
    assert "Clean-up took 12 min" in page
    assert 'id="rubric"' not in page
    timeline = client.get(f"/actions/{check.action_id}/").content.decode()
    assert f"{reviewer} looked at it afterwards: it failed" in timeline
