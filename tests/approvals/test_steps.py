"""Actions that wait for others: what holds them back, and what follows when a step comes to
nothing."""

from collections.abc import Callable
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from agents_registry.models import ActionType, Agent, Person, Workflow
from approvals import (
    answers,
    closing,
    dependencies,
    outcome,
    release,
    review,
    rollback,
    staging,
    steps,
    sweep,
)
from approvals.errors import Conflict, Invalid
from approvals.models import Action, Dependency, FollowUp, Lease
from approvals.states import State
from approvals.step_policy import CAME_TO_NOTHING
from ledger import following, record
from ledger.models import Event
from tests.factories import (
    create_action,
    create_action_type,
    create_agent,
    create_desk,
    create_read_type,
    propose,
    seen,
)

pytestmark = pytest.mark.django_db

Stage = Callable[..., Action]
NOBODYS = "0193f000-0000-7000-8000-000000000000"


@pytest.fixture
def read(workflow: Workflow) -> ActionType:
    return create_read_type(workflow)


@pytest.fixture
def stage(agent: Agent, refund: ActionType) -> Stage:
    """Stages a refund that waits for these."""

    def stage(*steps: Action, action_type: ActionType = refund, **fields: Any) -> Action:
        return create_action(
            agent, action_type, depends_on=[str(step.pk) for step in steps], **fields
        )

    return stage


def approve(action: Action, person: Person) -> None:
    review.approve(action_id=action.pk, person=person, seen=seen(action), checked=["x"])


def reject(action: Action, person: Person) -> None:
    review.reject(action_id=action.pk, person=person, seen=seen(action), reason="policy")


def do(action: Action, person: Person, status: str = "succeeded") -> None:
    approve(action, person)
    finish(action, status)


def finish(action: Action, status: str) -> None:
    taken = release.lease(agent=action.agent, action_id=action.pk)
    outcome.report(
        agent=action.agent, action_id=action.pk, lease_id=taken.lease.pk, status=status,
        body_digest="d",
    )  # fmt: skip


def state(action: Action) -> str:
    return Action.objects.get(pk=action.pk).state


def take(action: Action) -> release.Taken:
    return release.lease(agent=action.agent, action_id=action.pk)


def take_next(action: Action) -> list[Action]:
    taken = release.lease_next(agent=action.agent, workflow_slug=action.workflow.slug, limit=10)
    return [one.action for one in taken]


def says(workflow: Workflow, **policy: Any) -> None:
    Workflow.objects.filter(pk=workflow.pk).update(**policy)


def retry_of(step: Action) -> Action:
    return Action.objects.get(retry_of=step)


def refused(action: Action) -> Conflict:
    with pytest.raises(Conflict) as caught:
        take(action)
    return caught.value


def events(action: Action) -> list[str]:
    return list(Event.objects.filter(stream=action.stream).values_list("type", flat=True))


# Waiting


def test_it_may_be_decided_while_it_waits_and_is_not_taken(stage: Stage, reviewer: Person) -> None:
    step = stage()
    waits = stage(step)
    approve(waits, reviewer)
    refusal = refused(waits)
    assert (refusal.code, refusal.facts["waiting_for"]) == ("waiting_for", [str(step.pk)])
    assert take_next(waits) == []
    do(step, reviewer)
    assert take(waits).missing == []


@pytest.mark.parametrize("held", [State.RELEASED, State.UNKNOWN, State.ROLLBACK_REQUESTED])
def test_a_step_that_somebody_still_has_to_say_something_of_is_waited_for(
    held: str, stage: Stage, reviewer: Person
) -> None:
    step = stage()
    waits = stage(step)
    approve(waits, reviewer)
    do(step, reviewer)
    Action.objects.filter(pk=step.pk).update(state=held)
    assert refused(waits).code == "waiting_for"


def test_of_several_steps_all_have_to_be_done(stage: Stage, reviewer: Person) -> None:
    one, other = stage(), stage()
    waits = stage(one, other)
    approve(waits, reviewer)
    do(one, reviewer)
    assert refused(waits).facts["waiting_for"] == [str(other.pk)]
    do(other, reviewer)
    assert take_next(waits) == [waits]


def test_the_queue_skips_what_waits_and_hides_nothing_behind_it(
    stage: Stage, reviewer: Person, agent: Agent, refund: ActionType
) -> None:
    step = stage()
    waiting = [stage(step) for _ in range(3)]
    free = stage()
    for action in [*waiting, free]:
        approve(action, reviewer)
    workflow = refund.workflow.slug
    (taken,) = release.lease_next(agent=agent, workflow_slug=workflow, limit=1)
    assert taken.action == free


def test_an_answered_and_a_taken_over_step_count_as_done(stage: Stage, reviewer: Person) -> None:
    step = stage()
    waits = stage(step)
    approve(waits, reviewer)
    review.take_over(action_id=step.pk, person=reviewer, seen=seen(step), comment="I call them")
    assert take(waits).action == waits


def test_what_needs_no_person_is_staged_and_not_taken_while_its_step_is_open(
    agent: Agent, read: ActionType, stage: Stage
) -> None:
    step = stage()
    proposal = propose(read, payload={"order": "A-1"}, depends_on=[str(step.pk)])
    staged = staging.stage(agent=agent, proposal=proposal, key=None, take=True)
    assert "release" not in staged.answer
    assert staged.answer["state"] == State.APPROVED
    assert staged.answer["depends_on"] == [{"id": str(step.pk), "state": "pending"}]


def test_a_list_says_of_each_what_it_waits_for_in_as_many_queries(
    stage: Stage, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    step = stage()
    for _ in range(3):
        stage(step)
    with django_assert_num_queries(2):
        rows = Action.objects.select_related("workflow", "action_type__send_window")
        told = [answers.listed(each) for each in rows.prefetch_related(dependencies.WAITS_FOR)]
    assert sum(len(each["depends_on"]) for each in told) == 3


# Naming steps


def test_only_the_agents_own_actions_can_be_named(
    stage: Stage, workflow: Workflow, refund: ActionType
) -> None:
    other = create_agent(workflow.team)
    workflow.agents.add(other)
    foreign = create_action(other, refund)
    elsewhere = create_action(create_desk()[0], ActionType.objects.latest("pk"))
    for step in (foreign, elsewhere):
        with pytest.raises(Invalid) as caught:
            stage(stage(), step)
        assert caught.value.code == "dependency_unknown"
        assert [fault.pointer for fault in caught.value.faults] == ["/depends_on/1"]


@pytest.mark.parametrize("policy", ["halt", "go_on"])
def test_a_step_that_came_to_nothing_is_refused_or_missing_as_the_workflow_says(
    policy: str, stage: Stage, reviewer: Person, workflow: Workflow
) -> None:
    says(workflow, after_rejected_step=policy)
    step = stage()
    staging.withdraw(agent=step.agent, action_id=step.pk)
    if policy == "halt":
        with pytest.raises(Conflict) as caught:
            stage(step)
        assert caught.value.code == "dependency_failed"
        assert Action.objects.count() == 1
        return
    waits = stage(step)
    steps.follow()
    approve(waits, reviewer)
    assert take(waits).missing == [str(step.pk)]


def test_naming_the_same_step_twice_is_naming_it_once(stage: Stage) -> None:
    step = stage()
    assert dependencies.steps_of(stage(step, step)) == [step]


def test_asking_whether_one_may_tells_of_the_steps_too_and_keeps_nothing(
    agent: Agent, refund: ActionType, action: Action
) -> None:
    staging.check(agent=agent, proposal=propose(refund, depends_on=[str(action.pk)]))
    with pytest.raises(Invalid, match="no such action"):
        staging.check(agent=agent, proposal=propose(refund, depends_on=[NOBODYS]))
    assert not Dependency.objects.exists()


# Halting


def test_a_rejected_step_stops_all_that_hangs_on_it_however_far(
    stage: Stage, reviewer: Person
) -> None:
    step = stage()
    child = stage(step)
    grandchild, other = stage(child), stage()
    approve(grandchild, reviewer)
    reject(step, reviewer)
    assert steps.follow() == 1
    assert [state(each) for each in (step, child, grandchild, other)] == [
        "rejected", "withdrawn", "revoked", "pending",
    ]  # fmt: skip


def test_the_owner_hears_of_it_once_at_the_step(stage: Stage, reviewer: Person) -> None:
    step = stage()
    for _ in range(3):
        stage(step)
    reject(step, reviewer)
    steps.follow()
    steps.follow()
    work = FollowUp.objects.get()
    assert (work.kind, work.action, work.assignee) == (
        "halted", step, step.workflow.workflow_owner,
    )  # fmt: skip
    assert events(step).count("action.step_halted") == 1
    choices = [value for value, _ in closing.choices(work, step.workflow.workflow_owner)]
    assert choices == ["hand_over", "close"]


def test_the_record_of_what_was_stopped_says_why(stage: Stage, reviewer: Person) -> None:
    step = stage()
    waits = stage(step)
    reject(step, reviewer)
    steps.follow()
    event = Event.objects.get(stream=waits.stream, type="action.withdrawn")
    body = record.body_of(event)
    assert (event.actor, body["why"], body["step"]) == ("system:steps", "step", str(step.pk))


def test_a_verdict_that_may_still_be_undone_stops_nobody_yet(
    stage: Stage, reviewer: Person, refund: ActionType
) -> None:
    ActionType.objects.filter(pk=refund.pk).update(settle_seconds=600)
    step = stage()
    waits = stage(step)
    reject(step, reviewer)
    assert steps.follow() == 0
    assert state(waits) == "pending"
    decision = step.decisions.get()
    review.undo(decision_id=decision.pk, person=reviewer)
    assert steps.follow() == 1
    assert state(waits) == "pending"


def test_what_was_sent_back_is_withdrawn_and_the_agent_owes_nothing(
    stage: Stage, reviewer: Person
) -> None:
    step = stage()
    waits = stage(step)
    review.ask_for_changes(
        action_id=waits.pk, person=reviewer, seen=seen(waits), comment="Which order?"
    )
    reject(step, reviewer)
    steps.follow()
    assert state(waits) == "withdrawn"
    assert not FollowUp.objects.filter(kind="changes_requested", closed_at=None).exists()


@pytest.mark.parametrize("end", ["failed", "rolled_back"])
def test_a_failed_and_a_rolled_back_step_stop_what_hangs_on_it(
    end: str, stage: Stage, reviewer: Person, workflow: Workflow
) -> None:
    says(workflow, after_rejected_step="go_on")
    step = stage()
    waits = stage(step)
    approve(waits, reviewer)
    do(step, reviewer, "failed" if end == "failed" else "succeeded")
    if end == "rolled_back":
        rollback.ask(action_id=step.pk, person=reviewer, reason="Wrong customer")
        outcome.report_rollback(agent=step.agent, action_id=step.pk, succeeded=True, error="")
    steps.follow()
    assert state(waits) == "revoked"


def test_what_was_taken_already_is_left_alone(stage: Stage, reviewer: Person) -> None:
    step = stage()
    taken = stage(step)
    approve(taken, reviewer)
    do(step, reviewer)
    take(taken)
    rollback.ask(action_id=step.pk, person=reviewer, reason="Wrong customer")
    outcome.report_rollback(agent=step.agent, action_id=step.pk, succeeded=True, error="")
    steps.follow()
    assert state(taken) == "released"
    assert not FollowUp.objects.filter(kind="halted").exists()


def test_an_unknown_step_that_a_person_settles_as_not_done_stops_what_hangs_on_it(
    stage: Stage, reviewer: Person, workflow: Workflow
) -> None:
    step = stage()
    waits = stage(step)
    approve(step, reviewer)
    take(step)
    Lease.objects.update(expires_at="2020-01-01T00:00:00Z")
    sweep.turn(["leases", "dependencies"])
    assert (state(step), state(waits)) == ("unknown", "pending")
    work = FollowUp.objects.get(kind="unknown")
    closing.close(
        follow_up_id=work.pk, person=workflow.system_owner, choice="it_was_not_done", reason="No"
    )
    sweep.turn(["dependencies"])
    assert state(waits) == "withdrawn"


def test_what_is_nobodys_step_comes_to_nothing_without_a_word(
    stage: Stage, reviewer: Person
) -> None:
    alone = stage()
    reject(alone, reviewer)
    assert steps.follow() == 1
    assert not FollowUp.objects.exists()


# Going on


def test_a_workflow_that_goes_on_says_what_is_missing(
    stage: Stage, reviewer: Person, workflow: Workflow
) -> None:
    says(workflow, after_failed_step="go_on")
    lost, kept = stage(), stage()
    waits = stage(lost, kept)
    approve(waits, reviewer)
    do(kept, reviewer)
    do(lost, reviewer, "failed")
    assert refused(waits).code == "waiting_for", "it may yet be tried again"
    assert take_next(waits) == []
    steps.follow()
    assert "action.gone_on" in events(waits)
    assert take(waits).missing == [str(lost.pk)]
    event = Event.objects.get(stream=waits.stream, type="action.released")
    assert record.body_of(event)["missing"] == [str(lost.pk)]
    assert not FollowUp.objects.filter(kind="halted").exists()


def test_going_on_without_one_still_waits_for_the_others(
    stage: Stage, reviewer: Person, workflow: Workflow
) -> None:
    says(workflow, after_rejected_step="go_on")
    lost, open_still = stage(), stage()
    waits = stage(lost, open_still)
    approve(waits, reviewer)
    reject(lost, reviewer)
    steps.follow()
    assert refused(waits).facts["waiting_for"] == [str(open_still.pk)]
    do(open_still, reviewer)
    (taken,) = release.lease_next(agent=waits.agent, workflow_slug=workflow.slug, limit=10)
    assert taken.missing == [str(lost.pk)]


# Trying again


def test_a_failed_step_is_tried_again_and_what_hangs_on_it_waits_for_the_retry(
    stage: Stage, reviewer: Person, workflow: Workflow
) -> None:
    says(workflow, step_retries=1)
    first = stage()
    step = stage(first)
    waits = stage(step)
    approve(waits, reviewer)
    do(first, reviewer)
    do(step, reviewer, "failed")
    steps.follow()
    again = retry_of(step)
    assert dependencies.steps_of(Action.objects.get(pk=waits.pk)) == [again]
    assert dependencies.steps_of(again) == [first]
    assert refused(waits).facts["waiting_for"] == [str(again.pk)]
    do(again, reviewer)
    assert take(waits).missing == []
    work = FollowUp.objects.get(kind="failed")
    assert (work.choice, work.closed_by) == ("retry", None)


@pytest.mark.parametrize("retries", [1, 2])
def test_it_is_tried_as_often_as_the_workflow_says_and_then_stops(
    retries: int, stage: Stage, reviewer: Person, workflow: Workflow
) -> None:
    says(workflow, step_retries=retries)
    step = stage()
    waits = stage(step)
    for _ in range(retries):
        do(step, reviewer, "failed")
        steps.follow()
        step = retry_of(step)
        assert state(waits) == "pending"
    do(step, reviewer, "failed")
    steps.follow()
    assert not Action.objects.filter(retry_of=step).exists()
    assert state(waits) == "withdrawn"
    assert FollowUp.objects.get(kind="halted").action == step


def test_what_cannot_be_tried_again_stops(
    stage: Stage, reviewer: Person, workflow: Workflow, refund: ActionType
) -> None:
    says(workflow, step_retries=3)
    other = create_action_type(workflow, "other")
    step = stage()
    waits = stage(step, action_type=other)
    do(step, reviewer, "failed")
    ActionType.objects.filter(pk=refund.pk).update(retired_at=step.created_at)
    steps.follow()
    assert state(waits) == "withdrawn"
    assert Action.objects.count() == 2


def test_what_a_person_lets_try_again_is_not_tried_again_beside_that(
    stage: Stage, reviewer: Person, workflow: Workflow
) -> None:
    says(workflow, step_retries=1)
    first = stage()
    step = stage(first)
    waits = stage(step)
    do(first, reviewer)
    do(step, reviewer, "failed")
    work = FollowUp.objects.get(kind="failed")
    owner = workflow.workflow_owner
    closing.close(follow_up_id=work.pk, person=owner, choice="retry", reason="Again")
    steps.follow()
    assert dependencies.steps_of(Action.objects.get(pk=waits.pk)) == [retry_of(step)]
    assert state(waits) == "pending"


def test_a_rolled_back_step_is_not_tried_again(
    stage: Stage, reviewer: Person, workflow: Workflow
) -> None:
    says(workflow, step_retries=1)
    step = stage()
    stage(step)
    do(step, reviewer)
    rollback.ask(action_id=step.pk, person=reviewer, reason="Wrong customer")
    outcome.report_rollback(agent=step.agent, action_id=step.pk, succeeded=True, error="")
    steps.follow()
    assert not Action.objects.filter(retry_of=step).exists()


def test_a_failure_that_nothing_hangs_on_is_not_tried_again(
    stage: Stage, reviewer: Person, workflow: Workflow
) -> None:
    says(workflow, step_retries=1)
    alone = stage()
    do(alone, reviewer, "failed")
    steps.follow()
    assert not Action.objects.filter(retry_of=alone).exists()


def test_who_names_a_step_that_was_tried_again_waits_for_the_retry(
    stage: Stage, reviewer: Person, workflow: Workflow
) -> None:
    says(workflow, step_retries=1)
    step = stage()
    stage(step)
    do(step, reviewer, "failed")
    steps.follow()
    assert dependencies.steps_of(stage(step)) == [retry_of(step)]


# The turn


@pytest.mark.parametrize("state", sorted(CAME_TO_NOTHING))
def test_the_record_tells_of_every_way_in_which_a_step_comes_to_nothing(state: str) -> None:
    assert f"action.{state}" in following.ONLY[dependencies.FOLLOWER]


def test_a_turn_of_the_sweep_sees_to_it_and_a_second_one_finds_nothing(
    stage: Stage, reviewer: Person
) -> None:
    step = stage()
    waits = stage(step)
    reject(step, reviewer)
    assert sweep.turn(["dependencies"]) == {"dependencies": 1}
    assert sweep.turn(["dependencies"])["dependencies"] <= 1, "the one that was withdrawn"
    assert sweep.turn(["dependencies"]) == {"dependencies": 0}
    assert state(waits) == "withdrawn"


def test_a_step_that_cannot_be_seen_to_holds_up_no_other(
    stage: Stage, reviewer: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, fine = stage(), stage()
    on_broken, on_fine = stage(broken), stage(fine)
    for step in (broken, fine):
        reject(step, reviewer)
    planned = steps._planned

    def fails(step: Action, tries_left: int) -> Any:
        if step == broken:
            raise ValueError("a fault")
        return planned(step, tries_left)

    monkeypatch.setattr(steps, "_planned", fails)
    assert steps.follow() == 1
    assert (state(on_broken), state(on_fine)) == ("pending", "withdrawn")
    monkeypatch.undo()
    steps.follow()
    assert state(on_broken) == "withdrawn"
