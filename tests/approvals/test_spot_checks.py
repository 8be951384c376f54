"""Spot checks: which done actions are drawn, what the agent learns of it (nothing), and what a
check sets going."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection

from agents_registry.models import ActionType, Agent, Membership, Person, Role
from agents_registry.policy import sampling
from agents_registry.policy.findings import Tier
from approvals import closing, outcome, release, review, rubric, spot_checks
from approvals.errors import Conflict, Invalid, Missing
from approvals.models import Action, FollowUp, SpotCheck
from approvals.models.actions import new_id
from approvals.rubric import Answer
from approvals.sweep import turn
from ledger import clock, record
from ledger.models import Event
from tests.api.client import AgentClient
from tests.approvals.checked import FAILED, PASSED, create_drawing_desk, do, drawn, report
from tests.approvals.windowed import TAG, sure, unsure
from tests.factories import create_person, create_token, reviewer_of, seen

pytestmark = pytest.mark.django_db


@pytest.fixture
def drawing() -> tuple[Agent, ActionType]:
    return create_drawing_desk()


@pytest.fixture
def agent(drawing: tuple[Agent, ActionType]) -> Agent:
    return drawing[0]


@pytest.fixture
def tag(drawing: tuple[Agent, ActionType]) -> ActionType:
    return drawing[1]


@pytest.fixture
def reviewer(tag: ActionType) -> Person:
    return reviewer_of(tag.workflow)


def events_of(action: Action) -> list[str]:
    events = Event.objects.filter(stream=action.stream).order_by("seq")
    return list(events.values_list("type", flat=True))


# Which are drawn


@pytest.mark.parametrize("rate", [Decimal("0.02"), Decimal("0.2")])
def test_the_sample_is_as_large_as_the_rate_says(rate: Decimal) -> None:
    ids = [new_id() for _ in range(10_000)]
    found = sum(spot_checks.is_in_sample(pk, rate) for pk in ids)
    sigma = (len(ids) * float(rate) * (1 - float(rate))) ** 0.5
    assert abs(found - len(ids) * rate) < 5 * sigma


def test_a_rate_of_nothing_draws_nothing_and_one_draws_all() -> None:
    ids = [new_id() for _ in range(1_000)]
    assert not any(spot_checks.is_in_sample(pk, Decimal(0)) for pk in ids)
    assert all(spot_checks.is_in_sample(pk, Decimal(1)) for pk in ids)


def test_who_has_another_key_draws_others(settings: Any) -> None:
    ids, half = [new_id() for _ in range(200)], Decimal("0.5")
    ours = [spot_checks.is_in_sample(pk, half) for pk in ids]
    assert ours == [spot_checks.is_in_sample(pk, half) for pk in ids]
    settings.SECRET_KEY = "somebody else's"
    assert ours != [spot_checks.is_in_sample(pk, half) for pk in ids]


@pytest.mark.parametrize("status", ["succeeded", "failed"])
def test_what_ran_alone_is_drawn_when_it_is_done(
    agent: Agent, tag: ActionType, status: str
) -> None:
    action = sure(agent, tag)
    assert action.tier == "autonomous"
    release.lease(agent=agent, action_id=action.pk)
    assert not SpotCheck.objects.exists()
    before = clock.now()
    report(agent, action, status)
    check = SpotCheck.objects.get(action=action)
    assert check.team == action.team
    assert timedelta(days=2) < check.due_at - before < timedelta(days=4)
    assert events_of(action)[-1] == "action.drawn"


def test_so_is_what_cannot_be_taken_back_and_reaches_little() -> None:
    agent, tag = create_drawing_desk(reversibility="irreversible")
    check = drawn(agent, tag)
    assert check.action.tier == "spot_check"


@pytest.mark.parametrize(
    ("reversibility", "rate"), [("irreversible", "0.2"), ("reversible", "0.02")]
)
def test_where_a_type_says_nothing_the_tier_has_a_rate(
    reversibility: str, rate: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent, tag = create_drawing_desk(None, reversibility=reversibility)
    asked: list[Decimal] = []

    def noted(action_id: UUID, rate: Decimal) -> bool:
        asked.append(rate)
        return True

    monkeypatch.setattr(spot_checks, "is_in_sample", noted)
    action = do(agent, sure(agent, tag))
    assert asked == [Decimal(rate)]
    drawn_event = Event.objects.get(stream=action.stream, type="action.drawn")
    assert record.body_of(drawn_event)["rate"] == str(asked[0])


def test_a_rate_of_zero_is_no_missing_rate() -> None:
    for tier in sampling.RATES:
        assert sampling.rate(tier, Decimal(0)) == 0
        assert sampling.rate(tier, None) > 0
    assert sampling.rate(Tier.MANDATORY, Decimal(1)) == 0, "a person looked at it beforehand"


def test_what_a_person_approved_is_never_drawn(
    agent: Agent, tag: ActionType, reviewer: Person
) -> None:
    action = unsure(agent, tag)
    review.approve(action_id=action.pk, person=reviewer, seen=seen(action), checked=["all"])
    do(agent, action)
    assert not SpotCheck.objects.exists()


def test_nor_where_a_person_approved_what_the_policy_had_approved_before(
    agent: Agent, tag: ActionType, reviewer: Person
) -> None:
    action = sure(agent, tag)
    release.reopen(action=action, mover="agent", actor="agent:x", event="world_changed")
    review.approve(action_id=action.pk, person=reviewer, seen=seen(action))
    action.refresh_from_db()
    assert (action.state, action.tier) == ("approved", "autonomous")
    do(agent, action)
    assert not SpotCheck.objects.exists()


def test_what_is_not_live_is_never_drawn(agent: Agent, tag: ActionType) -> None:
    action = sure(agent, tag)
    Action.objects.filter(pk=action.pk).update(purpose="live")
    action.purpose = "eval"
    spot_checks.draw(action=action)
    assert not SpotCheck.objects.exists()


def test_what_somebody_settles_is_drawn_then(agent: Agent, tag: ActionType) -> None:
    with clock.simulated(clock.now() - timedelta(hours=1)):
        action = sure(agent, tag)
        release.lease(agent=agent, action_id=action.pk, seconds=60)
    turn()
    work = FollowUp.objects.get(action=action)
    assert (work.kind, SpotCheck.objects.count()) == ("unknown", 0)
    closing.close(
        follow_up_id=work.pk,
        person=tag.workflow.system_owner,
        choice="it_was_done",
        reason="the order is tagged",
    )
    assert SpotCheck.objects.get().action == action


def test_no_action_is_drawn_twice(agent: Agent, tag: ActionType) -> None:
    check = drawn(agent, tag)
    spot_checks.draw(action=check.action)
    assert SpotCheck.objects.count() == 1
    assert events_of(check.action).count("action.drawn") == 1


# What the agent learns: nothing


def told(agent: Agent, tag: ActionType) -> list[list[str]]:
    """All that an agent is answered from staging to reading it afterwards, but what always
    differs between two actions."""
    api = AgentClient(create_token(agent))
    body = {
        "workflow": tag.workflow.slug,
        "action_type": tag.key,
        "payload": TAG,
        "confidence": 0.9,
        "before": {"order": "A-1"},
        "trace": {"model": "test"},
        "take": True,
    }
    staged = api.stage(body, "one")
    action_id, lease = staged.json()["id"], staged.json()["release"]["lease_id"]
    outcome = {"lease_id": lease, "status": "succeeded", "after": {"tags": ["late"]}}
    answers = [
        staged,
        api.post(f"/actions/{action_id}/outcome", outcome),
        api.post(f"/actions/{action_id}/outcome", outcome),
        api.get(f"/actions/{action_id}"),
        api.get("/actions"),
        api.get("/decisions"),
        api.get("/me"),
        api.post(f"/actions/{action_id}/rollback", {"status": "succeeded"}),
    ]
    return [_still(answer, agent, tag) for answer in answers]


def _still(answer: Any, agent: Agent, tag: ActionType) -> list[str]:
    headers = {name: value for name, value in answer.headers.items() if name not in MOVING}
    body = json.dumps(_without(json.loads(answer.content), agent, tag), indent=1, sort_keys=True)
    return [str(answer.status_code), *sorted(headers), *body.splitlines()]


MOVING = {"ETag"}
OWN = (
    *("id", "action_id", "lease_id", "release_id", "review_url", "lease_expires_at"),
    *("created_at", "changed_at", "decided_at", "due_at", "expires_at", "approved_by", "policy"),
)


def _without(value: Any, agent: Agent, tag: ActionType) -> Any:
    """The answer without what belongs to this action or desk alone."""
    if isinstance(value, dict):
        return {k: _without(v, agent, tag) for k, v in value.items() if k not in OWN}
    if isinstance(value, list):
        return [_without(part, agent, tag) for part in value]
    known = {tag.workflow.slug: "W", agent.slug: "A", agent.name: "A", tag.workflow.name: "W"}
    return known.get(value, value) if isinstance(value, str) else value


def test_whether_it_is_drawn_or_not_the_agent_is_answered_the_same() -> None:
    in_sample, out_of_it = told(*create_drawing_desk(1)), told(*create_drawing_desk(0))
    assert SpotCheck.objects.count() == 1
    for ours, theirs in zip(in_sample, out_of_it, strict=True):
        assert [line for line in ours if line not in theirs] == []
        assert ours == theirs


def test_the_drawing_leaves_no_trace_on_the_action(agent: Agent, tag: ActionType) -> None:
    action = sure(agent, tag)
    SpotCheck.objects.create(
        action=action, team=action.team, drawn_at=clock.now(), due_at=clock.now()
    )
    plain = do(agent, action)
    before = {field.attname: getattr(plain, field.attname) for field in Action._meta.fields}
    SpotCheck.objects.all().delete()
    spot_checks.draw(action=plain)
    assert SpotCheck.objects.exists()
    plain.refresh_from_db()
    assert before == {field.attname: getattr(plain, field.attname) for field in Action._meta.fields}


def test_a_check_that_passes_changes_nothing_that_the_agent_reads(
    agent: Agent, tag: ActionType, reviewer: Person
) -> None:
    check = drawn(agent, tag)
    api = AgentClient(create_token(agent))
    before = api.get(f"/actions/{check.action_id}")
    spot_checks.check(check_id=check.pk, person=reviewer, ratings=PASSED)
    after = api.get(f"/actions/{check.action_id}")
    assert (before.content, before["ETag"]) == (after.content, after["ETag"])


# What a check sets going


def test_a_check_is_written_down_and_told_on_the_actions_stream(
    agent: Agent, tag: ActionType, reviewer: Person
) -> None:
    check = drawn(agent, tag)
    made = spot_checks.check(
        check_id=check.pk, person=reviewer, ratings=PASSED, comment="Nothing to say."
    )
    assert (made.passed, made.checked_by, made.ratings) == (True, reviewer, PASSED)
    event = Event.objects.get(stream=check.action.stream, type="action.spot_checked")
    body = record.body_of(event)
    assert (body["found"], body["ratings"], body["comment"]) == (
        "passed", PASSED, "Nothing to say.",
    )  # fmt: skip
    assert b"Nothing to say" not in bytes(event.content)
    assert not FollowUp.objects.exists()


def test_a_failed_check_is_open_work_of_the_workflow_owner(
    agent: Agent, tag: ActionType, reviewer: Person
) -> None:
    check = drawn(agent, tag)
    spot_checks.check(check_id=check.pk, person=reviewer, ratings=FAILED, comment="Wrong order.")
    work = FollowUp.objects.get()
    assert (work.kind, work.assignee) == ("check_failed", tag.workflow.workflow_owner)
    closing.close(
        follow_up_id=work.pk, person=tag.workflow.workflow_owner, choice="roll_back", reason="yes"
    )
    check.action.refresh_from_db()
    assert check.action.state == "rollback_requested"


def test_a_failed_check_asks_for_rollback_at_once_where_that_is_wished(
    agent: Agent, tag: ActionType, reviewer: Person
) -> None:
    check = drawn(agent, tag)
    api = AgentClient(create_token(agent))
    spot_checks.check(
        check_id=check.pk, person=reviewer, ratings=FAILED, comment="Wrong order.", roll_back=True
    )
    assert api.get(f"/actions/{check.action_id}").json()["state"] == "rollback_requested"
    assert events_of(check.action)[-2:] == ["action.spot_checked", "action.rollback_requested"]
    assert FollowUp.objects.get().kind == "rollback_asked"
    outcome.report_rollback(agent=agent, action_id=check.action_id, succeeded=True, error="")


def test_without_a_way_back_rollback_is_refused_and_the_check_not_saved(
    agent: Agent, tag: ActionType, reviewer: Person
) -> None:
    check = drawn(agent, tag)
    ActionType.objects.filter(pk=tag.pk).update(rollback_path="")
    with pytest.raises(Conflict, match="No way back"):
        spot_checks.check(
            check_id=check.pk, person=reviewer, ratings=FAILED, comment="Wrong.", roll_back=True
        )
    check.refresh_from_db()
    assert check.checked_at is None
    assert "action.spot_checked" not in events_of(check.action)


def test_what_is_being_rolled_back_is_not_asked_for_twice_but_can_be_checked(
    agent: Agent, tag: ActionType, reviewer: Person
) -> None:
    check = drawn(agent, tag)
    Action.objects.filter(pk=check.action_id).update(state="rollback_requested")
    failed = {"check_id": check.pk, "person": reviewer, "ratings": FAILED, "comment": "Wrong."}
    with pytest.raises(Conflict, match="already"):
        spot_checks.check(**failed, roll_back=True)
    assert spot_checks.check(**failed).passed is False


# When it has failed, and when it is not whole


@pytest.mark.parametrize("criterion", [each.key for each in rubric.CRITERIA])
def test_any_single_fail_fails_it(criterion: str) -> None:
    assert not rubric.has_passed({**PASSED, criterion: Answer.FAIL}, 0)
    assert rubric.has_passed({**PASSED, criterion: Answer.NA}, 0)


def test_so_does_cleaning_up() -> None:
    assert not rubric.has_passed(PASSED, 1)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"ratings": {**PASSED, "tone": ""}}, "Tone"),
        ({"ratings": {**PASSED, "tone": "maybe"}}, "Tone"),
        ({"ratings": {}}, "Relevance, Accuracy"),
        ({"ratings": FAILED}, "Say what was wrong"),
        ({"ratings": FAILED, "comment": "  "}, "Say what was wrong"),
        ({"cleanup_minutes": 5}, "Say what was wrong"),
        ({"cleanup_minutes": -1}, "whole number"),
        ({"cleanup_minutes": rubric.MOST_MINUTES + 1}, "whole number"),
        ({"roll_back": True}, "Nothing failed"),
    ],
)
def test_what_is_not_whole_is_not_saved(
    agent: Agent, tag: ActionType, reviewer: Person, changed: dict[str, Any], said: str
) -> None:
    check = drawn(agent, tag)
    whole = {"check_id": check.pk, "person": reviewer, "ratings": PASSED}
    with pytest.raises(Invalid, match=said):
        spot_checks.check(**{**whole, **changed})
    check.refresh_from_db()
    assert check.checked_at is None


def test_only_the_rubrics_own_answers_are_kept(
    agent: Agent, tag: ActionType, reviewer: Person
) -> None:
    check = drawn(agent, tag)
    said = {**PASSED, "anything": "else"}
    made = spot_checks.check(check_id=check.pk, person=reviewer, ratings=said)
    assert made.ratings == PASSED


# Who may


def test_the_pool_and_the_approval_owner_check_and_nobody_else(
    agent: Agent, tag: ActionType
) -> None:
    workflow = tag.workflow
    for person in (reviewer_of(workflow), workflow.approval_owner):
        check = drawn(agent, tag)
        assert spot_checks.check(check_id=check.pk, person=person, ratings=PASSED)
    check = drawn(agent, tag)
    manager = create_person(team=workflow.team, role=Role.MANAGER)
    for person in (workflow.workflow_owner, workflow.risk_owner, workflow.system_owner, manager):
        with pytest.raises(PermissionDenied, match="reviewer pool"):
            spot_checks.check(check_id=check.pk, person=person, ratings=PASSED)


def test_an_auditor_checks_nothing_even_from_within_the_pool(
    agent: Agent, tag: ActionType, reviewer: Person
) -> None:
    check = drawn(agent, tag)
    Membership.objects.filter(person=reviewer).update(role=Role.AUDITOR)
    with pytest.raises(PermissionDenied):
        spot_checks.check(check_id=check.pk, person=reviewer, ratings=PASSED)


def test_nobody_checks_what_they_asked_for(agent: Agent, tag: ActionType, reviewer: Person) -> None:
    check = drawn(agent, tag)
    team = tag.workflow.team
    assert list(spot_checks.waiting_for(reviewer, team)) == [check]
    for name in (reviewer.email.upper(), reviewer.username):
        Action.objects.filter(pk=check.action_id).update(requested_by=name)
        with pytest.raises(PermissionDenied, match="yourself"):
            spot_checks.check(check_id=check.pk, person=reviewer, ratings=PASSED)
        assert not spot_checks.waiting_for(reviewer, team).exists()


def test_another_teams_check_is_not_there(agent: Agent, tag: ActionType, stranger: Person) -> None:
    check = drawn(agent, tag)
    with pytest.raises(Missing):
        spot_checks.check(check_id=check.pk, person=stranger, ratings=PASSED)


def test_who_comes_second_is_told_and_changes_nothing(agent: Agent, tag: ActionType) -> None:
    check = drawn(agent, tag)
    first, second = tag.workflow.pool.people.order_by("pk")
    spot_checks.check(check_id=check.pk, person=first, ratings=PASSED)
    with pytest.raises(Conflict, match="checked this first"):
        spot_checks.check(check_id=check.pk, person=second, ratings=FAILED, comment="Wrong.")
    check.refresh_from_db()
    assert (check.checked_by, check.passed) == (first, True)
    assert not FollowUp.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_exactly_one_wins(agent: Agent, tag: ActionType) -> None:
    check = drawn(agent, tag)
    people = list(tag.workflow.pool.people.all()) * 3

    def attempt(person: Person) -> bool:
        try:
            spot_checks.check(check_id=check.pk, person=person, ratings=FAILED, comment="Wrong.")
        except Conflict:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(len(people)) as crowd:
        won = list(crowd.map(attempt, people))
    assert won.count(True) == 1
    assert events_of(check.action).count("action.spot_checked") == 1
    assert FollowUp.objects.count() == 1
