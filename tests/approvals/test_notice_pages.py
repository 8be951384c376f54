"""The bell and the list of notices: what is new, what is over, and whose it is."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from agents_registry.models import ActionType, Agent, Membership, Person, Pool, Workflow
from approvals import noticing
from approvals.delivery.watching import look, wake
from approvals.models import Action, Notice
from approvals.pages import notices as pages
from approvals.pages.notices import Place
from ledger import clock
from tests.factories import create_action, create_person

pytestmark = pytest.mark.django_db


def told(
    action: Action, reader: Person | Pool, number: int = 0, *, at: datetime | None = None
) -> Notice:
    whose = {"person" if isinstance(reader, Person) else "pool": reader}
    return Notice.objects.create(
        team=action.team,
        **whose,
        kind="asked",
        key=f"asked:{action.pk}:1:{number}",
        action=action,
        about={"revision": action.revision, "step": action.step},
        created_at=at or clock.now(),
    )


def bell_of(client: Client) -> str:
    response = client.get("/notices/count")
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def list_of(client: Client, url: str = "/notices/", **headers: str) -> str:
    response = client.get(url, headers=headers)
    assert response.status_code == 200
    return str(response.content.decode())


def test_the_bell_counts_what_is_new_to_me_and_to_my_pools(
    signed_in: Client, reviewer: Person, action: Action, workflow: Workflow
) -> None:
    assert "Notices, none new" in bell_of(signed_in)
    told(action, reviewer)
    assert "1 new notice<" in bell_of(signed_in)
    told(action, workflow.pool)
    told(action, workflow.workflow_owner)
    told(action, Pool.objects.create(team=workflow.team, slug="other", name="Other"))
    assert "2 new notices<" in bell_of(signed_in)
    assert "2 new notices<" in list_of(signed_in, "/inbox/", **{"X-Prefetch": "1"})


def test_nobody_counts_beyond_a_hundred(
    signed_in: Client, reviewer: Person, action: Action
) -> None:
    for number in range(101):
        told(action, reviewer, number)
    assert "99+ new notices" in bell_of(signed_in)


def test_what_a_pool_heard_before_somebody_came_is_no_news_to_them(
    action: Action, workflow: Workflow
) -> None:
    told(action, workflow.pool, at=clock.now() - timedelta(days=3))
    newcomer = create_person(team=workflow.team)
    workflow.pool.people.add(newcomer)
    assert noticing.new_to(newcomer) == 0


def test_looking_at_the_list_makes_it_seen_and_what_comes_later_is_new_again(
    signed_in: Client, reviewer: Person, action: Action
) -> None:
    told(action, reviewer)
    first = list_of(signed_in)
    assert '<span class="sr">New: </span>' in first
    assert "Notices, none new" in first
    assert "none new" in bell_of(signed_in)
    assert '<span class="sr">New: </span>' not in list_of(signed_in)
    told(action, reviewer, 1)
    assert "1 new notice<" in bell_of(signed_in)


@pytest.mark.parametrize("header", ["X-Prefetch", "Sec-Purpose", "Purpose", "X-Moz"])
def test_a_page_that_nobody_looks_at_makes_nothing_seen(
    signed_in: Client, reviewer: Person, action: Action, header: str
) -> None:
    told(action, reviewer)
    list_of(signed_in, **{header: "prefetch"})
    signed_in.head("/notices/")
    assert "1 new notice<" in bell_of(signed_in)


def test_looking_never_goes_back(reviewer: Person, action: Action) -> None:
    now = clock.now()
    noticing.look(person=reviewer, until=now)
    noticing.look(person=reviewer, until=now - timedelta(hours=1))
    reviewer.refresh_from_db()
    assert reviewer.notices_seen_at == now


def test_a_notice_leads_to_its_action(signed_in: Client, reviewer: Person, action: Action) -> None:
    told(action, reviewer)
    assert f'href="/actions/{action.pk}/' in list_of(signed_in)


def test_what_is_over_is_dimmed_and_says_so(
    signed_in: Client, reviewer: Person, action: Action, workflow: Workflow
) -> None:
    told(action, workflow.pool)
    assert "decided meanwhile" not in list_of(signed_in)
    Action.objects.update(state="rejected")
    page = list_of(signed_in)
    assert "decided meanwhile" in page
    assert '<li class="over">' in page


def test_they_stand_by_day_in_the_readers_zone_newest_first(
    reviewer: Person, action: Action
) -> None:
    reviewer.time_zone = "Pacific/Auckland"
    now = datetime.fromisoformat("2026-11-24T11:30:00+00:00")  # already the 25th there
    for number, hours in enumerate((0, 1, 24, 480)):
        told(action, reviewer, number, at=now - timedelta(hours=hours))
    with clock.simulated(now):
        found = pages.page(reviewer, None)
    assert [(day.title, len(day.entries)) for day in found.days] == [
        ("Today", 1),
        ("Yesterday", 2),
        ("Thursday 5 November", 1),
    ]
    assert [each.at_words for each in found.days[1].entries] == ["23:30", "00:30"]


def test_each_page_begins_where_the_last_one_ended(
    signed_in: Client,
    reviewer: Person,
    action: Action,
    workflow: Workflow,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pages, "PAGE", 3)
    at = clock.now()
    for number in range(4):
        told(action, reviewer, number, at=at)
        told(action, workflow.pool, number, at=at)
    sizes, seen, url = [], set[str](), "/notices/"
    while url:
        page = signed_in.get(url).context["notices"]
        entries = [entry for day in page.days for entry in day.entries]
        sizes.append(len(entries))
        seen.add(page.older_url)
        url = page.older_url
    assert sizes == [3, 3, 2]
    assert len(seen) == 3


@pytest.mark.parametrize("code", ["x", "_", "2026-11-24T00:00:00_x", "yesterday_1", "\x00"])
def test_no_address_breaks_the_list(signed_in: Client, code: str) -> None:
    assert Place.decode(code) is None
    assert signed_in.get("/notices/", {"before": code}).status_code == 200


def test_only_the_first_page_makes_seen(
    signed_in: Client, reviewer: Person, action: Action
) -> None:
    told(action, reviewer)
    later = Place(clock.now() + timedelta(hours=1), action.pk).encode()
    signed_in.get("/notices/", {"before": later})
    assert "1 new notice<" in bell_of(signed_in)


def test_the_number_of_queries_does_not_grow_with_the_list(
    signed_in: Client,
    reviewer: Person,
    agent: Agent,
    refund: ActionType,
    workflow: Workflow,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    def another(order: str) -> None:
        payload = {"order": order, "amount": 10, "currency": "USD"}
        told(create_action(agent, refund, payload=payload), workflow.pool)
        stopped = {"stop": str(uuid4()), "what": "The sample agent"}
        Notice.objects.create(
            team=workflow.team,
            person=reviewer,
            kind="stopped",
            key=f"stop:{order}",
            about=stopped,
            created_at=clock.now(),
        )

    another("Q-0")
    with django_assert_max_num_queries(35) as few:
        list_of(signed_in)
    Person.objects.update(notices_seen_at=None)
    for number in range(1, 7):
        another(f"Q-{number}")
    with django_assert_max_num_queries(35) as many:
        list_of(signed_in)
    assert len(many) == len(few)


def test_the_bell_takes_one_query(
    reviewer: Person, action: Action, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    told(action, reviewer)
    with django_assert_num_queries(1):
        assert noticing.new_to(reviewer) == 1


def test_what_was_told_in_a_team_that_one_left_is_not_shown(
    signed_in: Client, reviewer: Person, action: Action
) -> None:
    told(action, reviewer)
    Membership.objects.filter(person=reviewer).delete()
    assert noticing.new_to(reviewer) == 0
    assert f"/actions/{action.pk}/" not in list_of(signed_in)


def test_an_empty_list_says_what_will_come(signed_in: Client) -> None:
    assert "Nothing to tell you yet" in list_of(signed_in)


def test_somebody_in_no_pool_has_a_list_too(client: Client, action: Action) -> None:
    owner = action.workflow.workflow_owner
    client.force_login(owner)
    assert "Nothing to tell you yet" in list_of(client)
    told(action, owner)
    assert f"/actions/{action.pk}/" in list_of(client)


def test_hostile_words_stand_there_as_tokens(
    signed_in: Client, reviewer: Person, agent: Agent, refund: ActionType
) -> None:
    payload = {"order": "‮evil<script>", "amount": 10, "currency": "USD"}
    told(create_action(agent, refund, payload=payload), reviewer)
    page = list_of(signed_in)
    assert "‮" not in page
    assert "<script>evil" not in page
    assert "evil<script>" not in page


def test_the_inboxs_stream_brings_the_bell(
    signed_in: Client, reviewer: Person, action: Action
) -> None:
    told(action, reviewer)
    answer = list_of(signed_in, "/inbox/fresh", **{"HX-Request": "true"})
    assert '<span id="n-notices" hx-swap-oob="innerHTML">' in answer
    assert "1 new notice<" in answer


class OpenPage:
    def __init__(self, person: Person, team: Any) -> None:
        self.person, self.team, self.rows = person.pk, team.pk, frozenset[Any]()
        self.woken: list[str] = []

    def wake(self, *events: str) -> None:
        self.woken += events


def test_an_open_inbox_is_woken_when_its_reader_is_told_something(
    reviewer: Person, stranger: Person, action: Action, workflow: Workflow
) -> None:
    Action.objects.update(changed_at=clock.now() - timedelta(minutes=5))
    mine, theirs = OpenPage(reviewer, action.team), OpenPage(stranger, action.team)
    people = {mine.person, theirs.person}
    before = look([action.team_id], [], people)
    told(action, workflow.pool)
    now = look([action.team_id], [], people)
    wake([mine, theirs], before, now)
    assert (mine.woken, theirs.woken) == (["fresh"], [])
    wake([mine, theirs], now, now)
    assert mine.woken == ["fresh"]
