"""Somebody is away: who may stand in, what moves, who may set it, and what the record says."""

import threading
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test import Client

from agents_registry.models import Absence, Membership, Person, Role, Workflow
from approvals import absences, follow_ups, review, sweep
from approvals.errors import Conflict, Invalid
from approvals.models import Action
from ledger import clock, record
from ledger.models import Event
from tests.factories import create_desk, create_person, create_team, seen

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def now(db: None) -> datetime:
    return clock.now()


@pytest.fixture
def owner(workflow: Workflow) -> Person:
    """The approval owner, who answers for work and decides it."""
    person: Person = workflow.approval_owner
    return person


@pytest.fixture
def colleague(workflow: Workflow) -> Person:
    """Somebody on the same rung."""
    person: Person = workflow.system_owner
    return person


@pytest.fixture
def manager(workflow: Workflow) -> Person:
    return create_person(team=workflow.team, role=Role.MANAGER)


def away(person: Person, start: datetime, days: float = 7, **said: Any) -> absences.Away:
    fields = {"delegate": None, "actor": person, **said}
    return absences.set_away(
        person=person, starts_at=start, ends_at=start + timedelta(days=days), **fields
    )


def give(action: Action, person: Person) -> Action:
    Action.objects.filter(pk=action.pk).update(assignee=person)
    return Action.objects.get(pk=action.pk)


# Who may stand in


def test_an_owner_delegates_to_another_owner_a_deputy_or_a_manager(
    workflow: Workflow, owner: Person, manager: Person, now: datetime
) -> None:
    deputy = create_person(team=workflow.team)
    Workflow.objects.filter(pk=workflow.pk).update(risk_deputy=deputy)
    for weeks, delegate in enumerate((workflow.risk_owner, deputy, manager)):
        set_for = away(owner, now + weeks * 10 * DAY + DAY, delegate=delegate).absence
        assert set_for.delegate == delegate


def test_nobody_delegates_down_the_ladder(
    workflow: Workflow, owner: Person, manager: Person, reviewer: Person, now: datetime
) -> None:
    for person in (owner, manager):
        with pytest.raises(Invalid, match="Choose an owner, a deputy or a manager") as refusal:
            away(person, now + DAY, delegate=reviewer)
        assert "Nothing was set." in refusal.value.detail
    with pytest.raises(Invalid, match="Choose somebody who reviews there"):
        away(reviewer, now + DAY, delegate=create_person(team=workflow.team))
    assert not Absence.objects.exists()


def test_a_reviewer_delegates_to_anybody_who_reviews_or_answers_there(
    workflow: Workflow, reviewer: Person, owner: Person, now: datetime
) -> None:
    fellow = workflow.pool.people.exclude(pk=reviewer.pk).get()
    assert away(reviewer, now + DAY, 1, delegate=fellow).absence.delegate == fellow
    assert away(reviewer, now + 9 * DAY, delegate=owner).absence.delegate == owner


def test_who_may_not_stand_in_is_refused_in_words(
    workflow: Workflow, owner: Person, stranger: Person, now: datetime
) -> None:
    auditor = create_person(team=workflow.team, role=Role.AUDITOR)
    closed = create_person(team=workflow.team, role=Role.MANAGER)
    Person.objects.filter(pk=closed.pk).update(is_active=False)
    closed.refresh_from_db()
    refused = {
        auditor: "is an auditor",
        closed: "no active account",
        stranger: "is in no team of",
        owner: "Nobody stands in for themselves",
    }
    for delegate, words in refused.items():
        with pytest.raises(Invalid, match=words):
            away(owner, now + DAY, delegate=delegate)


def test_the_rung_is_looked_at_in_every_team_that_both_are_in(
    workflow: Workflow, owner: Person, colleague: Person, now: datetime
) -> None:
    _, elsewhere, _ = create_desk()
    for person in (owner, colleague):
        Membership.objects.create(team=elsewhere.team, person=person)
    elsewhere.risk_owner = owner
    elsewhere.save()
    with pytest.raises(Invalid, match=f"in {elsewhere.team}"):
        away(owner, now + DAY, delegate=colleague)


def test_a_delegate_who_is_away_too_is_taken_unless_it_goes_in_a_circle(
    workflow: Workflow, owner: Person, colleague: Person, now: datetime
) -> None:
    third = workflow.risk_owner
    away(colleague, now + DAY, delegate=third)
    away(third, now + 2 * DAY, delegate=workflow.workflow_owner)
    away(owner, now + DAY, delegate=colleague)
    with pytest.raises(Invalid, match="in a circle"):
        away(workflow.workflow_owner, now + 3 * DAY, delegate=owner)
    away(workflow.workflow_owner, now + 30 * DAY, delegate=owner)


# The time


def test_what_is_over_backwards_or_too_long_is_refused(owner: Person, now: datetime) -> None:
    for start, days, words in (
        (now - 9 * DAY, 8, "over already"),
        (now + DAY, -1, "over already|end before it begins"),
        (now + 3 * DAY, -1, "end before it begins"),
        (now + DAY, 367, "a year at most"),
        (now + 400 * DAY, 1, "within a year"),
    ):
        with pytest.raises(Invalid, match=words):
            away(owner, start, days)


def test_an_absence_begins_now_at_the_earliest(owner: Person, now: datetime) -> None:
    assert away(owner, now - 3 * DAY).absence.starts_at >= now


def test_two_absences_of_one_person_do_not_overlap_but_may_meet(
    owner: Person, now: datetime
) -> None:
    first = away(owner, now + DAY, 2).absence
    with pytest.raises(Invalid, match="is away already"):
        away(owner, now + 2 * DAY)
    away(owner, first.ends_at)
    absences.call_off(absence=first, actor=owner)
    away(owner, now + DAY, 1)


@pytest.mark.django_db(transaction=True)
def test_of_two_absences_at_once_one_is_set(owner: Person, now: datetime) -> None:
    start = threading.Barrier(2)
    told: list[Absence | Invalid] = []

    def set_it() -> None:
        start.wait()
        try:
            told.append(away(owner, now + DAY).absence)
        except Invalid as refusal:
            told.append(refusal)
        finally:
            connection.close()

    threads = [threading.Thread(target=set_it) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(type(each).__name__ for each in told) == ["Absence", "Invalid"]
    assert Absence.objects.count() == 1


# Who may set it, and the record


def test_people_set_their_own_and_a_manager_that_of_their_team(
    workflow: Workflow, owner: Person, manager: Person, stranger: Person, now: datetime
) -> None:
    far = create_person(team=create_team(), role=Role.MANAGER)
    auditor = create_person(team=workflow.team, role=Role.AUDITOR)
    for actor in (stranger, far, auditor, workflow.risk_owner):
        with pytest.raises(PermissionDenied):
            away(owner, now + DAY, actor=actor)
    absence = away(owner, now + DAY, actor=manager).absence
    assert absence.set_by == manager
    with pytest.raises(PermissionDenied):
        absences.call_off(absence=absence, actor=workflow.risk_owner)
    absences.call_off(absence=absence, actor=manager)


def test_setting_and_calling_off_stand_in_the_record_of_each_of_their_teams(
    workflow: Workflow, owner: Person, colleague: Person, now: datetime
) -> None:
    other = create_team()
    Membership.objects.create(team=other, person=owner)
    absence = away(owner, now + DAY, delegate=colleague, note="at sea").absence
    absences.call_off(absence=absence, actor=owner)
    events = Event.objects.filter(stream=f"person:{owner.pk}").order_by("seq")
    assert {event.scope for event in events} == {str(workflow.team.pk), str(other.pk)}
    assert [event.type for event in events] == ["absence.set"] * 2 + ["absence.called_off"] * 2
    first = events[0]
    body = record.body_of(first)
    assert body["delegate"] == f"person:{colleague.pk}"
    assert (body["absence"], body["note"]) == (absence.pk, "at sea")
    assert b"at sea" not in bytes(first.content)


def test_what_is_over_or_called_off_is_not_called_off_again(owner: Person, now: datetime) -> None:
    absence = away(owner, now + DAY).absence
    absences.call_off(absence=absence, actor=owner)
    with pytest.raises(Conflict):
        absences.call_off(absence=absence, actor=owner)
    later = away(owner, now + DAY).absence
    with clock.simulated(later.ends_at), pytest.raises(Conflict):
        absences.call_off(absence=later, actor=owner)


# What moves


def test_open_work_goes_to_the_delegate_in_the_same_commit(
    workflow: Workflow, action: Action, owner: Person, colleague: Person, now: datetime
) -> None:
    action = give(action, owner)
    item = follow_ups.open_for(action=action, kind="failed")
    type(item).objects.filter(pk=item.pk).update(assignee=owner)
    set_for = away(owner, now, delegate=colleague)
    action.refresh_from_db()
    item.refresh_from_db()
    assert (action.assignee, item.assignee) == (colleague, colleague)
    assert list(set_for.handed) == [absences.Handed(colleague, 1, 1)]
    told = Event.objects.filter(stream=action.stream, type="action.handed_on").get()
    assert record.body_of(told)["why"] == "away"


def test_what_begins_later_moves_with_the_sweep(
    action: Action, owner: Person, colleague: Person, now: datetime
) -> None:
    action = give(action, owner)
    absence = away(owner, now + timedelta(hours=1), delegate=colleague).absence
    sweep.turn()
    assert give_of(action) == owner
    with clock.simulated(absence.starts_at):
        sweep.turn()
    assert give_of(action) == colleague


def give_of(action: Action) -> Person | None:
    return Action.objects.get(pk=action.pk).assignee


def test_the_delegate_decides_it_and_the_record_says_for_whom(
    action: Action, owner: Person, colleague: Person, now: datetime, client: Client
) -> None:
    give(action, owner)
    away(owner, now, delegate=colleague)
    decision = review.approve(
        action_id=action.pk, person=colleague, seen=seen(action), checked=["all"]
    )
    assert decision.on_behalf_of == owner
    client.force_login(owner)
    page = client.get(f"/actions/{action.pk}/").content.decode()
    assert f"{colleague}, for {owner}, approved it" in page
    assert f"{owner} is away: it goes to {colleague}" in page


def test_a_preview_tells_what_would_move_and_moves_nothing(
    action: Action, owner: Person, colleague: Person, now: datetime
) -> None:
    give(action, owner)
    events = Event.objects.count()
    for start in (now, now + DAY):
        handed = absences.preview(
            person=owner,
            starts_at=start,
            ends_at=start + DAY,
            delegate=colleague,
            actor=owner,
        )
        assert list(handed) == [absences.Handed(colleague, 1, 0)]
    assert give_of(action) == owner
    assert (Absence.objects.count(), Event.objects.count()) == (0, events)


# The pages

FORM = {"from_on": "2026-12-01", "from_at": "09:00", "until_on": "2026-12-08", "until_at": "09:00"}


@pytest.fixture
def december(monkeypatch: Any) -> Any:
    """The pages of these tests are looked at on the last of November."""
    with clock.simulated(datetime.fromisoformat("2026-11-30T12:00:00+00:00")):
        yield


def test_the_page_reads_times_in_the_readers_zone_and_offers_only_who_may_stand_in(
    client: Client, workflow: Workflow, owner: Person, reviewer: Person, december: Any
) -> None:
    Person.objects.filter(pk=owner.pk).update(time_zone="America/New_York")
    client.force_login(owner)
    page = client.get("/me/away/").content.decode()
    assert f'<option value="{workflow.risk_owner.username}"' in page
    assert f'<option value="{reviewer.username}"' not in page
    assert f"{owner} answers for work in {workflow.team}, {reviewer} does not." in page
    answer = client.post("/me/away/", {**FORM, "delegate": workflow.risk_owner.username})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/me/away/")
    absence = Absence.objects.get()
    assert absence.starts_at.isoformat() == "2026-12-01T14:00:00+00:00"
    page = client.get("/me/away/").content.decode()
    assert f"{workflow.risk_owner} stands in" in page
    client.post(f"/away/{absence.pk}/call-off")
    assert "No time is set" in client.get("/me/away/").content.decode()


@pytest.mark.parametrize(
    "wrong", [{"from_on": "soon"}, {"until_at": ""}, {"from_on": "9999-12-31"}, {"delegate": "x"}]
)
def test_what_cannot_be_read_is_told_and_what_was_typed_is_kept(
    client: Client, owner: Person, december: Any, wrong: dict[str, str]
) -> None:
    client.force_login(owner)
    answer = client.post("/me/away/", {**FORM, "note": "at sea", **wrong})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "Nothing was set." in page
    assert 'value="at sea"' in page


def test_checking_shows_what_would_move_and_sets_nothing(
    client: Client, action: Action, owner: Person, colleague: Person, december: Any
) -> None:
    give(action, owner)
    client.force_login(owner)
    answer = client.post(
        "/me/away/", {**FORM, "delegate": colleague.username, "note": "at sea", "check": "1"}
    )
    page = answer.content.decode()
    assert f"1 action would go to {colleague}." in page
    assert 'value="at sea"' in page
    assert not Absence.objects.exists()


def test_the_page_says_where_the_delegate_does_not_cover(
    client: Client, workflow: Workflow, owner: Person, colleague: Person, december: Any
) -> None:
    other = create_team()
    Membership.objects.create(team=other, person=owner)
    start = datetime.fromisoformat("2026-12-01T12:00:00+00:00")
    away(owner, start, delegate=colleague)
    away(colleague, start + DAY, 1, delegate=workflow.risk_owner)
    client.force_login(owner)
    page = client.get("/me/away/").content.decode()
    assert f"{colleague} is not in {other}" in page
    assert f"{colleague} is away too" in page
    assert f"then {workflow.risk_owner} stands in" in page


def test_a_manager_sets_it_from_the_team_and_the_team_sees_it(
    client: Client,
    workflow: Workflow,
    owner: Person,
    colleague: Person,
    manager: Person,
    december: Any,
) -> None:
    client.force_login(manager)
    url = f"/team/people/{owner.username}/away"
    assert url in client.get(f"/team/people/{owner.username}/").content.decode()
    form = {**FORM, "from_on": "2026-11-29", "delegate": colleague.username}
    assert client.post(url, form).status_code == 303
    assert f"Set by {manager}" in get(client.get(url))
    client.force_login(colleague)
    for page in ("/team/", "/ownership/"):
        assert "away until 8 Dec" in get(client.get(page))
    assert client.get(url).status_code == 403


def get(answer: Any) -> str:
    return str(answer.content.decode())


def test_the_actions_page_says_for_whom_somebody_has_it(
    client: Client,
    action: Action,
    owner: Person,
    colleague: Person,
    reviewer: Person,
    now: datetime,
) -> None:
    give(action, owner)
    away(owner, now, delegate=colleague)
    client.force_login(reviewer)
    page = get(client.get(f"/actions/{action.pk}/"))
    assert f"{colleague} has it, for {owner}, away until" in page


def test_absences_of_another_team_are_not_there(
    client: Client, owner: Person, stranger: Person, now: datetime
) -> None:
    absence = away(owner, now + DAY).absence
    client.force_login(stranger)
    assert client.post(f"/away/{absence.pk}/call-off").status_code == 404
    assert client.get(f"/team/people/{owner.username}/away").status_code == 404
