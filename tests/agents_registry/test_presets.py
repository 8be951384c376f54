"""The presets: each is right as it stands, once the team has said who answers for it."""

from typing import Any

import pytest

from agents_registry import presets
from agents_registry.policy import documents
from agents_registry.policy.evaluate import evaluate
from agents_registry.policy.findings import Facts, Tier
from agents_registry.policy.inheritance import merged, named
from agents_registry.readiness import SAID
from agents_registry.spec.action_types import policy_document
from agents_registry.spec.apply import apply
from agents_registry.spec.check import check
from agents_registry.spec.rows import fill
from tests.agents_registry.documents import create_admin, create_document, install

NAMES = presets.names()
TEAMS_OWN = ("owners", "pool", "calendar", "chain")


def staffed(name: str) -> dict[str, Any]:
    """The preset in a team that has people for it."""
    document, preset = create_document(), presets.load(name)
    like = document["workflows"].pop("refunds")
    own = {field: like[field] for field in TEAMS_OWN}
    return {**document, **preset, "workflows": {name: {**preset["workflows"][name], **own}}}


def test_there_is_one_for_each_common_kind_of_work() -> None:
    assert NAMES == ["messaging", "orchestration", "qualification", "refund", "research"]
    with pytest.raises(KeyError):
        presets.load("../refund")


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_wrong_with_it(name: str) -> None:
    assert check(staffed(name)) == []


@pytest.mark.parametrize("name", NAMES)
def test_only_what_the_team_knows_is_missing(name: str) -> None:
    (problem,) = check(presets.load(name), fill(create_document()))
    assert str(problem) == f"workflows/{name}: It lacks owners, pool, calendar, chain."


@pytest.mark.parametrize("name", NAMES)
def test_its_workflow_says_all_that_an_operating_model_needs(name: str) -> None:
    workflow = presets.load(name)["workflows"][name]
    assert [field for field in SAID if not workflow.get(field)] == []
    assert workflow["standards"] == [name]


@pytest.mark.parametrize("name", NAMES)
def test_nothing_of_it_runs_before_somebody_has_confirmed_it(name: str) -> None:
    for row in fill(staffed(name))["workflows"][name]["action_types"].values():
        assert (row["confirmed"], row["mode"]) == (False, "draft_only")


@pytest.mark.parametrize("name", NAMES)
def test_each_of_its_rules_can_be_worked_out_for_its_own_types(name: str) -> None:
    filled = fill(staffed(name))
    rules = named(name, filled["standards"][name]["rules"])
    facts = Facts(
        payload={"amount": "20.00", "currency": "EUR", "recipient_role": "staff"},
        evidence=[{"source": "order"}],
    )
    for key, row in filled["workflows"][name]["action_types"].items():
        policy = documents.parse(merged(policy_document(key, row), [rules]))
        found = evaluate(policy, facts).findings
        assert [each for each in found if each.rule.startswith("stop_rule:")] == []


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("signal", ["missing", "conflicts"])
def test_missing_and_conflicting_data_always_need_a_person(name: str, signal: str) -> None:
    filled = fill(staffed(name))
    rules = named(name, filled["standards"][name]["rules"])
    for key, row in filled["workflows"][name]["action_types"].items():
        if row["verb"] not in rules["verbs"]:
            continue
        policy = documents.parse(merged(policy_document(key, row), [rules]))
        verdict = evaluate(policy, Facts(payload={}, signals={signal: ["order"]}))
        assert verdict.tier >= Tier.MANDATORY
        assert any(each.rule.startswith(f"stop_rule:standard:{name}:") for each in verdict.findings)


@pytest.mark.django_db
def test_they_can_all_be_kept_by_one_team() -> None:
    install()
    for name in NAMES:
        applied = apply(document=staffed(name), team="shop", actor=create_admin(f"admin-{name}"))
        assert applied.waiting == []
