"""Window thresholds: which rows make sense, and when their readings cross them."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents_registry.policy import windows
from agents_registry.policy.windows import crossed, parse, problems


def row(**fields: Any) -> dict[str, Any]:
    """CPA variance, as the agent reports it, over 20 % three times in a row."""
    base = {
        "id": "cpa",
        "metric": "cpa_variance_pct",
        "source": "agent:bidder",
        "operator": ">",
        "limit": "20",
        "windows": 3,
        "mode_to": "draft_only",
    }
    return {**base, **fields}


def computed(**fields: Any) -> dict[str, Any]:
    return row(metric="error_rate", source="computed", window="1 hour", limit=0.05, **fields)


def test_rows_that_make_sense_have_no_problem() -> None:
    rows = [row(), computed(id="errors"), row(id="full", window=None, least=0, words=None)]
    assert list(problems(rows)) == []
    assert list(problems([])) == []


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        (row(limit="a lot"), "/0/limit"),
        (row(mode_to="auto_executed"), "/0/mode_to"),
        (row(windows=0), "/0/windows"),
        (row(windows=True), "/0/windows"),
        (row(operator="=="), "/0/operator"),
        (row(metric="cpa variance"), "/0/metric"),
        (row(source="agent:"), "/0/source"),
        (row(source="somebody"), "/0/source"),
        (row(window="1 hour"), "/0/window"),
        (row(colour="red"), "/0"),
        (row(id="x" * 61), "/0/id"),
        (row(least=-1), "/0/least"),
        (row(action_types="all"), "/0/action_types"),
        (computed() | {"metric": "cpa"}, "/0/metric"),
        (computed() | {"limit": 5}, "/0/limit"),
        (computed() | {"window": ""}, "/0/window"),
        (computed() | {"window": "2 business days"}, "/0/window"),
        (computed() | {"window": "0 hours"}, "/0/window"),
        (computed() | {"window": "30 seconds"}, "/0/window"),
        (computed() | {"window": "32 days"}, "/0/window"),
    ],
)
def test_each_mistake_is_told_at_its_place(wrong: dict[str, Any], pointer: str) -> None:
    assert [place for place, _ in problems([wrong])] == [pointer]


def test_every_mistake_is_told_at_once() -> None:
    found = dict(problems([row(), computed(id="cpa") | {"limit": 2, "metric": "cpa"}]))
    assert set(found) == {"/0/id", "/1/id", "/1/metric"}
    assert [place for place, _ in problems("no list")] == [""]


def test_what_a_row_leaves_out_has_its_default() -> None:
    (rule,) = parse([row(windows=None) | {"words": None}])
    assert (rule.windows, rule.least, rule.review, rule.action_types) == (
        1, 10, "risk_owner", frozenset(),
    )  # fmt: skip
    (rule,) = parse([computed(least=0)])
    assert (rule.least, rule.window, rule.read_as) == (0, timedelta(hours=1), "computed:cpa")


@pytest.mark.parametrize(
    ("values", "is_crossed"),
    [
        ([], False),
        ([30, 30], False),
        ([30, 30, 30], True),
        ([30, 30, 20], False),
        ([10, 30, 30, 30], True),
        ([30, 30, 30, 10], False),
        ([30, 10, 30, 30], False),
    ],
)
def test_it_takes_the_last_readings_in_a_row(values: list[int], is_crossed: bool) -> None:
    (rule,) = parse([row()])
    assert crossed(rule, [Decimal(value) for value in values]) is is_crossed


@given(st.lists(st.decimals(0, 40, places=2), max_size=8), st.integers(1, 4))
def test_more_windows_in_a_row_are_never_easier_to_cross(values: list[Decimal], more: int) -> None:
    (few,) = parse([row(windows=more)])
    (many,) = parse([row(windows=more + 1)])
    assert not crossed(many, values) or crossed(few, values)


def test_why_is_said_with_the_readings_and_the_rules_own_words() -> None:
    (rule,) = parse([row(words="Bids may run away.")])
    assert windows.because(rule, [Decimal(1), Decimal(21), Decimal(22), Decimal("30.5")]) == (
        "The cpa variance was above 20% in 3 windows in a row: 21%, 22%, 30.5%. Bids may run away."
    )
    (rate,) = parse([computed(windows=1)])
    assert windows.because(rate, [Decimal("0.0666")]) == "The error rate was above 5%: 6.7%."
    (long,) = parse([row(windows=12)])
    assert "in a row: … " in windows.because(long, [Decimal(30)] * 12)
