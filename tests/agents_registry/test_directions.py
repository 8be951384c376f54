"""Which way a change leads, field by field; what is not clearly as strict counts as loosening."""

from decimal import Decimal
from typing import Any

import pytest

from agents_registry.changes.directions import Direction, direction, direction_between

LOOSENING, TIGHTENING = Direction.LOOSENING, Direction.TIGHTENING

SUM = {
    "id": "day",
    "metric": "spend_delta",
    "per": "agent",
    "within": "24 hours",
    "operator": ">",
    "limit": 1000,
    "currency": "USD",
    "effect": {"raise_to": "mandatory"},
}
WINDOW = {
    "id": "errors",
    "metric": "error_rate",
    "source": "computed",
    "window": "1 hour",
    "operator": ">",
    "limit": 0.1,
    "windows": 3,
    "mode_to": "approval_gated",
    "action_types": ["refund"],
}
STOP = {"id": "legal", "words": "A lawyer.", "when": "true", "effect": {"block": True}}
OLD_INPUT, FRESH_INPUT = ({"name": "usage", "max_age_seconds": age} for age in (900, 60))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [(False, True, Direction.LOOSENING), (True, False, Direction.TIGHTENING)],
)
def test_saying_that_a_type_may_be_done_twice_loosens_it(
    old: bool, new: bool, expected: Direction
) -> None:
    assert direction("idempotent", old, new, confirmed=True) is expected


@pytest.mark.parametrize(
    ("field", "looser", "stricter"),
    [
        ("cumulative", [], [SUM]),
        ("cumulative", [SUM], [{**SUM, "limit": "999.50"}]),
        ("required_inputs", [{"name": "usage"}], [OLD_INPUT]),
        ("required_inputs", [OLD_INPUT], [FRESH_INPUT]),
        ("again", {}, {"done": {"days": 1}}),
        ("again", {"done": {"days": 7}}, {"done": {"days": 8}}),
        ("again", {"done": {"days": 7, "raise_to": "batch_review"}}, {"done": {"days": 7}}),
        (
            "again",
            {"rejected": {"days": 7, "effect": "raise"}},
            {"rejected": {"days": 7, "effect": "block"}},
        ),
        ("systems", {}, {"reads": ["crm"]}),
        ("systems", {"reads": ["crm"], "writes": ["shop"]}, {"reads": ["crm"]}),
        ("data_classes", ["name", "iban"], ["name"]),
        ("window_thresholds", [], [WINDOW]),
        ("window_thresholds", [WINDOW], [{**WINDOW, "limit": 0.05}]),
        ("window_thresholds", [WINDOW], [{**WINDOW, "windows": 2}]),
        ("window_thresholds", [WINDOW], [{**WINDOW, "mode_to": "draft_only"}]),
        ("window_thresholds", [WINDOW], [{**WINDOW, "action_types": []}]),
        ("window_thresholds", [WINDOW], [{**WINDOW, "action_types": ["refund", "pay"]}]),
        ("spot_check_rate", 0, 0.001),
        ("spot_check_rate", Decimal("0.050"), 0.1),
        ("spot_check_rate", None, 0.2),
        ("spot_check_rate", 0.02, None),
        ("standards", ["care"], ["care", "money"]),
        ("everywhere", False, True),
        ("second_person", False, True),
        ("rules", {}, {"verbs": ["send"], "mode": "draft_only"}),
        ("rules", {"mode": "approval_gated"}, {"mode": "draft_only"}),
        ("rules", {"verbs": ["send"], "mode": "draft_only"}, {"mode": "draft_only"}),
        ("rules", {"confidence_line": 0.5}, {"confidence_line": 0.6}),
        ("rules", {"confidence_line": 0}, {"confidence_line": 0.1}),
        (
            "rules",
            {"confidence_line": 0.5, "confidence_tier": "batch_review"},
            {"confidence_line": 0.5},
        ),
        (
            "rules",
            {"floors": [{"floor": "send", "tier": "batch_review"}]},
            {"floors": [{"floor": "send", "tier": "mandatory"}]},
        ),
        ("rules", {"cumulative": [SUM]}, {"cumulative": [{**SUM, "limit": 10}, SUM]}),
        ("rules", {"stop_rules": []}, {"stop_rules": [STOP]}),
        ("rules", {"required_inputs": [OLD_INPUT]}, {"required_inputs": [FRESH_INPUT]}),
        ("rules", {}, {"again": {"done": {"days": 14}}}),
        ("rules", {"again": {"done": {"days": 14}}}, {"again": {"done": {"days": 30}}}),
    ],
)
def test_one_way_tightens_and_the_other_loosens(field: str, looser: Any, stricter: Any) -> None:
    assert direction(field, looser, stricter, confirmed=True) is TIGHTENING
    assert direction(field, stricter, looser, confirmed=True) is LOOSENING


@pytest.mark.parametrize(
    ("field", "old", "new"),
    [
        ("cumulative", [SUM], [{**SUM, "per": "subject"}]),
        ("cumulative", [SUM], [{**SUM, "currency": "EUR"}]),
        ("cumulative", [SUM], [{**SUM, "within": "7 days"}]),
        ("window_thresholds", [WINDOW], [{**WINDOW, "id": "other"}]),
        ("window_thresholds", [WINDOW], [{**WINDOW, "least": 1}]),
        ("window_thresholds", [WINDOW], [{**WINDOW, "review": "manager"}]),
        ("systems", {"reads": ["crm"]}, {"reads": ["shop"]}),
        ("spot_check_rate", None, 0.1),
        ("spot_check_rate", 0.1, None),
        ("standards", ["care"], ["money"]),
        ("rules", {"mode": "draft_only"}, {"mode": "draft_only", "verbs": ["send"]}),
    ],
)
def test_what_is_only_different_counts_as_loosening(field: str, old: Any, new: Any) -> None:
    assert direction(field, old, new, confirmed=True) is LOOSENING


@pytest.mark.parametrize(
    ("longer", "shorter"),
    [
        ("5 business days", "1 business day"),
        ("2 days", "47 hours"),
        ("1 business hour", "59 business minutes"),
        ("1 business hour", "1 hour"),
        ("5 business days", "72 hours"),
    ],
)
def test_a_longer_life_of_an_approval_loosens(longer: str, shorter: str) -> None:
    assert direction("approval_life", longer, shorter, confirmed=True) is TIGHTENING
    assert direction("approval_life", shorter, longer, confirmed=True) is LOOSENING
    one, other = {"mandatory": longer}, {"mandatory": shorter}
    assert direction("approval_lives", one, other, confirmed=True) is TIGHTENING
    assert direction("approval_lives", other, one, confirmed=True) is LOOSENING


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1 business day", "8 business hours"),
        ("1 day", "8 business hours"),
        ("1 day", "1 business day"),
        ("5 business days", "4 days"),
        ("1 day", "soon"),
    ],
)
def test_of_two_lives_that_only_a_calendar_could_tell_apart_either_loosens(
    one: str, other: str
) -> None:
    assert direction("approval_life", one, other, confirmed=True) is LOOSENING
    assert direction("approval_life", other, one, confirmed=True) is LOOSENING


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        ({"mandatory": "1 day"}, TIGHTENING),
        ({"mandatory": "3 days"}, LOOSENING),
        ({"mandatory": "48 hours"}, Direction.NEUTRAL),
        ({"mandatory": "1 day", "autonomous": "3 days"}, LOOSENING),
    ],
)
def test_a_life_of_its_own_counts_against_the_one_that_the_tier_had(
    new: dict[str, str], expected: Direction
) -> None:
    back = {TIGHTENING: LOOSENING, LOOSENING: TIGHTENING}.get(expected, expected)
    assert direction("approval_lives", {}, new, confirmed=True, life="2 days") is expected
    if len(new) == 1:
        assert direction("approval_lives", new, {}, confirmed=True, life="2 days") is back
    assert direction("approval_lives", {}, new, confirmed=True) is LOOSENING, "of what, is unknown"


def test_words_lead_nowhere() -> None:
    for field, rule in (("cumulative", SUM), ("window_thresholds", WINDOW)):
        reworded = [{**rule, "words": "So it is."}]
        assert direction(field, [rule], reworded, confirmed=True) is Direction.NEUTRAL
    reworded = [{**STOP, "words": "A lawyer is mentioned."}]
    assert direction("stop_rules", [STOP], reworded, confirmed=True) is Direction.NEUTRAL


def test_one_thing_loosened_makes_a_step_a_loosening() -> None:
    before = {"confirmed": True, "mode": "draft_only", "confidence_line": 0.5}
    after = {"confirmed": True, "mode": "approval_gated", "confidence_line": 0.9}
    assert direction_between(before, after) is LOOSENING
    assert direction_between(before, {**before, "confidence_line": 0.9}) is TIGHTENING
    assert direction_between(before, before) is Direction.NEUTRAL
