"""docs/policy.md: what it shows may be saved, and what it says about figures is so."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from agents_registry.policy import conditions, documents, floors, inputs, vocabulary
from agents_registry.policy.findings import Mode, Tier
from agents_registry.policy.matrix import MANY, MATRIX
from agents_registry.policy.shapes import Policy
from approvals.totals import COUNTED
from tests.agents_registry.policies import create_policy

PAGE = (Path(__file__).parents[2] / "docs" / "policy.md").read_text()
EXAMPLES = [yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: next(reversed(example)))
def test_every_example_may_be_saved(example: dict[str, Any]) -> None:
    assert documents.validate(create_policy(**example)) == []


def test_every_kind_of_rule_has_an_example() -> None:
    shown = {name for example in EXAMPLES for name in example}
    kinds = {"impact", "confidence_line", "thresholds", "cumulative", "stop_rules"}
    assert kinds | {"required_inputs", "systems", "data_classes"} <= shown


def test_what_the_page_says_is_so() -> None:
    assert f"at most {conditions.LONGEST:,} characters" in PAGE
    assert f"is longer than {conditions.LONGEST_LIST}" in PAGE
    assert f"more than {inputs.AHEAD.seconds // 60} minutes ahead" in PAGE
    assert all(f"`{name}`" in PAGE for name in vocabulary.VARIABLES)
    assert list(MATRIX.values()) == ["autonomous", "batch_review", "spot_check", "mandatory"]
    assert MANY == 2
    born = Policy(key="k", verb="write", authority_level="system_write_back")
    assert (born.mode, born.confirmed, born.confidence_tier) == (
        Mode.DRAFT_ONLY,
        False,
        Tier.MANDATORY,
    )
    assert (born.reversibility, born.blast_radius) == ("irreversible", "high")


def test_the_page_names_every_floor_at_its_tier() -> None:
    by_tier: dict[Tier, set[str]] = {}
    for name, floor in floors.FLOORS.items():
        by_tier.setdefault(floor.tier, set()).add(name)
    assert by_tier[Tier.BATCH_REVIEW] == {"trigger", "invite", "enrol"}
    assert by_tier[Tier.MANDATORY] - {"escalate", "ask"} == {
        *("grant", "refund", "cancel", "approve", "commit"),
        *("external_message", "customer_impacting_decision"),
    }
    assert by_tier[Tier.BLOCKED] == {"delete", "changes_terms"}


def test_what_counts_together_is_what_the_page_says() -> None:
    waits = {"pending", "changes_requested"}
    done = {"approved", "released", "succeeded", "failed", "unknown"}
    assert set(COUNTED) == {*waits, *done, "rollback_requested", "rollback_failed"}
