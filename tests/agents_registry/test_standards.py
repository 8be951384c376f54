"""Standards: a workflow inherits them, may be stricter than they are, and is never laxer."""

from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from agents_registry import revisions, standards
from agents_registry.models import ActionType, Standard, Workflow
from agents_registry.policy.findings import Mode, Tier, Verdict
from agents_registry.policy.floors import BUILT_IN, FLOORS, LOOSENABLE, VERBS
from agents_registry.policy.inheritance import concerns, merged, named
from tests import factories
from tests.agents_registry.policies import create_policy, finding, judge, rules
from tests.agents_registry.test_policy_strictness import (
    AGAIN,
    CONFIDENCES,
    CUMULATIVE,
    FACTS,
    INPUTS,
    LOOKED,
    NOW,
    POLICIES,
    STOP_RULES,
    THRESHOLDS,
    TIERS,
    assert_not_laxer,
    ranks,
)

LINES = st.none() | st.decimals(0, 1, places=2).map(float)
FLOORS_OF_QUIET = ("send", "external_message")
FLOORS_ASKED = st.lists(
    st.fixed_dictionaries(
        {
            "floor": st.sampled_from(FLOORS_OF_QUIET) | st.sampled_from(LOOSENABLE),
            "tier": TIERS,
        }
    ),
    max_size=4,
)
PARTS: dict[str, st.SearchStrategy[Any]] = {
    "verbs": st.lists(st.sampled_from(sorted(set(VERBS) - set(BUILT_IN))), max_size=6),
    "mode": st.sampled_from([None, *map(str, Mode)]),
    "confidence_line": LINES,
    "confidence_tier": st.none() | TIERS,
    "floors": FLOORS_ASKED,
    "thresholds": st.lists(THRESHOLDS, max_size=2),
    "cumulative": st.lists(CUMULATIVE, max_size=1),
    "stop_rules": st.lists(STOP_RULES, max_size=2),
    "required_inputs": st.lists(INPUTS, max_size=2),
    "again": AGAIN,
}
LINE = {name: PARTS[name] for name in ("confidence_line", "confidence_tier")}
RULES = st.one_of(
    st.fixed_dictionaries({}, optional=PARTS),
    st.fixed_dictionaries(LINE),
    st.fixed_dictionaries({"floors": PARTS["floors"]}),
    st.fixed_dictionaries({"again": AGAIN}),
)
SETS = st.lists(RULES, max_size=3).map(
    lambda asked: [named(f"s{number}", rules) for number, rules in enumerate(asked)]
)
QUIET = st.builds(
    create_policy,
    verb=st.just(FLOORS_OF_QUIET[0]),
    authority_level=st.just(FLOORS_OF_QUIET[1]),
    confidence_line=LINES,
    confidence_tier=TIERS,
    loosened=st.tuples(TIERS, TIERS).map(
        lambda tiers: [
            {"floor": floor, "tier": tier}
            for floor, tier in zip(FLOORS_OF_QUIET, tiers, strict=True)
        ]
    ),
)
"""A type of which hardly anything speaks, so that each single rule of a standard is heard."""

CASES = st.one_of(
    st.tuples(POLICIES, FACTS),
    st.tuples(QUIET, st.fixed_dictionaries({"confidence": CONFIDENCES})),
)


def alone(own: dict[str, Any], asked: dict[str, Any]) -> dict[str, Any]:
    """A type that does what `own` does, with nothing but what the standard asks for by itself."""
    measured = {name: own[name] for name in ("key", "verb", "authority_level", "impact")}
    told = {row["floor"] for row in asked.get("floors", [])}
    free = [{"floor": floor, "tier": "autonomous"} for floor in LOOSENABLE if floor not in told]
    said = {name: value for name, value in asked.items() if name not in {"verbs", "floors"}}
    return create_policy(
        **measured,
        changes_terms=own.get("changes_terms", False),
        waives=["before", "trace"],
        loosened=[*free, *asked.get("floors", [])],
        **{name: value for name, value in said.items() if value is not None},
    )


@settings(max_examples=300)
@given(CASES, SETS)
def test_no_standard_makes_a_verdict_laxer(case, asked) -> None:
    own, facts = case
    assert_not_laxer(judge(merged(own, asked), **facts), judge(own, **facts))


@settings(max_examples=300)
@given(CASES, SETS)
def test_nothing_is_judged_laxer_than_each_standard_asks_for_by_itself(case, asked) -> None:
    own, facts = case
    verdict = judge(merged(own, asked), **facts)
    for each in asked:
        if concerns(each, own):
            assert_not_laxer(verdict, judge(alone(own, each), **facts))


@given(POLICIES | QUIET, SETS)
def test_laid_over_twice_it_says_what_it_says_once(own, asked) -> None:
    once = merged(own, asked)
    assert merged(once, asked) == once


@given(CASES, SETS)
def test_the_order_of_standards_does_not_matter_for_the_verdict(case, asked) -> None:
    own, facts = case

    def said(verdict: Verdict) -> Any:
        return ranks(verdict), sorted(found.because for found in verdict.findings)

    one, *others = [judge(merged(own, order), **facts) for order in permutations(asked)]
    assert {repr(said(each)) for each in others} <= {repr(said(one))}


@given(POLICIES | QUIET, RULES)
def test_a_standard_changes_neither_the_document_nor_itself(own, asked) -> None:
    before = repr((own, asked))
    merged(own, [asked])
    assert repr((own, asked)) == before


@given(POLICIES)
def test_without_standards_a_policy_is_what_it_was(own) -> None:
    assert merged(own, []) == own
    assert merged(own, [{"verbs": ["escalate"], "mode": "draft_only"}]) == own


def test_a_laxer_mode_is_judged_with_that_of_the_standard() -> None:
    verdict = judge(merged(create_policy(), [{"mode": "approval_gated"}]))
    assert (verdict.mode, verdict.tier) == (Mode.APPROVAL_GATED, Tier.BATCH_REVIEW)
    own = create_policy(mode="draft_only")
    assert merged(own, [{"mode": "approval_gated"}])["mode"] == "draft_only"


@pytest.mark.parametrize(
    ("own", "asked", "line", "tier"),
    [
        ((0.6, "batch_review"), (0.8, "mandatory"), 0.8, "mandatory"),
        ((0.9, "batch_review"), (0.8, "mandatory"), 0.9, "mandatory"),
        ((None, "mandatory"), (0.8, "batch_review"), 0.8, "batch_review"),
        ((0.6, "batch_review"), (0.8, None), 0.8, "mandatory"),
        ((0.6, "batch_review"), (None, "blocked"), 0.6, "batch_review"),
    ],
)
def test_the_higher_confidence_line_counts_with_the_stricter_tier(own, asked, line, tier) -> None:
    names = ("confidence_line", "confidence_tier")
    both = merged(
        create_policy(**dict(zip(names, own, strict=True))), [dict(zip(names, asked, strict=True))]
    )
    assert tuple(both[name] for name in names) == (line, tier)


def floored(loosened: list[dict[str, str]], **asked: str) -> list[dict[str, str]]:
    own = create_policy(verb="send", authority_level="external_message", loosened=loosened)
    floors = [{"floor": floor, "tier": tier} for floor, tier in asked.items()]
    said: list[dict[str, str]] = merged(own, [{"floors": floors}])["loosened"]
    return said


def test_a_floor_of_a_standard_binds_where_the_type_loosened_it_too() -> None:
    loosened = [{"floor": "external_message", "tier": "spot_check"}]
    assert floored(loosened, external_message="batch_review") == [
        {"floor": "external_message", "tier": "batch_review"}
    ]
    assert floored(loosened, external_message="autonomous") == loosened


def test_a_floor_of_a_standard_never_lies_below_the_one_that_is_there() -> None:
    assert FLOORS["external_message"].tier is Tier.MANDATORY
    assert floored([], external_message="spot_check") == []
    assert floored([], send="batch_review", refund="blocked") == [
        {"floor": "send", "tier": "batch_review"}
    ]


def test_of_two_ages_of_an_input_the_lesser_counts() -> None:
    own = create_policy(required_inputs=[{"name": "usage", "max_age_seconds": 60}])
    asked = [{"name": "usage", "max_age_seconds": 30}, {"name": "usage"}, {"name": "contract"}]
    assert merged(own, [{"required_inputs": asked}])["required_inputs"] == [
        {"name": "usage", "max_age_seconds": 30},
        {"name": "contract"},
    ]


@pytest.mark.parametrize(
    ("own", "asked", "both"),
    [
        (
            {"done": {"days": 14, "raise_to": "mandatory"}},
            {"done": {"days": 30, "raise_to": "batch_review"}},
            {"done": {"days": 30, "raise_to": "mandatory"}},
        ),
        (
            {"done": {"days": 90}},
            {"done": {"days": 30, "raise_to": "blocked"}},
            {"done": {"days": 90, "raise_to": "blocked"}},
        ),
        (
            {"rejected": {"days": 90}},
            {"rejected": {"days": 30, "effect": "block"}},
            {"rejected": {"days": 90, "effect": "block"}},
        ),
        (
            {"done": {"days": 7}},
            {"rejected": {"days": 30}},
            {"done": {"days": 7}, "rejected": {"days": 30}},
        ),
        ({"done": {"days": 7}}, {}, {"done": {"days": 7}}),
        ({}, {"done": {"days": 7}}, {"done": {"days": 7}}),
    ],
)
def test_of_two_rules_on_what_comes_again_the_longer_time_counts_with_the_stricter_tier(
    own, asked, both
) -> None:
    assert merged(create_policy(again=own), [{"again": asked}])["again"] == both


@given(AGAIN, AGAIN, st.fixed_dictionaries({"done": LOOKED, "rejected": LOOKED}))
def test_what_comes_again_is_judged_no_laxer_than_by_either_rule(own, asked, looked) -> None:
    verdict = judge(merged(create_policy(again=own), [{"again": asked}]), again=looked, at=NOW)
    for alone in (own, asked):
        assert_not_laxer(verdict, judge(create_policy(again=alone), again=looked, at=NOW))


def test_reading_is_concerned_only_where_a_standard_names_it() -> None:
    read = create_policy(verb="read", authority_level="read_only")
    assert merged(read, [{"mode": "draft_only"}]) == read
    assert merged(read, [{"mode": "draft_only", "verbs": ["read"]}])["mode"] == "draft_only"
    assert merged(create_policy(), [{"mode": "draft_only", "verbs": ["read"]}]) == create_policy()


LEGAL = {
    "id": "legal",
    "words": "It is a legal matter.",
    "when": "'legal' in signals.categories",
    "effect": {"raise_to": "mandatory"},
}


def test_a_finding_says_which_standard_it_comes_from() -> None:
    own = create_policy(stop_rules=[LEGAL])
    verdict = judge(
        merged(own, [named("everybody", {"stop_rules": [LEGAL]})]),
        signals={"categories": ["legal"]},
    )
    assert {"stop_rule:legal", "stop_rule:standard:everybody:legal"} <= rules(verdict)
    assert finding(verdict, "stop_rule:standard:everybody:legal").because == LEGAL["words"]


@pytest.fixture
def workflow() -> Workflow:
    return factories.create_workflow(factories.create_team())


@pytest.fixture
def refund(workflow: Workflow) -> ActionType:
    return factories.create_action_type(workflow, "refund", mode="auto_executed")


def create_standard(workflow: Workflow, slug: str, **fields: Any) -> Standard:
    return Standard.objects.create(team=workflow.team, slug=slug, name=slug, **fields)


@pytest.mark.django_db
def test_a_workflow_inherits_what_holds_everywhere_and_what_it_lists(workflow: Workflow) -> None:
    create_standard(workflow, "everywhere", everywhere=True)
    create_standard(workflow, "unlisted")
    listed = create_standard(workflow, "listed")
    both = create_standard(workflow, "both", everywhere=True)
    create_standard(factories.create_workflow(factories.create_team()), "theirs", everywhere=True)
    workflow.standards.add(listed, both)
    factories.create_workflow(workflow.team).standards.add(both)
    found = standards.inherited(workflow)
    assert [standard.slug for standard in found] == ["both", "everywhere", "listed"]


@pytest.mark.django_db
def test_a_type_is_judged_by_its_own_rules_and_by_those_of_its_standards(
    refund: ActionType,
) -> None:
    assert revisions.policy_document(refund) == revisions.own_document(refund)
    asked = {"mode": "approval_gated", "stop_rules": [LEGAL]}
    create_standard(refund.workflow, "everybody", everywhere=True, rules=asked)
    document = revisions.policy_document(refund)
    assert document["mode"] == "approval_gated"
    assert [rule["id"] for rule in document["stop_rules"]] == ["standard:everybody:legal"]
    assert revisions.own_document(refund)["mode"] == "auto_executed"


@pytest.mark.django_db
def test_one_query_finds_them_and_none_where_they_are_known(
    refund: ActionType, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):
        revisions.policy_document(refund)
    known = standards.inherited(refund.workflow)
    with django_assert_num_queries(0):
        revisions.policy_document(refund, known)


@pytest.mark.django_db
def test_of_several_workflows_they_are_the_same_as_of_each(
    workflow: Workflow, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    elsewhere = factories.create_workflow(factories.create_team())
    workflows = [workflow, factories.create_workflow(workflow.team), elsewhere]
    create_standard(workflow, "everywhere", everywhere=True)
    workflow.standards.add(create_standard(workflow, "listed"))
    create_standard(elsewhere, "theirs", everywhere=True)
    with django_assert_num_queries(2):
        found = standards.inherited_by(workflows)
    assert found == {each.pk: standards.inherited(each) for each in workflows}
