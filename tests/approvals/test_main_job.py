"""The main job through the verbs: staged, judged, decided, taken once, reported, on record."""

from datetime import timedelta

import pytest

from agents_registry.models import ActionType, Agent, Person
from approvals import answers, outcome, release, review, staging
from approvals.errors import Conflict
from approvals.models import Action, FollowUp, Lease
from approvals.states import State
from ledger import clock
from ledger.canonical import digest
from ledger.models import Event
from ledger.record import body_of
from tests.factories import create_action, create_read_type, propose, seen

pytestmark = pytest.mark.django_db


def report(agent: Agent, action: Action, lease_id: object, status: str = "succeeded") -> Action:
    return outcome.report(
        agent=agent, action_id=action.pk, lease_id=lease_id, status=status, body_digest="d"
    )


def events_of(action: Action) -> list[str]:
    return list(
        Event.objects.filter(stream=action.stream).order_by("seq").values_list("type", flat=True)
    )


def test_a_refund_waits_for_a_person_with_a_deadline(action: Action) -> None:
    assert (action.state, action.tier, action.mode) == ("pending", "mandatory", "approval_gated")
    assert action.due_at is not None
    assert action.due_at > action.created_at
    assert action.sentence == "Refund 120.00 USD for order A-1"


def test_an_approved_action_is_taken_once_and_its_outcome_recorded(
    agent: Agent, action: Action, reviewer: Person
) -> None:
    review.approve(action_id=action.pk, person=reviewer, seen=seen(action), checked=["amount"])
    taken = release.lease(agent=agent, action_id=action.pk)
    assert taken.payload == {"order": "A-1", "amount": 120, "currency": "USD"}
    assert digest(taken.payload) == taken.action.approved_digest
    assert taken.approved_by == [reviewer.username]
    with pytest.raises(Conflict) as refusal:
        release.lease(agent=agent, action_id=action.pk)
    assert refusal.value.code == "leased"
    assert report(agent, action, taken.lease.pk).state == State.SUCCEEDED
    assert events_of(action) == [
        "action.staged",
        "action.approved",
        "action.released",
        "action.succeeded",
    ]


def test_what_was_approved_is_what_is_released(
    agent: Agent, action: Action, reviewer: Person
) -> None:
    review.edit_and_approve(
        action_id=action.pk,
        person=reviewer,
        seen=seen(action),
        payload={"order": "A-1", "amount": 100, "currency": "USD"},
        checked=["amount"],
    )
    taken = release.lease(agent=agent, action_id=action.pk)
    assert taken.payload["amount"] == 100
    assert taken.edits == [{"op": "replace", "path": "/amount", "value": 100}]
    assert action.contents.get().payload["amount"] == 120
    seals = {
        event.type: body_of(event)["payload"]
        for event in Event.objects.filter(
            stream=action.stream, type__in=["action.approved", "action.released"]
        )
    }
    assert seals["action.approved"] == seals["action.released"]


def test_a_read_runs_alone_and_the_record_says_that_the_policy_approved(
    agent: Agent, refund: ActionType
) -> None:
    read = create_read_type(refund.workflow)
    action = create_action(agent, read, payload={"order": "A-1"}, before=None, trace=None)
    assert (action.state, action.tier) == ("approved", "autonomous")
    approved = Event.objects.get(stream=action.stream, type="action.approved")
    assert approved.actor == f"policy:{action.policy_revision}"
    assert release.lease(agent=agent, action_id=action.pk).approved_by == [approved.actor]


def test_a_failure_is_open_work_for_the_workflow_owner(
    agent: Agent, action: Action, reviewer: Person
) -> None:
    review.approve(action_id=action.pk, person=reviewer, seen=seen(action), checked=["amount"])
    taken = release.lease(agent=agent, action_id=action.pk)
    report(agent, action, taken.lease.pk, "failed")
    open_work = FollowUp.objects.get(action=action)
    assert (open_work.kind, open_work.assignee) == ("failed", action.workflow.workflow_owner)
    assert open_work.due_at > open_work.created_at


def test_the_same_outcome_twice_is_one_and_another_is_refused(
    agent: Agent, action: Action, reviewer: Person
) -> None:
    review.approve(action_id=action.pk, person=reviewer, seen=seen(action), checked=["amount"])
    taken = release.lease(agent=agent, action_id=action.pk)
    report(agent, action, taken.lease.pk)
    assert report(agent, action, taken.lease.pk).state == State.SUCCEEDED
    with pytest.raises(Conflict) as refusal:
        outcome.report(
            agent=agent,
            action_id=action.pk,
            lease_id=taken.lease.pk,
            status="failed",
            body_digest="other",
        )
    assert refusal.value.code == "outcome_differs"
    assert Lease.objects.get().outcome.status == "succeeded"


def test_a_decision_is_refused_when_the_content_changed(action: Action, reviewer: Person) -> None:
    page = seen(action)
    Action.objects.filter(pk=action.pk).update(revision=2)
    with pytest.raises(Conflict):
        review.approve(action_id=action.pk, person=reviewer, seen=page, checked=["amount"])
    assert Action.objects.get(pk=action.pk).state == State.PENDING
    assert not action.decisions.exists()


def test_undo_brings_an_approval_back_to_the_reviewers(
    agent: Agent, action: Action, reviewer: Person
) -> None:
    decision = review.approve(
        action_id=action.pk, person=reviewer, seen=seen(action), checked=["amount"]
    )
    review.undo(decision_id=decision.pk, person=reviewer)
    with pytest.raises(Conflict) as refusal:
        release.lease(agent=agent, action_id=action.pk)
    assert refusal.value.code == "not_approved"
    review.approve(action_id=action.pk, person=reviewer, seen=seen(action), checked=["amount"])
    taken = release.lease(agent=agent, action_id=action.pk)
    with pytest.raises(Conflict):
        review.undo(decision_id=action.decisions.latest("pk").pk, person=reviewer)
    assert taken.lease.fence == 1


def test_check_says_what_staging_would_and_stores_nothing(agent: Agent, refund: ActionType) -> None:
    answer = staging.check(agent=agent, proposal=propose(refund))
    assert answer["tier"] == "mandatory"
    assert not Action.objects.exists()


def test_what_cannot_be_taken_yet_does_not_hide_what_can(agent: Agent, refund: ActionType) -> None:
    read = create_read_type(refund.workflow)
    tomorrow = clock.now() + timedelta(days=1)
    create_action(agent, read, payload={"order": "A-1"}, not_before=tomorrow)
    ready = create_action(agent, read, payload={"order": "A-2"})
    taken = release.lease_next(agent=agent, workflow_slug=refund.workflow.slug, limit=1)
    assert [one.action.pk for one in taken] == [ready.pk]


def test_while_a_verdict_settles_the_agent_sees_it_pending_and_undo_is_certain(
    agent: Agent, refund: ActionType, reviewer: Person
) -> None:
    refund.settle_seconds = None
    refund.save()
    action = create_action(agent, refund)
    decision = review.approve(
        action_id=action.pk, person=reviewer, seen=seen(action), checked=["amount"]
    )
    action.refresh_from_db()
    assert answers.listed(action)["state"] == "pending"
    with pytest.raises(Conflict) as refusal:
        release.lease(agent=agent, action_id=action.pk)
    assert refusal.value.code == "not_approved"
    with clock.simulated(decision.created_at + timedelta(seconds=5)):
        assert answers.listed(action)["state"] == "approved"
        assert release.lease(agent=agent, action_id=action.pk).lease.fence == 1
