"""Steps that come to nothing while others take, stage and sweep: on real transactions."""

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction

from agents_registry.models import ActionType, Agent, Person, Workflow
from approvals import outcome, release, review, steps
from approvals.errors import Conflict
from approvals.models import Action, FollowUp
from approvals.states import State
from approvals.step_policy import CAME_TO_NOTHING, CAN_BE_HALTED
from ledger.models import Event, Unread
from tests.factories import create_action, create_desk, reviewer_of, seen
from tests.together import at_once

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 5


@pytest.fixture
def desk() -> tuple[Agent, Workflow, ActionType]:
    return create_desk()


@pytest.fixture
def person(workflow: Workflow) -> Person:
    return reviewer_of(workflow)


@pytest.fixture
def stage(agent: Agent, refund: ActionType) -> Callable[..., Action]:
    def stage(*on: Action) -> Action:
        return create_action(agent, refund, depends_on=[str(step.pk) for step in on])

    return stage


def reject(action: Action, person: Person) -> Any:
    return review.reject(action_id=action.pk, person=person, seen=seen(action), reason="policy")


def approve(action: Action, person: Person) -> None:
    review.approve(action_id=action.pk, person=person, seen=seen(action), checked=["x"])


def follow_until_nothing_is_left() -> None:
    while Unread.objects.filter(follower="steps").exists():
        steps.follow()


def nobody_hangs_on_nothing() -> bool:
    return not Action.objects.filter(
        state__in=CAN_BE_HALTED, waits_for__on__state__in=CAME_TO_NOTHING
    ).exists()


def test_two_steps_that_come_to_nothing_at_once_stop_what_hangs_on_both_once(
    stage: Callable[..., Action], person: Person
) -> None:
    for _ in range(ROUNDS):
        one, other = stage(), stage()
        waits = stage(one, other)
        below = stage(waits)
        at_once([partial(reject, one, person), partial(reject, other, person)])
        results = at_once([steps.follow] * 4)
        assert not [each for each in results if isinstance(each, Exception)]
        follow_until_nothing_is_left()
        for action in (waits, below):
            told = Event.objects.filter(stream=action.stream, type="action.withdrawn")
            assert told.count() == 1
        assert FollowUp.objects.filter(kind="halted", action__in=[one, other]).count() == 1


def test_the_sweep_running_twice_tries_a_failed_step_again_once(
    stage: Callable[..., Action], person: Person, workflow: Workflow
) -> None:
    Workflow.objects.filter(pk=workflow.pk).update(step_retries=1)
    for _ in range(ROUNDS):
        step = stage()
        stage(step)
        approve(step, person)
        taken = release.lease(agent=step.agent, action_id=step.pk)
        outcome.report(
            agent=step.agent, action_id=step.pk, lease_id=taken.lease.pk, status="failed",
            body_digest="d",
        )  # fmt: skip
        at_once([steps.follow] * 4)
        follow_until_nothing_is_left()
        assert Action.objects.filter(retry_of=step).count() == 1


@pytest.mark.parametrize("policy", ["halt", "go_on"])
def test_who_takes_while_the_step_ends_takes_only_what_may_be_done(
    policy: str, stage: Callable[..., Action], person: Person, workflow: Workflow
) -> None:
    Workflow.objects.filter(pk=workflow.pk).update(after_failed_step=policy)
    for _ in range(ROUNDS):
        step = stage()
        waits = stage(step)
        for action in (step, waits):
            approve(action, person)
        taken = release.lease(agent=step.agent, action_id=step.pk)

        def fail(step: Action = step, taken: release.Taken = taken) -> Any:
            return outcome.report(
                agent=step.agent, action_id=step.pk, lease_id=taken.lease.pk, status="failed",
                body_digest="d",
            )  # fmt: skip

        def take(waits: Action = waits) -> Any:
            return release.lease(agent=waits.agent, action_id=waits.pk)

        found = at_once([fail, take, steps.follow, take])
        follow_until_nothing_is_left()
        won = [each for each in found if isinstance(each, release.Taken)]
        waits.refresh_from_db()
        if policy == "halt":
            assert (won, waits.state) == ([], State.REVOKED)
        else:
            assert all(each.missing == [str(step.pk)] for each in won)
            assert len(won) == (waits.state == State.RELEASED)
        assert all(isinstance(found[place], release.Taken | Conflict) for place in (1, 3))


def test_what_is_staged_while_its_step_comes_to_nothing_is_refused_or_stopped(
    stage: Callable[..., Action], person: Person
) -> None:
    for _ in range(ROUNDS):
        step = stage()
        found = at_once(
            [
                partial(reject, step, person),
                *[partial(stage, step)] * 4,
                steps.follow,
            ]
        )
        odd = [each for each in found[1:5] if not isinstance(each, Action | Conflict)]
        assert not odd
        follow_until_nothing_is_left()
        assert nobody_hangs_on_nothing()


def test_a_step_stays_as_it_is_until_who_names_it_is_stored(
    stage: Callable[..., Action], person: Person
) -> None:
    step = stage()
    stored, tried = threading.Event(), threading.Event()

    def name_it() -> None:
        with transaction.atomic():
            stage(step)
            stored.set()
            assert tried.wait(60)

    def end_it() -> Any:
        assert stored.wait(60)
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '200ms'")
                return reject(step, person)
        finally:
            tried.set()

    _, ended = at_once([name_it, end_it])
    assert isinstance(ended, OperationalError), "it had to wait"
    reject(step, person)
    follow_until_nothing_is_left()
    assert nobody_hangs_on_nothing()
