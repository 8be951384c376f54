"""What a policy makes of it when the same was done, or rejected, before."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agents_registry.policy import documents
from agents_registry.policy.findings import Effect, Tier, Verdict
from tests.agents_registry.policies import create_policy, finding, judge, rules

NOW = datetime(2026, 10, 12, 9, tzinfo=UTC)


def judged(rules: dict[str, Any], **looked: Any) -> Verdict:
    return judge(create_policy(again=rules), again=looked, at=NOW)


def found(days_ago: float, same: str = "content", *, days: int = 14) -> dict[str, Any]:
    at = (NOW - timedelta(days=days_ago)).isoformat()
    return {"days": days, "found": {"action": "an id", "at": at, "same": same}}


def nothing(days: int = 14) -> dict[str, Any]:
    return {"days": days, "found": None}


def faults(again: Any) -> dict[str, str]:
    return {error.pointer: error.detail for error in documents.validate(create_policy(again=again))}


def test_what_was_done_before_is_raised_as_far_as_the_rule_says() -> None:
    verdict = judged({"done": {"days": 14, "raise_to": "batch_review"}}, done=found(3))
    assert verdict.tier is Tier.BATCH_REVIEW
    again = finding(verdict, "done_again")
    assert again.because == "The very same was done on 2026-10-09: it comes again within 14 days."
    assert again.values["action"] == "an id"


@pytest.mark.parametrize(
    ("effect", "tier"), [("raise", Tier.MANDATORY), ("block", Tier.BLOCKED), (None, Tier.MANDATORY)]
)
def test_what_a_person_rejected_is_shown_or_stopped(effect: str | None, tier: Tier) -> None:
    rule = {"days": 90} | ({"effect": effect} if effect else {})
    verdict = judged({"rejected": rule}, rejected=found(3, "subject", days=90))
    assert verdict.tier is tier
    again = finding(verdict, "rejected_again")
    assert again.effect is (Effect.BLOCK if effect == "block" else Effect.RAISE)
    assert again.because.startswith("A person rejected one of this type for the same subject")
    assert again.instead


@pytest.mark.parametrize(("days_ago", "speaks"), [(0, True), (14, True), (14.01, False)])
def test_only_so_many_days_back_count(days_ago: float, speaks: bool) -> None:
    verdict = judged({"done": {"days": 14}}, done=found(days_ago, days=30))
    assert ("done_again" in rules(verdict)) == speaks


def test_nothing_found_changes_nothing() -> None:
    assert judged({"done": {"days": 14}}, done=nothing()).tier is Tier.AUTONOMOUS
    assert judged({}, done=found(1)).tier is Tier.AUTONOMOUS


@pytest.mark.parametrize("looked", [{}, {"done": None}, {"done": nothing(13)}, {"done": {}}])
def test_what_nobody_looked_for_counts_as_done(looked: dict[str, Any]) -> None:
    verdict = judged({"done": {"days": 14}}, **looked)
    assert verdict.tier is Tier.MANDATORY
    assert finding(verdict, "done_again").because == (
        "Nobody knows whether it was done before: it comes again within 14 days."
    )


@pytest.mark.parametrize(
    ("again", "pointer"),
    [
        ({"done": {}}, "/again/done"),
        ({"done": {"days": 0}}, "/again/done/days"),
        ({"done": {"days": 7, "raise_to": "autonomous"}}, "/again/done/raise_to"),
        ({"rejected": {"days": 7, "effect": "mode_to"}}, "/again/rejected/effect"),
        ({"asked": {"days": 7}}, "/again"),
    ],
)
def test_a_rule_that_makes_no_sense_is_not_saved(again: Any, pointer: str) -> None:
    assert pointer in faults(again)
    assert not faults({"done": {"days": 7}, "rejected": {"days": 90, "effect": "block"}})
