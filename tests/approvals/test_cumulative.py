"""Cumulative limits: many small actions come to as much as one large one."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agents_registry import revisions
from agents_registry.models import ActionType, Agent, Workflow
from agents_registry.policy import documents
from approvals import review, staging, totals
from approvals.models import Action, Content
from approvals.proposals import Revised
from approvals.states import State
from tests.factories import (
    create_action,
    create_action_type,
    create_agent,
    create_desk,
    propose,
    reviewer_of,
    seen,
)
from tests.together import at_once

PAYOUT_SCHEMA = {
    "type": "object",
    "properties": {
        "iban": {"type": ["string", "null"]},
        "amount": {"type": ["number", "string"]},
        "currency": {"type": "string"},
    },
}


def limit(**fields: Any) -> dict[str, Any]:
    return {
        "id": "a_day",
        "metric": "spend_delta",
        "per": "agent",
        "within": "24 hours",
        "operator": ">",
        "limit": "1000",
        "currency": "USD",
        "effect": {"raise_to": "mandatory"},
    } | fields


def create_payout(workflow: Workflow, key: str = "payout", **fields: Any) -> ActionType:
    """A payment that runs alone, however large, until a limit says otherwise."""
    return create_action_type(
        workflow,
        key,
        verb="write",
        authority_level="system_write_back",
        blast_radius="low",
        reversibility="reversible",
        mode="auto_executed",
        payload_schema=PAYOUT_SCHEMA,
        sentence="Pay out",
        impact={
            "affected": {"const": 1},
            "spend_delta": "/amount",
            "currency": "/currency",
            "high_affected": 10,
            "high_spend": "1000000",
        },
        **{"cumulative": [limit()], **fields},
    )


def payload(amount: Any = 999, **fields: Any) -> dict[str, Any]:
    return {"iban": "DE89 3704", "amount": amount, "currency": "USD"} | fields


def pay(agent: Agent, payout: ActionType, amount: Any = 999, **fields: Any) -> Action:
    subject = fields.pop("subject", {"type": "customer", "id": "c-1", "label": "Acme"})
    return create_action(agent, payout, payload=payload(amount, **fields), subject=subject)


def because(action: Action) -> list[str]:
    findings = action.contents.get(revision=action.revision).findings
    return [row["because"] for row in findings if row["rule"].startswith("cumulative:")]


@pytest.mark.parametrize("per", ["agent", "subject", "type", "/iban"])
def test_nine_payments_under_the_limit_need_a_person_from_the_second_on(
    agent: Agent, workflow: Workflow, per: str
) -> None:
    payout = create_payout(workflow, cumulative=[limit(per=per)])
    states = [pay(agent, payout).state for _ in range(9)]
    assert states == [State.APPROVED, *[State.PENDING] * 8]


def test_the_finding_says_what_it_comes_to(agent: Agent, workflow: Workflow) -> None:
    payout = create_payout(workflow, cumulative=[limit(words="Finance signs.", ask="risk_owner")])
    *_, last = [pay(agent, payout) for _ in range(10)]
    assert because(last) == [
        "With this one the agent comes to 9,990.00 USD within 24 hours, above 1,000.00 USD. "
        "Finance signs."
    ]
    content = last.contents.get()
    assert content.circumstances["totals"] == {"a_day": {"value": "8991", "count": 9}}
    values = next(row for row in content.findings if row["rule"] == "cumulative:a_day")["values"]
    assert values["before"] == "8991"
    assert values["together"] == "9990"
    assert values["actions_before"] == 9
    assert last.signers == ["risk_owner"]


def test_other_agents_subjects_and_payees_have_sums_of_their_own(
    agent: Agent, workflow: Workflow
) -> None:
    other = create_agent(workflow.team)
    workflow.agents.add(other)
    by_agent = create_payout(workflow, "by_agent")
    pay(agent, by_agent)
    assert pay(other, by_agent).state == State.APPROVED
    by_subject = create_payout(workflow, "by_subject", cumulative=[limit(per="subject")])
    pay(agent, by_subject)
    assert pay(other, by_subject).state == State.PENDING
    assert pay(agent, by_subject, subject={"type": "customer", "id": "2"}).state == State.APPROVED
    by_payee = create_payout(workflow, "by_payee", cumulative=[limit(per="/iban")])
    pay(agent, by_payee)
    assert pay(other, by_payee).state == State.PENDING
    assert pay(agent, by_payee, iban="FR76").state == State.APPROVED


@pytest.mark.parametrize("written", ["de89 3704", "DE893704", " DE89\t37 04 "])
def test_a_payee_written_with_other_spaces_or_capitals_is_the_same(
    agent: Agent, workflow: Workflow, written: str
) -> None:
    payout = create_payout(workflow, cumulative=[limit(per="/iban")])
    pay(agent, payout)
    assert pay(agent, payout, iban=written).state == State.PENDING


@pytest.mark.parametrize("iban", [None, "", "  "])
def test_an_action_that_does_not_say_whose_sum_it_adds_to_crosses(
    agent: Agent, workflow: Workflow, iban: str | None
) -> None:
    payout = create_payout(workflow, cumulative=[limit(per="/iban"), limit(id="b", per="subject")])
    first = pay(agent, payout, 1, iban=iban, subject={})
    assert first.state == State.PENDING
    assert because(first) == [
        "What the same iban comes to within 24 hours is not known and counts as above "
        "1,000.00 USD.",
        "What the subject comes to within 24 hours is not known and counts as above 1,000.00 USD.",
    ]


def test_another_currency_crosses_and_has_a_sum_of_its_own(
    agent: Agent, workflow: Workflow
) -> None:
    payout = create_payout(workflow)
    euros = pay(agent, payout, 1, currency="EUR")
    assert because(euros) == [
        "The limit within 24 hours is in USD and this one is not. Nothing is converted, so what "
        "the agent comes to counts as above 1,000.00 USD."
    ]
    assert pay(agent, payout, 999).state == State.APPROVED


@pytest.mark.parametrize(("amount", "currency"), [("a lot", "USD"), ("a lot", "?"), (5, "?")])
def test_what_cannot_be_read_makes_the_sum_unknown(
    agent: Agent, workflow: Workflow, amount: Any, currency: str
) -> None:
    payout = create_payout(workflow)
    assert pay(agent, payout, amount, currency=currency).state == State.PENDING
    after = pay(agent, payout, 1)
    assert after.state == State.PENDING
    assert after.contents.get().circumstances["totals"]["a_day"]["value"] is None


def test_what_goes_out_and_what_comes_in_does_not_cancel(agent: Agent, workflow: Workflow) -> None:
    payout = create_payout(workflow)
    assert pay(agent, payout, -600).state == State.APPROVED
    assert pay(agent, payout, 300).state == State.APPROVED
    assert pay(agent, payout, -101).state == State.PENDING


def test_actions_are_counted_too(agent: Agent, workflow: Workflow) -> None:
    few = limit(metric="count", operator=">=", limit=3, currency=None, effect={"block": True})
    payout = create_payout(workflow, cumulative=[few])
    states = [pay(agent, payout, 1).state for _ in range(4)]
    # What is blocked is never done and does not count: the third is blocked, and so is the fourth.
    assert states == [State.APPROVED, State.APPROVED, State.BLOCKED, State.BLOCKED]


def test_a_metric_of_its_own_is_added_up(agent: Agent, workflow: Workflow) -> None:
    impact = {"affected": {"const": 1}, "high_affected": 9, "metrics": {"seats__a": "/amount"}}
    seats = limit(metric="seats__a", limit=10, currency=None)
    payout = create_payout(
        workflow, cumulative=[seats, limit(id="b", metric="affected", limit=2, currency=None)]
    )
    ActionType.objects.filter(pk=payout.pk).update(impact=impact)
    assert [pay(agent, payout, 5).state for _ in range(2)] == [State.APPROVED] * 2
    assert because(pay(agent, payout, 1)) == [
        "With this one the agent comes to 11 (seats  a) within 24 hours, above 10.",
        "With this one the agent comes to 3 affected within 24 hours, above 2.",
    ]


def test_a_claim_that_is_larger_counts(agent: Agent, workflow: Workflow) -> None:
    payout = create_payout(workflow)
    pay(agent, payout, 500)
    claiming = create_action(agent, payout, payload=payload(1), impact={"spend_delta": "501"})
    assert because(claiming) == [
        "With this one, as the agent claims it, the agent comes to 1,001.00 USD within 24 hours, "
        "above 1,000.00 USD."
    ]


def test_a_rejected_one_no_longer_counts(agent: Agent, workflow: Workflow) -> None:
    payout = create_payout(workflow)
    large = pay(agent, payout, 1500)
    assert pay(agent, payout, 1).state == State.PENDING
    review.reject(
        action_id=large.pk, person=reviewer_of(workflow), seen=seen(large), reason="wrong_content"
    )
    assert pay(agent, payout, 1).state == State.APPROVED


@pytest.mark.parametrize("state", [state for state in State if state != State.BLOCKED])
def test_what_was_done_or_may_still_be_counts_and_nothing_else(
    agent: Agent, workflow: Workflow, state: State
) -> None:
    ended = {"rejected", "expired", "withdrawn", "revoked", "accepted", "answered", "taken_over"}
    payout = create_payout(workflow)
    first = pay(agent, payout)
    Action.objects.filter(pk=first.pk).update(
        state=state, next_step_at=first.created_at, approved_digest="x"
    )
    gone = state in {*ended, "observed", "rolled_back"}
    assert pay(agent, payout).state == (State.APPROVED if gone else State.PENDING)


def test_what_is_older_than_the_window_or_not_live_does_not_count(
    agent: Agent, workflow: Workflow
) -> None:
    payout = create_payout(workflow)
    old = pay(agent, payout)
    Action.objects.filter(pk=old.pk).update(created_at=old.created_at - timedelta(hours=24))
    young = pay(agent, payout)
    assert young.state == State.APPROVED
    Action.objects.filter(pk=young.pk).update(state="observed", purpose="shadow")
    Action.objects.filter(pk=young.pk).update(state="pending", next_step_at=young.created_at)
    assert pay(agent, payout).state == State.APPROVED


def test_a_revision_does_not_count_beside_what_it_takes_the_place_of(
    agent: Agent, workflow: Workflow
) -> None:
    payout = create_payout(workflow)
    large = pay(agent, payout, 1500)
    review.ask_for_changes(
        action_id=large.pk, person=reviewer_of(workflow), seen=seen(large), comment="Less."
    )
    revised = Revised(payload=payload(900), before={}, trace={"model": "test"}, handoff={})
    action = staging.revise(agent=agent, action_id=large.pk, revised=revised)
    assert because(action) == []
    assert pay(agent, payout, 100).state == State.APPROVED
    assert pay(agent, payout, 1).state == State.PENDING


def test_asking_first_tells_the_same_and_holds_nobody_up(agent: Agent, workflow: Workflow) -> None:
    payout = create_payout(workflow)
    pay(agent, payout)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        answer = staging.check(agent=agent, proposal=propose(payout, payload=payload()))
    assert answer["needs_person"]
    assert not [query for query in queries if "advisory" in query["sql"]]


def test_no_sum_is_asked_for_where_no_limit_is(agent: Agent, workflow: Workflow) -> None:
    few = [limit(id=str(number), per=per) for number, per in enumerate(["agent", "type", "/iban"])]
    counts = []
    for number, limits in enumerate([[], few[:1], few]):
        payout = create_payout(workflow, f"payout{number}", cumulative=limits)
        pay(agent, payout, 1)
        with CaptureQueriesContext(connection) as queries:
            action = pay(agent, payout, 1)
        counts.append(len(queries))
        assert ("totals" in action.contents.get().circumstances) == bool(limits)
    assert counts[1] == counts[2] == counts[0] + 2


def test_a_stored_action_has_the_same_sums_as_when_it_was_staged(
    agent: Agent, workflow: Workflow
) -> None:
    payout = create_payout(workflow)
    *_, last = [pay(agent, payout, amount) for amount in (100, 200, 300)]
    pay(agent, payout, 400)
    content = Content.objects.select_related("action").get(action=last)
    policy = documents.parse(revisions.policy_document(payout))
    again = totals.before(policy.cumulative, totals.case_of(last, content), at=last.created_at)
    assert again == content.circumstances["totals"] == {"a_day": {"value": "300", "count": 2}}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("per", ["agent", "/iban"])
def test_of_many_staged_at_once_no_more_run_alone_than_the_limit_allows(per: str) -> None:
    agent, workflow, _ = create_desk()
    payout = create_payout(workflow, cumulative=[limit(per=per), limit(id="b", per="type")])
    actions = at_once([lambda: pay(agent, payout, 300)] * 10)
    assert [action.state for action in actions].count(State.APPROVED) == 3
    assert {action.state for action in actions} == {State.APPROVED, State.PENDING}
