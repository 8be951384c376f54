"""Many at once on real transactions: exactly one wins, and everybody else is told kindly."""

import threading
from collections import Counter
from typing import Any

import pytest

from agents_registry.models import Person, Workflow
from approvals import deadlines, release, review, staging, stopping
from approvals.errors import Conflict, Stopped
from approvals.models import Action, Decision, Lease
from approvals.states import State
from ledger.models import Event
from tests.factories import (
    create_action,
    create_desk,
    create_person,
    create_read_type,
    make_due,
    propose,
    seen,
)
from tests.together import at_once

pytestmark = pytest.mark.django_db(transaction=True)

THREADS = 12


def reviewers(workflow: Workflow, count: int) -> list[Person]:
    people = [create_person(team=workflow.team) for _ in range(count)]
    workflow.pool.people.add(*people)
    return people


def test_of_many_who_approve_at_once_one_wins_and_the_others_get_a_conflict() -> None:
    agent, workflow, refund = create_desk()
    people = reviewers(workflow, THREADS)
    for _ in range(3):
        action = create_action(agent, refund)
        page = seen(action)

        def approve(person: Person, action: Action = action, page: Any = page) -> Decision:
            return review.approve(action_id=action.pk, person=person, seen=page, checked=["x"])

        results = at_once([lambda person=person: approve(person) for person in people])
        assert Counter(type(r) for r in results) == {Decision: 1, Conflict: THREADS - 1}
        assert Decision.objects.filter(action=action).count() == 1
        assert Event.objects.filter(stream=action.stream, type="action.approved").count() == 1


def test_approve_and_reject_at_once_leave_one_decision_that_matches_the_state() -> None:
    agent, workflow, refund = create_desk()
    one, other = reviewers(workflow, 2)
    for _ in range(5):
        action = create_action(agent, refund)
        page = seen(action)
        at_once(
            [
                lambda action=action, page=page: review.approve(
                    action_id=action.pk, person=one, seen=page, checked=["x"]
                ),
                lambda action=action, page=page: review.reject(
                    action_id=action.pk, person=other, seen=page, reason="tone"
                ),
            ]
        )
        decision = Decision.objects.get(action=action)
        assert Action.objects.get(pk=action.pk).state == decision.verdict


def test_one_key_posted_by_many_at_once_makes_one_action() -> None:
    agent, _, refund = create_desk()
    proposal = propose(refund)
    results = at_once([lambda: staging.stage(agent=agent, proposal=proposal, key="same")] * THREADS)
    assert {result.answer["id"] for result in results} == {str(Action.objects.get().pk)}
    assert sum(not result.replayed for result in results) == 1


def test_many_takers_of_one_queue_never_hold_the_same_action() -> None:
    agent, workflow, _ = create_desk()
    read = create_read_type(workflow)
    for _ in range(30):
        create_action(agent, read, payload={"order": "A-1"})

    def take_all() -> list[str]:
        mine: list[str] = []
        while batch := release.lease_next(agent=agent, workflow_slug=workflow.slug, limit=3):
            mine += [str(taken.action.pk) for taken in batch]
        return mine

    taken = [pk for mine in at_once([take_all] * 4) for pk in mine]
    assert len(taken) == len(set(taken)) == Lease.objects.count()
    assert Action.objects.filter(state=State.RELEASED).count() == len(taken)


def test_two_sweeps_at_once_take_each_step_once() -> None:
    agent, _, refund = create_desk()
    actions = [create_action(agent, refund) for _ in range(20)]
    for action in actions:
        make_due(action)
    assert sum(at_once([deadlines.sweep_steps] * 4)) == 20
    assert Event.objects.filter(type="action.escalated").count() == 20
    assert set(Action.objects.values_list("step", flat=True)) == {1}


def test_nothing_is_released_after_a_stop_returned() -> None:
    agent, workflow, _ = create_desk()
    read = create_read_type(workflow)
    waiting = [create_action(agent, read, payload={"order": "A-1"}) for _ in range(20)]
    stopped = threading.Event()

    def stop() -> None:
        stopping.stop(
            team=workflow.team,
            kind="workflow",
            target=str(workflow.pk),
            reason="enough",
            person=workflow.risk_owner,
        )
        stopped.set()

    def take() -> int:
        taken_after = 0
        for action in waiting:
            was_stopped = stopped.is_set()
            try:
                release.lease(agent=agent, action_id=action.pk)
            except (Conflict, Stopped):
                continue
            taken_after += was_stopped
        return taken_after

    assert at_once([stop, take, take])[1:] == [0, 0]
