"""Reporting a mistake: anybody who sees the action, however late, in words and with a severity."""

import pytest
from django.test import Client

from agents_registry.models import Agent, Person, Role, Workflow
from approvals import closing, mistakes, outcome
from approvals.errors import Invalid, Missing
from approvals.models import Action, FollowUp, Mistake
from approvals.states import State
from ledger import record
from ledger.models import Event
from tests.approvals.carried_out import carried_out
from tests.factories import create_person

pytestmark = pytest.mark.django_db

WORDS = {"what": "It went to Ada", "severity": "harmful", "cleanup_minutes": "15"}


@pytest.fixture
def done(agent: Agent, action: Action, reviewer: Person) -> Action:
    return carried_out(agent, action, reviewer)


@pytest.fixture
def member(workflow: Workflow) -> Person:
    """Of the team, and nothing else."""
    return create_person(team=workflow.team)


def report(action: Action, person: Person, **fields: object) -> Mistake:
    said = {"what": "It went to Ada", "severity": "harmful", "cleanup_minutes": 15, **fields}
    return mistakes.report(action_id=action.pk, person=person, **said)  # type: ignore[arg-type]


def open_work(action: Action) -> list[FollowUp]:
    return list(FollowUp.objects.filter(action=action, closed_at__isnull=True))


def state_of(action: Action) -> str:
    return Action.objects.get(pk=action.pk).state


def test_a_report_is_open_work_for_the_workflow_owner(
    done: Action, member: Person, workflow: Workflow
) -> None:
    mistake = report(done, member)
    assert (mistake.reporter, mistake.severity, mistake.cleanup_minutes) == (member, "harmful", 15)
    (work,) = open_work(done)
    assert (work.kind, work.assignee) == ("mistake", workflow.workflow_owner)


def test_the_record_says_who_reported_what_and_keeps_the_words_apart(
    done: Action, member: Person
) -> None:
    report(done, member)
    event = Event.objects.get(stream=done.stream, type="action.mistake_reported")
    body = record.body_of(event)
    assert event.actor == f"person:{member.pk}"
    assert (body["what"], body["severity"], body["cleanup_minutes"]) == (
        "It went to Ada", "harmful", 15
    )  # fmt: skip
    assert b"Ada" not in bytes(event.content)


def test_an_auditor_may_report_too(done: Action, workflow: Workflow) -> None:
    report(done, create_person(team=workflow.team, role=Role.AUDITOR))
    assert len(open_work(done)) == 1


def test_another_teams_action_is_not_there(done: Action, stranger: Person) -> None:
    with pytest.raises(Missing):
        report(done, stranger)
    assert not Mistake.objects.exists()


def test_a_second_report_adds_to_the_open_work(
    done: Action, member: Person, reviewer: Person
) -> None:
    report(done, member)
    report(done, reviewer, what="And twice")
    assert len(open_work(done)) == 1
    assert Mistake.objects.filter(action=done).count() == 2


def test_a_report_after_the_work_was_closed_opens_it_anew(
    done: Action, member: Person, workflow: Workflow
) -> None:
    report(done, member)
    (work,) = open_work(done)
    closing.close(
        follow_up_id=work.pk, person=workflow.workflow_owner, choice="close", reason="written to"
    )
    report(done, member, what="Again")
    assert [each.pk for each in open_work(done)] != [work.pk]
    assert len(open_work(done)) == 1


def test_it_can_be_reported_in_every_state(action: Action, member: Person) -> None:
    report(action, member)
    assert state_of(action) == State.PENDING


@pytest.mark.parametrize(
    "wrong",
    [
        {"what": " \n"},
        {"what": "x" * 4001},
        {"severity": ""},
        {"severity": "terrible"},
        {"cleanup_minutes": -1},
        {"cleanup_minutes": 100_001},
    ],
)
def test_a_report_that_is_not_whole_is_refused(
    wrong: dict[str, object], done: Action, member: Person
) -> None:
    with pytest.raises(Invalid):
        report(done, member, **wrong)
    assert not Mistake.objects.exists()
    assert not open_work(done)


def test_minutes_at_both_ends_are_taken(done: Action, member: Person) -> None:
    report(done, member, cleanup_minutes=0)
    report(done, member, cleanup_minutes=100_000)


def test_the_wish_to_roll_back_is_carried_out_for_whoever_may_ask(
    done: Action, reviewer: Person
) -> None:
    report(done, reviewer, roll_back=True)
    assert state_of(done) == State.ROLLBACK_REQUESTED
    assert [work.kind for work in open_work(done)] == ["rollback_asked"]
    assert FollowUp.objects.get(action=done, kind="mistake").choice == "roll_back"


def test_the_wish_of_somebody_else_is_passed_on(
    done: Action, member: Person, workflow: Workflow, client: Client
) -> None:
    report(done, member, roll_back=True)
    assert state_of(done) == State.SUCCEEDED
    assert len(open_work(done)) == 1
    client.force_login(workflow.workflow_owner)
    assert "wishes rollback" in client.get(f"/actions/{done.pk}/").content.decode()


def test_a_wish_that_cannot_be_carried_out_stops_no_report(
    action: Action, workflow: Workflow
) -> None:
    report(action, workflow.workflow_owner, roll_back=True)
    assert len(open_work(action)) == 1


def test_a_rollback_that_fails_after_a_report_is_open_work_again(
    done: Action, agent: Agent, reviewer: Person
) -> None:
    report(done, reviewer, roll_back=True)
    outcome.report_rollback(agent=agent, action_id=done.pk, succeeded=False, error="gone")
    assert [work.kind for work in open_work(done)] == ["rollback_failed"]


def test_the_page_takes_a_report_and_lists_it_inert(
    done: Action, member: Person, client: Client
) -> None:
    client.force_login(member)
    hostile = "<script>alert(1)</script> pay‮me"
    answer = client.post(f"/actions/{done.pk}/mistakes", {**WORDS, "what": hostile})
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/actions/{done.pk}/")
    page = client.get(f"/actions/{done.pk}/").content.decode()
    assert "<script>alert" not in page
    assert '<span class="tok">U+202E</span>' in page
    assert "15 minutes of cleanup" in page
    assert f"{member} reported a mistake" in page


@pytest.mark.parametrize(
    ("more", "told"),
    [({}, "has it as open work"), ({"roll_back": "1"}, "is asked to roll it back")],
)
def test_the_reporter_is_told_what_becomes_of_it(
    more: dict[str, str], told: str, done: Action, signed_in: Client
) -> None:
    answer = signed_in.post(f"/actions/{done.pk}/mistakes", {**WORDS, **more}, follow=True)
    assert told in answer.content.decode()


@pytest.mark.parametrize("minutes", ["-3", "1.5", "many", "²", "9" * 12, "100001"])
def test_minutes_that_are_no_number_are_refused_and_what_was_typed_is_kept(
    minutes: str, done: Action, member: Person, client: Client
) -> None:
    client.force_login(member)
    answer = client.post(f"/actions/{done.pk}/mistakes", {**WORDS, "cleanup_minutes": minutes})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "It went to Ada</textarea>" in page
    assert "Nothing was reported yet" in page
    assert not Mistake.objects.exists()


def test_a_page_without_reports_says_so(signed_in: Client, action: Action) -> None:
    assert "none reported" in signed_in.get(f"/actions/{action.pk}/").content.decode()
