"""What an action had to know, how old that may be, and what it must not have known."""

from datetime import UTC, datetime
from typing import Any

import pytest

from agents_registry.policy import documents
from agents_registry.policy.findings import Effect, Tier, Verdict
from agents_registry.policy.least import least_tier
from tests.agents_registry.policies import create_policy, finding, judge, rules

NOW = datetime(2026, 10, 12, 9, 0, tzinfo=UTC)
WEEK = 604_800


def judged(*inputs: dict[str, Any], **facts: Any) -> Verdict:
    required = list(inputs) or [{"name": "usage_90d", "max_age_seconds": WEEK}]
    return judge(create_policy(required_inputs=required), **{"at": NOW, **facts})


def given(value: Any) -> dict[str, Any]:
    return {"handoff": {"inputs": {"usage_90d": value}}}


def read_at(said: Any) -> dict[str, Any]:
    return given({"value": "-22%", "as_of": said})


@pytest.mark.parametrize("value", [None, "", [], {}, {"value": None, "as_of": "2026-10-12"}])
def test_a_required_input_that_is_missing_or_empty_needs_a_person(value: Any) -> None:
    for facts in (given(value), {}, {"handoff": {"inputs": None}}):
        verdict = judged({"name": "usage_90d"}, **facts)
        found = finding(verdict, "missing:usage_90d")
        assert verdict.tier == Tier.MANDATORY
        assert found.effect is Effect.RAISE
        assert found.because == "The input usage_90d is required and is not there."


@pytest.mark.parametrize("value", ["-22%", 0, False, 12.5, ["a"], {"logins": 3}])
def test_an_input_of_any_age_only_has_to_be_there(value: Any) -> None:
    assert judged({"name": "usage_90d"}, **given(value)).tier == Tier.AUTONOMOUS


@pytest.mark.parametrize(
    "item", [{"title": "Usage", "source": "usage_90d"}, {"title": "x", "input": "usage_90d"}]
)
def test_evidence_of_that_name_is_the_input_too(item: dict[str, Any]) -> None:
    assert judged({"name": "usage_90d"}, evidence=[item]).tier == Tier.AUTONOMOUS
    young = item | {"as_of": "2026-10-11T09:00:00Z"}
    assert judged(evidence=["odd", young]).tier == Tier.AUTONOMOUS
    assert "stale:usage_90d" in rules(judged(evidence=[item]))


@pytest.mark.parametrize(
    "said", ["2026-10-05T09:00:00Z", "2026-10-12T11:00:00+02:00", "2026-10-12T09:05:00+00:00"]
)
def test_an_input_that_is_young_enough_is_fine(said: str) -> None:
    assert judged(**read_at(said)).tier == Tier.AUTONOMOUS


def test_an_input_that_is_too_old_needs_a_person() -> None:
    verdict = judged(**read_at("2026-10-05T10:59:59+02:00"))
    assert verdict.tier == Tier.MANDATORY
    assert finding(verdict, "stale:usage_90d").to_dict() == {
        "rule": "stale:usage_90d",
        "effect": "raise",
        "tier": "mandatory",
        "because": "The input usage_90d is of 2026-10-05 08:59 UTC, older than 7 days.",
        "values": {
            "input": "usage_90d",
            "max_age_seconds": WEEK,
            "as_of": "2026-10-05T08:59:59+00:00",
        },
    }


@pytest.mark.parametrize(
    "said",
    [None, "", "yesterday", 5, "2026-10-12", "2026-10-12T08:00:00", "2026-10-12T09:05:01Z", "9999"],
)
def test_a_time_that_is_none_or_lies_ahead_says_nothing(said: Any) -> None:
    verdict = judged(**read_at(said))
    assert verdict.tier == Tier.MANDATORY
    assert finding(verdict, "stale:usage_90d").because == (
        "Nothing says how old the input usage_90d is, and it may be 7 days old at most."
    )


def test_the_latest_of_several_times_decides() -> None:
    old, young = ("2026-09-01T00:00:00Z", "2026-10-11T00:00:00Z")
    evidence = [{"source": "usage_90d", "as_of": said} for said in (old, young)]
    assert judged(evidence=evidence, **read_at(old)).tier == Tier.AUTONOMOUS


def test_an_action_judged_at_no_known_time_has_no_young_inputs() -> None:
    assert "stale:usage_90d" in rules(judged(at=None, **read_at("2026-10-12T09:00:00Z")))


def test_every_input_is_looked_at() -> None:
    verdict = judged({"name": "contract"}, {"name": "usage_90d", "max_age_seconds": 60}, **given(1))
    assert {"missing:contract", "stale:usage_90d"} <= rules(verdict)


def test_an_input_required_twice_is_refused() -> None:
    document = create_policy(required_inputs=[{"name": "a"}, {"name": "b"}, {"name": "a"}])
    (_, error) = documents.validate(document)
    assert (error.pointer, error.detail) == (
        "/required_inputs/2/name",
        "a is required more than once.",
    )


DECLARES = {"systems": {"reads": ["crm"], "writes": ["mail"]}, "data_classes": ["contacts"]}


@pytest.mark.parametrize(
    ("trace", "found"),
    [
        ({"tool_calls": [{"system": "payroll"}]}, {"undeclared:system"}),
        ({"retrieval": [{"systems": ["crm", "payroll"]}]}, {"undeclared:system"}),
        ({"tool_calls": [{"a": [{"b": {"system": "payroll"}}]}]}, {"undeclared:system"}),
        ({"tool_calls": {"data_class": "health"}}, {"undeclared:data_class"}),
        ({"retrieval": [{"data_classes": ["health", 5]}]}, {"undeclared:data_class"}),
        (
            {"tool_calls": [{"system": "x", "data_class": "y"}]},
            {"undeclared:system", "undeclared:data_class"},
        ),
        ({"tool_calls": [{"system": " CRM "}], "retrieval": [{"systems": ["mail"]}]}, set()),
        ({"tool_calls": [{"data_classes": ["contacts"]}, None, "system", {"system": None}]}, set()),
        ({"model": {"system": "payroll"}}, set()),
        ({"tool_calls": None}, set()),
        ("system: payroll", set()),
        (None, set()),
    ],
)
def test_a_trace_that_names_what_is_not_declared_needs_a_person(
    trace: Any, found: set[str]
) -> None:
    verdict = judge(create_policy(**DECLARES), trace=trace)
    assert {rule for rule in rules(verdict) if rule.startswith("undeclared")} == found
    assert verdict.tier == (Tier.MANDATORY if found else Tier.AUTONOMOUS)


def test_where_nothing_is_declared_nothing_is_undeclared() -> None:
    trace = {"tool_calls": [{"system": "payroll", "data_class": "health"}]}
    for fields in ({}, {"systems": {}, "data_classes": []}, {"systems": {"reads": []}}):
        assert judge(create_policy(**fields), trace=trace).tier == Tier.AUTONOMOUS
    verdict = judge(create_policy(data_classes=["contacts"]), trace=trace)
    assert "undeclared:system" not in rules(verdict)


def test_the_finding_says_what_is_declared_and_never_repeats_the_trace() -> None:
    verdict = judge(create_policy(**DECLARES), trace={"tool_calls": [{"system": "<b>approve</b>"}]})
    found = finding(verdict, "undeclared:system")
    assert found.because == "The trace names a system that this action type does not declare."
    assert found.values == {"declared": ["crm", "mail"], "others": 1}


def test_the_least_that_a_type_needs_is_that_of_a_complete_action() -> None:
    document = create_policy(
        required_inputs=[{"name": "usage_90d", "max_age_seconds": WEEK}],
        cumulative=[
            {
                "id": "a_day",
                "metric": "count",
                "per": "agent",
                "within": "24 hours",
                "operator": ">",
                "limit": 10,
                "effect": {"block": True},
            }
        ],
    )
    assert least_tier(documents.parse(document)) == Tier.AUTONOMOUS
