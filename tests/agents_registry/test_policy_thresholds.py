"""Thresholds and the confidence line: each side of every bound, currencies, claims, words."""

from decimal import Decimal

import pytest

from agents_registry.policy.findings import Effect, Mode, Tier
from tests.agents_registry.policies import MONEY, create_policy, finding, judge, rules

DISCOUNT = {"affected": {"const": 1}, "metrics": {"discount_pct": "/discount"}}
SIDES = [
    (">", {"199": False, "200": False, "200.01": True}),
    (">=", {"199.99": False, "200": True, "201": True}),
    ("<", {"199.99": True, "200": False, "201": False}),
    ("<=", {"199": True, "200.00": True, "200.01": False}),
    ("=", {"199.99": False, "200.000": True, "200.01": False}),
]


def above(metric="spend_delta", limit="200", operator=">", currency="USD", **fields):
    effect = {"effect": {"raise_to": "mandatory"}}
    named = {"metric": metric, "operator": operator, "limit": limit, "currency": currency}
    return named | effect | fields


def refund(amount, currency="USD", *, threshold=None, **facts):
    document = create_policy(
        impact={**MONEY, "high_spend": 10**6}, thresholds=[threshold or above()]
    )
    return judge(document, payload={"amount": amount, "currency": currency}, **facts)


@pytest.mark.parametrize(("operator", "values"), SIDES)
@pytest.mark.parametrize("metric", ["spend_delta", "fee"])
def test_each_operator_holds_on_its_own_side_of_the_limit(operator, values, metric) -> None:
    impact = {**MONEY, "high_spend": 10**6, "metrics": {"fee": "/fee"}}
    document = create_policy(impact=impact, thresholds=[above(metric, operator=operator)])
    for value, crossed in values.items():
        verdict = judge(document, payload={"amount": value, "fee": value, "currency": "USD"})
        assert (verdict.tier == Tier.MANDATORY) == crossed, f"{value} {operator} 200"


@pytest.mark.parametrize(
    ("amount", "crossed"), [("-480.00", True), ("-200", False), (-200.5, True)]
)
def test_money_that_goes_out_counts_by_its_size(amount, crossed) -> None:
    verdict = refund(amount)
    assert (verdict.tier == Tier.MANDATORY) == crossed
    if crossed:
        assert finding(verdict, "threshold:spend_delta").values["value"] == str(amount)


def test_below_keeps_the_sign_of_money() -> None:
    outflow = above(limit="-100", operator="<")
    assert refund("-480", threshold=outflow).tier == Tier.MANDATORY
    assert refund("480", threshold=outflow).tier == Tier.AUTONOMOUS


def test_the_finding_says_value_bound_and_the_owners_words() -> None:
    threshold = above(words="Above 200 the approval owner signs.", ask="approval_owner")
    verdict = refund("-1480.5", threshold=threshold)
    found = finding(verdict, "threshold:spend_delta")
    assert found.because == (
        "The amount is 1,480.50 USD, above 200.00 USD. Above 200 the approval owner signs."
    )
    assert verdict.signs == ("approval_owner",)
    assert found.values == {
        "value": "-1480.5",
        "currency": "USD",
        "claimed": False,
        "operator": ">",
        "limit": "200",
        "limit_currency": "USD",
    }


def test_percentages_and_counts_are_said_as_people_say_them() -> None:
    thresholds = [
        above("discount_pct", 10, currency=None),
        above("affected", 2000, "<", None),
        above("margin", "-5", "<", None),
    ]
    impact = {"affected": "/n", "metrics": {"discount_pct": "/discount", "margin": "/margin"}}
    document = create_policy(impact=impact, thresholds=thresholds)
    verdict = judge(document, payload={"n": 1000, "discount": 12.5, "margin": "-7.50"})
    assert {found.because for found in verdict.findings if "threshold" in found.rule} == {
        "The discount is 12.5%, above 10%.",
        "The number affected is 1,000, below 2,000.",
        "The margin is −7.5, below −5.",
    }


@pytest.mark.parametrize("amount", [None, "lots", float("nan"), True, 10**20])
def test_a_metric_that_cannot_be_computed_counts_as_crossed(amount) -> None:
    verdict = refund(amount)
    assert verdict.tier == Tier.MANDATORY
    assert finding(verdict, "threshold:spend_delta").because == (
        "The amount cannot be computed, which counts as above 200.00 USD."
    )


def test_a_metric_that_nobody_computes_counts_as_crossed() -> None:
    document = create_policy(thresholds=[above("error_rate", 1, currency=None)])
    assert judge(document).tier == Tier.MANDATORY


@pytest.mark.parametrize("operator", [">", ">=", "<", "<=", "="])
def test_another_currency_counts_as_crossed_and_is_never_converted(operator) -> None:
    verdict = refund("0.01", "EUR", threshold=above(operator=operator))
    assert verdict.tier == Tier.MANDATORY
    assert "is 0.01 EUR. Nothing is converted" in finding(verdict, "threshold:spend_delta").because


def test_an_unknown_currency_counts_as_crossed() -> None:
    found = finding(refund("0.01", "euros"), "threshold:spend_delta")
    assert "0.01 in an unknown currency. Nothing is converted" in found.because


def test_a_threshold_without_currency_takes_the_amount_as_it_stands() -> None:
    assert refund("199", "EUR", threshold=above(currency=None)).tier == Tier.AUTONOMOUS
    assert refund("201", "EUR", threshold=above(currency=None)).tier == Tier.MANDATORY


@pytest.mark.parametrize(
    ("effect", "tier", "mode"),
    [
        ({"raise_to": "spot_check"}, Tier.SPOT_CHECK, Mode.AUTO_EXECUTED),
        ({"raise_to": "batch_review"}, Tier.BATCH_REVIEW, Mode.AUTO_EXECUTED),
        ({"raise_to": "mandatory"}, Tier.MANDATORY, Mode.AUTO_EXECUTED),
        ({"raise_to": "blocked"}, Tier.BLOCKED, Mode.AUTO_EXECUTED),
        ({"block": True}, Tier.BLOCKED, Mode.AUTO_EXECUTED),
        ({"mode_to": "approval_gated"}, Tier.BATCH_REVIEW, Mode.APPROVAL_GATED),
        ({"mode_to": "draft_only"}, Tier.BATCH_REVIEW, Mode.DRAFT_ONLY),
        ({"mode_to": "auto_executed"}, Tier.AUTONOMOUS, Mode.AUTO_EXECUTED),
    ],
)
def test_a_crossed_threshold_does_what_it_names(effect, tier, mode) -> None:
    verdict = refund(201, threshold=above(effect=effect))
    assert (verdict.tier, verdict.mode) == (tier, mode)


def test_a_threshold_never_makes_the_mode_laxer() -> None:
    document = create_policy(
        mode="draft_only",
        impact=MONEY,
        thresholds=[above(effect={"mode_to": "approval_gated"})],
    )
    assert judge(document, payload={"amount": 900, "currency": "USD"}).mode == Mode.DRAFT_ONLY


@pytest.mark.parametrize(
    ("claim", "crossed"),
    [
        ({"spend_delta": "201", "currency": "USD"}, True),
        ({"spend_delta": "201"}, True),
        ({"spend_delta": "1", "currency": "EUR"}, True),
        ({"spend_delta": "much"}, True),
        ({"spend_delta": "1", "currency": "USD"}, False),
        ({"spend_delta": "1"}, False),
        ({"affected": 5}, False),
        ({"metrics": {"discount_pct": 50}}, False),
        ({}, False),
    ],
)
def test_a_claim_can_cross_a_threshold_too(claim, crossed) -> None:
    verdict = refund(1, claimed=claim)
    assert ("threshold:spend_delta" in rules(verdict)) == crossed
    if crossed:
        found = finding(verdict, "threshold:spend_delta")
        assert found.because.startswith("The amount that the agent claims ")


@pytest.mark.parametrize("claimed", [12, "12", "a lot", None])
def test_a_claimed_metric_can_cross_its_threshold(claimed) -> None:
    document = create_policy(impact=DISCOUNT, thresholds=[above("discount_pct", 10, currency=None)])
    claim = {"metrics": {"discount_pct": claimed}}
    assert judge(document, payload={"discount": 5}, claimed=claim).tier == Tier.MANDATORY


def test_a_small_claim_never_uncrosses_a_threshold() -> None:
    verdict = refund(201, claimed={"spend_delta": "1", "currency": "USD"})
    assert finding(verdict, "threshold:spend_delta").values["claimed"] is False


@pytest.mark.parametrize(
    ("confidence", "raised"),
    [
        (Decimal("0.79999"), True),
        (Decimal("0.8"), False),
        (Decimal(1), False),
        (0.8, False),
        (0, True),
        (None, True),
        (float("nan"), True),
        (Decimal("1.01"), True),
        (Decimal("-0.1"), True),
        (True, True),
    ],
)
def test_below_the_confidence_line_a_person_gets_it(confidence, raised) -> None:
    verdict = judge(create_policy(confidence_line=0.8), confidence=confidence)
    assert verdict.tier == (Tier.MANDATORY if raised else Tier.AUTONOMOUS)
    assert ("confidence_line" in rules(verdict)) == raised


def test_the_confidence_line_says_value_and_line() -> None:
    found = finding(
        judge(create_policy(confidence_line=0.8), confidence=Decimal("0.58000")), "confidence_line"
    )
    assert found.because == "Confidence 0.58 is below the line of 0.80."
    none = finding(judge(create_policy(confidence_line=0.8)), "confidence_line")
    assert none.because == "No confidence was given, which counts as below the line of 0.80."


@pytest.mark.parametrize("tier", ["spot_check", "batch_review", "mandatory", "blocked"])
def test_a_type_may_name_another_tier_for_low_confidence(tier) -> None:
    assert judge(create_policy(confidence_line=1, confidence_tier=tier)).tier == tier


def test_without_a_line_confidence_is_not_routed() -> None:
    for confidence in (None, Decimal(0), Decimal(1)):
        assert judge(create_policy(confidence_line=None), confidence=confidence).tier == (
            Tier.AUTONOMOUS
        )


@pytest.mark.parametrize(
    ("confidence", "effect"),
    [(Decimal("0.3"), Effect.BLOCK), (None, Effect.BLOCK), (Decimal("0.5"), None)],
)
def test_confidence_can_be_a_threshold(confidence, effect) -> None:
    threshold = above("confidence", 0.5, "<", None, effect={"block": True})
    verdict = judge(create_policy(thresholds=[threshold]), confidence=confidence)
    found = [found.effect for found in verdict.findings if found.rule == "threshold:confidence"]
    assert found == ([effect] if effect else [])
