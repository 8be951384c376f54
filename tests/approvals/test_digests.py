"""The day's digest: what waits, what happened besides, what was missed; else nothing."""

from datetime import timedelta
from typing import Any

import pytest

from agents_registry.models import ActionType, Agent, Person, Workflow
from approvals import review, stopping
from approvals.models import Action, Channel, Decision, Delivery
from approvals.notices import digests
from ledger import clock
from tests.approvals.told import create_channel, go_away, message, tell, waiting
from tests.factories import create_action, seen

pytestmark = pytest.mark.django_db


@pytest.fixture
def mine(reviewer: Person) -> Channel:
    """Everything once a day."""
    return create_channel(reviewer, own="digest", pools="digest")


def make_due(channel: Channel) -> int:
    Channel.objects.filter(pk=channel.pk).update(next_digest_at=clock.now())
    return digests.make_due()


def sent(channel: Channel) -> None:
    now = clock.now()
    Delivery.objects.filter(channel=channel, state="queued").update(state="sent", ended_at=now)


def due(action: Action, **later: float) -> None:
    at = clock.now() + timedelta(**later)
    Action.objects.filter(pk=action.pk).update(due_at=at, next_step_at=at)


def stop(workflow: Workflow, person: Person) -> Any:
    return stopping.stop(
        team=workflow.team,
        kind="workflow",
        target=str(workflow.pk),
        reason="It pays twice.",
        person=person,
    )


def test_a_digest_is_made_when_its_time_comes_and_the_next_one_is_set(mine: Channel) -> None:
    assert digests.make_due() == 0
    assert make_due(mine) == 1
    (delivery,) = waiting(mine)
    assert delivery.notice is None
    mine.refresh_from_db()
    assert mine.next_digest_at is not None
    assert mine.next_digest_at > clock.now()
    assert digests.make_due() == 0


def test_while_one_has_not_left_there_is_no_other(mine: Channel) -> None:
    make_due(mine)
    make_due(mine)
    assert len(waiting(mine)) == 1


def test_a_channel_that_is_off_gets_none(mine: Channel) -> None:
    Channel.objects.filter(pk=mine.pk).update(disabled_at=clock.now())
    assert make_due(mine) == 0


@pytest.mark.parametrize(
    ("own", "pools", "expected"),
    [("digest", "never", True), ("at_once", "digest", True), ("at_once", "never", False)],
)
def test_a_channel_has_a_next_digest_where_it_wants_one(
    reviewer: Person, own: str, pools: str, expected: bool
) -> None:
    channel = create_channel(reviewer, own=own, pools=pools)
    assert (digests.next_for(channel, clock.now()) is not None) == expected


def test_it_counts_what_waits_and_names_the_most_urgent(
    agent: Agent, refund: ActionType, mine: Channel
) -> None:
    late, soon, later = (create_action(agent, refund) for _ in range(3))
    due(late, hours=-1)
    due(soon, seconds=1)
    due(later, days=3)
    make_due(mine)
    mail = message(mine)
    assert mail
    assert mail.subject.startswith("Your work: 1 late")
    assert "1 due later" in mail.subject
    assert [line.url.rstrip("/")[-36:] for line in mail.lines] == [
        str(late.pk), str(soon.pk), str(later.pk),
    ]  # fmt: skip


def test_ten_are_named_and_the_rest_is_counted(
    agent: Agent, refund: ActionType, mine: Channel
) -> None:
    for _ in range(13):
        create_action(agent, refund)
    make_due(mine)
    mail = message(mine)
    assert mail
    assert len(mail.lines) == 10
    assert "and 3 more" in mail.text


def test_where_nothing_is_to_be_said_there_is_no_message(mine: Channel) -> None:
    make_due(mine)
    assert message(mine) is None


def test_another_teams_work_is_not_counted(
    agent: Agent, refund: ActionType, stranger: Person
) -> None:
    create_action(agent, refund)
    theirs = create_channel(stranger, own="digest", pools="digest")
    make_due(theirs)
    assert message(theirs) is None


@pytest.mark.parametrize(
    ("own", "pools", "expected"),
    [
        ("digest", "never", ["A-1"]),
        ("never", "digest", ["A-2"]),
        ("digest", "digest", ["A-1", "A-2"]),
    ],
)
def test_it_counts_only_what_its_owner_wants_to_hear_of(
    agent: Agent,
    refund: ActionType,
    reviewer: Person,
    own: str,
    pools: str,
    expected: list[str],
) -> None:
    for order in ("A-1", "A-2"):
        payload = {"order": order, "amount": 1, "currency": "USD"}
        action = create_action(agent, refund, payload=payload)
        due(action, hours=1 if order == "A-1" else 2)
        if order == "A-1":
            Action.objects.filter(pk=action.pk).update(assignee=reviewer)
    channel = create_channel(reviewer, own=own, pools=pools)
    make_due(channel)
    mail = message(channel)
    assert mail
    assert [line.sub[-3:] for line in mail.lines] == expected


def test_what_is_told_with_the_digest_is_told_once(workflow: Workflow, reviewer: Person) -> None:
    channel = create_channel(workflow.risk_owner, own="digest")
    stop(workflow, reviewer)
    tell()
    assert waiting(channel) == []
    make_due(channel)
    mail = message(channel)
    assert mail
    assert f"{workflow} is stopped" in mail.text
    sent(channel)
    make_due(channel)
    assert message(channel) is None


def test_what_was_told_at_once_is_not_told_again(workflow: Workflow, reviewer: Person) -> None:
    channel = create_channel(workflow.risk_owner, own="at_once", pools="digest")
    stop(workflow, reviewer)
    tell()
    sent(channel)
    make_due(channel)
    assert message(channel) is None


def test_who_is_away_gets_no_digest_and_afterwards_what_they_missed(
    action: Action, workflow: Workflow, reviewer: Person
) -> None:
    owner = workflow.risk_owner
    channel = create_channel(owner, own="at_once", pools="digest")
    absence = go_away(owner)
    review.approve(action_id=action.pk, person=reviewer, seen=seen(action), checked=["all"])
    Decision.objects.update(on_behalf_of=owner)
    make_due(channel)
    assert waiting(channel) == []
    type(absence).objects.filter(pk=absence.pk).update(ends_at=clock.now())
    make_due(channel)
    mail = message(channel)
    assert mail
    assert "1 decision was made in your place." in mail.text
    sent(channel)
    make_due(channel)
    assert message(channel) is None


def test_a_pools_digest_counts_what_waits_with_the_pool(
    agent: Agent, refund: ActionType, workflow: Workflow, reviewer: Person
) -> None:
    create_action(agent, refund)
    taken = create_action(agent, refund)
    Action.objects.filter(pk=taken.pk).update(assignee=reviewer)
    channel = create_channel(workflow.pool, pools="digest")
    make_due(channel)
    mail = message(channel)
    assert mail
    assert mail.subject.startswith("Reviewers: 1 due")
    assert len(mail.lines) == 1
    assert mail.url.endswith("/inbox/?view=pool")


def test_a_digest_and_what_is_told_at_once_leave_as_one_message(
    workflow: Workflow, reviewer: Person, action: Action
) -> None:
    channel = create_channel(workflow.risk_owner, own="at_once", pools="digest")
    stop(workflow, reviewer)
    tell()
    make_due(channel)
    assert len(waiting(channel)) == 2
    mail = message(channel)
    assert mail
    assert mail.text.count(f"{workflow} is stopped") == 1
