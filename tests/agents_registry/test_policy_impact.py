"""Impact is computed from the payload; what cannot be read is high, and a claim only raises."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents_registry.policy import numbers
from agents_registry.policy.findings import Tier
from tests.agents_registry.policies import MONEY, create_policy, finding, judge

NOT_NUMBERS = [
    None,
    True,
    False,
    float("nan"),
    float("inf"),
    float("-inf"),
    10**400,
    -(10**400),
    2**53,
    1e300,
    "",
    "12,50",
    "1e5",
    "NaN",
    "Infinity",
    "٣",
    "1_000",
    " 1",
    "1\n",
    "9" * 5000,
    [1],
    {"a": 1},
    Decimal("NaN"),
    Decimal("sNaN"),
    Decimal("Infinity"),
]
NOT_COUNTS = [*NOT_NUMBERS, "3", -1, 1.5, Decimal("0.1")]
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


def impact_of(impact, payload):
    return judge(create_policy(impact=impact), payload=payload).impact


def radius_of(document, **facts) -> str:
    return finding(judge(document, **facts), "matrix").values["blast_radius"]


@pytest.mark.parametrize("value", NOT_COUNTS, ids=lambda value: repr(value)[:20])
def test_what_is_no_count_makes_the_affected_high(value) -> None:
    verdict = judge(
        create_policy(impact={"affected": "/n", "high_affected": 10}), payload={"n": value}
    )
    assert verdict.impact.affected is None
    assert verdict.impact.unreadable == ("affected",)
    assert verdict.tier == Tier.BATCH_REVIEW
    assert "The number affected cannot be read" in finding(verdict, "matrix").because


@pytest.mark.parametrize("value", NOT_NUMBERS, ids=lambda value: repr(value)[:20])
def test_what_is_no_number_makes_the_money_high(value) -> None:
    document = create_policy(impact=MONEY)
    assert radius_of(document, payload={"amount": value, "currency": "USD"}) == "high"


@pytest.mark.parametrize("value", [None, "usd", "DOLLAR", "US", 1, ["USD"], "US\ud800", "USD\n"])
def test_what_is_no_currency_counts_as_high(value) -> None:
    document = create_policy(impact=MONEY)
    assert radius_of(document, payload={"amount": 1, "currency": value}) == "high"


def test_a_declared_metric_that_cannot_be_computed_counts_as_high() -> None:
    impact = {"affected": {"const": 1}, "metrics": {"discount_pct": "/discount"}}
    assert radius_of(create_policy(impact=impact), payload={"discount": 5}) == "low"
    assert radius_of(create_policy(impact=impact), payload={}) == "high"


@pytest.mark.parametrize(
    ("payload", "affected"),
    [
        ({"to": ["a", "b"]}, 2),
        ({"to": []}, 0),
        ({"to": "abc"}, None),
        ({"to": {"a": 1}}, None),
        ({}, None),
        ([], None),
        ("text", None),
        (None, None),
    ],
)
def test_a_count_is_the_length_of_an_array(payload, affected) -> None:
    assert impact_of({"affected": {"count": "/to"}}, payload).affected == affected


@pytest.mark.parametrize(
    ("items", "total"),
    [
        ([{"price": "12.50"}, {"price": 7}, {"price": 0.5}], Decimal("20.00")),
        ([{"price": 0.1}] * 3, Decimal("0.3")),
        ([], Decimal(0)),
        ([{"price": 1}, {}], None),
        ([{"price": 1}, {"price": None}], None),
        ([{"price": 2**53 - 1}] * 2, None),
        ({"price": 1}, None),
    ],
)
def test_a_sum_adds_every_part_or_is_nothing(items, total) -> None:
    impact = {"spend_delta": {"sum": "/items/*/price"}, "high_spend": 100}
    assert impact_of(impact, {"items": items}).spend_delta == total


def test_counts_add_up_over_every_branch() -> None:
    payload = {"lists": [{"people": [1, 2]}, {"people": [3]}]}
    assert impact_of({"affected": {"count": "/lists/*/people"}}, payload).affected == 3


@pytest.mark.parametrize(
    ("pointer", "found"),
    [("/a~1b", 1), ("/m~0n", 2), ("/", 3), ("/list/1", 5), ("/list/01", None), ("/list/-1", None),
     ("/list/9", None), ("/list/*", None), ("/star/*", 6)],
)  # fmt: skip
def test_pointers_are_read_as_json_pointers(pointer, found) -> None:
    payload = {"a/b": 1, "m~n": 2, "": 3, "list": [4, 5], "star": {"*": 6}}
    assert impact_of({"affected": pointer}, payload).affected == found


@pytest.mark.parametrize(
    ("items", "currency"),
    [([{"c": "USD"}, {"c": "USD"}], "USD"), ([{"c": "USD"}, {"c": "EUR"}], None), ([], None)],
)
def test_parts_in_two_currencies_have_no_currency_together(items, currency) -> None:
    impact = {"affected": {"const": 1}, "currency": "/items/*/c"}
    assert impact_of(impact, {"items": items}).currency == currency


@pytest.mark.parametrize(
    "claim",
    [
        {"affected": 10},
        {"affected": "many"},
        {"affected": -1},
        {"spend_delta": "500", "currency": "USD"},
        {"spend_delta": "-500.00"},
        {"spend_delta": float("nan")},
        {"currency": "dollars"},
        [],
        "nothing",
    ],
)
def test_a_claim_raises_the_blast_radius(claim) -> None:
    payload = {"amount": 1, "currency": "USD"}
    document = create_policy(impact=MONEY)
    assert radius_of(document, payload=payload) == "low"
    verdict = judge(document, payload=payload, claimed=claim)
    assert verdict.tier == Tier.BATCH_REVIEW
    assert "that the agent claims" in finding(verdict, "matrix").because
    assert verdict.impact.affected == 1


@pytest.mark.parametrize("claim", [{"affected": 0}, {"spend_delta": 0}, {}, {"metrics": {}}])
def test_a_claim_never_lowers_the_blast_radius(claim) -> None:
    document = create_policy(impact=MONEY)
    high = {"amount": 900, "currency": "USD"}
    assert radius_of(document, payload=high, claimed=claim) == "high"
    assert radius_of(document, payload={}, claimed=claim) == "high"
    registered = create_policy(blast_radius="high")
    assert radius_of(registered, claimed=claim) == "high"


@pytest.mark.parametrize(
    ("claim", "radius"),
    [({"affected": 1}, "low"), ({"affected": 2}, "high"), ({"spend_delta": "0.00"}, "low"),
     ({"spend_delta": "0.01"}, "high")],
)  # fmt: skip
def test_without_lines_many_affected_and_any_money_are_high(claim, radius) -> None:
    read = create_policy(verb="read", authority_level="read_only", impact=None)
    assert radius_of(read, claimed=claim) == radius


@given(payload=ANY_JSON, claim=ANY_JSON, confidence=ANY_JSON)
def test_no_payload_and_no_claim_can_break_the_judgement(payload, claim, confidence) -> None:
    document = create_policy(
        confidence_line=0.5,
        impact={
            "affected": {"count": "/a"},
            "spend_delta": {"sum": "/*/b"},
            "currency": "/c",
            "metrics": {"m": "/0"},
            "high_spend": 1,
        },
        thresholds=[
            {"metric": metric, "operator": ">", "limit": 1, "effect": {"block": True}}
            for metric in ("affected", "spend_delta", "m", "unknown")
        ],
        stop_rules=[
            {"id": "any", "words": "Any.", "when": "payload.a == 1", "effect": {"block": True}}
        ],
    )
    verdict = judge(document, payload=payload, claimed=claim, confidence=confidence)
    assert verdict.tier in Tier
    assert all(found.because.isprintable() for found in verdict.findings)


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=4))
def test_a_decimal_string_reads_as_the_number_that_it_writes(value) -> None:
    assert numbers.number(format(value, "f")) == value
