"""How long an approval lasts in each tier, also where the tier goes up: never longer by that."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from agents_registry.models import ActionType, Agent
from agents_registry.policy.findings import Mode
from approvals import deadlines, downgrading, opinions, release, review, staging
from approvals.errors import Conflict
from approvals.models import Action
from approvals.proposals import Revised
from ledger import clock
from tests.approvals.windowed import TAG, create_tag_type, sure, unsure
from tests.factories import create_agent, reviewer_of, seen

HOUR = timedelta(hours=1)
GENERAL = "9 hours"
IN_BATCH = Decimal("0.9")
FOR_A_PERSON = Decimal("0.5")

Lives = Callable[..., ActionType]


@pytest.fixture
def lives(agent: Agent, refund: ActionType) -> Lives:
    """A tag with these lives of an approval: it runs alone when the agent is sure, or is decided in
    batches where the mode is `approval_gated`, and by itself when the agent is unsure."""

    def create(mode: str = "approval_gated", **of_tiers: str) -> ActionType:
        return create_tag_type(
            refund.workflow, mode=mode, approval_life=GENERAL, approval_lives=of_tiers
        )

    return create


def approved(action: Action) -> timedelta:
    """How long the approval lasts that a person gives, or that the policy gave."""
    action.refresh_from_db()
    if action.state == "pending":
        person = reviewer_of(action.workflow)
        review.approve(action_id=action.pk, person=person, seen=seen(action), checked=["order"])
        action.refresh_from_db()
    assert action.approval_ends_at
    assert action.decided_at
    return action.approval_ends_at - action.decided_at


def raised(action: Action) -> Action:
    """After another agent asked for a person."""
    checker = create_agent(action.team)
    action.workflow.agents.add(checker)
    opinions.give(
        checker=checker,
        action_id=action.pk,
        revision=action.revision,
        concern=Decimal("0.9"),
        words="Look.",
        raise_to="mandatory",
    )
    action.refresh_from_db()
    assert action.tier == "mandatory"
    return action


def gated(action: Action) -> Action:
    """After the mode went down under which the policy approved it."""
    downgrading.downgrade(
        action_type=action.action_type,
        to=Mode.APPROVAL_GATED,
        rule="window:cpa",
        because="Too many went wrong.",
        reviewer=action.workflow.risk_owner,
        actor="agent:test",
    )
    action.refresh_from_db()
    assert (action.state, action.tier) == ("pending", "batch_review")
    return action


def revised(action: Action, confidence: Decimal) -> Action:
    person = reviewer_of(action.workflow)
    review.ask_for_changes(
        action_id=action.pk, person=person, seen=seen(action), comment="Which order?"
    )
    content: dict[str, Any] = {"payload": TAG, "before": {}, "trace": {"model": "test"}}
    staging.revise(
        agent=action.agent,
        action_id=action.pk,
        revised=Revised(**content, confidence=confidence),
    )
    action.refresh_from_db()
    return action


@pytest.mark.parametrize(
    ("of_tiers", "hours"),
    [
        ({}, (9, 9, 9)),
        ({"mandatory": "1 hour"}, (9, 9, 1)),
        ({"autonomous": "2 hours", "batch_review": "12 hours"}, (2, 12, 9)),
        ({"spot_check": "1 hour"}, (9, 9, 9)),
    ],
)
def test_an_approval_lasts_as_long_as_its_tier_says_or_as_any_other(
    agent: Agent, lives: Lives, of_tiers: dict[str, str], hours: tuple[int, int, int]
) -> None:
    tag = lives("auto_executed", **of_tiers)
    alone, single = sure(agent, tag), unsure(agent, tag)
    ActionType.objects.filter(pk=tag.pk).update(mode="approval_gated")
    tag.refresh_from_db()
    batched = sure(agent, tag)
    found = (alone, batched, single)
    assert [each.tier for each in found] == ["autonomous", "batch_review", "mandatory"]
    assert tuple(approved(each) / HOUR for each in found) == hours


def test_it_expires_when_the_life_of_its_tier_is_over(agent: Agent, lives: Lives) -> None:
    action = unsure(agent, lives(mandatory="1 hour"))
    approved(action)
    assert action.approval_ends_at
    with clock.simulated(action.approval_ends_at):
        with pytest.raises(Conflict) as refusal:
            release.lease(agent=agent, action_id=action.pk)
        assert refusal.value.code == "too_late"
        assert deadlines.sweep_ends() == 1


def test_what_changes_after_staging_changes_nothing(agent: Agent, lives: Lives) -> None:
    tag = lives(mandatory="1 hour")
    action = unsure(agent, tag)
    batched = sure(agent, tag)
    tag.approval_life, tag.approval_lives = "1 minute", {"mandatory": "2 minutes"}
    tag.save()
    assert approved(action) == 1 * HOUR
    assert approved(raised(batched)) == 1 * HOUR


def test_what_was_staged_before_tiers_had_lives_keeps_the_one_that_it_has(
    agent: Agent, lives: Lives
) -> None:
    action = sure(agent, lives())
    del action.frozen["approval_lives"]
    Action.objects.filter(pk=action.pk).update(frozen=action.frozen)
    assert approved(raised(action)) == 9 * HOUR


@pytest.mark.parametrize(
    ("of_tiers", "hours"),
    [
        ({"mandatory": "1 hour"}, 1),
        ({"batch_review": "2 hours"}, 2),
        ({"batch_review": "2 hours", "mandatory": "3 hours"}, 2),
        ({"batch_review": "20 hours", "mandatory": "10 hours"}, 10),
        ({"autonomous": "1 hour"}, 9),
    ],
)
def test_raised_by_an_opinion_it_has_the_life_of_its_new_tier_and_none_that_is_longer(
    agent: Agent, lives: Lives, of_tiers: dict[str, str], hours: int
) -> None:
    assert approved(raised(sure(agent, lives(**of_tiers)))) == hours * HOUR


@pytest.mark.parametrize(
    ("of_tiers", "hours"),
    [
        ({"batch_review": "1 hour"}, 1),
        ({"autonomous": "2 hours", "batch_review": "3 hours"}, 2),
    ],
)
def test_raised_by_a_lowered_mode_too(
    agent: Agent, lives: Lives, of_tiers: dict[str, str], hours: int
) -> None:
    assert approved(gated(sure(agent, lives("auto_executed", **of_tiers)))) == hours * HOUR


@pytest.mark.parametrize("shortest", ["autonomous", "batch_review", "mandatory"])
def test_raised_twice_none_of_the_tiers_on_its_way_is_forgotten(
    agent: Agent, lives: Lives, shortest: str
) -> None:
    of_tiers = {"autonomous": "5 hours", "batch_review": "4 hours", "mandatory": "6 hours"}
    tag = lives("auto_executed", **{**of_tiers, shortest: "1 hour"})
    assert approved(raised(gated(sure(agent, tag)))) == 1 * HOUR


@pytest.mark.parametrize(
    ("of_tiers", "hours"),
    [({"mandatory": "1 hour"}, 1), ({"batch_review": "2 hours", "mandatory": "3 hours"}, 2)],
)
def test_raised_by_a_revision_too(
    agent: Agent, lives: Lives, of_tiers: dict[str, str], hours: int
) -> None:
    action = revised(sure(agent, lives(**of_tiers)), FOR_A_PERSON)
    assert action.tier == "mandatory"
    assert approved(action) == hours * HOUR


def test_a_revision_forgets_no_tier_that_its_action_was_raised_from(
    agent: Agent, lives: Lives
) -> None:
    action = raised(sure(agent, lives(batch_review="2 hours", mandatory="3 hours")))
    assert approved(revised(action, FOR_A_PERSON)) == 2 * HOUR


def test_a_revision_that_needs_less_has_the_life_of_its_own_tier_as_it_is_now(
    agent: Agent, lives: Lives
) -> None:
    tag = lives(mandatory="1 hour")
    action = unsure(agent, tag)
    tag.approval_lives = {"mandatory": "1 hour", "batch_review": "4 hours"}
    tag.save()
    assert approved(revised(action, IN_BATCH)) == 4 * HOUR


def test_the_next_step_of_the_chain_leaves_it_as_it_is(agent: Agent, lives: Lives) -> None:
    action = unsure(agent, lives(mandatory="1 hour"))
    person = reviewer_of(action.workflow)
    review.escalate(action_id=action.pk, person=person, seen=seen(action), comment="You decide.")
    action.refresh_from_db()
    assert action.step == 1
    assert approved(action) == 1 * HOUR
