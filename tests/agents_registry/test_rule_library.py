"""The common stop rules: each may be saved as it is, and matches what it says, no more."""

from decimal import Decimal
from typing import Any

import pytest

from agents_registry.policy import conditions, documents
from agents_registry.policy.library import BY_ID, LIBRARY, Common
from tests.agents_registry.policies import MONEY, create_policy, judge, rules

PLAIN: dict[str, Any] = {
    "payload": {"amount": 0, "currency": "EUR"},
    "confidence": Decimal("0.9"),
    "signals": {"missing": [], "conflicts": [], "categories": ["shipping"]},
}
"""A case in which no common rule has anything to say."""


def about(*categories: str) -> dict[str, Any]:
    return {"signals": {**PLAIN["signals"], "categories": list(categories)}}


MATCHES: list[tuple[str, dict[str, Any]]] = [
    ("missing_data", {"signals": {**PLAIN["signals"], "missing": ["seats"]}}),
    ("conflicting_data", {"signals": {**PLAIN["signals"], "conflicts": ["two employers"]}}),
    ("legal", about("legal")),
    ("billing", about("billing", "shipping")),
    ("security", about("security")),
    ("medical", about("medical")),
    ("compliance", about("compliance")),
    ("low_confidence", {"confidence": Decimal("0.69")}),
    ("low_confidence", {"confidence": None}),
    ("touches_money", {"payload": {"amount": -480, "currency": "EUR"}}),
    ("touches_money", {"claimed": {"spend_delta": 5}}),
    ("touches_money", about("money")),
    ("touches_access", about("access")),
    ("touches_permissions", about("permissions")),
    ("touches_commitments", about("commitment")),
    ("executive_recipient", about("executive")),
    ("price_or_terms", about("price")),
    ("price_or_terms", about("terms")),
    ("procurement", about("procurement")),
    ("unknown_category", about("unknown")),
    ("unknown_category", about()),
    ("customer_impact_unclear", about("customer_impact_unclear")),
]


def policy_with(common: Common, **fields: Any) -> dict[str, Any]:
    return create_policy(**{"impact": MONEY, "stop_rules": [common.row()]} | fields)


@pytest.mark.parametrize("common", LIBRARY, ids=lambda common: common.id)
def test_each_may_be_saved_as_it_is(common: Common) -> None:
    assert documents.validate(policy_with(common)) == []
    assert conditions.faults(common.when) == []


@pytest.mark.parametrize("common", LIBRARY, ids=lambda common: common.id)
def test_each_is_silent_on_a_plain_case(common: Common) -> None:
    assert f"stop_rule:{common.id}" not in rules(judge(policy_with(common), **PLAIN))


@pytest.mark.parametrize(("name", "facts"), MATCHES)
def test_each_matches_what_it_says(name: str, facts: dict[str, Any]) -> None:
    verdict = judge(policy_with(BY_ID[name]), **{**PLAIN, **facts})
    found = {finding.rule: finding for finding in verdict.findings}[f"stop_rule:{name}"]
    assert found.because == BY_ID[name].words, "worked out, not merely counted as met"
    assert verdict.tier == "mandatory"


def test_a_reach_that_nobody_can_compute_is_unclear() -> None:
    common = BY_ID["customer_impact_unclear"]
    assert "stop_rule:customer_impact_unclear" in rules(
        judge(policy_with(common, impact=None), **PLAIN)
    )


def test_every_rule_is_tried_and_has_an_id_of_its_own() -> None:
    assert {name for name, _ in MATCHES} == set(BY_ID)
    assert len(BY_ID) == len(LIBRARY)
    assert len({common.words for common in LIBRARY}) == len(LIBRARY)
