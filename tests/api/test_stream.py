"""The inbox's event stream on the real server: told what is new, to whom it concerns alone, and
ended with the session."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from uuid import UUID

import httpx
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from agents_registry.models import ActionType, Agent, Person, Workflow
from approvals import presence, review
from approvals.delivery import stream
from approvals.delivery.watching import Sight, look, wake
from approvals.models import Action
from ledger import clock
from tests import factories
from tests.api.server import running

pytestmark = pytest.mark.django_db(transaction=True)

SERVER_TELLS_WITHIN = 20


def cookie_of(person: Person) -> dict[str, str]:
    client = Client()
    client.force_login(person)
    return {name: morsel.value for name, morsel in client.cookies.items()}


class Events:
    """What a stream tells, one event after the other."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.lines = response.iter_lines()

    def __iter__(self) -> Iterator[tuple[str, str]]:
        name, data = "", []
        until = monotonic() + SERVER_TELLS_WITHIN
        for line in self.lines:
            assert monotonic() < until, "nothing of it was told in time"
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            elif line.startswith("data: "):
                data.append(line.removeprefix("data: "))
            elif not line and name:
                yield name, "\n".join(data)
                name, data = "", []

    def until(self, name: str, text: str = "") -> str:
        """The first event of this name that says this, whatever comes before."""
        for found, data in self:
            if found == name and text in data:
                return data
        raise AssertionError(f"the stream ended without {name} {text}")


@contextmanager
def listening(
    server: str, person: Person, *rows: Action, cookies: dict[str, str] | None = None
) -> Iterator[Events]:
    query = {
        "view": "all",
        "as_of": clock.now().isoformat(),
        "rows": ",".join(str(action.pk) for action in rows),
    }
    with (
        httpx.Client(base_url=server, timeout=SERVER_TELLS_WITHIN) as client,
        client.stream(
            "GET", stream.PATH, params=query, cookies=cookies or cookie_of(person)
        ) as response,
    ):
        assert response.status_code == 200
        assert response.headers["Content-Type"].startswith("text/event-stream")
        yield Events(response)


def test_what_is_staged_is_told(
    server: str, agent: Agent, refund: ActionType, reviewer: Person
) -> None:
    with listening(server, reviewer) as events:
        assert "new, show them" not in events.until("fresh")
        factories.create_action(agent, refund)
        assert ">1 new, show them<" in events.until("fresh", "new, show them")


def test_what_is_decided_elsewhere_is_told_with_who_did_it(
    server: str, action: Action, reviewer: Person, workflow: Workflow
) -> None:
    colleague = workflow.pool.people.order_by("-pk")[0]
    with listening(server, reviewer, action) as events:
        first = json.loads(events.until("elsewhere"))
        assert first["rows"][str(action.pk)] == {"bound": f"1 {action.policy_revision}"}
        review.approve(
            action_id=action.pk, person=colleague, seen=factories.seen(action), checked=["all"]
        )
        told = json.loads(events.until("elsewhere", "word"))
        assert told["rows"][str(action.pk)] == {
            "word": "approved",
            "note": f"{colleague} decided this: it is approved.",
        }


def test_who_has_a_row_open_is_told_and_oneself_is_nobody(
    server: str, action: Action, reviewer: Person, workflow: Workflow
) -> None:
    colleague = workflow.pool.people.order_by("-pk")[0]
    with listening(server, reviewer, action) as events:
        assert json.loads(events.until("elsewhere"))["open"] == {}
        presence.note(action=action, person=reviewer)
        presence.note(action=action, person=colleague)
        told = json.loads(events.until("elsewhere", str(colleague)))
        assert told["open"] == {str(action.pk): {str(colleague.pk): str(colleague)}}


def test_another_team_hears_nothing_of_it(
    server: str, agent: Agent, refund: ActionType, action: Action, stranger: Person
) -> None:
    other_agent, other_workflow, other_refund = factories.create_desk()
    other_workflow.team.memberships.create(person=stranger)
    other_workflow.team.memberships.model.objects.filter(person=stranger).exclude(
        team=other_workflow.team
    ).delete()
    with listening(server, stranger, action) as events:
        assert json.loads(events.until("elsewhere"))["rows"] == {}
        factories.create_action(agent, refund)
        factories.create_action(other_agent, other_refund)
        assert ">1 new, show them<" in events.until("fresh", "new, show them")


def test_the_stream_ends_with_the_session(
    server: str, agent: Agent, refund: ActionType, reviewer: Person
) -> None:
    cookies = cookie_of(reviewer)
    with listening(server, reviewer, cookies=cookies) as events:
        events.until("fresh")
        leaving = Client()
        leaving.cookies.load(cookies)
        leaving.post("/logout/")
        factories.create_action(agent, refund)
        told = list(events)
        assert [name for name, _ in told if name != "elsewhere"] == ["out"]


def test_nobody_and_a_token_get_no_stream(server: str, token: str) -> None:
    for headers in ({}, {"Authorization": f"Bearer {token}"}):
        answer = httpx.get(server + stream.PATH, headers=headers)
        assert (answer.status_code, answer.content) == (204, b"")


def test_one_person_holds_so_many_streams_and_no_more(server: str, reviewer: Person) -> None:
    cookies = cookie_of(reviewer)
    with httpx.Client(base_url=server, cookies=cookies, timeout=SERVER_TELLS_WITHIN) as client:
        held = [
            client.send(client.build_request("GET", stream.PATH), stream=True)
            for _ in range(stream.PER_PERSON + 1)
        ]
        try:
            expected = [200] * stream.PER_PERSON + [204]
            assert [response.status_code for response in held] == expected
        finally:
            for response in held:
                response.close()


def test_a_server_that_stops_ends_its_streams_well(reviewer: Person, tmp_path: Path) -> None:
    with ExitStack() as opened:
        with running(tmp_path / "server.log") as url:
            events = opened.enter_context(listening(url, reviewer))
            events.until("fresh")
        assert {name for name, _ in events} <= {"elsewhere", "here"}


def test_one_look_at_the_database_serves_every_page(
    action: Action, reviewer: Person, workflow: Workflow
) -> None:
    presence.note(action=action, person=reviewer)
    with CaptureQueriesContext(connection) as queries:
        seen = look([workflow.team_id], [action.pk], [reviewer.pk])
    assert len(queries) == 1
    assert {(sight.action, sight.team, sight.person) for sight in seen} == {
        (action.pk, workflow.team_id, None),
        (action.pk, None, reviewer.pk),
    }
    assert look([], [], []) == frozenset()


class Page:
    """An open page that notes what it is woken for."""

    def __init__(self, team: UUID, *rows: UUID, person: int = 1) -> None:
        self.team, self.rows, self.person = team, frozenset(rows), person
        self.told: set[str] = set()

    def wake(self, *events: str) -> None:
        self.told.update(events)


TEAM, OTHER_TEAM, ROW, OTHER_ROW = (UUID(int=number) for number in range(4))
AT = datetime(2026, 1, 1, tzinfo=UTC)


def told(page: Page, before: set[Sight] | None, now: set[Sight]) -> set[str]:
    wake([page], None if before is None else frozenset(before), frozenset(now))
    return page.told


def test_a_page_is_woken_for_what_is_new_in_its_team_and_for_its_own_rows() -> None:
    changed = {Sight(ROW, TEAM, AT, None)}
    assert told(Page(TEAM, ROW), set(), changed) == {"fresh", "elsewhere"}
    assert told(Page(TEAM, OTHER_ROW), set(), changed) == {"fresh"}
    assert told(Page(OTHER_TEAM, OTHER_ROW), set(), changed) == set()
    assert told(Page(TEAM, ROW), changed, changed) == set()
    assert told(Page(TEAM, ROW), changed, set()) == set()


def test_a_page_is_woken_when_somebody_else_opens_a_row_or_leaves_it() -> None:
    look_of_two = {Sight(ROW, None, AT, 2)}
    for before, now in [(set(), look_of_two), (look_of_two, set())]:
        assert told(Page(TEAM, ROW, person=1), before, now) == {"elsewhere"}
        assert told(Page(TEAM, ROW, person=2), before, now) == set()
        assert told(Page(TEAM, OTHER_ROW), before, now) == set()


def test_after_a_pause_everybody_looks_again() -> None:
    assert told(Page(TEAM), None, set()) == {"fresh", "elsewhere"}
