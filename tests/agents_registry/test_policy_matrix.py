"""Every cell of the matrix, in every mode, and what makes a blast radius high."""

import itertools
from decimal import Decimal

import pytest

from agents_registry.policy.findings import Effect, Mode, Tier
from agents_registry.policy.matrix import MATRIX
from tests.agents_registry.policies import MONEY, create_policy, finding, judge, rules

CELLS = [
    ("reversible", "low", Tier.AUTONOMOUS),
    ("reversible", "high", Tier.BATCH_REVIEW),
    ("irreversible", "low", Tier.SPOT_CHECK),
    ("irreversible", "high", Tier.MANDATORY),
]
MODE_FLOORS = [
    (Mode.AUTO_EXECUTED, Tier.AUTONOMOUS),
    (Mode.APPROVAL_GATED, Tier.BATCH_REVIEW),
    (Mode.DRAFT_ONLY, Tier.BATCH_REVIEW),
]
LIMIT = {"metric": "spend_delta", "operator": ">", "limit": "200", "currency": "USD"}
SIDES = [
    ({"raise_to": "spot_check"}, "200.00", Tier.AUTONOMOUS),
    ({"raise_to": "spot_check"}, "200.01", Tier.SPOT_CHECK),
    ({"raise_to": "batch_review"}, "200.01", Tier.BATCH_REVIEW),
    ({"raise_to": "mandatory"}, "200.01", Tier.MANDATORY),
    ({"block": True}, "200.00", Tier.AUTONOMOUS),
    ({"block": True}, "200.01", Tier.BLOCKED),
    ({"mode_to": "draft_only"}, "200.01", Tier.BATCH_REVIEW),
]


def test_the_table_is_the_one_that_was_agreed() -> None:
    assert {cell[:2]: cell[2] for cell in CELLS} == MATRIX


@pytest.mark.parametrize(("reversibility", "radius", "cell"), CELLS)
@pytest.mark.parametrize(("mode", "floor"), MODE_FLOORS)
@pytest.mark.parametrize(("effect", "amount", "raised"), SIDES)
def test_the_tier_is_the_strictest_of_cell_mode_and_threshold(
    reversibility, radius, cell, mode, floor, effect, amount, raised
) -> None:
    document = create_policy(
        reversibility=reversibility,
        blast_radius=radius,
        mode=str(mode),
        impact=MONEY,
        thresholds=[{**LIMIT, "effect": effect}],
    )
    verdict = judge(document, payload={"amount": amount, "currency": "USD"})
    assert verdict.tier == max([cell, floor, raised], key=list(Tier).index)
    crossed = amount == "200.01"
    lowered = crossed and "mode_to" in effect
    assert verdict.mode == (Mode.DRAFT_ONLY if lowered else mode)
    assert ("threshold:spend_delta" in rules(verdict)) == crossed


def test_tiers_and_modes_compare_by_strictness_and_not_by_spelling() -> None:
    for scale in (Tier, Mode):
        for lax, strict in itertools.combinations(scale, 2):
            assert lax < strict
            assert lax <= strict
            assert strict > lax
            assert strict >= str(lax)
            assert not lax >= strict
    assert max("autonomous", Tier.BLOCKED, Tier.AUTONOMOUS) == "blocked"


def test_the_matrix_always_speaks_and_allows_what_may_run_alone() -> None:
    placed = finding(judge(create_policy()), "matrix")
    assert placed.effect is Effect.ALLOW
    assert placed.because == "The blast radius is low. It can be undone, so it may run alone."
    assert placed.values == {"blast_radius": "low", "reversibility": "reversible", "affected": 1}


def test_the_findings_stand_strictest_first() -> None:
    verdict = judge(create_policy(verb="delete", mode="approval_gated"))
    assert [found.rule for found in verdict.findings] == ["floor:delete", "mode", "matrix"]


@pytest.mark.parametrize(
    ("affected", "radius"),
    [(0, "low"), (9, "low"), (10, "high"), (10.0, "high"), (2**53 - 1, "high")],
)
def test_the_affected_are_high_from_the_line_on(affected, radius) -> None:
    document = create_policy(impact={"affected": "/n", "high_affected": 10})
    verdict = judge(document, payload={"n": affected})
    assert finding(verdict, "matrix").values["blast_radius"] == radius


@pytest.mark.parametrize(
    ("amount", "radius"),
    [("499.99", "low"), (499.99, "low"), ("500", "high"), (-500, "high"), ("-500.00", "high")],
)
def test_money_is_high_from_the_line_on_whichever_way_it_moves(amount, radius) -> None:
    verdict = judge(create_policy(impact=MONEY), payload={"amount": amount, "currency": "USD"})
    assert finding(verdict, "matrix").values["blast_radius"] == radius


def test_money_in_another_currency_than_the_line_counts_as_high() -> None:
    document = create_policy(impact={**MONEY, "high_currency": "USD"})
    verdict = judge(document, payload={"amount": 1, "currency": "KWD"})
    assert verdict.tier == Tier.BATCH_REVIEW
    assert "The amount is 1.00 KWD and the line is in USD" in finding(verdict, "matrix").because


def test_the_words_name_the_value_and_the_line() -> None:
    verdict = judge(create_policy(impact=MONEY), payload={"amount": -17760, "currency": "USD"})
    assert finding(verdict, "matrix").because == (
        "The amount is 17,760.00 USD: from 500.00 USD on the blast radius is high. "
        "It can be undone, so it needs a person, and may be decided in a batch."
    )
    assert verdict.impact.spend_delta == Decimal(-17760)


@pytest.mark.parametrize("impact", [None, {}, {"metrics": {"discount_pct": "/discount"}}])
def test_no_declared_impact_counts_as_high(impact) -> None:
    verdict = judge(create_policy(impact=impact), payload={"discount": 5})
    assert verdict.tier == Tier.BATCH_REVIEW
    assert "No impact is declared" in finding(verdict, "matrix").because


def test_a_pure_read_without_a_declared_impact_runs_alone() -> None:
    read = create_policy(verb="read", authority_level="read_only", impact=None)
    assert judge(read, has_before=False, has_trace=False).tier == Tier.AUTONOMOUS


@pytest.mark.parametrize(
    "fields",
    [
        {"authority_level": "system_write_back"},
        {"verb": "recommend"},
        {"blast_radius": "high"},
        {"impact": {"affected": "/missing", "high_affected": 5}},
    ],
)
def test_only_a_pure_small_read_is_excused_from_declaring_its_impact(fields) -> None:
    read = create_policy(verb="read", authority_level="read_only", impact=None)
    assert judge(read | fields).tier == Tier.BATCH_REVIEW
