"""Asking for rollback: who may, when it can be asked, and what it answers."""

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client

from agents_registry.models import Agent, Person, Role, Workflow
from approvals import closing, follow_ups, outcome, rollback
from approvals.errors import Conflict, Invalid, Missing
from approvals.models import Action, FollowUp, SpotCheck
from approvals.states import State
from ledger import clock, record
from ledger.models import Event
from tests.approvals.carried_out import carried_out
from tests.factories import create_person
from tests.together import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def done(agent: Agent, action: Action, reviewer: Person) -> Action:
    return carried_out(agent, action, reviewer)


@pytest.fixture
def failed(agent: Agent, action: Action, reviewer: Person) -> Action:
    return carried_out(agent, action, reviewer, "failed")


def state_of(action: Action) -> str:
    return Action.objects.get(pk=action.pk).state


def ask(action: Action, person: Person, reason: str = "The wrong customer") -> Action:
    return rollback.ask(action_id=action.pk, person=person, reason=reason)


def test_the_agent_is_asked_and_the_record_says_by_whom_and_why(
    done: Action, reviewer: Person
) -> None:
    assert ask(done, reviewer).state == State.ROLLBACK_REQUESTED
    event = Event.objects.get(stream=done.stream, type="action.rollback_requested")
    assert event.actor == f"person:{reviewer.pk}"
    assert record.body_of(event)["reason"] == "The wrong customer"
    assert b"wrong customer" not in bytes(event.content)


@pytest.mark.parametrize(
    "who", ["workflow_owner", "system_owner", "risk_owner", "approval_owner", "manager"]
)
def test_every_owner_and_a_manager_may_ask(who: str, done: Action, workflow: Workflow) -> None:
    person = getattr(workflow, who, None) or create_person(team=workflow.team, role=Role.MANAGER)
    assert ask(done, person).state == State.ROLLBACK_REQUESTED


def test_a_reviewer_who_did_not_decide_it_may_not(done: Action, workflow: Workflow) -> None:
    other = workflow.pool.people.order_by("pk")[1]
    with pytest.raises(PermissionDenied):
        ask(done, other)
    assert state_of(done) == State.SUCCEEDED


@pytest.mark.parametrize(("passed", "may"), [(False, True), (True, False)])
def test_whoever_failed_its_spot_check_may_ask(
    passed: bool, may: bool, done: Action, workflow: Workflow
) -> None:
    checker, now = create_person(team=workflow.team), clock.now()
    SpotCheck.objects.create(
        action=done, team=workflow.team, drawn_at=now, due_at=now,
        passed=passed, checked_by=checker, checked_at=now,
    )  # fmt: skip
    if may:
        assert ask(done, checker).state == State.ROLLBACK_REQUESTED
    else:
        with pytest.raises(PermissionDenied):
            ask(done, checker)


def test_an_auditor_never_asks_even_who_decided_it_before(done: Action, reviewer: Person) -> None:
    reviewer.memberships.update(role=Role.AUDITOR)
    with pytest.raises(PermissionDenied):
        ask(done, reviewer)
    assert state_of(done) == State.SUCCEEDED


def test_another_teams_action_is_not_there(done: Action, stranger: Person) -> None:
    with pytest.raises(Missing):
        ask(done, stranger)


def test_it_takes_a_reason(done: Action, reviewer: Person) -> None:
    with pytest.raises(Invalid):
        ask(done, reviewer, reason=" \n")
    assert state_of(done) == State.SUCCEEDED


def test_what_is_not_done_yet_cannot_be_rolled_back(action: Action, workflow: Workflow) -> None:
    with pytest.raises(Conflict) as refusal:
        ask(action, workflow.workflow_owner)
    assert "never done" in refusal.value.detail
    assert state_of(action) == State.PENDING


def test_it_is_asked_once(done: Action, reviewer: Person, workflow: Workflow) -> None:
    ask(done, reviewer)
    with pytest.raises(Conflict) as refusal:
        ask(done, workflow.workflow_owner)
    assert "asked for already" in refusal.value.detail
    assert Event.objects.filter(type="action.rollback_requested").count() == 1


def test_a_type_without_a_way_back_refuses_and_says_what_to_do(
    done: Action, reviewer: Person
) -> None:
    done.action_type.rollback_path = " "
    done.action_type.save()
    with pytest.raises(Conflict) as refusal:
        ask(done, reviewer)
    assert "No way back is named" in refusal.value.detail
    assert "Report a mistake" in refusal.value.detail
    assert state_of(done) == State.SUCCEEDED


def test_it_closes_the_open_work_that_it_answers_and_no_other(
    failed: Action, reviewer: Person
) -> None:
    for kind in ("mistake", "check_failed", "blocked"):
        follow_ups.open_for(action=failed, kind=kind)
    ask(failed, reviewer)
    left = FollowUp.objects.filter(action=failed, closed_at__isnull=True)
    assert sorted(work.kind for work in left) == ["blocked", "rollback_asked"]
    answered = FollowUp.objects.get(action=failed, kind="failed")
    assert (answered.closed_by, answered.choice) == (reviewer, "roll_back")


def test_a_rollback_that_failed_can_be_asked_once_more(
    done: Action, agent: Agent, reviewer: Person
) -> None:
    ask(done, reviewer)
    outcome.report_rollback(agent=agent, action_id=done.pk, succeeded=False, error="gone")
    ask(done, reviewer)
    outcome.report_rollback(agent=agent, action_id=done.pk, succeeded=True, error="")
    assert state_of(done) == State.ROLLED_BACK
    assert not FollowUp.objects.filter(action=done, closed_at__isnull=True).exists()


def test_open_work_offers_only_what_is_possible(failed: Action, workflow: Workflow) -> None:
    work, owner = FollowUp.objects.get(action=failed), workflow.workflow_owner
    offered = [value for value, _ in closing.choices(work, owner)]
    assert offered == ["retry", "hand_over", "roll_back", "close"]
    work.action.action_type.rollback_path = ""
    workflow.agents.clear()
    assert [value for value, _ in closing.choices(work, owner)] == ["hand_over", "close"]


def test_a_choice_that_is_not_offered_is_refused(failed: Action, workflow: Workflow) -> None:
    work, owner = FollowUp.objects.get(action=failed), workflow.workflow_owner
    workflow.agents.clear()
    with pytest.raises(Conflict):
        closing.close(follow_up_id=work.pk, person=owner, choice="retry", reason="again")
    work.refresh_from_db()
    assert work.closed_at is None


@pytest.mark.django_db(transaction=True)
def test_of_many_who_ask_at_once_by_either_way_one_is_heard(failed: Action) -> None:
    work, workflow = FollowUp.objects.get(action=failed), failed.workflow
    asked = [lambda each=each: ask(failed, each) for each in workflow.owners().values()]
    closed = [
        lambda each=each: closing.close(
            follow_up_id=work.pk, person=each, choice="roll_back", reason="wrong"
        )
        for each in workflow.owners().values()
    ]
    results = at_once([*asked, *closed])
    told = [result for result in results if isinstance(result, Conflict)]
    assert len(told) == len(results) - 1, results
    assert Event.objects.filter(type="action.rollback_requested").count() == 1
    assert FollowUp.objects.get(pk=work.pk).choice == "roll_back"


def test_the_page_asks_and_comes_back(done: Action, signed_in: Client, reviewer: Person) -> None:
    page = signed_in.get(f"/actions/{done.pk}/").content.decode()
    assert f'action="/actions/{done.pk}/rollback"' in page
    answer = signed_in.post(f"/actions/{done.pk}/rollback", {"rollback_reason": "Wrong order"})
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/actions/{done.pk}/")
    assert state_of(done) == State.ROLLBACK_REQUESTED
    assert "/rollback" not in signed_in.get(f"/actions/{done.pk}/").content.decode()


def test_a_refusal_keeps_what_was_typed(done: Action, signed_in: Client, reviewer: Person) -> None:
    ask(done, reviewer)
    answer = signed_in.post(f"/actions/{done.pk}/rollback", {"rollback_reason": "Wrong <order>"})
    assert answer.status_code == 409
    assert "asked for already" in answer.content.decode()
    empty = signed_in.post(f"/actions/{done.pk}/rollback", {"rollback_reason": " "})
    assert empty.status_code == 422


def test_who_may_not_ask_sees_no_button(done: Action, workflow: Workflow, client: Client) -> None:
    client.force_login(create_person(team=workflow.team))
    assert "/rollback" not in client.get(f"/actions/{done.pk}/").content.decode()


def test_an_undo_that_comes_too_late_says_when_it_was_taken_and_offers_rollback(
    done: Action, signed_in: Client
) -> None:
    decision = done.decisions.get()
    answer = signed_in.post(f"/decisions/{decision.pk}/undo", follow=True)
    page = answer.content.decode()
    assert "Too late to undo: the agent took it at" in page
    assert f'href="/actions/{done.pk}/?ask=rollback#rollback-reason"' in page
