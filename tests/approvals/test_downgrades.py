"""A mode that goes down takes everything with it that was staged under the old one."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from agents_registry.models import ActionType, Agent, Downgrade, PolicyChange, Workflow
from agents_registry.policy.findings import Mode, Tier
from approvals import downgrading, outcome, release, review
from approvals.errors import Conflict
from approvals.models import Action, Content, FollowUp, Lease
from approvals.states import Mover, State
from ledger import record
from ledger.models import Event
from tests.approvals.test_record import assert_follows_the_table
from tests.approvals.windowed import (
    approved,
    create_windowed_desk,
    released,
    sure,
    unsure,
)
from tests.factories import reviewer_of, seen

pytestmark = pytest.mark.django_db

Desk = tuple[Agent, Workflow, ActionType]


@pytest.fixture
def tagging() -> Desk:
    return create_windowed_desk()


def lower(action_type: ActionType, to: Mode) -> Downgrade | None:
    return downgrading.downgrade(
        action_type=action_type,
        to=to,
        rule="window:cpa",
        because="The variance was above 20%.",
        reviewer=action_type.workflow.risk_owner,
        actor="agent:test",
    )


def waiting(agent: Agent, action_type: ActionType) -> Action:
    return unsure(agent, action_type)


def by_policy(agent: Agent, action_type: ActionType) -> Action:
    return sure(agent, action_type)


def by_person(agent: Agent, action_type: ActionType) -> Action:
    return approved(agent, action_type)


def leased(agent: Agent, action_type: ActionType) -> Action:
    return released(agent, approved(agent, action_type))


def leased_by_policy(agent: Agent, action_type: ActionType) -> Action:
    return released(agent, sure(agent, action_type))


AUTO, GATED, DRAFT = Mode.AUTO_EXECUTED, Mode.APPROVAL_GATED, Mode.DRAFT_ONLY
PENDING, APPROVED, RELEASED, ACCEPTED = (
    State.PENDING, State.APPROVED, State.RELEASED, State.ACCEPTED,
)  # fmt: skip

# what it was, under which mode, its state before; to which mode, then its state, its mode, and
# what a lease is answered: None where it is given
PATHS: list[tuple[Callable[..., Action], Mode, State, Mode, State, Mode, str | None]] = [
    (waiting, AUTO, PENDING, GATED, PENDING, GATED, "not_approved"),
    (waiting, AUTO, PENDING, DRAFT, PENDING, DRAFT, "draft_only"),
    (waiting, GATED, PENDING, DRAFT, PENDING, DRAFT, "draft_only"),
    (by_policy, AUTO, APPROVED, GATED, PENDING, GATED, "not_approved"),
    (by_policy, AUTO, APPROVED, DRAFT, PENDING, DRAFT, "draft_only"),
    (by_policy, GATED, PENDING, DRAFT, PENDING, DRAFT, "draft_only"),
    (by_person, AUTO, APPROVED, GATED, APPROVED, AUTO, None),
    (by_person, AUTO, APPROVED, DRAFT, APPROVED, AUTO, "draft_only"),
    (by_person, GATED, APPROVED, DRAFT, APPROVED, GATED, "draft_only"),
    (leased, AUTO, RELEASED, GATED, RELEASED, AUTO, "leased"),
    (leased, AUTO, RELEASED, DRAFT, RELEASED, AUTO, "draft_only"),
    (leased, GATED, RELEASED, DRAFT, RELEASED, GATED, "draft_only"),
    (leased_by_policy, AUTO, RELEASED, GATED, RELEASED, AUTO, "leased"),
    (leased_by_policy, AUTO, RELEASED, DRAFT, RELEASED, AUTO, "draft_only"),
]
# Where the mode is as strict already, nothing changes at all.
PATHS += [
    (what, was, before, to, before, was, None if before is APPROVED else "any")
    for what, was, before in [
        (waiting, AUTO, PENDING), (waiting, GATED, PENDING), (waiting, DRAFT, PENDING),
        (by_policy, AUTO, APPROVED), (by_policy, GATED, PENDING), (by_policy, DRAFT, PENDING),
        (by_person, AUTO, APPROVED), (by_person, GATED, APPROVED), (by_person, DRAFT, ACCEPTED),
        (leased, AUTO, RELEASED), (leased, GATED, RELEASED), (leased_by_policy, AUTO, RELEASED),
    ]
    for to in (AUTO, GATED, DRAFT)
    if to <= was
]  # fmt: skip


def test_the_table_has_every_path() -> None:
    starts = {(path[0], path[1]) for path in PATHS}
    there = {(path[0], path[1], path[3]) for path in PATHS}
    assert there == {(*start, to) for start, to in itertools.product(starts, Mode)}


@pytest.mark.parametrize(
    ("make", "was", "before", "to", "after", "mode", "refusal"),
    PATHS,
    ids=lambda part: getattr(part, "__name__", str(part)),
)
def test_every_path_down(
    tagging: Desk,
    make: Callable[..., Action],
    was: Mode,
    before: State,
    to: Mode,
    after: State,
    mode: Mode,
    refusal: str | None,
) -> None:
    agent, _, tag = tagging
    ActionType.objects.filter(pk=tag.pk).update(mode=was)
    tag.refresh_from_db()
    action = make(agent, tag)
    assert (action.state, action.mode) == (before, was)
    tier, events = Tier(action.tier), Event.objects.count()
    lowered = lower(tag, to)
    action.refresh_from_db()
    assert (lowered is None) == (to <= was)
    assert lowered or Event.objects.count() == events
    assert ActionType.objects.get(pk=tag.pk).mode == max(was, to)
    assert (action.state, action.mode) == (after, mode)
    assert Tier(action.tier) >= tier
    assert_follows_the_table(action)
    assert lease_of(agent, action) == refusal or refusal == "any"


def lease_of(agent: Agent, action: Action) -> str | None:
    try:
        release.lease(agent=agent, action_id=action.pk)
    except Conflict as refusal:
        return refusal.code
    return None


def test_what_is_judged_again_says_so_on_its_content_and_on_record(tagging: Desk) -> None:
    agent, _, tag = tagging
    action = unsure(agent, tag)
    old = action.policy_revision
    lowered = lower(tag, DRAFT)
    assert lowered is not None
    action.refresh_from_db()
    content = Content.objects.get(action=action)
    assert content.policy_revision == action.policy_revision != old
    assert "mode" in {finding["rule"] for finding in content.findings}
    event = Event.objects.get(stream=action.stream, type="action.rejudged")
    body = record.body_of(event)
    assert body["was"] == {"tier": "mandatory", "mode": "auto_executed", "policy": old}
    assert (body["tier"], body["mode"]) == ("mandatory", "draft_only")
    assert body["downgrade"] == str(lowered.pk)
    assert event.actor == f"policy:{action.policy_revision}"


def test_what_is_recalled_waits_from_the_first_step_with_a_fresh_clock(tagging: Desk) -> None:
    agent, _, tag = tagging
    action = sure(agent, tag)
    assert (action.tier, action.due_at) == ("autonomous", None)
    lower(tag, GATED)
    action.refresh_from_db()
    assert (action.tier, action.step, action.assignee, action.held) == (
        "batch_review", 0, None, False,
    )  # fmt: skip
    assert action.due_at is not None
    assert (action.approved_digest, action.release_id, action.decided_at) == ("", None, None)
    assert Event.objects.filter(stream=action.stream, type="action.recalled").exists()
    assert release.lease_next(agent=agent, workflow_slug=tag.workflow.slug, limit=5) == []


def test_what_an_agent_holds_stays_with_it_and_its_outcome_is_taken(tagging: Desk) -> None:
    agent, _, tag = tagging
    action = released(agent, sure(agent, tag))
    lower(tag, DRAFT)
    lease = Lease.objects.get(action=action)
    assert lease.ended_at is None
    outcome.report(
        agent=agent,
        action_id=action.pk,
        lease_id=lease.pk,
        status="succeeded",
        body_digest="d",
    )
    action.refresh_from_db()
    assert action.state == State.SUCCEEDED


def test_what_the_policy_blocks_now_is_blocked_and_open_work(tagging: Desk) -> None:
    agent, _, tag = tagging
    actions = [sure(agent, tag), unsure(agent, tag)]
    tag.stop_rules = [
        {"id": "orders", "words": "Orders are closed.", "when": "true", "effect": {"block": True}}
    ]
    tag.save()
    lower(tag, GATED)
    for action in actions:
        action.refresh_from_db()
        assert (action.state, action.tier, action.next_step_at) == ("blocked", "blocked", None)
        assert FollowUp.objects.filter(action=action, kind="blocked", closed_at=None).exists()
        assert_follows_the_table(action)


def test_who_signs_changes_where_the_policy_of_now_names_somebody(tagging: Desk) -> None:
    agent, workflow, tag = tagging
    tag.approvals_needed = 2
    tag.save()
    waits, half = unsure(agent, tag), approved(agent, tag)
    tag.stop_rules = [
        {"id": "risk", "words": "Risk looks.", "when": "true", "ask": "risk_owner",
         "effect": {"raise_to": "mandatory"}}
    ]  # fmt: skip
    tag.save()
    lower(tag, GATED)
    for action in (waits, half):
        action.refresh_from_db()
        assert (action.signers, action.assignee) == (["risk_owner"], workflow.risk_owner)
        assert action.stages[0]["who"] == "risk_owner"
        assert not action.decisions.filter(undone_at=None).exists()


def test_judging_again_never_makes_anything_laxer(tagging: Desk) -> None:
    """The policy was loosened since; what waits keeps what it was found to be."""
    agent, _, tag = tagging
    tag.stop_rules = [
        {"id": "risk", "words": "Risk looks.", "when": "true", "ask": "risk_owner",
         "effect": {"raise_to": "mandatory"}}
    ]  # fmt: skip
    tag.save()
    action = sure(agent, tag)
    assert action.tier == "mandatory"
    tag.stop_rules, tag.confidence_line = [], None
    tag.save()
    lower(tag, GATED)
    action.refresh_from_db()
    assert (action.tier, action.mode, action.signers) == (
        "mandatory", "approval_gated", ["risk_owner"],
    )  # fmt: skip
    rules = [finding["rule"] for finding in Content.objects.get(action=action).findings]
    assert rules[0] == "stop_rule:risk"


def test_what_is_strict_enough_already_is_not_touched(tagging: Desk) -> None:
    agent, _, tag = tagging
    tag.stop_rules = [
        {"id": "draft", "words": "A draft.", "when": "true", "effect": {"mode_to": "draft_only"}}
    ]
    tag.save()
    action = unsure(agent, tag)
    lower(tag, GATED)
    assert Action.objects.get(pk=action.pk).policy_revision == action.policy_revision


def test_the_mode_row_its_event_and_its_revision_are_written(tagging: Desk) -> None:
    _, workflow, tag = tagging
    lowered = lower(tag, GATED)
    assert lowered is not None
    assert (lowered.from_mode, lowered.to_mode) == ("auto_executed", "approval_gated")
    assert lowered.reviewer == workflow.risk_owner
    event = Event.objects.get(stream=f"workflow:{workflow.pk}")
    body = record.body_of(event)
    assert event.type == "action_type.mode_lowered"
    assert (body["before"], body["after"]) == ({"mode": "auto_executed"}, {"mode": GATED})
    assert b"variance" not in bytes(event.content)
    change = PolicyChange.objects.get(action_type=tag)
    assert (change.direction, change.after) == ("tightening", body["policy"])
    assert change.before != change.after


def test_it_stays_within_its_type_and_within_so_many_queries_each(
    tagging: Desk, django_assert_max_num_queries: Any
) -> None:
    agent, _, tag = tagging
    other = create_windowed_desk()
    apart = sure(other[0], other[2])
    for _ in range(20):
        sure(agent, tag)
    with django_assert_max_num_queries(20 * 8 + 40):
        lower(tag, GATED)
    assert set(Action.objects.filter(action_type=tag).values_list("state", flat=True)) == {PENDING}
    apart.refresh_from_db()
    assert apart.state == APPROVED


def test_what_was_being_stored_meanwhile_is_brought_into_line_later(tagging: Desk) -> None:
    agent, _, tag = tagging
    late = [sure(agent, tag), unsure(agent, tag)]
    judged = {action.pk: Action.objects.filter(pk=action.pk).values()[0] for action in late}
    lower(tag, GATED)
    for pk, row in judged.items():
        Action.objects.filter(pk=pk).update(**row)
    assert lease_of(agent, late[0]) == "not_approved"
    assert downgrading.sweep_late() == 2
    assert downgrading.sweep_late() == 0
    for action in late:
        action.refresh_from_db()
        assert (action.state, action.mode) == (PENDING, GATED)


def test_a_persons_approval_of_what_had_run_alone_stands(tagging: Desk) -> None:
    """It had come back because the world changed, and a person approved it."""
    agent, workflow, tag = tagging
    action = sure(agent, tag)
    release.reopen(
        action=Action.objects.select_related("workflow").get(pk=action.pk),
        mover=Mover.AGENT,
        actor="agent:test",
        event="world_changed",
    )
    page = seen(action)
    review.approve(action_id=action.pk, person=reviewer_of(workflow), seen=page)
    lower(tag, GATED)
    action.refresh_from_db()
    assert (action.state, action.tier) == (APPROVED, "autonomous")
    assert lease_of(agent, action) is None
