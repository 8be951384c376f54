"""The record of an action: chained, sealed, append-only, and true to the table of the states."""

import json
from datetime import timedelta
from itertools import pairwise

import pytest
from django.db import DatabaseError, transaction

from agents_registry.models import ActionType, Agent, Person
from approvals import deadlines, outcome, release, review, staging
from approvals.models import Action
from approvals.proposals import Revised
from approvals.states import State, can_move
from ledger import canonical, clock, record
from ledger.models import Event, SealedText
from tests.factories import create_action, create_read_type, seen

pytestmark = pytest.mark.django_db

PAYLOAD = {"order": "A-2", "amount": 80, "currency": "USD"}


@pytest.fixture
def travelled(agent: Agent, action: Action, reviewer: Person) -> Action:
    """Sent back, revised, approved, undone, edited, taken, failed."""
    review.ask_for_changes(
        action_id=action.pk, person=reviewer, seen=seen(action), comment="Say why Ada is owed it."
    )
    revised = Revised(payload=PAYLOAD, before={"amount": 0}, trace={"model": "test"})
    staging.revise(agent=agent, action_id=action.pk, revised=revised)
    decision = review.approve(
        action_id=action.pk, person=reviewer, seen=seen(action), checked=["amount"]
    )
    review.undo(decision_id=decision.pk, person=reviewer)
    review.edit_and_approve(
        action_id=action.pk,
        person=reviewer,
        seen=seen(action),
        payload={**PAYLOAD, "amount": 70},
        checked=["amount"],
    )
    taken = release.lease(agent=agent, action_id=action.pk)
    outcome.report(
        agent=agent,
        action_id=action.pk,
        lease_id=taken.lease.pk,
        status="failed",
        body_digest="d",
        error="The bank said no to Ada",
    )
    return action


def contents_of(action: Action) -> list[dict[str, object]]:
    events = Event.objects.filter(stream=action.stream).order_by("seq")
    return [json.loads(bytes(event.content)) for event in events]


def assert_follows_the_table(action: Action) -> None:
    """Replaying the moves in the record leads through the table to the state of the row."""
    state = None
    for content in contents_of(action):
        body = content["body"]
        assert isinstance(body, dict)
        if body.get("to") in set(State) and "from" in body:
            assert body["from"] == state, content
            assert can_move(state and State(state), State(body["to"])), content
            state = body["to"]
    assert state == Action.objects.get(pk=action.pk).state


def test_every_event_holds_the_leaf_of_the_one_before(travelled: Action) -> None:
    events = list(Event.objects.filter(stream=travelled.stream).order_by("seq"))
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    for before, after in pairwise(events):
        assert json.loads(bytes(after.content))["prev"] == bytes(before.leaf).hex()
    for event in events:
        assert canonical.leaf(bytes(event.content)) == bytes(event.leaf)


def test_the_moves_on_record_follow_the_table(travelled: Action) -> None:
    assert_follows_the_table(travelled)


def test_what_the_policy_approves_follows_the_table_too(agent: Agent, refund: ActionType) -> None:
    read = create_read_type(refund.workflow)
    action = create_action(agent, read, payload={"order": "A-1"})
    assert_follows_the_table(action)
    refund.verb, refund.changes_terms = "delete", True
    refund.save()
    assert_follows_the_table(create_action(agent, refund))


def test_a_lease_that_ran_out_follows_the_table(
    agent: Agent, action: Action, reviewer: Person
) -> None:
    review.approve(action_id=action.pk, person=reviewer, seen=seen(action), checked=["x"])
    taken = release.lease(agent=agent, action_id=action.pk, seconds=1)
    with clock.simulated(taken.lease.expires_at + timedelta(seconds=1)):
        deadlines.sweep_leases()
    assert_follows_the_table(action)


def test_no_revision_is_approved_by_itself(
    agent: Agent, refund: ActionType, reviewer: Person
) -> None:
    refund.thresholds = [
        {"metric": "spend_delta", "operator": ">", "limit": "50", "currency": "USD",
         "effect": {"raise_to": "mandatory"}}
    ]  # fmt: skip
    refund.verb, refund.authority_level = "write", "system_write_back"
    refund.blast_radius, refund.reversibility = "low", "reversible"
    refund.mode = "auto_executed"
    refund.save()
    action = create_action(agent, refund)
    review.ask_for_changes(
        action_id=action.pk, person=reviewer, seen=seen(action), comment="Less, please."
    )
    small = Revised(payload={**PAYLOAD, "amount": 5}, before={"amount": 0}, trace={"model": "t"})
    staging.revise(agent=agent, action_id=action.pk, revised=small)
    after = Action.objects.get(pk=action.pk)
    assert (after.state, after.tier) == (State.PENDING, "batch_review")
    assert_follows_the_table(action)


def test_no_event_holds_what_people_or_customers_wrote(travelled: Action) -> None:
    everything = json.dumps(contents_of(travelled))
    for words in ("Ada", "A-2", "bank", "Say why"):
        assert words not in everything
    assert "Say why" in str([record.body_of(event) for event in Event.objects.all()])


def test_erasing_the_words_leaves_the_chain_whole(travelled: Action) -> None:
    SealedText.objects.update(salt=None, value=None)
    test_every_event_holds_the_leaf_of_the_one_before(travelled)


@pytest.mark.parametrize("change", [{"actor": "nobody"}, {"content": b"{}"}, {"seq": 99}])
def test_the_database_refuses_to_change_or_remove_an_event(
    action: Action, change: dict[str, object]
) -> None:
    event = Event.objects.filter(stream=action.stream)
    with pytest.raises(DatabaseError), transaction.atomic():
        event.update(**change)
    with pytest.raises(DatabaseError), transaction.atomic():
        event.delete()
    event.update(index=7)
