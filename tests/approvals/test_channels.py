"""Channels: a person keeps their own, a pool's are kept by those who answer for its work, and no
address is shown again."""

from datetime import UTC, datetime, time
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client

from agents_registry.models import Person, Pool, Role, Workflow
from approvals import channels
from approvals.channels import Holder, Wishes
from approvals.errors import Conflict, Invalid
from approvals.models import Action, Channel, Delivery, DeliveryState, Notice
from approvals.notices.hours import Hours
from ledger import clock, record
from ledger.models import Event
from tests.approvals.receivers import receiving, taking_mail
from tests.factories import create_person, create_workflow

pytestmark = pytest.mark.django_db

HOOK = "https://hooks.example.com/in?key=s3cret-part"
ROOM = "slack://TokenAAA/TokenBBB/TokenCCC"
FORM = {
    "name": "Ours",
    "own": "at_once",
    "pools": "digest",
    "quiet_from": "",
    "quiet_until": "",
    "digest_at": "08:00",
    "time_zone": "Europe/Berlin",
}
MORNING = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)


def wishes(own: str = "at_once", pools: str = "digest", **hours: Any) -> Wishes:
    given = {"time_zone": "Europe/Berlin", "quiet_from": None, "quiet_until": None}
    return Wishes(own, pools, Hours(**{**given, "digest_at": time(8), **hours}))


def add(holder: Holder, actor: Person, kind: str = "webhook", address: str = HOOK) -> Channel:
    return channels.add(
        holder=holder, kind=kind, address=address, name="Ours", wishes=wishes(), actor=actor
    )


def queued(channel: Channel, action: Action) -> Delivery:
    notice = Notice.objects.create(
        team=action.team, person=channel.person, kind="asked", key="k", created_at=clock.now()
    )
    now = clock.now()
    return Delivery.objects.create(channel=channel, notice=notice, due_at=now, created_at=now)


def page_of(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200
    return str(response.content.decode())


def test_a_mailbox_is_kept_once_and_its_digest_leaves_at_the_chosen_time(reviewer: Person) -> None:
    with clock.simulated(MORNING):
        first = channels.keep_mailbox(person=reviewer, wishes=wishes())
        again = channels.keep_mailbox(
            person=reviewer, wishes=wishes("digest", "digest", digest_at=time(9, 30))
        )
    assert first.pk == again.pk
    assert again.next_digest_at == datetime(2026, 11, 24, 8, 30, tzinfo=UTC)
    assert channels.masked(again) == reviewer.email


def test_without_a_digest_there_is_no_next_one(reviewer: Person) -> None:
    assert channels.keep_mailbox(person=reviewer, wishes=wishes()).next_digest_at
    kept = channels.keep_mailbox(person=reviewer, wishes=wishes("at_once", "never"))
    assert kept.next_digest_at is None


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (wishes("often"), "pace_invalid"),
        (wishes(pools="rarely"), "pace_invalid"),
        (wishes(time_zone="Mars/Phobos"), "zone_invalid"),
        (wishes(quiet_from=time(22)), "quiet_hours_half"),
    ],
)
def test_what_cannot_be_meant_is_refused_and_nothing_is_kept(
    reviewer: Person, wrong: Wishes, code: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        channels.keep_mailbox(person=reviewer, wishes=wrong)
    assert refusal.value.code == code
    assert not Channel.objects.exists()


def test_never_drops_what_was_on_its_way(reviewer: Person, action: Action) -> None:
    mailbox = channels.keep_mailbox(person=reviewer, wishes=wishes())
    delivery = queued(mailbox, action)
    channels.keep_mailbox(person=reviewer, wishes=wishes("never", "never"))
    delivery.refresh_from_db()
    assert delivery.state == DeliveryState.DROPPED
    assert delivery.ended_at


def test_a_webhook_has_a_secret_of_its_own_and_its_address_is_masked(reviewer: Person) -> None:
    one, other = add(reviewer, reviewer), add(reviewer, reviewer)
    assert one.secret.startswith("whsec_")
    assert one.secret != other.secret
    assert channels.masked(one) == "https://hooks.example.com/…"


def test_a_chat_room_is_masked_to_its_service(reviewer: Person) -> None:
    room = add(reviewer, reviewer, "chat", ROOM)
    assert channels.masked(room) == "slack://…CCC"
    assert room.secret == ""


@pytest.mark.parametrize(
    ("kind", "address"),
    [
        ("webhook", "http://hooks.example.com/"),
        ("webhook", "https://127.0.0.1/"),
        ("webhook", "https://10.0.0.8/in"),
        ("webhook", "https://[::1]/"),
        ("webhook", "javascript:alert(1)"),
        ("webhook", f"https://hooks.example.com/{'x' * 1000}"),
        ("chat", "file:///etc/passwd"),
        ("chat", "nowhere"),
        ("email", "eve@example.com"),
        ("pigeon", "roof"),
    ],
)
def test_nothing_is_sent_to_where_nothing_may_go(reviewer: Person, kind: str, address: str) -> None:
    with pytest.raises(Invalid):
        add(reviewer, reviewer, kind, address)
    assert not Channel.objects.exists()


def test_there_is_an_end_to_how_many_there_are(
    reviewer: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channels, "MOST", 2)
    channels.keep_mailbox(person=reviewer, wishes=wishes())
    add(reviewer, reviewer)
    add(reviewer, reviewer)
    with pytest.raises(Invalid, match="Remove one first"):
        add(reviewer, reviewer)


def test_removing_forgets_address_and_secret_and_drops_what_waits(
    reviewer: Person, action: Action
) -> None:
    hook = add(reviewer, reviewer)
    delivery = queued(hook, action)
    channels.remove(channel=hook, actor=reviewer)
    hook.refresh_from_db()
    delivery.refresh_from_db()
    assert (hook.address, hook.secret, hook.next_digest_at) == ("", "", None)
    assert hook.disabled_at
    assert delivery.state == DeliveryState.DROPPED
    assert not channels.of(reviewer).exists()
    with pytest.raises(Conflict):
        channels.change(channel=hook, name="Back", wishes=wishes(), actor=reviewer)


def test_a_mailbox_is_not_removed(reviewer: Person) -> None:
    mailbox = channels.keep_mailbox(person=reviewer, wishes=wishes())
    with pytest.raises(Invalid, match="Never"):
        channels.remove(channel=mailbox, actor=reviewer)


def test_keeping_one_that_was_switched_off_turns_it_on(reviewer: Person) -> None:
    hook, now = add(reviewer, reviewer), clock.now()
    Channel.objects.update(disabled_at=now, failing_since=now, last_error="410 Gone")
    kept = channels.change(channel=hook, name="Again", wishes=wishes(), actor=reviewer)
    assert (kept.disabled_at, kept.failing_since, kept.last_error) == (None, None, "")
    assert (kept.name, kept.address) == ("Again", HOOK)


def test_nobody_changes_somebody_elses(reviewer: Person, workflow: Workflow) -> None:
    hook, other = add(reviewer, reviewer), create_person(team=workflow.team, role=Role.MANAGER)
    with pytest.raises(PermissionDenied):
        add(reviewer, other)
    with pytest.raises(PermissionDenied):
        channels.change(channel=hook, name="Mine", wishes=wishes(), actor=other)
    with pytest.raises(PermissionDenied):
        channels.remove(channel=hook, actor=other)
    with pytest.raises(PermissionDenied):
        channels.send_test(channel=hook, actor=other)


def test_a_pools_channels_are_kept_by_managers_and_by_owners_of_what_it_reviews(
    workflow: Workflow,
) -> None:
    pool = workflow.pool
    manager = create_person(team=workflow.team, role=Role.MANAGER)
    elsewhere = create_workflow(workflow.team).workflow_owner
    assert channels.may_keep(manager, pool)
    assert channels.may_keep(workflow.workflow_owner, pool)
    for person in (elsewhere, workflow.risk_owner, pool.people.all()[0], create_person()):
        assert not channels.may_keep(person, pool)
    workflow.workflow_owner.memberships.all().delete()
    assert not channels.may_keep(workflow.workflow_owner, pool)


def test_the_record_says_how_a_pool_is_told_and_never_where(workflow: Workflow) -> None:
    owner = workflow.workflow_owner
    hook = add(workflow.pool, owner)
    assert hook.own == "never"
    channels.change(channel=hook, name="Ours", wishes=wishes(pools="at_once"), actor=owner)
    channels.remove(channel=hook, actor=owner)
    events = list(Event.objects.filter(stream=f"pool:{workflow.pool.pk}").order_by("seq"))
    said = [(event.type, record.body_of(event)["pace"]) for event in events]
    assert said == [
        ("channel.kept", "digest"),
        ("channel.kept", "at_once"),
        ("channel.removed", "never"),
    ]
    assert not any(b"hooks.example" in bytes(event.content) for event in events)


def test_a_persons_own_channels_are_not_on_record(reviewer: Person) -> None:
    before = Event.objects.count()
    add(reviewer, reviewer)
    channels.keep_mailbox(person=reviewer, wishes=wishes())
    assert Event.objects.count() == before


def test_choosing_on_the_page(signed_in: Client, reviewer: Person) -> None:
    form = {**FORM, "own": "digest", "quiet_from": "19:00", "quiet_until": "07:30"}
    assert signed_in.post("/me/notices/", form).status_code == 303
    mailbox = Channel.objects.get(person=reviewer)
    assert (mailbox.own, mailbox.pools, mailbox.kind) == ("digest", "digest", "email")
    assert (mailbox.quiet_from, mailbox.quiet_until) == (time(19), time(7, 30))
    assert mailbox.time_zone == "Europe/Berlin"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("own", "often"),
        ("time_zone", "Mars/Phobos"),
        ("digest_at", ""),
        ("digest_at", "25:00"),
        ("quiet_from", "19:00"),
    ],
)
def test_a_refused_form_says_where_and_keeps_nothing(
    signed_in: Client, field: str, value: str
) -> None:
    response = signed_in.post("/me/notices/", {**FORM, field: value})
    assert response.status_code == 422
    assert "Nothing was kept" in response.content.decode()
    assert not Channel.objects.exists()


def test_where_no_mail_is_sent_the_page_says_so(signed_in: Client, settings: Any) -> None:
    settings.EMAIL_HOST = ""
    assert "EMAIL_URL" in page_of(signed_in, "/me/notices/")
    settings.EMAIL_HOST = "mail.example.com"
    assert "EMAIL_URL" not in page_of(signed_in, "/me/notices/")


def test_a_secret_is_shown_once_and_the_address_never(signed_in: Client, reviewer: Person) -> None:
    answer = signed_in.post("/me/notices/add/webhook/", {**FORM, "address": HOOK})
    hook = Channel.objects.get(person=reviewer)
    assert hook.secret in answer.content.decode()
    for url in ("/me/notices/", f"/me/notices/{hook.pk}/"):
        page = page_of(signed_in, url)
        assert "https://hooks.example.com/…" in page
        assert hook.secret not in page
        assert "s3cret-part" not in page


def test_an_address_that_is_refused_is_told_at_its_field(signed_in: Client) -> None:
    form = {**FORM, "address": "https://127.0.0.1/"}
    answer = signed_in.post("/me/notices/add/webhook/", form)
    assert answer.status_code == 422
    assert "not on the public internet" in answer.content.decode()


def test_a_channel_is_changed_and_removed_on_its_page(signed_in: Client, reviewer: Person) -> None:
    hook = add(reviewer, reviewer)
    signed_in.post(f"/me/notices/{hook.pk}/", {**FORM, "name": "Later", "pools": "never"})
    hook.refresh_from_db()
    assert (hook.name, hook.pools) == ("Later", "never")
    signed_in.post(f"/me/notices/{hook.pk}/remove")
    assert signed_in.get(f"/me/notices/{hook.pk}/").status_code == 404
    assert signed_in.post(f"/me/notices/{hook.pk}/test").status_code == 404


def test_somebody_elses_channel_is_not_there(client: Client, reviewer: Person) -> None:
    hook = add(reviewer, reviewer)
    client.force_login(create_person())
    assert client.get(f"/me/notices/{hook.pk}/").status_code == 404
    assert client.post(f"/me/notices/{hook.pk}/remove").status_code == 404


def test_a_pools_page_is_for_the_team_to_read_and_for_few_to_write(
    client: Client, workflow: Workflow, reviewer: Person
) -> None:
    pool: Pool = workflow.pool
    base = f"/team/pools/{pool.slug}/channels/"
    hook = add(pool, workflow.workflow_owner)
    client.force_login(reviewer)
    page = page_of(client, base)
    assert "https://hooks.example.com/…" in page
    assert "Add a chat room" not in page
    for url in (f"{base}{hook.pk}/", f"{base}add/chat/"):
        assert client.get(url).status_code == 403
    for url in (f"{base}{hook.pk}/remove", f"{base}{hook.pk}/test"):
        assert client.post(url).status_code == 403
    client.force_login(workflow.workflow_owner)
    assert "Add a chat room" in page_of(client, base)
    assert client.post(f"{base}{hook.pk}/", FORM).status_code == 303


def test_a_test_arrives_at_the_mailbox(signed_in: Client, reviewer: Person, settings: Any) -> None:
    mailbox = channels.keep_mailbox(person=reviewer, wishes=wishes("never", "never"))
    with taking_mail(settings) as box:
        answer = signed_in.post(f"/me/notices/{mailbox.pk}/test")
    assert answer.headers["Location"] == "/me/notices/"
    (letter,) = box.letters
    assert letter["To"] == reviewer.email
    assert "test" in letter["Subject"].lower()
    assert "Sent. Look whether it is there." in page_of(signed_in, "/me/notices/")


def test_a_test_that_does_not_arrive_says_why_and_changes_nothing(
    signed_in: Client, reviewer: Person, settings: Any
) -> None:
    settings.ALLOW_PRIVATE_ADDRESSES = True
    with receiving(lambda: 500) as (receiver, url):
        hook = add(reviewer, reviewer, address=url)
        signed_in.post(f"/me/notices/{hook.pk}/test")
    assert receiver.came.qsize() == 1
    page = page_of(signed_in, f"/me/notices/{hook.pk}/")
    assert "The test did not arrive. It answered 500." in page
    hook.refresh_from_db()
    assert (hook.failing_since, hook.last_error, hook.disabled_at) == (None, "", None)


def test_many_tests_are_refused(reviewer: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channels, "MOST_TESTS", 0)
    hook = add(reviewer, reviewer)
    with pytest.raises(Conflict, match="Nothing was sent"):
        channels.send_test(channel=hook, actor=reviewer)


def test_hostile_names_stand_there_as_text(signed_in: Client, reviewer: Person) -> None:
    channels.add(
        holder=reviewer,
        kind="webhook",
        address=HOOK,
        name="<script>alert(1)</script>",
        wishes=wishes(),
        actor=reviewer,
    )
    Channel.objects.update(failing_since=clock.now(), last_error="<b>‮oops</b>")
    page = page_of(signed_in, "/me/notices/")
    assert "<script>alert" not in page
    assert "<b>‮" not in page
    assert "U+202E" in page
