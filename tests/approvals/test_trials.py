"""Trying a policy before it is saved: what would move, and that nothing else does."""

import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from agents_registry import presets
from agents_registry.models import ActionType, Agent, Person, Role, Workflow
from agents_registry.revisions import policy_document
from agents_registry.spec import text
from approvals import outcome, presence, recorded, release, review, staging, trial_rows, trials
from approvals.errors import Conflict, Invalid, Missing
from approvals.models import Action, Content, Trial, TrialState
from approvals.pages import trial as pages
from approvals.pages import trial_facts
from approvals.proposals import Revised
from approvals.trial_figures import Tally
from ledger import clock
from reviewqueue.celery import app as celery
from tests.agents_registry.documents import create_admin
from tests.api.client import AgentClient
from tests.factories import (
    create_action,
    create_action_type,
    create_person,
    create_read_type,
    create_token,
    reviewer_of,
    seen,
)

pytestmark = pytest.mark.django_db

EXAMPLES = Path(__file__).parents[2] / "examples"
LOOSE: dict[str, Any] = {
    "mode": "auto_executed",
    "reversibility": "reversible",
    "blast_radius": "low",
    "loosened": [
        {"floor": "refund", "tier": "autonomous"},
        {"floor": "customer_impacting_decision", "tier": "autonomous"},
    ],
}


def document(action_type: ActionType, **fields: Any) -> dict[str, Any]:
    return {**policy_document(ActionType.objects.get(pk=action_type.pk)), **fields}


def replay(*tried: tuple[ActionType, dict[str, Any]], days: int = 30) -> Tally:
    documents = {str(action_type.pk): said for action_type, said in tried}
    result = trials.try_now(documents=documents, days=days, progress=lambda _done, _total: None)
    return Tally.from_dict(result["tally"])


def tiers(tally: Tally) -> dict[str, int]:
    return {pair: pile.count for pair, pile in tally.tiers.items()}


def finished(trial: Trial) -> Trial:
    while trials.run_next():
        pass
    return Trial.objects.get(pk=trial.pk)


def start(action_type: ActionType, author: Person | None = None, **fields: Any) -> Trial:
    workflow = action_type.workflow
    return trials.start(
        team=workflow.team,
        documents={str(action_type.pk): document(action_type, **fields)},
        days=30,
        author=author or workflow.workflow_owner,
    )


def amounts(agent: Agent, refund: ActionType, *all_of_them: int) -> list[Action]:
    return [
        create_action(agent, refund, payload={"order": "A-1", "amount": a, "currency": "USD"})
        for a in all_of_them
    ]


# The same answer as staging


def test_what_the_api_staged_is_judged_the_same_when_it_is_replayed() -> None:
    create_admin()
    words = ("apply", str(EXAMPLES / "retail.yaml"), "--as", "admin", "--as", "rhea", "--yes")
    call_command("registry", *words, stdout=io.StringIO())
    agent = Agent.objects.get(slug="retail-support-agent")
    api = AgentClient(create_token(agent))
    with (EXAMPLES / "recorded.jsonl").open() as file:
        for line in recorded.lines(file):
            body = recorded.submission(line, "retail-customer-service")
            assert api.stage(body, body.pop("idempotency_key")).status_code == 201
    staged = Action.objects.all()
    types = list(ActionType.objects.filter(actions__in=staged).distinct())
    assert len(types) > 5
    tally = replay(*[(action_type, document(action_type)) for action_type in types])
    assert tally.replayed == staged.count() == 12
    assert tally.moved == tally.earlier == 0
    assert len(tiers(tally)) > 1
    assert not tally.asked
    assert {pair.partition(">")[0] for pair in tiers(tally)} == set(
        staged.values_list("tier", flat=True)
    )


AWKWARD: list[dict[str, Any]] = [
    {},
    {"confidence": 0.8999999},
    {"confidence": 0.9},
    {"impact": {"affected": 3, "spend_delta": "-480.00", "currency": "USD"}},
    {"impact": {"metrics": {"legs": 4}}},
    {"signals": {"missing": ["invoice"]}},
    {"signals": {"categories": ["legal"]}},
    {"evidence": [{"title": "Order", "source": "crm"}]},
    {"subject": {"type": "customer", "id": "c-1", "label": "Ana"}},
    {"subject": {"type": "customer", "id": "c-1"}},
    {"subject": {"type": "customer", "id": "c-1", "label": ""}},
    {"handoff": {"trigger": "a letter", "inputs": {"order": {"status": "open"}}}},
    {"before": None},
    {"trace": None},
    {"payload": {"order": "A-1", "amount": 199.99, "currency": "USD"}},
    {"payload": {"order": "A-1", "amount": 2e2, "currency": "EUR"}},
    {"payload": {"order": "A-1", "amount": 1e-7, "currency": "EUR"}},
]


@pytest.mark.parametrize(
    "when",
    [
        "size(signals.missing) > 0 || 'legal' in signals.categories",
        "subject.label == 'Ana'",
        "evidence.exists(e, e.source == 'crm')",
        "handoff.inputs.order.status == 'open'",
        "impact.affected > 2",
        "payload.amount / 3.0 > 66.0",
        "payload.amount > 66",
        "payload.amount < 66",
        "type(payload.amount) == double",
    ],
)
def test_nothing_that_a_rule_reads_drifts(
    agent: Agent, refund: ActionType, body: dict[str, Any], when: str
) -> None:
    """The rule moves the tier, so a fact that was read otherwise the second time shows."""
    rule = {"id": "r", "words": "It.", "when": when, "effect": {"raise_to": "mandatory"}}
    fields = {**LOOSE, "stop_rules": [rule], "confidence_line": "0.9", "waives": ["before"]}
    ActionType.objects.filter(pk=refund.pk).update(**fields, confidence_tier="spot_check")
    api = AgentClient(create_token(agent))
    for number, given in enumerate(AWKWARD):
        assert api.stage({**body, **given}, f"key {number}").status_code == 201
    tally = replay((refund, document(refund)))
    assert (tally.replayed, tally.moved) == (len(AWKWARD), 0), tally.tiers


@pytest.fixture
def body(refund: ActionType) -> dict[str, Any]:
    return {
        "workflow": refund.workflow.slug,
        "action_type": "refund",
        "payload": {"order": "A-1", "amount": 12, "currency": "USD"},
        "before": {"order": "A-1", "refunded": 0},
        "trace": {"model": "test"},
    }


def test_a_hole_that_stood_open_at_staging_counts_and_one_of_today_does_not(
    agent: Agent, workflow: Workflow
) -> None:
    read = create_read_type(workflow)
    owner = Person.objects.filter(pk=workflow.risk_owner_id)
    early = create_action(agent, read, payload={"order": "A-1"})
    owner.update(is_active=False)
    late = create_action(agent, read, payload={"order": "A-1"})
    assert (early.tier, late.tier) == ("autonomous", "batch_review")
    same = {"autonomous>autonomous": 1, "batch_review>batch_review": 1}
    assert tiers(replay((read, document(read)))) == same
    owner.update(is_active=True)
    assert tiers(replay((read, document(read)))) == same


def test_a_revision_is_replayed_in_place_of_the_first_and_stays_with_a_person(
    agent: Agent, refund: ActionType, reviewer: Person
) -> None:
    ActionType.objects.filter(pk=refund.pk).update(**LOOSE)
    rule = {"metric": "spend_delta", "operator": ">", "limit": "100", "currency": "USD",
            "effect": {"raise_to": "mandatory"}}  # fmt: skip
    ActionType.objects.filter(pk=refund.pk).update(thresholds=[rule])
    (action,) = amounts(agent, refund, 120)
    review.ask_for_changes(
        action_id=action.pk, person=reviewer, seen=seen(action), comment="Half of it."
    )
    payload = {"order": "A-1", "amount": 60, "currency": "USD"}
    again = Revised(payload=payload, before={"amount": 0}, trace={"model": "test"})
    staging.revise(agent=agent, action_id=action.pk, revised=again)
    assert tiers(replay((refund, document(refund)))) == {"batch_review>batch_review": 1}


def test_only_live_actions_of_the_days_asked_for_are_replayed(
    agent: Agent, refund: ActionType
) -> None:
    old, shadow, kept = amounts(agent, refund, 1, 2, 3)
    Action.objects.filter(pk=old.pk).update(created_at=clock.now() - timedelta(days=8))
    Action.objects.filter(pk=shadow.pk).update(purpose="shadow")
    tally = replay((refund, document(refund, **LOOSE)), days=7)
    assert tally.tiers["mandatory>autonomous"].examples == [str(kept.pk)]
    assert tally.replayed == 1


def test_every_action_is_replayed_once_however_the_pages_fall(
    agent: Agent, refund: ActionType, monkeypatch: pytest.MonkeyPatch
) -> None:
    staged = amounts(agent, refund, *range(1, 8))
    same_instant = [action.pk for action in staged[2:6]]
    Action.objects.filter(pk__in=same_instant).update(created_at=staged[2].created_at)
    for size in (1, 2, 3, 7, 8):
        monkeypatch.setattr(trial_rows, "PAGE", size)
        pile = replay((refund, document(refund, **LOOSE))).tiers["mandatory>autonomous"]
        assert pile.count == len(set(pile.examples)) == 7


# A changed line moves exactly what is below it


@pytest.mark.parametrize(
    ("change", "moves"),
    [
        ({}, {}),
        ({"confidence_line": 0.85}, {0.8: "spot_check>mandatory", None: "spot_check>mandatory"}),
        ({"confidence_line": 0.8}, {None: "spot_check>mandatory"}),
        (
            {"confidence_line": 0.95, "confidence_tier": "batch_review"},
            {
                0.8: "spot_check>batch_review",
                0.9: "spot_check>batch_review",
                None: "spot_check>batch_review",
            },
        ),
        ({"confidence_line": 0}, {None: "spot_check>mandatory"}),
    ],
)
def test_a_changed_line_moves_exactly_what_is_below_it(
    agent: Agent, refund: ActionType, change: dict[str, Any], moves: dict[float | None, str]
) -> None:
    fields = {**LOOSE, "reversibility": "irreversible"}
    ActionType.objects.filter(pk=refund.pk).update(**fields)
    shares = (0.8, 0.9, 0.95, 1, None)
    staged = {str(create_action(agent, refund, confidence=share).pk): share for share in shares}
    tally = replay((refund, document(refund, **change)))
    moved = {
        staged[pk]: pair for pair, pile in tally.tiers.items() for pk in pile.examples
    }  # fmt: skip
    assert moved == moves
    assert tally.tiers.get("spot_check>spot_check") is not None
    assert tally.tiers["spot_check>spot_check"].count == len(shares) - len(moves)


@pytest.mark.parametrize(("limit", "moved"), [("50", 3), ("100", 2), ("119.99", 2), ("500", 0)])
def test_a_changed_threshold_moves_exactly_what_is_above_it(
    agent: Agent, refund: ActionType, limit: str, moved: int
) -> None:
    ActionType.objects.filter(pk=refund.pk).update(**LOOSE)
    amounts(agent, refund, 20, 100, 120, 130)
    rule = {"metric": "spend_delta", "operator": ">", "limit": limit, "currency": "USD",
            "effect": {"block": True}}  # fmt: skip
    tally = replay((refund, document(refund, thresholds=[rule])))
    assert tally.moved == moved
    assert tiers(tally).get("autonomous>blocked", 0) == moved


def test_a_cumulative_limit_uses_the_sum_of_staging_or_else_adds_up_the_record(
    agent: Agent, refund: ActionType
) -> None:
    limit = {"id": "day", "metric": "spend_delta", "per": "agent", "within": "24 hours",
             "operator": ">", "limit": "250", "currency": "USD",
             "effect": {"raise_to": "mandatory"}}  # fmt: skip
    ActionType.objects.filter(pk=refund.pk).update(**LOOSE)
    first = amounts(agent, refund, 100, 100, 100)
    assert {action.tier for action in first} == {"autonomous"}
    tally = replay((refund, document(refund, cumulative=[limit])))
    assert tally.tiers["autonomous>mandatory"].examples == [str(first[2].pk)]
    ActionType.objects.filter(pk=refund.pk).update(cumulative=[{**limit, "limit": "350"}])
    (fourth,) = amounts(agent, refund, 100)
    assert fourth.tier == "mandatory"
    Action.objects.exclude(pk=fourth.pk).update(state="rolled_back")
    kept = Action.objects.filter(pk=fourth.pk)
    Action.objects.exclude(pk=fourth.pk).update(created_at=clock.now() - timedelta(days=40))
    assert tiers(replay((refund, document(refund)))) == {"mandatory>mandatory": 1}
    assert kept.exists()


# What it costs and saves


def failed(agent: Agent, read: ActionType) -> Action:
    action = create_action(agent, read, payload={"order": "A-1"})
    lease = release.lease(agent=agent, action_id=action.pk)
    outcome.report(
        agent=agent, action_id=action.pk, lease_id=lease.lease.pk, status="failed", body_digest="x"
    )
    return action


def test_failures_that_a_person_would_have_seen_are_caught(
    agent: Agent, workflow: Workflow
) -> None:
    read = create_read_type(workflow)
    bad = failed(agent, read)
    create_action(agent, read, payload={"order": "A-2"})
    gated = replay((read, document(read, mode="approval_gated")))
    assert gated.caught.examples == [str(bad.pk)]
    assert tiers(gated) == {"autonomous>batch_review": 2}
    assert gated.modes["auto_executed>approval_gated"].count == 2
    assert gated.asked["pool"].count == 2
    assert replay((read, document(read))).caught.count == 0


def test_rejected_work_that_would_have_run_alone_is_let_through(
    agent: Agent, refund: ActionType, reviewer: Person
) -> None:
    bad, _good = amounts(agent, refund, 10, 20)
    review.reject(action_id=bad.pk, person=reviewer, seen=seen(bad), reason="wrong_facts")
    tally = replay((refund, document(refund, **LOOSE)))
    assert tally.let_through.examples == [str(bad.pk)]
    load = tally.loads[str(refund.workflow_id)]
    assert (load.needed, load.less, load.more) == (2, 2, 0)


def test_who_is_newly_asked_is_said_by_name_of_role(agent: Agent, refund: ActionType) -> None:
    amounts(agent, refund, 10, 300)
    rule = {"metric": "spend_delta", "operator": ">", "limit": "200", "currency": "USD",
            "effect": {"raise_to": "mandatory"}, "ask": "risk_owner"}  # fmt: skip
    tally = replay((refund, document(refund, thresholds=[rule])))
    assert {who: pile.count for who, pile in tally.asked.items()} == {"risk_owner": 1}
    assert tally.moved == 0


def decided(agent: Agent, refund: ActionType, reviewer: Person, *, minutes: int) -> Action:
    action = create_action(agent, refund)
    presence.note(action=action, person=reviewer)
    with clock.simulated(action.created_at + timedelta(minutes=minutes)):
        action.viewings.update(since=action.created_at)
        review.approve(
            action_id=action.pk, person=reviewer, seen=seen(action), checked=["amount"]
        )  # fmt: skip
    return action


def facts(trial: Trial) -> str:
    assert trial.result
    told = pages.outcome(trial.result, "30 days").facts
    return " ".join(f"{fact.words} {fact.more}" for fact in told)


def test_with_too_few_decisions_the_time_they_took_is_not_told(
    agent: Agent, refund: ActionType, reviewer: Person
) -> None:
    for _ in range(7):
        decided(agent, refund, reviewer, minutes=3)
    with clock.simulated(clock.now() + timedelta(hours=1)):
        said = facts(finished(start(refund, **LOOSE)))
    assert "Reviewer time: not enough data, 7 of 20" in said


def test_hours_are_the_moved_decisions_times_the_median_that_people_took(
    agent: Agent, refund: ActionType, reviewer: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trial_facts, "LEAST", 3)
    for minutes in (2, 4, 50):
        decided(agent, refund, reviewer, minutes=minutes)
    with clock.simulated(clock.now() + timedelta(hours=2)):
        trial = finished(start(refund, **LOOSE))
    said = facts(trial)
    assert "3 actions would no longer need one" in said
    assert "Reviewer time: about 12 min less." in said
    assert "People take 4 min for one, by 3 decisions." in said


def test_late_work_that_would_no_longer_wait_is_spared_and_new_work_is_late_as_often(
    agent: Agent, refund: ActionType, reviewer: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trial_facts, "LEAST", 2)
    decided(agent, refund, reviewer, minutes=5)
    decided(agent, refund, reviewer, minutes=5 * 60)
    load = replay((refund, document(refund, **LOOSE))).loads[str(refund.workflow_id)]
    assert (load.needed, load.late, load.spared) == (2, 1, 1)
    assert "Late actions: 1 fewer." in facts(finished(start(refund, **LOOSE)))
    read = create_read_type(refund.workflow)
    for _ in range(4):
        create_action(agent, read, payload={"order": "A-1"})
    gated = {
        str(refund.pk): document(refund),
        str(read.pk): document(read, mode="approval_gated"),
    }
    team = refund.workflow.team
    trial = trials.start(team=team, documents=gated, days=30, author=reviewer)
    more = "Late actions: about 2 more. 50% of 2 that needed a person were late."
    assert more in facts(finished(trial))


def test_what_an_earlier_policy_judged_is_counted(agent: Agent, refund: ActionType) -> None:
    amounts(agent, refund, 10)
    ActionType.objects.filter(pk=refund.pk).update(blast_radius="low")
    amounts(agent, refund, 20)
    trial = finished(start(refund, **LOOSE))
    assert trial.result
    assert trial.result["tally"]["earlier"] == 1
    assert "1 action was judged by an earlier policy" in facts(trial)


# The work on it


def test_progress_is_kept_between_turns_and_ends_with_all(agent: Agent, refund: ActionType) -> None:
    amounts(agent, refund, *range(1, 13))
    trial = start(refund, **LOOSE)
    seen_done = []
    while trials.run_next(seconds=0):
        trial.refresh_from_db()
        seen_done.append((trial.state, trial.done))
    assert seen_done == [
        *((TrialState.RUNNING, done) for done in range(1, 13)),
        (TrialState.DONE, 12),
    ]
    assert trial.result
    assert trial.result["tally"]["tiers"]["mandatory>autonomous"]["count"] == 12


def test_a_trial_of_several_types_goes_on_with_the_type_where_it_was(
    agent: Agent, refund: ActionType
) -> None:
    read = create_read_type(refund.workflow)
    amounts(agent, refund, 1, 2, 3)
    for _ in range(2):
        create_action(agent, read, payload={"order": "A-1"})
    documents = {str(each.pk): document(each) for each in (refund, read)}
    author = refund.workflow.risk_owner
    trial = trials.start(team=refund.workflow.team, documents=documents, days=30, author=author)
    turns = 0
    while trials.run_next(seconds=0):
        turns += 1
    trial.refresh_from_db()
    assert (turns, trial.done, trial.total) == (6, 5, 5)
    assert trial.result
    counts = {pair: pile["count"] for pair, pile in trial.result["tally"]["tiers"].items()}
    assert counts == {"mandatory>mandatory": 3, "autonomous>autonomous": 2}


def test_every_tick_of_the_timetable_is_a_task_that_is_there() -> None:
    celery.loader.import_default_modules()
    ticks = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert ticks <= set(celery.tasks)
    assert "approvals.tasks.try_policies" in ticks


def test_what_was_staged_after_the_start_is_left_out(agent: Agent, refund: ActionType) -> None:
    amounts(agent, refund, 1, 2)
    trial = start(refund, **LOOSE)
    assert trials.run_next(seconds=0)
    amounts(agent, refund, 3)
    assert finished(trial).done == 2


def test_a_trial_in_hand_is_left_alone_until_its_worker_falls_silent(
    agent: Agent, refund: ActionType
) -> None:
    amounts(agent, refund, 1, 2, 3)
    trial = start(refund, **LOOSE)
    claimed = trials._claim()
    assert claimed
    assert not trials.run_next()
    Trial.objects.update(beat_at=clock.now() - trials.SILENCE - timedelta(seconds=1))
    assert finished(trial).state == TrialState.DONE
    with pytest.raises(trials._TakenOver):
        trials._go_on(claimed, 0)
    trial.refresh_from_db()
    assert (trial.state, trial.done) == (TrialState.DONE, 3)


def test_a_policy_that_cannot_be_asked_fails_the_trial_and_is_not_tried_for_ever(
    agent: Agent, refund: ActionType
) -> None:
    amounts(agent, refund, 1)
    trial = start(refund)
    Trial.objects.update(documents={str(refund.pk): {"verb": "broken"}})
    assert finished(trial).state == TrialState.FAILED
    another = start(refund)
    Trial.objects.filter(pk=another.pk).update(created_at=clock.now() - 2 * trials.GIVEN_UP)
    assert finished(another).state == TrialState.FAILED


def test_a_replay_writes_nothing_but_its_trial(agent: Agent, refund: ActionType) -> None:
    amounts(agent, refund, 1, 2)
    before = list(Content.objects.values()), list(Action.objects.values())
    trial = start(refund, **LOOSE)
    with connection.execute_wrapper(_only_reads):
        finished(trial)
    assert before == (list(Content.objects.values()), list(Action.objects.values()))


def _only_reads(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
    known = ("SELECT", 'UPDATE "approvals_trial"', "SAVEPOINT", "RELEASE")
    assert sql.startswith(known), sql
    return execute(sql, params, many, context)


def test_the_sweep_command_runs_one_to_its_end(agent: Agent, refund: ActionType) -> None:
    amounts(agent, refund, 1)
    trial, said = start(refund), io.StringIO()
    call_command("sweep", stdout=said)
    assert "trials: 1" in said.getvalue()
    trial.refresh_from_db()
    assert trial.state == TrialState.DONE


# Who may, and what they see


def test_auditors_and_strangers_start_nothing(refund: ActionType, stranger: Person) -> None:
    auditor = create_person(team=refund.workflow.team, role=Role.AUDITOR)
    for person in (auditor, stranger):
        with pytest.raises(PermissionDenied):
            start(refund, author=person)
    assert start(refund, author=reviewer_of(refund.workflow)).state == TrialState.WAITING


def test_a_trial_that_makes_no_sense_is_refused(refund: ActionType, desk: Any) -> None:
    team, author = refund.workflow.team, refund.workflow.workflow_owner
    good = {str(refund.pk): document(refund)}
    other = create_action_type(refund.workflow, "other")
    for days in (0, 366, -1):
        with pytest.raises(Invalid):
            trials.start(team=team, documents=good, days=days, author=author)
    for documents in ({}, {"0": {}}, {"nonsense": {}}, {**good, "999999999": {}}):
        with pytest.raises(Missing):
            trials.start(team=team, documents=documents, days=30, author=author)
    with pytest.raises(Invalid, match="operator"):
        start(other, thresholds=[{"metric": "affected", "limit": "1", "effect": {"block": True}}])
    for _ in range(trials.MOST_OPEN):
        start(refund)
    with pytest.raises(Conflict):
        start(refund)


def test_the_page_shows_how_far_it_is_then_the_matrix(
    client: Client, agent: Agent, refund: ActionType
) -> None:
    amounts(agent, refund, 10, 20)
    trial = start(refund, **LOOSE)
    address = f"/trials/{trial.pk}/"
    client.force_login(create_person(team=refund.workflow.team, role=Role.AUDITOR))
    trials.run_next(seconds=0)
    page = client.get(address).content.decode()
    assert '<progress max="2" value="1"' in page
    assert f'hx-get="{address}"' in page
    assert "<noscript>" in page
    finished(trial)
    part = client.get(address, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    assert "hx-get" not in part
    assert "2 of 2 actions of the last 30 days would be in another tier: 2 laxer." in part
    assert "2 laxer</a>" in part
    assert f'href="/actions/{Action.objects.first().pk}/"' in part


def test_a_trial_of_another_team_is_not_there(
    client: Client, refund: ActionType, stranger: Person
) -> None:
    trial = start(refund)
    client.force_login(stranger)
    assert client.get(f"/trials/{trial.pk}/").status_code == 404


def test_a_failed_trial_and_an_empty_one_say_so(client: Client, refund: ActionType) -> None:
    client.force_login(reviewer_of(refund.workflow))
    trial = finished(start(refund))
    assert "nothing can be said" in client.get(f"/trials/{trial.pk}/").content.decode()
    Trial.objects.update(state=TrialState.FAILED, result=None)
    assert "could not be tried" in client.get(f"/trials/{trial.pk}/").content.decode()


def test_hostile_text_of_an_example_is_shown_as_text(
    client: Client, agent: Agent, refund: ActionType
) -> None:
    create_action(
        agent,
        refund,
        payload={"order": "<script>x</script>\u202e", "amount": 10, "currency": "USD"},
    )
    trial = finished(start(refund, **LOOSE))
    client.force_login(reviewer_of(refund.workflow))
    page = client.get(f"/trials/{trial.pk}/").content.decode()
    assert "<script>x" not in page
    assert "U+202E" in page


def test_the_result_is_plain_json(agent: Agent, refund: ActionType) -> None:
    amounts(agent, refund, 10, 400)
    trial = finished(start(refund, **LOOSE))
    assert trial.result
    assert Tally.from_dict(json.loads(json.dumps(trial.result))["tally"]).replayed == 2


# In a build


def check(file: Path, *words: str) -> str:
    said = io.StringIO()
    call_command("registry", "check", str(file), *words, stdout=said)
    return said.getvalue()


def test_a_build_is_told_what_a_changed_file_would_have_moved(tmp_path: Path) -> None:
    create_admin()
    retail = (EXAMPLES / "retail.yaml").read_text()
    words = ("apply", str(EXAMPLES / "retail.yaml"), "--as", "admin", "--as", "rhea", "--yes")
    call_command("registry", *words, stdout=io.StringIO())
    agent = Agent.objects.get(slug="retail-support-agent")
    read = ActionType.objects.get(key="find_user_id_by_email")
    create_action(agent, read, payload={"email": "ana@example.com"})
    same = check(EXAMPLES / "retail.yaml", "--days", "7")
    assert "It changes no policy of an action type that is there." in same
    file = tmp_path / "stricter.yaml"
    section = retail[retail.index("      find_user_id_by_email:") :]
    handoff = "{trigger: A mail, context: It is theirs, decision_asked: 'May it look?'}"
    gated = f"mode: approval_gated\n        handoff: {handoff}"
    stricter = section.replace("mode: auto_executed", gated, 1)
    assert stricter != section
    file.write_text(retail.replace(section, stricter))
    said = check(file, "--days", "7")
    assert "1 of 1 action of the last 7 days would be in another tier: 1 stricter." in said
    assert "1 stricter: Autonomous → Batch review, such as " in said
    assert "Mode Auto-executed → Approval-gated: 1 action." in said
    assert check(file) == "Nothing is wrong with it.\n"
    with pytest.raises(CommandError, match="1 to 365"):
        check(file, "--days", "0")


def test_a_preset_is_written_to_be_completed() -> None:
    said = io.StringIO()
    call_command("registry", "preset", "refund", "-", stdout=said)
    assert text.load(said.getvalue()) == presets.load("refund")
    with pytest.raises(CommandError, match="invalid choice"):
        call_command("registry", "preset", "nonsense", "-")
