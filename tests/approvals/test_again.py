"""The same comes again: what was done, or rejected, before is found when it is judged."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from agents_registry import standards
from agents_registry.models import ActionType, Agent, Person, Standard
from agents_registry.policy import documents
from agents_registry.revisions import document_of, policy_document
from approvals import outcome, release, review, staging, trial_rows, trials, trying
from approvals.errors import Invalid
from approvals.models import Action, Content, Decision, Purpose
from approvals.trial_figures import Tally
from ledger import clock
from tests.factories import create_action, create_action_type, create_agent, propose, seen

pytestmark = pytest.mark.django_db

KESTREL = {"type": "account", "id": "kestrel"}
HERON = {"type": "account", "id": "heron"}
OTHER = {"order": "B-2", "amount": 7, "currency": "EUR"}


@pytest.fixture
def note(agent: Agent, refund: ActionType) -> ActionType:
    """A small write that runs alone, unless the same was done or rejected before."""
    return create_action_type(
        refund.workflow,
        "note",
        verb="write",
        authority_level="system_write_back",
        blast_radius="low",
        reversibility="reversible",
        mode="auto_executed",
        impact={"affected": {"const": 1}, "high_affected": 10},
        again={
            "done": {"days": 14, "raise_to": "batch_review"},
            "rejected": {"days": 90, "effect": "block"},
        },
    )


@pytest.fixture
def gated(refund: ActionType) -> ActionType:
    refund.again = {"rejected": {"days": 90, "effect": "block"}}
    refund.save()
    return refund


def found(action: Action) -> dict[str, dict[str, Any]]:
    """Its findings about what was before, by rule."""
    findings = Content.objects.get(action=action, revision=action.revision).findings
    return {row["rule"]: row for row in findings if row["rule"].endswith("_again")}


def reject(action: Action, reviewer: Person) -> Any:
    return review.reject(
        action_id=action.pk, person=reviewer, seen=seen(action), reason="tone", comment="No."
    )


def done(action: Action) -> None:
    taken = release.lease(agent=action.agent, action_id=action.pk)
    outcome.report(
        agent=action.agent,
        action_id=action.pk,
        body_digest="sha256:x",
        lease_id=taken.lease.pk,
        status="succeeded",
    )


def decided_days_ago(action: Action, days: float) -> None:
    at = clock.now() - timedelta(days=days)
    Action.objects.filter(pk=action.pk).update(decided_at=at)


def test_what_was_done_before_is_shown_to_a_person(agent: Agent, note: ActionType) -> None:
    first = create_action(agent, note, subject=KESTREL)
    done(first)
    again = create_action(agent, note, subject=KESTREL)
    assert (first.state, again.state, again.tier) == ("approved", "pending", "batch_review")
    assert found(again)["done_again"]["values"]["action"] == str(first.pk)
    assert found(again)["done_again"]["values"]["same"] == "content"


def test_what_will_be_done_counts_too(agent: Agent, note: ActionType) -> None:
    create_action(agent, note)
    assert create_action(agent, note).tier == "batch_review"


def test_other_content_for_the_same_subject_counts(agent: Agent, note: ActionType) -> None:
    create_action(agent, note, subject=KESTREL)
    again = create_action(agent, note, subject=KESTREL, payload=OTHER)
    assert found(again)["done_again"]["values"]["same"] == "subject"


def test_other_content_for_another_subject_does_not(agent: Agent, note: ActionType) -> None:
    create_action(agent, note, subject=KESTREL)
    assert create_action(agent, note, subject=HERON, payload=OTHER).tier == "autonomous"
    contact = {**KESTREL, "type": "contact"}
    third = {**OTHER, "order": "C-3"}
    assert create_action(agent, note, subject=contact, payload=third).tier == "autonomous"


def test_actions_without_a_subject_have_none_in_common(agent: Agent, note: ActionType) -> None:
    create_action(agent, note)
    assert create_action(agent, note, payload=OTHER).tier == "autonomous"


def test_it_is_found_whichever_agent_and_run_it_comes_from(agent: Agent, gated: ActionType) -> None:
    colleague = create_agent(agent.team)
    gated.workflow.agents.add(colleague)
    reject(create_action(agent, gated, run_id="monday"), gated.workflow.approval_owner)
    assert create_action(colleague, gated, run_id="friday").state == "blocked"


def test_another_type_with_the_same_content_is_another(agent: Agent, gated: ActionType) -> None:
    other = create_action_type(gated.workflow, "credit", again=gated.again)
    reject(create_action(agent, other, subject=KESTREL), gated.workflow.approval_owner)
    assert not found(create_action(agent, gated, subject=KESTREL))


def test_rejected_stays_rejected(agent: Agent, gated: ActionType, reviewer: Person) -> None:
    first = create_action(agent, gated, subject=KESTREL)
    reject(first, reviewer)
    again = create_action(agent, gated, subject=KESTREL)
    assert again.state == "blocked"
    finding = found(again)["rejected_again"]
    assert finding["values"]["action"] == str(first.pk)
    assert "A person rejected the very same" in finding["because"]
    assert finding["instead"]


def test_a_rejection_that_was_taken_back_is_none(
    agent: Agent, gated: ActionType, reviewer: Person
) -> None:
    first = create_action(agent, gated)
    decision = reject(first, reviewer)
    review.undo(decision_id=decision.pk, person=reviewer)
    assert not found(create_action(agent, gated))


def test_a_rejection_that_settles_is_not_told_yet(
    agent: Agent, gated: ActionType, reviewer: Person
) -> None:
    gated.settle_seconds = 60
    gated.save()
    first = create_action(agent, gated)
    reject(first, reviewer)
    assert not found(create_action(agent, gated))
    decided_days_ago(first, 1)
    assert found(create_action(agent, gated))


@pytest.mark.parametrize(("days", "speaks"), [(89.9, True), (90.1, False)])
def test_only_so_many_days_back_count(
    agent: Agent, gated: ActionType, reviewer: Person, days: float, speaks: bool
) -> None:
    first = create_action(agent, gated)
    reject(first, reviewer)
    decided_days_ago(first, days)
    assert bool(found(create_action(agent, gated))) == speaks


@pytest.mark.parametrize("purpose", [each for each in Purpose if each != Purpose.LIVE])
def test_what_was_never_live_is_no_precedent(
    agent: Agent, gated: ActionType, reviewer: Person, purpose: Purpose
) -> None:
    first = create_action(agent, gated)
    reject(first, reviewer)
    Action.objects.filter(pk=first.pk).update(purpose=purpose)
    assert not found(create_action(agent, gated))


@pytest.mark.parametrize("state", ["failed", "rolled_back", "revoked", "expired", "pending"])
def test_what_was_not_done_or_was_undone_is_not_done(
    agent: Agent, note: ActionType, state: str
) -> None:
    first = create_action(agent, note)
    clocks = {"next_step_at": clock.now()} if state == "pending" else {}
    Action.objects.filter(pk=first.pk).update(state=state, **clocks)
    assert not found(create_action(agent, note))


def test_an_edit_is_held_against_what_was_there_when_its_action_came(
    agent: Agent, gated: ActionType, reviewer: Person
) -> None:
    """It is no way around a rejection, and not stopped by one that came while it waited."""
    reject(create_action(agent, gated), reviewer)
    first = create_action(agent, gated, payload=OTHER, subject=KESTREL)
    second = create_action(agent, gated, payload={**OTHER, "amount": 9}, subject=KESTREL)
    with pytest.raises(Invalid) as refusal:
        edit(first, reviewer, {"order": "A-1", "amount": 120, "currency": "USD"})
    assert refusal.value.code == "edit_blocked"
    reject(first, reviewer)
    assert edit(second, reviewer, {**OTHER, "amount": 8}).verdict == "edited"


def edit(action: Action, reviewer: Person, payload: dict[str, Any]) -> Decision:
    return review.edit_and_approve(
        action_id=action.pk,
        person=reviewer,
        seen=seen(action),
        payload=payload,
        checked=["all"],
    )


def test_the_page_leads_to_the_earlier_one(
    agent: Agent, note: ActionType, signed_in: Client
) -> None:
    first, again = (create_action(agent, note) for _ in range(2))
    page = signed_in.get(f"/actions/{again.pk}/").content.decode()
    assert "The very same was done on" in page
    assert f'<a href="/actions/{first.pk}/">show the earlier one</a>' in page


def test_asking_beforehand_answers_the_same(
    agent: Agent, gated: ActionType, reviewer: Person
) -> None:
    reject(create_action(agent, gated), reviewer)
    assert staging.check(agent=agent, proposal=propose(gated))["tier"] == "blocked"


def test_a_type_that_does_not_ask_costs_no_query(agent: Agent, refund: ActionType) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            staging.check(agent=agent, proposal=propose(refund, subject=KESTREL))
        return len(captured)

    queries()
    plain = queries()
    refund.again = {"done": {"days": 14}, "rejected": {"days": 90}}
    refund.save()
    queries()
    assert queries() == plain + 1


def test_a_trial_asks_what_staging_asked(agent: Agent, note: ActionType) -> None:
    """What was there when it was judged, and not what has come since."""
    first, second = create_action(agent, note), create_action(agent, note)
    create_action(agent, note)
    assert (first.tier, second.tier) == ("autonomous", "batch_review")
    result = trials.try_now(
        documents={str(note.pk): policy_document(note)}, days=30, progress=lambda *_: None
    )
    tiers = Tally.from_dict(result["tally"]).tiers
    assert {pair: pile.count for pair, pile in tiers.items()} == {
        "autonomous>autonomous": 1,
        "batch_review>batch_review": 2,
    }


def test_a_new_rule_is_tried_on_what_was_staged_without_it(
    agent: Agent, refund: ActionType, reviewer: Person
) -> None:
    first = create_action(agent, refund)
    reject(first, reviewer)
    again = create_action(agent, refund)
    document = {**policy_document(refund), "again": {"rejected": {"days": 1, "effect": "block"}}}
    assert tried(first, document["again"]) == "mandatory"
    assert tried(again, document["again"]) == "blocked"
    longer = {**document, "again": {"rejected": {"days": 30, "effect": "block"}}}
    bench = trial_rows.Tried.of(refund, longer)
    span = trial_rows.Span(clock.now() - timedelta(days=1), clock.now())
    rows = {row["action_id"]: row for row in trial_rows.rows(refund, span, None)}
    assert trial_rows.judged(bench, rows[first.pk]).tier == "mandatory"
    assert trial_rows.judged(bench, rows[again.pk]).tier == "blocked"


def test_a_trial_holds_no_action_against_itself_nor_against_what_came_later(
    agent: Agent, note: ActionType, refund: ActionType, reviewer: Person
) -> None:
    ActionType.objects.filter(pk=note.pk).update(again={})
    alone = create_action(agent, ActionType.objects.get(pk=note.pk))
    assert tried(alone, {"done": {"days": 14}}) == "autonomous"
    first, second = create_action(agent, refund), create_action(agent, refund)
    reject(first, reviewer)
    assert tried(second, {"rejected": {"days": 14, "effect": "block"}}) == "mandatory"


def tried(action: Action, again: dict[str, Any]) -> str:
    """The tier under the policy of now with these rules."""
    action_type = ActionType.objects.get(pk=action.action_type_id)
    policy = documents.parse({**policy_document(action_type), "again": again})
    content = Content.objects.get(action=action)
    return str(trying.tried(action, content, policy, as_type=action_type.pk).tier)


def test_its_owners_read_and_edit_it_on_the_types_page(note: ActionType, client: Client) -> None:
    client.force_login(note.workflow.risk_owner)
    address = f"/registry/{note.workflow.slug}/{note.key}/"
    page = client.get(address).content.decode()
    assert "within 14 days: at least batch review" in page
    assert "within 90 days: blocked" in page
    form = client.get(f"{address}edit").content.decode()
    assert "When the same comes again" in form
    assert 'name="/again/rejected/days"' in form


def test_a_rule_is_written_like_any_other(agent: Agent, note: ActionType) -> None:
    """It is part of the policy that is frozen onto the action."""
    action = create_action(agent, note)
    assert policy_document(note)["again"]["done"]["days"] == 14
    content = Content.objects.get(action=action)
    assert content.circumstances["again"] == {
        "done": {"days": 14, "found": None},
        "rejected": {"days": 90, "found": None},
    }


def create_standard(action_type: ActionType, **again: Any) -> Standard:
    """What the whole team asks of what comes again."""
    return Standard.objects.create(
        team=action_type.workflow.team,
        slug="once",
        name="Once",
        everywhere=True,
        rules={"again": again},
    )


def test_a_standard_asks_it_of_a_type_that_does_not(
    agent: Agent, refund: ActionType, reviewer: Person
) -> None:
    create_standard(refund, rejected={"days": 90, "effect": "block"})
    first = create_action(agent, refund)
    reject(first, reviewer)
    again = create_action(agent, refund)
    assert (first.tier, again.tier) == ("mandatory", "blocked")
    assert found(again)["rejected_again"]["values"]["action"] == str(first.pk)
    assert documents.parse(document_of(again.policy_revision)).again["rejected"].days == 90


def test_a_type_under_a_standard_is_judged_by_the_longer_time_and_the_stricter_tier(
    agent: Agent, note: ActionType
) -> None:
    create_standard(note, done={"days": 60})
    first = create_action(agent, note)
    done(first)
    decided_days_ago(first, 30)
    again = create_action(agent, note)
    assert again.tier == "mandatory"
    assert found(again)["done_again"]["because"].endswith("it comes again within 60 days.")
    looked = Content.objects.get(action=again).circumstances["again"]
    assert {kind: each["days"] for kind, each in looked.items()} == {"done": 60, "rejected": 90}


def test_a_standard_is_tried_on_what_was_staged_before_it(
    agent: Agent, refund: ActionType, reviewer: Person
) -> None:
    first = create_action(agent, refund)
    reject(first, reviewer)
    again = create_action(agent, refund)
    asked = create_standard(refund, rejected={"days": 90, "effect": "block"})
    under = {"again": standards.under({**policy_document(refund), "again": {}}, [asked])["again"]}
    assert tried(again, under["again"]) == "blocked"


def test_a_standard_that_names_other_verbs_leaves_the_type_as_it_is(
    agent: Agent, note: ActionType
) -> None:
    standard = create_standard(note, done={"days": 60})
    Standard.objects.filter(pk=standard.pk).update(rules={**standard.rules, "verbs": ["refund"]})
    assert policy_document(note)["again"] == note.again
