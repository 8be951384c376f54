"""The page of an action type: its own rules, those of each standard apart, and who may edit."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from agents_registry.models import ActionType, Standard

BLOCK = {"id": "all", "words": "Whatever it is.", "when": "true", "effect": {"block": True}}
SUM = {
    "id": "day",
    "metric": "spend_delta",
    "per": "/order",
    "within": "24 hours",
    "operator": ">",
    "limit": 1000,
    "currency": "USD",
    "effect": {"raise_to": "mandatory"},
}


@pytest.fixture
def house(refund: ActionType) -> Standard:
    return Standard.objects.create(
        team=refund.workflow.team,
        slug="house",
        name="Of the house",
        everywhere=True,
        rules={
            "mode": "draft_only",
            "confidence_line": 0.9,
            "floors": [{"floor": "refund", "tier": "blocked"}],
            "stop_rules": [BLOCK],
            "cumulative": [SUM],
            "required_inputs": [{"name": "order", "max_age_seconds": 3600}],
            "again": {"done": {"days": 30}, "rejected": {"days": 1, "effect": "block"}},
        },
    )


def page_of(client: Client, refund: ActionType) -> tuple[Any, str]:
    response = client.get(reverse("registry_action_type", args=[refund.workflow.slug, refund.key]))
    assert response.status_code == 200
    return response.context["type"], response.content.decode()


def test_what_comes_from_a_standard_stands_apart_with_its_name(
    signed_in: Client, refund: ActionType, house: Standard
) -> None:
    page, html = page_of(signed_in, refund)
    assert not page.stop_rules
    assert not page.cumulative
    (standard,) = page.standards
    assert standard.name == "Of the house"
    assert [rule.words for rule in standard.stop_rules] == ["Whatever it is."]
    assert [rule.words for rule in standard.cumulative] == [
        "Within 24 hours the same order comes to above 1,000.00 USD."
    ]
    assert standard.lines == [
        "The mode is at the most draft-only.",
        "Confidence below 0.90, or none given: at least mandatory approval.",
        "Giving money back: blocked.",
        "Done before within 30 days: at least mandatory approval.",
        "Rejected before within 1 day: blocked.",
    ]
    assert [row.max_age_words for row in standard.inputs] == ["at most 1 hour old"]
    assert page.mode_words == "Draft-only", "the mode that holds, not the one that is written"
    assert "From the standard “Of the house”" in html


def test_a_standard_that_does_not_concern_its_verb_is_not_shown(
    signed_in: Client, refund: ActionType, house: Standard
) -> None:
    house.rules = {**house.rules, "verbs": ["send"]}
    house.save()
    page, _ = page_of(signed_in, refund)
    assert page.standards == []
    assert page.mode_words == "Approval-gated"


def test_its_own_limits_over_time_are_shown(signed_in: Client, refund: ActionType) -> None:
    refund.cumulative = [SUM]
    refund.save()
    page, html = page_of(signed_in, refund)
    (row,) = page.cumulative
    assert row.code == "sum of spend_delta per /order within 24 hours > 1000 USD"
    assert "Limits over time" in html


@pytest.mark.parametrize(
    ("mode", "rate", "said"),
    [
        ("approval_gated", None, None),
        ("auto_executed", None, "20% of spot checks, 2% of what is autonomous"),
        ("auto_executed", "0.005", "0.5%"),
        ("approval_gated", "1", "100%"),
    ],
)
def test_it_says_how_much_is_looked_at_afterwards_where_it_may_run_alone(
    signed_in: Client, refund: ActionType, mode: str, rate: str | None, said: str | None
) -> None:
    refund.mode, refund.spot_check_rate = mode, rate and Decimal(rate)
    refund.save()
    page, _ = page_of(signed_in, refund)
    facts = {fact.label: fact.value for fact in page.facts}
    assert facts.get("Looked at afterwards") == said


def test_it_says_how_long_an_approval_lasts_in_each_tier(
    signed_in: Client, refund: ActionType
) -> None:
    def said() -> str | None:
        page, _ = page_of(signed_in, refund)
        return {fact.label: fact.value for fact in page.facts}.get("An approval lasts")

    assert said() == "5 business days"
    refund.approval_lives = {"autonomous": "1 hour", "mandatory": "1 business day"}
    refund.save()
    assert said() == (
        "5 business days; but 1 business day (mandatory approval), 1 hour (autonomous)"
    )


def test_only_who_may_edit_it_finds_the_way_there(
    signed_in: Client, client: Client, refund: ActionType
) -> None:
    edit = reverse("edit_type", args=[refund.workflow.slug, refund.key])
    assert f'href="{edit}"' not in page_of(signed_in, refund)[1]
    client.force_login(refund.workflow.system_owner)
    assert f'href="{edit}"' in page_of(client, refund)[1]
