"""All of an incident at once: found, previewed, undone one by one, rehearsed."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from agents_registry.models import ActionType, Agent, Person, Workflow
from approvals import outcome, rollback, rollbacks
from approvals.errors import Invalid, Missing
from approvals.models import Action, FollowUp, Purpose
from approvals.rollbacks import Incident
from approvals.states import State
from ledger import clock, record
from ledger.models import Event
from tests.approvals.undone import (
    AFTER,
    create_done,
    create_way_back,
    now,
    second_reviewer,
    undoing,
)
from tests.factories import create_action, create_agent, create_desk, create_person

pytestmark = pytest.mark.django_db
REASON = "Wrong price list"


@pytest.fixture
def owner(workflow: Workflow) -> Person:
    return workflow.workflow_owner


@pytest.fixture
def as_owner(client: Client, owner: Person) -> Client:
    client.force_login(owner)
    return client


def found(incident: Incident, person: Person) -> set[UUID]:
    return {each.action.pk for each in rollbacks.preview(incident, person).candidates}


def ask(actions: list[Action], person: Person) -> rollbacks.Act:
    return rollbacks.ask_each(ids=[each.pk for each in actions], person=person, reason=REASON)


# What belongs to it


def test_it_is_found_by_agent_run_type_rule_and_time(
    agent: Agent, refund: ActionType, reviewer: Person, owner: Person
) -> None:
    team, workflow = refund.workflow.team, refund.workflow
    other_agent = create_agent(team)
    workflow.agents.add(other_agent)
    first = create_done(agent, refund, reviewer, run_id="r-1")
    unsure = create_done(agent, refund, reviewer, run_id="r-2", trace=None)
    theirs = create_done(other_agent, refund, reviewer, run_id="r-1")
    old = create_done(agent, refund, reviewer)
    Action.objects.filter(pk=old.pk).update(created_at=old.created_at - timedelta(days=9))

    def by(**parts: Any) -> set[UUID]:
        return found(Incident(team=team, **parts), owner)

    lately = {first.pk, unsure.pk, theirs.pk}
    assert by(agent=agent.slug) == {first.pk, unsure.pk}
    assert by(run_id="r-1") == {first.pk, theirs.pk}
    assert by(run_id="r-1", agent=agent.slug) == {first.pk}
    assert by(action_type=f"{workflow.slug}/refund") == lately
    assert by(action_type=f"{workflow.slug}/") == lately
    assert by(action_type=f"{workflow.slug}/other") == set()
    rules = {each["rule"] for each in unsure.contents.get().findings}
    (only,) = rules - {each["rule"] for each in first.contents.get().findings}
    assert by(rule=only) == {unsure.pk}
    assert by(since=first.created_at - timedelta(days=10)) == {*lately, old.pk}
    assert by(since=first.created_at, until=unsure.created_at) == {first.pk}


def test_what_was_never_done_and_what_is_another_teams_does_not_belong_to_it(
    agent: Agent, refund: ActionType, reviewer: Person, owner: Person
) -> None:
    create_action(agent, refund, run_id="r")
    there, workflow, other = create_desk()
    create_done(there, other, workflow.pool.people.order_by("pk")[0], run_id="r")
    assert found(Incident(team=refund.workflow.team, run_id="r"), owner) == set()


def test_what_undoes_something_is_not_part_of_what_went_wrong(
    agent: Agent, refund: ActionType, reviewer: Person, owner: Person
) -> None:
    create_way_back(refund)
    done = create_done(agent, refund, reviewer, run_id="r")
    ask([done], owner)
    assert found(Incident(team=refund.workflow.team, run_id="r"), owner) == {done.pk}


def test_each_says_how_it_is_undone_or_why_it_cannot_be(
    agent: Agent, refund: ActionType, reviewer: Person, owner: Person
) -> None:
    charge = create_way_back(refund)
    done = create_done(agent, refund, reviewer, run_id="r")
    unreported = create_done(agent, refund, reviewer, run_id="r", after={"refunded": 120})
    asked = create_done(agent, refund, reviewer, run_id="r")
    rollback.ask(action_id=asked.pk, person=owner, reason="x")
    candidates = rollbacks.preview(Incident(team=done.team, run_id="r"), owner).candidates
    said = {each.action.pk: each for each in candidates}
    assert said[done.pk].why_not == ""
    assert said[done.pk].way.action_type == charge
    assert "/after/receipt" in said[unreported.pk].why_not
    assert "asked for already" in said[asked.pk].why_not


def test_who_may_not_ask_is_told_so_for_each(
    agent: Agent, refund: ActionType, reviewer: Person, workflow: Workflow
) -> None:
    done = create_done(agent, refund, reviewer, run_id="r")
    incident = Incident(team=done.team, run_id="r")
    auditor = create_person(team=done.team, role="auditor")
    for person, may in [
        (reviewer, True), (workflow.risk_owner, True), (second_reviewer(workflow), False),
        (auditor, False), (create_person(team=done.team, role="manager"), True),
    ]:  # fmt: skip
        (candidate,) = rollbacks.preview(incident, person).candidates
        assert (not candidate.why_not) is may


def test_a_larger_incident_takes_no_more_queries(
    agent: Agent, refund: ActionType, reviewer: Person, as_owner: Client
) -> None:
    create_way_back(refund)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert as_owner.get("/rollbacks/?run=r").status_code == 200
        return len(captured)

    create_done(agent, refund, reviewer, run_id="r")
    queries()
    few = queries()
    for _ in range(3):
        create_done(agent, refund, reviewer, run_id="r")
    assert queries() == few


# Undoing it


def test_each_is_asked_for_in_its_own_right_and_what_is_refused_harms_no_other(
    agent: Agent, refund: ActionType, reviewer: Person, owner: Person
) -> None:
    create_way_back(refund)
    done = [create_done(agent, refund, reviewer) for _ in range(2)]
    unreported = create_done(agent, refund, reviewer, after={"refunded": 120})
    act = ask([done[0], unreported, done[1]], owner)
    assert act.done == [each.pk for each in done]
    assert set(act.refused) == {unreported.pk}
    assert {now(each).state for each in done} == {State.ROLLBACK_REQUESTED}
    assert undoing(done[0]).pk != undoing(done[1]).pk
    assert now(unreported).state == State.SUCCEEDED
    events = Event.objects.filter(type="action.rollback_requested")
    assert {record.body_of(event)["act"] for event in events} == {str(act.id)}
    assert {undoing(each).batch_key for each in done} == {f"rollback {act.id}"}


def test_asked_twice_nothing_is_undone_twice(
    agent: Agent, refund: ActionType, reviewer: Person, owner: Person
) -> None:
    create_way_back(refund)
    done = create_done(agent, refund, reviewer)
    ask([done], owner)
    assert ask([done], owner).done == []
    assert Action.objects.filter(rolls_back=done).count() == 1


def test_whoever_may_ask_for_none_is_refused(
    agent: Agent, refund: ActionType, reviewer: Person, workflow: Workflow, stranger: Person
) -> None:
    done = create_done(agent, refund, reviewer)
    with pytest.raises(PermissionDenied):
        ask([done], second_reviewer(workflow))
    with pytest.raises(Missing):
        ask([done], stranger)
    assert now(done).state == State.SUCCEEDED


@pytest.mark.parametrize(
    ("ids", "reason"), [([], REASON), ([uuid4()] * 501, REASON), ([uuid4()], " ")]
)
def test_it_takes_a_choice_and_a_reason(ids: list[UUID], reason: str, owner: Person) -> None:
    with pytest.raises(Invalid):
        rollbacks.ask_each(ids=ids, person=owner, reason=reason)


def test_an_act_that_takes_long_says_what_is_left(
    agent: Agent, refund: ActionType, reviewer: Person, owner: Person,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(rollbacks, "SECONDS", -1.0)
    done = create_done(agent, refund, reviewer)
    act = ask([done], owner)
    assert (act.done, act.left) == ([], [done.pk])
    assert now(done).state == State.SUCCEEDED


def test_a_rehearsal_of_many_changes_none(
    agent: Agent, refund: ActionType, reviewer: Person, owner: Person
) -> None:
    create_way_back(refund)
    done = [create_done(agent, refund, reviewer) for _ in range(2)]
    act = rollbacks.drill_each(ids=[each.pk for each in done], person=owner, reason="drill")
    assert act.done == [each.pk for each in done]
    assert {now(each).state for each in done} == {State.SUCCEEDED}
    assert {undoing(each, Purpose.EVAL).state for each in done} == {State.OBSERVED}


# The page


def test_nothing_is_looked_for_before_something_is_named(as_owner: Client) -> None:
    page = as_owner.get("/rollbacks/")
    assert page.status_code == 200
    assert page.context["incident"].rows == []
    assert "What belongs to it" not in page.content.decode().partition("<main")[2]


@pytest.mark.parametrize("typed", ["agent=&type=&run=", "agent=&until=2026-11-21T10:00"])
def test_asked_for_nothing_in_particular_it_says_what_to_name(typed: str, as_owner: Client) -> None:
    page = as_owner.get(f"/rollbacks/?{typed}")
    assert page.status_code == 200
    assert "Nothing was looked for. Name an agent" in page.content.decode()
    assert "Nothing was looked for" not in as_owner.get("/rollbacks/").content.decode()


def test_rules_are_proposed_by_the_names_that_findings_give(
    refund: ActionType, as_owner: Client
) -> None:
    rules = [{"id": "vip", "words": "A VIP is asked for.", "when": "true", "effect": {}}]
    ActionType.objects.filter(pk=refund.pk).update(stop_rules=rules)
    page = as_owner.get("/rollbacks/").content.decode()
    assert '<option value="stop_rule:vip">A VIP is asked for.</option>' in page


@pytest.mark.parametrize("act", ["ask", "drill"])
def test_the_address_of_a_refused_form_leads_back_to_the_incident(
    act: str, as_owner: Client
) -> None:
    answer = as_owner.get(f"/rollbacks/{act}?run=r")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/rollbacks/?run=r")


def test_the_page_previews_asks_and_shows_how_far_it_is(
    agent: Agent, refund: ActionType, reviewer: Person, as_owner: Client
) -> None:
    create_way_back(refund)
    done = create_done(agent, refund, reviewer, run_id="r")
    page = as_owner.get("/rollbacks/?run=r").content.decode()
    assert "by another action: Charge again" in page
    assert f'name="id" value="{done.pk}"' in page
    answer = as_owner.post("/rollbacks/ask?run=r", {"id": [str(done.pk)], "reason": REASON})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/rollbacks/?run=r")
    page = as_owner.get("/rollbacks/?run=r").content.decode()
    assert "Asked for the rollback of 1 action." in page
    assert "1 rollback requested" in page
    assert f'<a href="/actions/{done.rollbacks.get().pk}/">What undoes it</a>' in page
    assert f'name="id" value="{done.pk}"' not in page


def test_a_rollback_that_changed_nothing_is_not_shown_as_done(
    agent: Agent, refund: ActionType, reviewer: Person, as_owner: Client
) -> None:
    done = create_done(agent, refund, reviewer, run_id="r")
    rollback.ask(action_id=done.pk, person=reviewer, reason=REASON)
    outcome.report_rollback(agent=agent, action_id=done.pk, succeeded=True, error="", after=AFTER)
    (row,) = as_owner.get("/rollbacks/?run=r").context["incident"].rows
    assert (row.state, row.doubted) == ("rolled back", True)
    FollowUp.objects.update(closed_at=clock.now())
    (row,) = as_owner.get("/rollbacks/?run=r").context["incident"].rows
    assert row.doubted is False


def test_without_a_reason_what_was_chosen_is_still_there(
    agent: Agent, refund: ActionType, reviewer: Person, as_owner: Client
) -> None:
    done = create_done(agent, refund, reviewer, run_id="r")
    answer = as_owner.post("/rollbacks/ask?run=r", {"id": [str(done.pk), "x"], "reason": " "})
    assert answer.status_code == 422
    assert "Say why" in answer.content.decode()
    assert now(done).state == State.SUCCEEDED


def test_the_page_rehearses(
    agent: Agent, refund: ActionType, reviewer: Person, as_owner: Client
) -> None:
    create_way_back(refund)
    done = create_done(agent, refund, reviewer, run_id="r")
    as_owner.post("/rollbacks/drill?run=r", {"id": [str(done.pk)], "reason": "drill"})
    page = as_owner.get("/rollbacks/?run=r").content.decode()
    assert "Rehearsed the rollback of 1 action. The list leads to what would be staged." in page
    assert f'<a href="/actions/{done.rollbacks.get().pk}/">A rehearsal of undoing it</a>' in page
    assert now(done).state == State.SUCCEEDED


def test_a_run_that_did_something_leads_here(
    agent: Agent, refund: ActionType, reviewer: Person, as_owner: Client
) -> None:
    create_action(agent, refund, run_id="not done")
    create_done(agent, refund, reviewer, run_id="done")
    assert "/rollbacks/?run=done&amp;team=" in as_owner.get("/runs/one?run=done").content.decode()
    assert "/rollbacks/?run=" not in as_owner.get("/runs/one?run=not+done").content.decode()


@pytest.mark.parametrize(
    "query", ["from=x", "from=2026-11-21T10:00&until=9", "agent=%00", "type=a/b/c", "rule=%5B"]
)
def test_a_strange_query_finds_nothing_and_fails_nothing(query: str, as_owner: Client) -> None:
    assert as_owner.get(f"/rollbacks/?{query}").status_code == 200


def test_who_may_not_is_refused_on_the_page(
    agent: Agent, refund: ActionType, reviewer: Person, workflow: Workflow, client: Client
) -> None:
    done = create_done(agent, refund, reviewer, run_id="r")
    client.force_login(second_reviewer(workflow))
    page = client.get("/rollbacks/?run=r").content.decode()
    assert 'name="id"' not in page
    answer = client.post("/rollbacks/ask?run=r", {"id": [str(done.pk)], "reason": REASON})
    assert answer.status_code == 403
