"""Laws of lowered modes: whatever is read and whichever rules stand, nothing gets laxer."""

from contextlib import suppress
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from agents_registry.models import ActionType, Workflow
from agents_registry.policy import windows
from agents_registry.policy.findings import Mode, Tier
from approvals import downgrading, release, review
from approvals.errors import Conflict, Invalid
from approvals.models import Action
from tests.approvals.windowed import create_tag_type, create_windowed_desk, report, sure, unsure
from tests.factories import reviewer_of, seen

KEYS = ["tag_order", "label_order"]
METRICS = ["cpa_variance_pct", "errors"]
OFTEN = st.sampled_from([METRICS[0], METRICS[0], METRICS[1]])

ROWS = st.fixed_dictionaries(
    {
        "metric": OFTEN,
        "source": st.just("agent:bidder"),
        "operator": st.sampled_from([">", ">=", ">=", "<", "="]),
        "limit": st.integers(0, 4),
        "windows": st.sampled_from([1, 1, 2]),
        "mode_to": st.sampled_from(["approval_gated", "draft_only"]),
        "action_types": st.lists(st.sampled_from(KEYS), max_size=2),
    }
)
RULES = st.lists(ROWS, min_size=1, max_size=3).map(
    lambda rows: [{**row, "id": f"rule{number}"} for number, row in enumerate(rows)]
)
READING = st.tuples(OFTEN, st.integers(0, 60), st.integers(0, 10))
STEPS = st.lists(
    st.one_of(
        READING.map(lambda reading: ("read", reading)),
        READING.map(lambda reading: ("read", reading)),
        RULES.map(lambda rules: ("rules", rules)),
        st.sampled_from([("stage", key) for key in KEYS]),
        st.just(("approve", None)),
        st.just(("sweep", None)),
    ),
    min_size=3,
    max_size=10,
)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@given(RULES, st.sampled_from(["mode_to", "windows", "operator", "limit", "source"]), ANY_JSON)
def test_no_row_that_may_be_saved_asks_for_a_laxer_mode(
    rows: list[dict[str, Any]], field: str, value: Any
) -> None:
    rows = [{**row, field: value} for row in rows]
    if not list(windows.problems(rows)):
        for rule in windows.parse(rows):
            assert rule.mode_to > Mode.AUTO_EXECUTED


@pytest.mark.django_db
@settings(
    max_examples=30,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(modes=st.tuples(*[st.sampled_from(list(Mode))] * 2), rules=RULES, steps=STEPS)
def test_no_sequence_of_readings_and_rules_makes_anything_laxer(
    db: None, modes: tuple[Mode, Mode], rules: list[dict[str, Any]], steps: list[tuple[str, Any]]
) -> None:
    with transaction.atomic():
        agent, workflow, tag = create_windowed_desk(*rules)
        label = create_tag_type(workflow, KEYS[1])
        for action_type, mode in zip((tag, label), modes, strict=True):
            ActionType.objects.filter(pk=action_type.pk).update(mode=mode)
            action_type.refresh_from_db()
            sure(agent, action_type)
            unsure(agent, action_type)
        for step in steps:
            before = standing(workflow)
            take(agent, workflow, *step)
            assert_no_laxer(before, standing(workflow))
        transaction.set_rollback(True)


def take(agent: Any, workflow: Workflow, verb: str, what: Any) -> None:
    match verb:
        case "read":
            metric, days_ago, value = what
            with suppress(Invalid):
                report(workflow, value, days_ago=days_ago, metric=metric)
        case "rules":
            workflow.window_thresholds = what
            workflow.save()
        case "stage":
            sure(agent, workflow.action_types.get(key=what))
        case "approve":
            approve_all(workflow)
        case "sweep":
            downgrading.sweep_late()
    leased = release.lease_next(agent=agent, workflow_slug=workflow.slug, limit=1)
    for taken in leased:
        assert Mode(taken.action.action_type.mode) < Mode.DRAFT_ONLY
        by_policy = taken.approved_by[0].startswith("policy:")
        assert not by_policy or taken.action.action_type.mode == Mode.AUTO_EXECUTED


def approve_all(workflow: Workflow) -> None:
    person = reviewer_of(workflow)
    for action in Action.objects.filter(workflow=workflow, state="pending"):
        with suppress(Conflict):
            page = seen(action)
            review.approve(action_id=action.pk, person=person, seen=page, checked=["order"])


def standing(workflow: Workflow) -> dict[Any, tuple[Mode, Tier]]:
    """The mode of each type, the mode and tier of each action."""
    types = ActionType.objects.filter(workflow=workflow, key__in=KEYS)
    actions = Action.objects.filter(workflow=workflow)
    return {row.key: (Mode(row.mode), Tier.AUTONOMOUS) for row in types} | {
        row.pk: (Mode(row.mode), Tier(row.tier)) for row in actions
    }


def assert_no_laxer(before: dict[Any, Any], after: dict[Any, Any]) -> None:
    for name, (mode, tier) in before.items():
        assert after[name][0] >= mode
        assert after[name][1] >= tier
