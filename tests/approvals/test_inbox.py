"""The inbox: what waits for me, in order of risk and time left, in a constant number of queries."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from agents_registry.models import ActionType, Agent, Person, Workflow
from approvals.models import Action
from ledger import clock
from tests.factories import create_action, create_action_type, create_person, create_team

pytestmark = pytest.mark.django_db


def stage(agent: Agent, refund: ActionType, order: str, **fields: object) -> Action:
    payload = {"order": order, "amount": 10, "currency": "USD"}
    return create_action(agent, refund, payload=payload, **fields)


def due_in(action: Action, hours: float) -> None:
    due = clock.now() + timedelta(hours=hours)
    Action.objects.filter(pk=action.pk).update(due_at=due, next_step_at=due)


def text_of(client: Client, url: str = "/inbox/") -> str:
    response = client.get(url)
    assert response.status_code == 200
    return response.content.decode()


def test_a_person_who_is_not_signed_in_is_asked_to(client: Client, action: Action) -> None:
    assert client.get("/inbox/").headers["Location"].startswith("/login/")


def test_an_empty_inbox_says_what_will_come(signed_in: Client) -> None:
    assert "Nothing waits for you" in text_of(signed_in)


def test_late_comes_first_and_inside_a_section_the_stricter_tier(
    signed_in: Client, agent: Agent, refund: ActionType
) -> None:
    for order, hours, rank in [("B-later", 60, 0), ("B-late", -1, 1), ("A-late", -0.5, 0)]:
        action = stage(agent, refund, order)
        due_in(action, hours)
        Action.objects.filter(pk=action.pk).update(tier_rank=rank)
    page = text_of(signed_in)
    assert page.index("order A-late") < page.index("order B-late") < page.index("order B-later")


def test_each_page_begins_where_the_last_one_ended(
    signed_in: Client, agent: Agent, refund: ActionType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("approvals.pages.inbox.PAGE", 3)
    for number in range(8):
        action = stage(agent, refund, f"N-{number}")
        due_in(action, [-1, 1, 48][number % 3])
        Action.objects.filter(pk=action.pk).update(tier_rank=number % 2)
    found: list[object] = []
    url: str | None = "/inbox/"
    while url:
        response = signed_in.get(url)
        rows = [row for section in response.context["sections"] for row in section["rows"]]
        found += [row.id for row in rows]
        url = response.context["next_cursor_url"]
    assert len(found) == len(set(found)) == 8


def test_the_number_of_queries_does_not_grow_with_the_queue(
    signed_in: Client,
    agent: Agent,
    refund: ActionType,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(3):
        stage(agent, refund, f"N-{number}")
    with django_assert_max_num_queries(30) as few:
        text_of(signed_in)
    for number in range(20):
        stage(agent, refund, f"M-{number}")
    with django_assert_max_num_queries(30) as many:
        text_of(signed_in)
    assert len(many) == len(few)


def test_mine_is_what_is_given_to_me_or_to_nobody_in_particular(
    signed_in: Client, agent: Agent, refund: ActionType, reviewer: Person, workflow: Workflow
) -> None:
    given = {"MINE": reviewer, "FREE": None, "OTHER": workflow.approval_owner}
    for order, person in given.items():
        action = stage(agent, refund, order)
        Action.objects.filter(pk=action.pk).update(assignee=person)
    mine, pool = text_of(signed_in), text_of(signed_in, "/inbox/?view=pool")
    assert ["order MINE" in mine, "order FREE" in mine, "order OTHER" in mine] == [
        True,
        True,
        False,
    ]
    assert "order OTHER" in pool


def test_what_is_another_teams_is_not_there(
    client: Client, action: Action, stranger: Person
) -> None:
    client.force_login(stranger)
    assert "order A-1" not in text_of(client, "/inbox/?view=all")
    assert client.get(f"/actions/{action.pk}/").status_code == 404


def test_filters_narrow_by_tier_workflow_owner_and_text(
    signed_in: Client, agent: Agent, refund: ActionType, workflow: Workflow
) -> None:
    stage(agent, refund, "X-1", subject={"type": "customer", "id": "c1", "label": "Halden"})
    stage(agent, refund, "X-2")
    assert "order X-2" not in text_of(signed_in, "/inbox/?q=halden")
    assert "order X-1" in text_of(signed_in, "/inbox/?q=HALDEN")
    assert "No action matches" in text_of(signed_in, "/inbox/?tier=batch_review")
    assert "order X-1" in text_of(signed_in, f"/inbox/?workflow={workflow.slug}&tier=mandatory")
    assert "No action matches" in text_of(signed_in, "/inbox/?owner=nobody")


@pytest.mark.parametrize(
    "query",
    [
        "cursor=x",
        "cursor=WzFd",
        "view=none",
        "tier=9",
        "as_of=yesterday",
        "q=%00",
        "q=" + "a" * 999,
    ],
)
def test_no_address_breaks_the_inbox(signed_in: Client, query: str) -> None:
    text_of(signed_in, f"/inbox/?{query}")


def test_new_work_is_announced_and_does_not_move_the_list(
    signed_in: Client, agent: Agent, refund: ActionType
) -> None:
    as_of = clock.now()
    stage(agent, refund, "NEW-1")
    url = f"/inbox/fresh?view=mine&as_of={as_of.isoformat().replace('+', '%2B')}"
    line = signed_in.get(url, headers={"HX-Request": "true"}).content.decode()
    assert "1 new, show them" in line
    assert "NEW-1" not in line


def test_a_person_of_two_teams_chooses_which_one_to_see(
    signed_in: Client, reviewer: Person, action: Action
) -> None:
    other = create_team()
    other.memberships.create(person=reviewer)
    signed_in.post("/team", {"team": str(other.pk)})
    assert "order A-1" not in text_of(signed_in, "/inbox/?view=all")
    signed_in.post("/team", {"team": str(action.team_id)})
    assert "order A-1" in text_of(signed_in, "/inbox/?view=all")


def test_low_confidence_is_marked_against_the_line_of_the_type(
    signed_in: Client, agent: Agent, workflow: Workflow
) -> None:
    lined = create_action_type(workflow, "lined", confidence_line=Decimal("0.8"))
    stage(agent, lined, "LOW", confidence=Decimal("0.71"))
    page = text_of(signed_in)
    assert "the line is 0.80" in page
    assert "conf low" in page


def test_somebody_who_has_it_open_is_named(
    signed_in: Client, client: Client, action: Action, workflow: Workflow
) -> None:
    other = create_person("nadia", team=workflow.team)
    workflow.pool.people.add(other)
    looking = Client()
    looking.force_login(other)
    looking.get(f"/actions/{action.pk}/")
    assert "Nadia has it open" in text_of(signed_in)
    assert "Nadia has this open" in text_of(signed_in, f"/actions/{action.pk}/")


def test_what_is_decided_is_found_by_its_state(
    signed_in: Client, agent: Agent, refund: ActionType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("approvals.pages.inbox.PAGE", 2)
    for number in range(3):
        stage(agent, refund, f"OLD-{number}")
    Action.objects.update(state="expired", next_step_at=None)
    first = signed_in.get("/inbox/?view=all&state=expired")
    page = first.content.decode()
    assert page.index("OLD-2") < page.index("OLD-1")
    assert "OLD-0" not in page
    assert "OLD-0" in text_of(signed_in, first.context["next_cursor_url"])
