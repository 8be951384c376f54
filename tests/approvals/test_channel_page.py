"""Whoever looks after channels sees which of them work, and tries again what failed."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from agents_registry.models import Membership, Person, Role, Workflow
from approvals.models import Channel
from ledger import clock
from tests.approvals.queued import SECRET, queue
from tests.approvals.receivers import receiving
from tests.approvals.told import create_channel
from tests.factories import create_person

pytestmark = pytest.mark.django_db

SLACK = "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7"


@pytest.fixture
def manager(workflow: Workflow) -> Person:
    return create_person(team=workflow.team, role=Role.MANAGER)


def page(client: Client, person: Person) -> str:
    client.force_login(person)
    response = client.get("/channels/")
    assert response.status_code == 200
    return str(response.content.decode())


def test_a_person_sees_their_own_channels_and_nobody_elses(
    client: Client, workflow: Workflow, reviewer: Person
) -> None:
    create_channel(reviewer, name="My room", kind="chat", address=SLACK)
    create_channel(workflow.pool, name="The pool's")
    create_channel(workflow.risk_owner, name="Somebody's", last_error="It answered 500.")
    html = page(client, reviewer)
    assert "My room" in html
    assert "The pool" not in html
    assert "Somebody" not in html


@pytest.mark.parametrize("role", ["manager", "system_owner"])
def test_who_looks_after_the_team_sees_its_pools_and_whom_nothing_reaches(
    role: str, client: Client, workflow: Workflow, reviewer: Person, manager: Person
) -> None:
    create_channel(workflow.pool, name="The pool")
    create_channel(reviewer, name="Works well")
    create_channel(workflow.risk_owner, name="Is dead", last_error="It answered 500.")
    html = page(client, {"manager": manager, "system_owner": workflow.system_owner}[role])
    assert "The pool" in html
    assert "Is dead" in html
    assert "It answered 500." in html
    assert "Works well" not in html


def test_a_channel_of_another_team_is_nowhere(
    client: Client, manager: Person, stranger: Person
) -> None:
    channel = create_channel(stranger, name="Elsewhere", last_error="It answered 500.")
    assert "Elsewhere" not in page(client, manager)
    for verb in ("again", "test"):
        assert client.post(f"/channels/{channel.pk}/{verb}").status_code == 404


def test_no_address_and_no_secret_is_shown(client: Client, reviewer: Person) -> None:
    create_channel(reviewer, kind="chat", address=SLACK)
    create_channel(
        reviewer, address="https://hooks.example.com/in/hunter2?key=sesame", secret=SECRET
    )
    html = page(client, reviewer)
    assert not any(
        secret in html for secret in ("TIiajkdnlazkcOXrIdevi7", "hunter2", "sesame", SECRET[6:])
    )


def test_what_a_stranger_answered_is_shown_inert(client: Client, reviewer: Person) -> None:
    create_channel(reviewer, last_error="550 <script>alert(1)</script>\u202egnp.exe")
    html = page(client, reviewer)
    assert "<script>alert" not in html
    assert "\u202e" not in html
    assert "U+202E" in html


def test_the_state_and_the_counts_are_said(client: Client, reviewer: Person) -> None:
    now = clock.now()
    create_channel(reviewer, name="Good")
    create_channel(reviewer, name="Bad", failing_since=now, last_error="It answered 500.")
    off = create_channel(reviewer, name="Off", failing_since=now, disabled_at=now, last_error="x")
    queue(off, 3)
    queue(off, 2, state="gave_up", ended_at=now)
    queue(off, 1, state="sent", ended_at=now)
    html = page(client, reviewer)
    assert all(state in html for state in ("Works", "Fails", "Switched off"))
    row = html[html.index(f'id="channel-{off.pk}"') :]
    figures = [part.partition("<")[0] for part in row.split('<td class="num">')[1:4]]
    assert figures == ["3", "1", "2"]


def test_try_again_switches_it_on_and_makes_what_waits_due(
    client: Client, workflow: Workflow, manager: Person
) -> None:
    now = clock.now()
    channel = create_channel(
        workflow.pool, disabled_at=now, failing_since=now, last_error="It answered 500."
    )
    queue(channel, 2, due_at=clock.now() + timedelta(hours=5))
    client.force_login(manager)
    response = client.post(f"/channels/{channel.pk}/again")
    assert (response.status_code, response.headers["Location"]) == (303, "/channels/")
    channel.refresh_from_db()
    assert (channel.disabled_at, channel.failing_since) == (None, None)
    assert not channel.deliveries.filter(due_at__gt=clock.now()).exists()
    assert "2 messages will be tried" in client.get("/channels/").content.decode()


def test_nobody_else_tries_again(client: Client, workflow: Workflow, reviewer: Person) -> None:
    now = clock.now()
    channel = create_channel(workflow.pool, disabled_at=now, last_error="It answered 500.")
    auditor = create_person(team=workflow.team, role=Role.AUDITOR)
    for person in (reviewer, auditor, workflow.risk_owner):
        client.force_login(person)
        assert client.post(f"/channels/{channel.pk}/again").status_code == 404
        assert client.post(f"/channels/{channel.pk}/test").status_code == 404
    assert Channel.objects.get(pk=channel.pk).disabled_at


@pytest.mark.parametrize(("status", "said"), [(204, "was taken"), (500, "It answered 500.")])
def test_a_test_is_sent_at_once_and_changes_nothing(
    status: int, said: str, client: Client, reviewer: Person, settings: Any
) -> None:
    settings.ALLOW_PRIVATE_ADDRESSES = True
    client.force_login(reviewer)
    with receiving(lambda: status) as (receiver, url):
        channel = create_channel(reviewer, address=url, secret=SECRET)
        client.post(f"/channels/{channel.pk}/test")
    assert said in client.get("/channels/").content.decode()
    assert len(receiver.outcomes) == 1
    assert Channel.objects.filter(pk=channel.pk, last_error="", failing_since=None).exists()
    assert channel.deliveries.count() == 0


def test_many_tests_in_a_row_are_refused(client: Client, reviewer: Person, settings: Any) -> None:
    channel = create_channel(reviewer, address="https://127.0.0.1/")
    client.force_login(reviewer)
    for _ in range(7):
        client.post(f"/channels/{channel.pk}/test")
    assert "Wait a minute" in client.get("/channels/").content.decode()


def test_a_channel_that_was_removed_is_not_shown(client: Client, reviewer: Person) -> None:
    create_channel(reviewer, name="Gone", address="", disabled_at=clock.now())
    assert "Gone" not in page(client, reviewer)


def test_the_page_takes_the_same_queries_for_one_channel_and_for_many(
    client: Client, workflow: Workflow, manager: Person
) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            client.get("/channels/")
        return len(queries)

    client.force_login(manager)
    queue(create_channel(workflow.pool))
    create_channel(manager)
    create_channel(workflow.risk_owner, last_error="x")
    client.get("/channels/")
    few = asked()
    for _ in range(5):
        person = create_person()
        Membership.objects.create(team=workflow.team, person=person)
        queue(create_channel(workflow.pool), 3)
        create_channel(manager)
        create_channel(person, last_error="x")
    assert asked() == few
