"""Cumulative limits in the policy: what the sum before an action makes of it."""

from decimal import Decimal
from typing import Any

import pytest

from agents_registry.policy import documents
from agents_registry.policy.findings import Effect, Mode, Tier
from tests.agents_registry.policies import MONEY, create_policy, finding, judge, rules

LARGE = {**MONEY, "high_spend": "1000000"}


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


def before(value: str | None, count: int = 1, **others: Any) -> dict[str, Any]:
    return {"a_day": {"value": value, "count": count}, **others}


def judged(totals: dict[str, Any], *limits: dict[str, Any], amount: Any = "999", **facts: Any):
    document = create_policy(impact=LARGE, cumulative=list(limits) or [limit()])
    return judge(document, payload={"amount": amount, "currency": "USD"}, totals=totals, **facts)


def faults(*limits: dict[str, Any], **fields: Any) -> dict[str, str]:
    document = create_policy(**{"impact": MONEY, "cumulative": list(limits)} | fields)
    return {error.pointer: error.detail for error in documents.validate(document)}


@pytest.mark.parametrize(
    ("value", "crossed"), [("0", False), ("1", False), ("1.000", False), ("1.01", True)]
)
def test_the_sum_with_this_action_is_held_against_the_limit(value: str, crossed: bool) -> None:
    verdict = judged(before(value))
    assert ("cumulative:a_day" in rules(verdict)) == crossed
    assert verdict.tier == (Tier.MANDATORY if crossed else Tier.AUTONOMOUS)


def test_at_or_above_holds_at_the_limit_itself() -> None:
    assert judged(before("1"), limit(operator=">=")).tier == Tier.MANDATORY


@pytest.mark.parametrize("totals", [{}, before(None), before("much"), {"other": {"value": "0"}}])
def test_a_sum_that_is_not_known_counts_as_crossed(totals: dict[str, Any]) -> None:
    assert finding(judged(totals), "cumulative:a_day").because == (
        "What the agent comes to within 24 hours is not known and counts as above 1,000.00 USD."
    )


@pytest.mark.parametrize(
    ("fields", "amount", "because"),
    [
        ({}, "999", "the agent comes to 1,999.00 USD within 24 hours, above 1,000.00 USD."),
        ({"per": "subject"}, "999", "the subject comes to 1,999.00 USD within"),
        ({"per": "type"}, "999", "this action type comes to 1,999.00 USD within"),
        ({"per": "/to/iban"}, "999", "the same iban comes to 1,999.00 USD within"),
        ({}, "-999", "the agent comes to 1,999.00 USD within"),
        ({"within": " 90   minutes"}, "999", "comes to 1,999.00 USD within 90 minutes, above"),
        (
            {"metric": "count", "limit": 10, "currency": None},
            "5",
            "the agent comes to 1,001 actions within 24 hours, above 10.",
        ),
        (
            {"metric": "affected", "limit": 10, "currency": None},
            "5",
            "the agent comes to 1,001 affected within 24 hours, above 10.",
        ),
    ],
)
def test_the_finding_says_whose_sum_it_is_in_the_unit_of_the_metric(
    fields: dict[str, Any], amount: str, because: str
) -> None:
    found = finding(judged(before("1000"), limit(**fields), amount=amount), "cumulative:a_day")
    assert because in found.because
    assert found.because.startswith("With this one ")


def test_the_finding_names_everything_that_it_read() -> None:
    effect = {"mode_to": "draft_only"}
    verdict = judged(
        before("1000.50", 7), limit(effect=effect, words="Finance signs.", ask="risk_owner")
    )
    assert verdict.mode is Mode.DRAFT_ONLY
    assert finding(verdict, "cumulative:a_day").to_dict() == {
        "rule": "cumulative:a_day",
        "effect": "mode_to",
        "tier": "batch_review",
        "mode": "draft_only",
        "because": "With this one the agent comes to 1,999.50 USD within 24 hours, above "
        "1,000.00 USD. Finance signs.",
        "values": {
            "metric": "spend_delta",
            "per": "agent",
            "within": "24 hours",
            "value": "999",
            "before": "1000.50",
            "actions_before": 7,
            "together": "1999.50",
            "currency": "USD",
            "claimed": False,
            "operator": ">",
            "limit": "1000",
            "limit_currency": "USD",
        },
        "ask": "risk_owner",
    }


def test_the_larger_claim_counts_and_another_currency_is_never_converted() -> None:
    claimed = judged(before("0"), claimed={"spend_delta": "1001"})
    assert finding(claimed, "cumulative:a_day").because.startswith(
        "With this one, as the agent claims it, the agent comes to 1,001.00 USD"
    )
    assert judged(before("0"), claimed={"spend_delta": "1"}).tier == Tier.AUTONOMOUS
    foreign = judged(before("0"), limit(currency="EUR"))
    assert finding(foreign, "cumulative:a_day").because == (
        "The limit within 24 hours is in EUR and this one is not. Nothing is converted, so what "
        "the agent comes to counts as above 1,000.00 EUR."
    )


def test_each_limit_speaks_for_itself() -> None:
    block = limit(id="b", metric="count", limit=0, currency=None, effect={"block": True})
    verdict = judged(before("5000", b={"value": "0", "count": 0}), limit(), block)
    assert {"cumulative:a_day", "cumulative:b"} <= rules(verdict)
    assert verdict.tier == Tier.BLOCKED
    assert verdict.findings[0].effect is Effect.BLOCK


def test_a_full_limit_is_fine_and_reads_as_written() -> None:
    assert faults(limit(words=None, ask=None), limit(id="b", per="/a/0", within="7 days")) == {}
    (read,) = documents.parse(create_policy(cumulative=[limit()])).cumulative
    assert (read.limit, read.per, read.within) == (Decimal(1000), "agent", "24 hours")
    assert read.window is not None
    assert read.window.total_seconds() == 86_400


def test_a_policy_without_the_newer_fields_is_read_as_before() -> None:
    policy = documents.parse(create_policy())
    assert (policy.cumulative, policy.systems, policy.data_classes) == ((), set(), set())


@pytest.mark.parametrize(
    ("fields", "place", "detail"),
    [
        ({"metric": "a b"}, "metric", "letters, digits and underscores"),
        ({"per": "account"}, "per", "agent, subject, type, or a JSON Pointer"),
        ({"per": "/a~2"}, "per", "agent, subject, type, or a JSON Pointer"),
        ({"per": "agent\n"}, "per", "agent, subject, type, or a JSON Pointer"),
        ({"operator": "<"}, "operator", "one of >, >="),
        ({"limit": "1e3"}, "limit", "a plain decimal"),
        ({"currency": "usd"}, "currency", "such as USD"),
        ({"effect": {}}, "effect", "exactly one of"),
        ({"within": 24}, "within", "of type string"),
        ({"id": ""}, "id", "minLength 1"),
    ],
)
def test_a_wrong_shape_is_refused_at_its_place(fields, place: str, detail: str) -> None:
    assert detail in faults(limit(**fields))[f"/cumulative/0/{place}"]


@pytest.mark.parametrize(
    ("fields", "place", "detail"),
    [
        ({"metric": "weight"}, "metric", "The impact does not compute weight."),
        ({"metric": "confidence"}, "metric", "The impact does not compute confidence."),
        ({"per": "/items/*/iban"}, "per", "* stands for many"),
        ({"within": "a while"}, "within", "'a while' is not a duration."),
        ({"within": "1 business day"}, "within", "the time of any clock"),
        ({"within": "0 hours"}, "within", "It takes no time at all."),
        ({"within": "9999 days"}, "within", "at most ten years"),
        ({"limit": "-1"}, "limit", "always crossed"),
        ({"currency": None}, "currency", "the limit needs one"),
        ({"metric": "count"}, "currency", "count has no currency."),
        ({"metric": "affected"}, "currency", "affected has no currency."),
        ({"effect": {"mode_to": "auto_executed"}}, "effect/mode_to", "stricter"),
        ({"effect": {"raise_to": "spot_check"}, "ask": "manager"}, "ask", "Nobody signs"),
    ],
)
def test_what_makes_no_sense_is_told_and_counts_as_crossed_or_is_judged(
    fields, place: str, detail: str
) -> None:
    assert detail in faults(limit(**fields))[f"/cumulative/0/{place}"]
    assert judged(before("0"), limit(**fields), amount="1").tier in Tier


@pytest.mark.parametrize("within", ["a while", "1 business day", "0 hours"])
def test_a_window_that_is_none_counts_as_crossed(within: str) -> None:
    assert judged(before("0"), limit(within=within), amount="1").tier == Tier.MANDATORY


def test_two_limits_of_one_name_are_refused() -> None:
    told = faults(limit(), limit())
    assert told["/cumulative/1/id"] == "More than one limit is called a_day."


def test_a_currency_needs_one_in_the_impact() -> None:
    impact = {**MONEY, "currency": None}
    assert "does not say" in faults(limit(), impact=impact)["/cumulative/0/currency"]
