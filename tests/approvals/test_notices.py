"""Who is told what: from how things stand now, once, and never what they did themselves."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from agents_registry import change_requests, modes
from agents_registry.models import (
    ActionType,
    Agent,
    Membership,
    Person,
    Pool,
    Role,
    StopKind,
    Workflow,
)
from agents_registry.policy.findings import Mode
from approvals import addressing, deadlines, follow_ups, mistakes, review, stopping
from approvals.delivery import notices
from approvals.models import Action, Channel, Delivery, Notice
from approvals.notices import telling
from ledger import clock, following, record
from tests.approvals.told import create_channel, go_away, remind, tell, told, waiting
from tests.factories import create_action, create_desk, create_person, make_due, seen
from tests.together import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(workflow: Workflow) -> Person:
    return workflow.workflow_owner


@pytest.fixture
def manager(workflow: Workflow) -> Person:
    return create_person(team=workflow.team, role=Role.MANAGER)


@pytest.fixture
def colleague(workflow: Workflow, reviewer: Person) -> Person:
    person: Person = workflow.pool.people.exclude(pk=reviewer.pk).get()
    return person


def give(action: Action, person: Person | None) -> None:
    Action.objects.filter(pk=action.pk).update(assignee=person)


def escalate(action: Action) -> None:
    make_due(action)
    deadlines.sweep_steps()


def test_what_waits_with_a_pool_is_told_to_the_pool_once(
    action: Action, workflow: Workflow, reviewer: Person
) -> None:
    tell()
    assert told(workflow.pool) == ["asked"]
    assert told(reviewer) == []
    tell()
    assert Notice.objects.count() == 1


def test_what_waits_with_another_pool_is_told_to_that_one(
    action: Action, workflow: Workflow
) -> None:
    legal = Pool.objects.create(team=workflow.team, slug="legal", name="Legal")
    Action.objects.filter(pk=action.pk).update(pool=legal)
    tell()
    assert (told(legal), told(workflow.pool)) == (["asked"], [])


def test_what_is_addressed_to_a_person_is_told_to_that_person_alone(
    action: Action, workflow: Workflow, reviewer: Person
) -> None:
    give(action, reviewer)
    tell()
    assert (told(reviewer), told(workflow.pool)) == (["asked"], [])


def test_what_was_decided_before_anybody_heard_is_told_to_nobody(
    action: Action, reviewer: Person
) -> None:
    review.approve(action_id=action.pk, person=reviewer, seen=seen(action), checked=["all"])
    tell()
    assert not Notice.objects.exists()
    assert not following.unheard("notices").exists()


def test_staged_reminded_and_escalated_in_one_turn_is_one_notice_of_where_it_is_now(
    action: Action, workflow: Workflow, owner: Person
) -> None:
    remind(action)
    escalate(action)
    tell()
    assert (told(owner), told(workflow.pool)) == (["asked"], [])
    assert Notice.objects.get().about["step"] == 1


def test_a_reminder_is_told_to_whoever_heard_before_once_for_each(
    action: Action, workflow: Workflow
) -> None:
    tell()
    for _ in range(2):
        remind(action)
        tell()
    tell()
    assert told(workflow.pool) == ["asked", "reminded", "reminded"]


def test_a_reminder_in_the_same_turn_as_the_first_word_is_no_second_notice(
    action: Action, workflow: Workflow
) -> None:
    remind(action)
    tell()
    assert told(workflow.pool) == ["asked"]


def test_the_next_person_of_the_chain_is_told(action: Action, owner: Person) -> None:
    tell()
    escalate(action)
    tell()
    assert told(owner) == ["asked"]


def test_a_new_revision_is_told_again(action: Action, workflow: Workflow) -> None:
    tell()
    action.refresh_from_db()
    Action.objects.filter(pk=action.pk).update(revision=2)
    remind_of_revision(action)
    assert told(workflow.pool) == ["asked", "asked"]


def remind_of_revision(action: Action) -> None:
    """The event by which the follower looks at it again."""
    from_record(action, "action.revised", "agent:1")
    tell()


def from_record(action: Action, type: str, actor: str) -> None:
    with transaction.atomic():
        record.append(
            scope=str(action.team_id), stream=action.stream, type=type, actor=actor, body={}
        )


def test_what_is_held_is_told_to_its_owner_as_held(
    agent: Agent, refund: ActionType, workflow: Workflow, owner: Person
) -> None:
    workflow.chain.fallback = "hold"
    workflow.chain.stages = []
    workflow.chain.save()
    action = create_action(agent, refund)
    escalate(action)
    tell()
    assert told(owner) == ["held"]


def test_who_takes_it_is_not_told_what_they_did(
    action: Action, workflow: Workflow, reviewer: Person
) -> None:
    addressing.claim(action_id=action.pk, person=reviewer, seen=seen(action))
    tell()
    assert (told(reviewer), told(workflow.pool)) == ([], [])


def test_who_gets_it_from_a_colleague_is_told(
    action: Action, reviewer: Person, colleague: Person
) -> None:
    tell()
    review.reassign(
        action_id=action.pk, person=reviewer, seen=seen(action), to=colleague, comment="yours"
    )
    tell()
    assert (told(reviewer), told(colleague)) == ([], ["asked"])


def test_who_gives_it_back_hears_nothing_over_their_own_channel(
    action: Action, reviewer: Person, colleague: Person
) -> None:
    mine, theirs = create_channel(reviewer), create_channel(colleague)
    addressing.claim(action_id=action.pk, person=reviewer, seen=seen(action))
    addressing.give_back(action_id=action.pk, person=reviewer, seen=seen(action))
    tell()
    assert (len(waiting(mine)), len(waiting(theirs))) == (0, 1)
    assert Notice.objects.get().about["by"] == reviewer.pk


def test_who_asked_for_it_hears_nothing_over_their_own_channel(
    agent: Agent, refund: ActionType, reviewer: Person, colleague: Person
) -> None:
    mine, theirs = create_channel(reviewer), create_channel(colleague)
    create_action(agent, refund, requested_by=reviewer.email)
    tell()
    assert (len(waiting(mine)), len(waiting(theirs))) == (0, 1)


def test_who_is_away_is_not_told(action: Action, reviewer: Person) -> None:
    give(action, reviewer)
    go_away(reviewer)
    tell()
    assert told(reviewer) == []


def test_who_is_away_hears_nothing_of_their_pool(
    action: Action, reviewer: Person, colleague: Person
) -> None:
    mine, theirs = create_channel(reviewer), create_channel(colleague)
    go_away(reviewer)
    tell()
    assert (len(waiting(mine)), len(waiting(theirs))) == (0, 1)


def test_what_happened_more_than_a_day_ago_is_no_news(agent: Agent, refund: ActionType) -> None:
    with clock.simulated(clock.now() - timedelta(days=1, minutes=1)):
        create_action(agent, refund)
    tell()
    assert not Notice.objects.exists()
    assert not following.unheard("notices").exists()


def test_open_work_is_told_to_whose_it_is_and_again_when_it_moves(
    action: Action, owner: Person, manager: Person
) -> None:
    work = follow_ups.open_for(action=action, kind="failed")
    from_record(action, "action.failed", "agent:1")
    tell()
    assert told(owner) == ["follow_up"]
    type(work).objects.filter(pk=work.pk).update(assignee=manager)
    from_record(action, "follow_up.handed_on", "system:leaving")
    tell()
    assert (told(owner), told(manager)) == (["follow_up"], ["follow_up"])


def test_open_work_that_is_closed_already_is_told_to_nobody(action: Action, owner: Person) -> None:
    follow_ups.open_for(action=action, kind="failed")
    follow_ups.close_open(action=action, kind="failed", reason="done")
    from_record(action, "action.failed", "agent:1")
    tell()
    assert told(owner) == []


def test_who_reports_a_mistake_is_not_told_of_it(action: Action, owner: Person) -> None:
    follow_ups.open_for(action=action, kind="mistake")
    from_record(action, mistakes.REPORTED, f"person:{owner.pk}")
    tell()
    assert told(owner) == []


def test_a_stop_is_told_to_the_owners_and_managers_but_not_to_who_pressed_it(
    workflow: Workflow, owner: Person, manager: Person, reviewer: Person
) -> None:
    stop(workflow, manager)
    tell()
    people = workflow.owners().values()
    assert [told(person) for person in people] == [["stopped"]] * 4
    assert (told(manager), told(reviewer)) == ([], [])


def stop(workflow: Workflow, person: Person) -> Any:
    return stopping.stop(
        team=workflow.team,
        kind=StopKind.WORKFLOW,
        target=str(workflow.pk),
        reason="It pays twice.",
        person=person,
    )


def test_one_person_in_two_roles_is_told_once(workflow: Workflow, owner: Person) -> None:
    workflow.system_owner = owner
    workflow.save()
    Membership.objects.filter(person=owner).update(role=Role.MANAGER)
    stop(workflow, workflow.risk_owner)
    tell()
    assert told(owner) == ["stopped"]


def test_the_end_of_a_stop_is_told_to_who_heard_of_it_and_who_pressed_it(
    workflow: Workflow, owner: Person, reviewer: Person
) -> None:
    pressed = stop(workflow, reviewer)
    tell()
    stopping.resume(stop_id=pressed.pk, person=workflow.risk_owner, note="Mended.")
    tell()
    assert (told(owner), told(reviewer)) == (["stopped", "resumed"], ["resumed"])
    assert told(workflow.risk_owner) == ["stopped"]


def test_a_stop_that_is_over_before_anybody_heard_is_told_only_to_who_pressed_it(
    workflow: Workflow, owner: Person, reviewer: Person
) -> None:
    pressed = stop(workflow, reviewer)
    stopping.resume(stop_id=pressed.pk, person=workflow.risk_owner, note="A mistake.")
    tell()
    assert (told(owner), told(reviewer)) == ([], ["resumed"])


def test_a_lowered_mode_is_told_to_who_reviews_it(workflow: Workflow, refund: ActionType) -> None:
    lowered = modes.lower(
        action_type=refund,
        to=Mode.DRAFT_ONLY,
        rule="window:errors",
        because="Too many failed.",
        reviewer=workflow.risk_owner,
        actor="agent:1",
    )
    assert lowered
    tell()
    assert told(workflow.risk_owner) == ["downgraded"]


def test_a_change_request_is_told_to_whoever_may_sign_it(
    workflow: Workflow, owner: Person, manager: Person
) -> None:
    ask(workflow, owner, takes="risk_owner")
    tell()
    assert told(workflow.risk_owner) == ["signature"]
    assert (told(owner), told(manager), told(workflow.system_owner)) == ([], [], [])


def test_a_second_person_may_be_many_but_not_the_author(
    workflow: Workflow, owner: Person, manager: Person, reviewer: Person
) -> None:
    ask(workflow, owner, takes="second_person")
    tell()
    assert (told(workflow.risk_owner), told(manager)) == (["signature"], ["signature"])
    assert (told(owner), told(reviewer)) == ([], [])


def ask(workflow: Workflow, author: Person, *, takes: str) -> None:
    with transaction.atomic():
        change_requests.ask(
            team=workflow.team,
            place=("workflows", workflow.slug, "action_types", "refund"),
            row={"mode": "auto_executed"},
            base="x",
            takes=takes,
            author=author,
            reason="It has been right for a month.",
        )


def test_who_is_named_to_stand_in_is_told(reviewer: Person, colleague: Person) -> None:
    away(reviewer, colleague, actor=reviewer)
    tell()
    assert (told(colleague), told(reviewer)) == (["delegated"], [])


def test_who_named_themselves_to_stand_in_is_not_told(reviewer: Person, colleague: Person) -> None:
    away(reviewer, colleague, actor=colleague)
    tell()
    assert told(colleague) == []


def away(person: Person, delegate: Person, *, actor: Person) -> None:
    """As the verb writes it; its limits are for its own tests."""
    absence = go_away(person, delegate=delegate, set_by=actor)
    team = person.teams.get()
    with transaction.atomic():
        record.append(
            scope=str(team.pk),
            stream=f"person:{person.pk}",
            type="absence.set",
            actor=f"person:{actor.pk}",
            body={"absence": absence.pk},
        )


def test_a_mailbox_is_made_when_it_is_first_needed_where_mail_is_sent(
    action: Action, reviewer: Person, settings: Any
) -> None:
    settings.EMAIL_HOST = "mail.example.com"
    give(action, reviewer)
    tell()
    mailbox = Channel.objects.get(person=reviewer)
    assert (mailbox.kind, mailbox.address, mailbox.own, mailbox.pools) == (
        "email", "", "at_once", "digest",
    )  # fmt: skip
    assert mailbox.next_digest_at is not None
    assert len(waiting(mailbox)) == 1


@pytest.mark.parametrize(("host", "address"), [("", "kim@example.com"), ("mail.example.com", "")])
def test_without_a_server_or_an_address_there_is_no_mailbox(
    action: Action, reviewer: Person, settings: Any, host: str, address: str
) -> None:
    settings.EMAIL_HOST = host
    Person.objects.filter(pk=reviewer.pk).update(email=address)
    give(action, reviewer)
    tell()
    assert told(reviewer) == ["asked"]
    assert not Delivery.objects.exists()


def test_a_mailbox_is_not_used_once_no_mail_is_sent(action: Action, reviewer: Person) -> None:
    mailbox = create_channel(reviewer, kind="email", address="")
    give(action, reviewer)
    tell()
    assert waiting(mailbox) == []


@pytest.mark.parametrize(
    ("own", "pools", "by_name", "expected"),
    [
        ("at_once", "digest", True, 1),
        ("at_once", "digest", False, 0),
        ("digest", "at_once", True, 0),
        ("digest", "at_once", False, 1),
        ("never", "never", True, 0),
    ],
)
def test_a_channel_gets_at_once_what_its_owner_wants_at_once(
    action: Action, reviewer: Person, own: str, pools: str, by_name: bool, expected: int
) -> None:
    channel = create_channel(reviewer, own=own, pools=pools)
    if by_name:
        give(action, reviewer)
    tell()
    assert len(waiting(channel)) == expected


def test_the_channel_of_a_pool_hears_of_its_work(action: Action, workflow: Workflow) -> None:
    channel = create_channel(workflow.pool)
    tell()
    assert len(waiting(channel)) == 1


def test_a_channel_that_is_switched_off_hears_nothing(action: Action, workflow: Workflow) -> None:
    channel = create_channel(workflow.pool, disabled_at=clock.now())
    tell()
    assert waiting(channel) == []


def test_in_quiet_hours_it_waits_until_they_end(action: Action, reviewer: Person) -> None:
    now = clock.now()
    channel = create_channel(
        reviewer,
        quiet_from=(now - timedelta(hours=1)).time(),
        quiet_until=(now + timedelta(hours=1)).time(),
    )
    tell()
    (delivery,) = waiting(channel)
    assert abs(delivery.due_at - (now + timedelta(hours=1))) < timedelta(minutes=1)


def test_two_hundred_events_cost_as_many_queries_as_two(
    agent: Agent, refund: ActionType, workflow: Workflow
) -> None:
    create_channel(workflow.pool)
    counts = []
    for many in (2, 20):
        for _ in range(many):
            create_action(agent, refund)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert notices.tell() == many
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert Notice.objects.count() == Delivery.objects.count() == 22


def test_a_turn_that_fails_is_told_in_the_next_one(
    action: Action, workflow: Workflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_channel(workflow.pool)
    queue = telling._deliveries

    def die(*given: Any) -> Any:
        raise SystemExit

    monkeypatch.setattr(telling, "_deliveries", die)
    with pytest.raises(SystemExit):
        notices.tell()
    assert not Notice.objects.exists()
    monkeypatch.setattr(telling, "_deliveries", queue)
    tell()
    assert told(workflow.pool) == ["asked"]
    assert Delivery.objects.count() == 1


def test_an_event_that_is_heard_of_twice_is_told_once(action: Action, workflow: Workflow) -> None:
    create_channel(workflow.pool)
    tell()
    from_record(action, "action.staged", "agent:1")
    tell()
    assert told(workflow.pool) == ["asked"]
    assert Delivery.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_several_followers_at_once_tell_each_thing_once() -> None:
    agent, workflow, refund = create_desk()
    create_channel(workflow.pool)
    person = workflow.workflow_owner
    create_channel(person)
    actions = [create_action(agent, refund) for _ in range(30)]
    for action in actions[:10]:
        escalate(action)
    for action in actions[10:20]:
        from_record(action, "action.handed_on", "system:leaving")
    results = at_once([lambda: [notices.tell(limit=7) for _ in range(12)]] * 4)
    assert all(isinstance(each, list) for each in results), results
    tell()
    assert not following.unheard("notices").exists()
    assert told(person) == ["asked"] * 10
    assert told(workflow.pool) == ["asked"] * 20
    assert Delivery.objects.count() == 30


def test_an_event_that_cannot_be_told_of_keeps_nobody_from_hearing_of_the_others(
    action: Action, workflow: Workflow
) -> None:
    with transaction.atomic():
        record.append(
            scope=str(workflow.team_id),
            stream="action:nonsense",
            type="action.staged",
            actor="system:test",
            body={},
        )
    tell()
    assert told(workflow.pool) == ["asked"]
    assert not following.unheard("notices").exists()
