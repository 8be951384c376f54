"""The tier that every action of a type needs at the least follows from the registry alone."""

from typing import Any

import pytest
from hypothesis import given

from agents_registry.policy import documents
from agents_registry.policy.findings import Tier
from agents_registry.policy.least import least_tier
from tests.agents_registry.policies import MONEY, create_policy, judge
from tests.agents_registry.test_policy_strictness import FACTS, POLICIES


@pytest.mark.parametrize(
    ("fields", "tier"),
    [
        ({}, "autonomous"),
        ({"impact": MONEY}, "autonomous"),
        ({"reversibility": "irreversible"}, "spot_check"),
        ({"blast_radius": "high"}, "batch_review"),
        ({"impact": None}, "batch_review"),
        ({"impact": {"affected": {"const": 12}, "high_affected": 10}}, "batch_review"),
        ({"mode": "approval_gated"}, "batch_review"),
        ({"confirmed": False, "mode": "draft_only"}, "mandatory"),
        ({"verb": "refund"}, "mandatory"),
        ({"verb": "refund", "loosened": [{"floor": "refund", "tier": "spot_check"}]}, "spot_check"),
        ({"authority_level": "external_message"}, "mandatory"),
        ({"changes_terms": True}, "blocked"),
        ({"confidence_line": 0.9}, "autonomous"),
    ],
)
def test_the_least_tier_follows_from_the_registry_alone(fields: dict[str, Any], tier: str) -> None:
    assert least_tier(documents.parse(create_policy(**fields))) == tier


def test_no_rule_that_may_stay_silent_raises_the_least_tier() -> None:
    effect = {"block": True}
    policy = create_policy(
        impact=MONEY,
        thresholds=[
            {"metric": "spend_delta", "operator": "<", "limit": 1, "currency": "USD",
             "effect": effect}
        ],
        stop_rules=[{"id": "any", "words": "Any.", "when": "payload.bad", "effect": effect}],
    )  # fmt: skip
    assert least_tier(documents.parse(policy)) == "autonomous"


def test_nobody_guarding_the_risk_raises_the_least_tier() -> None:
    policy = documents.parse(create_policy())
    assert least_tier(policy, ("risk_owner",)) == "batch_review"
    assert least_tier(policy, ("pool",)) == "autonomous"


@given(POLICIES, FACTS)
def test_no_action_is_judged_laxer_than_the_least_tier(
    policy: dict[str, Any], facts: dict[str, Any]
) -> None:
    least = least_tier(documents.parse(policy), facts["holes"])
    assert list(Tier).index(judge(policy, **facts).tier) >= list(Tier).index(least)
