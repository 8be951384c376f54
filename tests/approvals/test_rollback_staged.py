"""A rollback that is an action of its own: judged, decided, done, and carried over."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client

from agents_registry.models import ActionType, Agent, Person, Workflow
from approvals import closing, deadlines, outcome, review, rollback, rollback_ends, staging
from approvals.errors import Conflict, Invalid
from approvals.models import Action, FollowUp, Purpose
from approvals.states import State
from ledger import record
from ledger.models import Event
from tests.approvals.undone import (
    AFTER,
    BEFORE,
    approve,
    create_alone,
    create_done,
    create_way_back,
    now,
    report,
    second_reviewer,
    undoing,
)
from tests.factories import create_action, make_due, seen

pytestmark = pytest.mark.django_db


@pytest.fixture
def charge(refund: ActionType) -> ActionType:
    return create_way_back(refund)


@pytest.fixture
def done(agent: Agent, refund: ActionType, charge: ActionType, reviewer: Person) -> Action:
    return create_done(agent, refund, reviewer, run_id="r", trace={"trace_id": "a" * 32})


def ask(action: Action, person: Person) -> Action:
    return rollback.ask(action_id=action.pk, person=person, reason="The wrong customer")


def asked(action: Action, person: Person) -> Action:
    ask(action, person)
    return undoing(action)


def open_kinds(action: Action) -> list[str]:
    work = FollowUp.objects.filter(action=action, closed_at__isnull=True)
    return sorted(work.values_list("kind", flat=True))


def test_what_undoes_it_is_staged_from_what_is_known_of_it(
    done: Action, reviewer: Person, charge: ActionType
) -> None:
    staged = asked(done, reviewer)
    content = staged.contents.get()
    assert staged.action_type == charge
    assert content.payload == {
        "order": "A-1", "amount": 120, "receipt": "R-9", "reason": "rollback"
    }  # fmt: skip
    assert content.before == AFTER
    assert (staged.agent, staged.run_id, staged.trace_id) == (done.agent, "r", "a" * 32)
    assert staged.requested_by == reviewer.email
    assert "The wrong customer" in content.handoff["trigger"]
    assert now(done).state == State.ROLLBACK_REQUESTED


def test_it_has_a_tier_and_a_deadline_of_its_own_and_a_person_decides_it(
    done: Action, reviewer: Person
) -> None:
    staged = asked(done, reviewer)
    assert staged.state == State.PENDING
    assert staged.tier == "mandatory"
    assert staged.due_at is not None


def test_whoever_asked_does_not_decide_it(
    done: Action, reviewer: Person, workflow: Workflow
) -> None:
    staged = asked(done, reviewer)
    with pytest.raises(PermissionDenied):
        approve(staged, reviewer)
    approve(staged, second_reviewer(workflow))
    assert now(staged).state == State.APPROVED


def test_an_edit_of_the_original_is_what_is_undone(
    agent: Agent, refund: ActionType, charge: ActionType, reviewer: Person
) -> None:
    action = create_action(agent, refund, before=BEFORE)
    review.edit_and_approve(
        action_id=action.pk, person=reviewer, seen=seen(action), checked=["x"], comment="less",
        payload={"order": "A-1", "amount": 80, "currency": "USD"},
    )  # fmt: skip
    report(agent, action, after=AFTER)
    assert asked(action, reviewer).contents.get().payload["amount"] == 80


def test_done_it_is_rolled_back(
    done: Action, agent: Agent, reviewer: Person, workflow: Workflow
) -> None:
    staged = asked(done, reviewer)
    approve(staged, second_reviewer(workflow))
    report(agent, staged, after=BEFORE)
    assert now(done).state == State.ROLLED_BACK
    event = Event.objects.get(stream=done.stream, type="action.rolled_back")
    assert event.actor == f"agent:{agent.pk}"
    assert record.body_of(event)["by"] == str(staged.pk)
    assert open_kinds(done) == []


def test_what_needs_nobody_is_approved_at_once(
    agent: Agent, refund: ActionType, reviewer: Person
) -> None:
    create_alone(refund)
    done = create_done(agent, refund, reviewer)
    staged = asked(done, reviewer)
    assert staged.state == State.APPROVED
    report(agent, staged, after=BEFORE)
    assert now(done).state == State.ROLLED_BACK


def test_failed_it_is_open_work_and_can_be_asked_once_more(
    agent: Agent, refund: ActionType, reviewer: Person
) -> None:
    create_alone(refund)
    done = create_done(agent, refund, reviewer)
    report(agent, asked(done, reviewer), "failed")
    assert now(done).state == State.ROLLBACK_FAILED
    assert open_kinds(done) == ["rollback_failed"]
    second = asked(done, reviewer)
    assert open_kinds(done) == []
    report(agent, second, after=BEFORE)
    assert now(done).state == State.ROLLED_BACK


def end(staged: Action, how: str, person: Person) -> None:
    if how == "rejected":
        review.reject(
            action_id=staged.pk, person=person, seen=seen(staged), reason="policy", comment="no"
        )
    elif how == "withdrawn":
        staging.withdraw(agent=staged.agent, action_id=staged.pk)
    elif how == "expired":
        Action.objects.filter(pk=staged.pk).update(step=len(staged.stages) - 1)
        make_due(staged)
        deadlines.sweep_steps()
    assert now(staged).state == how


@pytest.mark.parametrize("how", ["rejected", "withdrawn", "expired"])
def test_whatever_it_comes_to_nothing_by_is_open_work_of_the_system_owner(
    how: str, done: Action, reviewer: Person, workflow: Workflow
) -> None:
    end(asked(done, reviewer), how, second_reviewer(workflow))
    assert now(done).state == State.ROLLBACK_REQUESTED
    assert rollback_ends.sweep() == 1
    assert now(done).state == State.ROLLBACK_FAILED
    work = FollowUp.objects.get(action=done, closed_at__isnull=True)
    assert (work.kind, work.assignee) == ("rollback_failed", workflow.system_owner)
    assert rollback_ends.sweep() == 0


def test_blocked_at_birth_it_is_open_work_at_once(
    done: Action, charge: ActionType, reviewer: Person
) -> None:
    charge.stop_rules = [
        {"id": "never", "words": "Never.", "when": "true", "effect": {"block": True}}
    ]
    charge.save()
    assert asked(done, reviewer).state == State.BLOCKED
    assert now(done).state == State.ROLLBACK_FAILED
    assert open_kinds(done) == ["rollback_failed"]


def test_a_rejection_that_may_still_be_undone_is_not_carried_over_yet(
    done: Action, charge: ActionType, reviewer: Person, workflow: Workflow
) -> None:
    charge.settle_seconds = 600
    charge.save()
    staged = asked(done, reviewer)
    end(staged, "rejected", second_reviewer(workflow))
    assert rollback_ends.sweep() == 0
    assert now(done).state == State.ROLLBACK_REQUESTED


def test_tried_again_by_hand_it_goes_on(agent: Agent, refund: ActionType, reviewer: Person) -> None:
    create_alone(refund)
    done = create_done(agent, refund, reviewer)
    staged = asked(done, reviewer)
    report(agent, staged, "failed")
    again = staging.retry(action=now(staged), actor=f"person:{reviewer.pk}")
    assert again.rolls_back == done
    rollback_ends.sweep()
    assert now(done).state == State.ROLLBACK_REQUESTED
    assert open_kinds(done) == []
    report(agent, again, after=BEFORE)
    assert now(done).state == State.ROLLED_BACK


def test_taken_over_it_waits_for_somebody_to_say_that_it_was_done(
    done: Action, reviewer: Person, workflow: Workflow
) -> None:
    staged, other = asked(done, reviewer), second_reviewer(workflow)
    review.take_over(action_id=staged.pk, person=other, seen=seen(staged), comment="I call them")
    rollback_ends.sweep()
    assert rollback_ends.sweep() == 0
    work = FollowUp.objects.get(action=done, closed_at__isnull=True)
    assert (work.kind, work.assignee) == ("rollback_asked", workflow.system_owner)
    closing.close(
        follow_up_id=work.pk, person=workflow.system_owner, choice="it_was_done", reason="Charged"
    )
    assert now(done).state == State.ROLLED_BACK


def test_a_stale_end_does_not_touch_a_newer_rollback(
    done: Action, reviewer: Person, workflow: Workflow
) -> None:
    first = asked(done, reviewer)
    end(first, "withdrawn", reviewer)
    rollback_ends.sweep()
    second = asked(done, reviewer)
    assert rollback_ends.settle(staged=now(first)) is False
    assert rollback_ends.sweep() == 0
    assert (now(done).state, second.state) == (State.ROLLBACK_REQUESTED, State.PENDING)


def test_asked_again_in_words_it_is_not_ended_by_what_was_staged_before(
    agent: Agent, refund: ActionType, reviewer: Person
) -> None:
    create_alone(refund)
    done = create_done(agent, refund, reviewer)
    report(agent, asked(done, reviewer), "failed")
    ActionType.objects.filter(pk=refund.pk).update(rollback=None)
    ask(done, reviewer)
    rollback_ends.sweep()
    assert now(done).state == State.ROLLBACK_REQUESTED
    outcome.report_rollback(agent=agent, action_id=done.pk, succeeded=True, error="")
    assert now(done).state == State.ROLLED_BACK


def test_the_agent_cannot_report_past_what_was_staged(
    done: Action, agent: Agent, reviewer: Person
) -> None:
    staged = asked(done, reviewer)
    with pytest.raises(Conflict) as refusal:
        outcome.report_rollback(agent=agent, action_id=done.pk, succeeded=True, error="")
    assert refusal.value.code == "rollback_is_staged"
    assert str(staged.pk) in refusal.value.detail
    assert now(done).state == State.ROLLBACK_REQUESTED


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        ("retired", "not listed any more"),
        ("agent", "not let into the workflow"),
        ("unknown", "/after/receipt"),
        ("misfit", "does not take it so"),
    ],
)
def test_what_cannot_be_staged_is_said_before_anything_is_asked(
    spoil: str, words: str, agent: Agent, refund: ActionType, charge: ActionType, reviewer: Person
) -> None:
    after: Any = {"refunded": 120} if spoil == "unknown" else AFTER
    done = create_done(agent, refund, reviewer, after=after)
    if spoil == "retired":
        ActionType.objects.filter(pk=charge.pk).update(retired_at=done.created_at)
    elif spoil == "agent":
        refund.workflow.agents.clear()
    elif spoil == "misfit":
        charge.payload_schema["properties"]["order"] = {"type": "integer"}
        charge.save()
    with pytest.raises(Conflict) as refusal:
        ask(done, reviewer)
    assert words in refusal.value.detail
    assert "Nothing was asked" in refusal.value.detail
    assert now(done).state == State.SUCCEEDED
    assert not Action.objects.filter(rolls_back=done).exists()


# Phantoms


@pytest.mark.parametrize(
    ("told", "is_phantom"),
    [
        (AFTER, True),
        ({**AFTER, "refunded": 120.0, "read_at": "now"}, True),
        (BEFORE, False),
        ({**AFTER, "refunded": 0}, False),
        (None, False),
        ({"done": True}, False),
    ],
)
def test_reported_done_with_nothing_changed_is_flagged(
    told: Any, is_phantom: bool, agent: Agent, refund: ActionType, reviewer: Person,
    workflow: Workflow,
) -> None:  # fmt: skip
    create_alone(refund)
    done = create_done(agent, refund, reviewer)
    report(agent, asked(done, reviewer), after=told)
    assert now(done).state == State.ROLLED_BACK
    assert open_kinds(done) == (["phantom_rollback"] if is_phantom else [])
    flagged = Event.objects.filter(stream=done.stream, type="action.rollback_doubted")
    assert flagged.exists() is is_phantom
    if is_phantom:
        assert FollowUp.objects.get(kind="phantom_rollback").assignee == workflow.system_owner


@pytest.mark.parametrize(
    ("told", "said"),
    [(AFTER, "it was reported, and nothing had changed"), (BEFORE, "it worked")],
)
def test_a_way_back_is_proven_by_what_changed_and_not_by_what_is_reported(
    told: Any, said: str, agent: Agent, refund: ActionType, reviewer: Person, signed_in: Client
) -> None:
    create_alone(refund)
    done = create_done(agent, refund, reviewer)
    report(agent, asked(done, reviewer), after=told)
    page = signed_in.get(f"/actions/{done.pk}/").content.decode()
    assert f": {said}</span>" in page
    doubted = "what is reported now is just as the action left it" in page
    assert doubted is (told == AFTER)


def test_what_the_agent_undoes_by_itself_is_flagged_too(
    agent: Agent, refund: ActionType, reviewer: Person
) -> None:
    done = create_done(agent, refund, reviewer)
    ask(done, reviewer)
    outcome.report_rollback(agent=agent, action_id=done.pk, succeeded=True, error="", after=AFTER)
    assert open_kinds(done) == ["phantom_rollback"]


# The way in words


def test_where_the_agent_undoes_it_somebody_sees_that_it_reports(
    agent: Agent, refund: ActionType, reviewer: Person, workflow: Workflow
) -> None:
    done = create_done(agent, refund, reviewer)
    ask(done, reviewer)
    work = FollowUp.objects.get(action=done, closed_at__isnull=True)
    assert (work.kind, work.assignee) == ("rollback_asked", workflow.system_owner)
    outcome.report_rollback(agent=agent, action_id=done.pk, succeeded=True, error="")
    assert open_kinds(done) == []


@pytest.mark.parametrize(
    ("choice", "state", "left"),
    [
        ("it_was_done", State.ROLLED_BACK, []),
        ("it_was_not_done", State.ROLLBACK_FAILED, ["rollback_failed"]),
    ],
)
def test_where_it_does_not_report_a_person_says_what_became_of_it(
    choice: str, state: State, left: list[str], agent: Agent, refund: ActionType,
    reviewer: Person, workflow: Workflow,
) -> None:  # fmt: skip
    done = create_done(agent, refund, reviewer)
    ask(done, reviewer)
    work = FollowUp.objects.get(action=done, kind="rollback_asked")
    closing.close(
        follow_up_id=work.pk, person=workflow.system_owner, choice=choice, reason="I looked"
    )
    assert now(done).state == state
    assert open_kinds(done) == left


# Drills


def test_a_drill_stages_and_judges_and_does_nothing(
    done: Action, reviewer: Person, agent: Agent
) -> None:
    staged = rollback.drill(action_id=done.pk, person=reviewer, reason="Quarterly drill")
    assert (staged.purpose, staged.state, staged.tier) == (
        Purpose.EVAL, State.OBSERVED, "mandatory"
    )  # fmt: skip
    assert now(done).state == State.SUCCEEDED
    event = Event.objects.get(stream=done.stream, type="action.rollback_drilled")
    assert record.body_of(event)["by"] == str(staged.pk)
    assert rollback_ends.sweep() == 0
    ask(done, reviewer)
    assert now(done).state == State.ROLLBACK_REQUESTED


def test_a_drill_takes_the_same_right_and_a_reason(done: Action, workflow: Workflow) -> None:
    with pytest.raises(PermissionDenied):
        rollback.drill(action_id=done.pk, person=second_reviewer(workflow), reason="x")
    with pytest.raises(Invalid):
        rollback.drill(action_id=done.pk, person=workflow.risk_owner, reason=" ")


def test_what_only_its_agent_can_undo_cannot_be_rehearsed(
    agent: Agent, refund: ActionType, reviewer: Person
) -> None:
    done = create_done(agent, refund, reviewer)
    with pytest.raises(Conflict) as refusal:
        rollback.drill(action_id=done.pk, person=reviewer, reason="drill")
    assert "Nothing was rehearsed" in refusal.value.detail
    assert not Action.objects.filter(rolls_back=done).exists()


# Pages


def test_both_pages_lead_to_each_other(done: Action, signed_in: Client, reviewer: Person) -> None:
    staged = asked(done, reviewer)
    assert f"/actions/{staged.pk}/" in signed_in.get(f"/actions/{done.pk}/").content.decode()
    assert f"/actions/{done.pk}/" in signed_in.get(f"/actions/{staged.pk}/").content.decode()


def test_nothing_that_a_person_asked_for_is_shown_as_the_agents_claim(
    done: Action, agent: Agent, signed_in: Client, reviewer: Person
) -> None:
    staged = asked(done, reviewer)
    page = signed_in.get(f"/actions/{staged.pk}/").content.decode()
    assert "This undoes what was done" in page
    assert f"{reviewer} asked for rollback: The wrong customer" in page
    assert "The agent claims" not in page
    assert "How the agent got there" not in page


def test_the_page_says_what_would_be_staged_and_rehearses_it(
    done: Action, signed_in: Client
) -> None:
    page = signed_in.get(f"/actions/{done.pk}/").content.decode()
    assert "Charge again" in page
    answer = signed_in.post(f"/actions/{done.pk}/rollback/drill", {"rollback_reason": "drill"})
    assert answer.status_code == 303
    staged = undoing(done, Purpose.EVAL)
    assert f"/actions/{staged.pk}/" in answer.headers["Location"]
    assert now(done).state == State.SUCCEEDED
