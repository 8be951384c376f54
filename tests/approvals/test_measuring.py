"""What the system measures by itself: which cases count, in which window, and how often."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from agents_registry.models import ActionType, Agent, Downgrade, Workflow
from approvals import closing, measuring, mistakes, outcome, release, review, spot_checks
from approvals.models import Action, FollowUp, Lease, Reading, SpotCheck
from approvals.sweep import turn
from ledger import clock
from tests.approvals.checked import FAILED, PASSED
from tests.approvals.windowed import approved, create_windowed_desk, rule, sure, unsure
from tests.factories import create_action, reviewer_of, seen

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
"""A Wednesday. What happens in these tests happens in the hour before, unless it says otherwise."""

Desk = tuple[Agent, Workflow, ActionType]


def computed(metric: str, **fields: Any) -> dict[str, Any]:
    return rule(
        id=metric,
        metric=metric,
        source="computed",
        **{"window": "1 hour", "limit": "0.3", "least": 4, **fields},
    )


def measured(at: datetime = NOON + measuring.GRACE) -> list[Reading]:
    """The readings after a sweep at that instant, with the mind of a sweeper that just began."""
    measuring._looked_at.clear()
    with clock.simulated(at):
        measuring.sweep_windows()
    return list(Reading.objects.order_by("window_end"))


def at(minutes: float) -> Any:
    """So many minutes before noon."""
    return clock.simulated(NOON - timedelta(minutes=minutes))


def report(agent: Agent, action: Action, status: str) -> None:
    lease = Lease.objects.get(action=action)
    outcome.report(
        agent=agent, action_id=action.pk, lease_id=lease.pk, status=status, body_digest="d"
    )


def done(agent: Agent, tag: ActionType, *statuses: str) -> list[Action]:
    """Actions that ran alone and came to these ends."""
    actions = [sure(agent, tag) for _ in statuses]
    for action, status in zip(actions, statuses, strict=True):
        release.lease(agent=agent, action_id=action.pk)
        report(agent, action, status)
    return actions


def test_the_error_rate_is_the_share_of_leases_that_came_to_no_good_end() -> None:
    agent, _, tag = create_windowed_desk(computed("error_rate", limit="0.5"))
    with at(30):
        done(agent, tag, "succeeded", "succeeded", "failed")
        silent = sure(agent, tag)
        release.lease(agent=agent, action_id=silent.pk, seconds=60)
    with at(20):
        turn()
    (reading,) = measured()
    assert (reading.value, reading.source) == (Decimal("0.5"), "computed:error_rate")
    assert (reading.window_start, reading.window_end) == (NOON - HOUR, NOON)
    assert ActionType.objects.get(pk=tag.pk).mode == "auto_executed"


def test_crossing_it_lowers_the_mode_in_the_clocks_name() -> None:
    agent, workflow, tag = create_windowed_desk(computed("error_rate", mode_to="draft_only"))
    with at(30):
        done(agent, tag, "succeeded", "succeeded", "failed", "failed")
    measured()
    lowered = Downgrade.objects.get(action_type=tag)
    assert lowered.because == "The error rate was above 30%: 50%."
    assert (lowered.to_mode, lowered.reviewer) == ("draft_only", workflow.risk_owner)


def test_few_cases_say_nothing() -> None:
    agent, _, tag = create_windowed_desk(computed("error_rate"))
    with at(30):
        done(agent, tag, "failed", "failed", "failed")
    assert measured() == []
    assert not Downgrade.objects.exists()


def test_the_rejection_rate_is_the_share_of_verdicts_that_reject() -> None:
    agent, workflow, tag = create_windowed_desk(computed("rejection_rate"))
    person = reviewer_of(workflow)
    with at(30):
        for _ in range(3):
            approved(agent, tag)
        bad, undone = unsure(agent, tag), unsure(agent, tag)
        for action in (bad, undone):
            decision = review.reject(
                action_id=action.pk, person=person, seen=seen(action), reason="tone"
            )
        review.undo(decision_id=decision.pk, person=person)
    (reading,) = measured()
    assert reading.value == Decimal("0.25")


def test_the_rollback_rate_is_of_what_was_reported_done() -> None:
    agent, workflow, tag = create_windowed_desk(computed("rollback_rate", limit=1))
    with at(30):
        actions = done(agent, tag, "failed", "succeeded", "succeeded", "succeeded")
        work = FollowUp.objects.get(action=actions[0])
        closing.close(
            follow_up_id=work.pk, person=workflow.system_owner, choice="roll_back", reason="no"
        )
    with at(10):
        outcome.report_rollback(agent=agent, action_id=actions[0].pk, succeeded=True, error="")
    (reading,) = measured()
    assert reading.value == Decimal("0.25")


def test_volume_counts_what_was_staged_and_is_read_also_where_nothing_was() -> None:
    agent, _, tag = create_windowed_desk(computed("volume", limit=2))
    for minutes in (0, 1, 59, 60, 61):
        with at(minutes):
            sure(agent, tag)
    readings = measured()
    assert len(readings) == measuring.CAUGHT_UP
    assert [int(reading.value) for reading in readings[-2:]] == [1, 3]
    assert {int(reading.value) for reading in readings[:-2]} == {0}
    assert "above 2: 3" in Downgrade.objects.get(action_type=tag).because


def test_only_the_types_of_the_rule_and_what_is_live_are_counted() -> None:
    agent, workflow, tag = create_windowed_desk(
        computed("volume", action_types=["tag_order"], limit=100)
    )
    other = create_windowed_desk()
    with at(30):
        sure(agent, tag)
        create_action(agent, workflow.action_types.get(key="refund"))
        sure(other[0], other[2])
        Action.objects.filter(pk=unsure(agent, tag).pk).update(purpose="eval")
    assert int(measured()[-1].value) == 1


@pytest.mark.parametrize(
    ("window", "start"),
    [
        ("1 hour", datetime(2026, 3, 4, 11, tzinfo=UTC)),
        ("30 minutes", datetime(2026, 3, 4, 11, 30, tzinfo=UTC)),
        ("1 day", datetime(2026, 3, 3, tzinfo=UTC)),
        ("7 days", datetime(2026, 2, 23, tzinfo=UTC)),
    ],
)
def test_windows_begin_with_the_hour_the_day_and_the_week(window: str, start: datetime) -> None:
    create_windowed_desk(computed("volume", window=window, limit=100))
    assert measured()[-1].window_start == start


def test_a_window_is_read_a_little_after_its_end_and_once() -> None:
    create_windowed_desk(computed("volume", limit=100))
    assert measured(NOON + measuring.GRACE / 2)[-1].window_end == NOON - HOUR
    assert measured()[-1].window_end == NOON
    count = Reading.objects.count()
    with clock.simulated(NOON + HOUR / 2):
        assert measuring.sweep_windows() == 0
    assert len(measured(NOON + HOUR / 2)) == count
    assert len(measured(NOON + HOUR + measuring.GRACE)) == count + 1


def test_after_a_long_silence_only_the_last_few_windows_are_read() -> None:
    create_windowed_desk(computed("volume", limit=100))
    measured(NOON - 48 * HOUR)
    before = Reading.objects.count()
    readings = measured()
    assert len(readings) == before + measuring.CAUGHT_UP
    assert readings[before].window_start == NOON - measuring.CAUGHT_UP * HOUR


def test_what_one_workflow_lists_wrong_does_not_hold_up_the_others() -> None:
    _, broken, _ = create_windowed_desk(computed("volume", limit=100))
    broken.window_thresholds = [{"id": "nonsense"}]
    broken.save()
    create_windowed_desk(computed("volume", limit=100))
    assert len(measured()) == measuring.CAUGHT_UP


def looked_at(agent: Agent, action: Action, ratings: dict[str, str]) -> None:
    spot_checks.check(
        check_id=SpotCheck.objects.get(action=action).pk,
        person=reviewer_of(action.workflow),
        ratings=ratings,
        comment="Looked at.",
    )


def create_drawing_desk(*rules: dict[str, Any]) -> Desk:
    """Everything that runs alone is drawn."""
    agent, workflow, tag = create_windowed_desk(*rules)
    ActionType.objects.filter(pk=tag.pk).update(spot_check_rate=1)
    tag.refresh_from_db()
    return agent, workflow, tag


def test_the_check_failure_rate_is_of_the_checks_made_in_the_window() -> None:
    agent, _, tag = create_drawing_desk(computed("check_failure_rate", limit="0.5"))
    with at(90):
        old, *actions = done(agent, tag, *["succeeded"] * 6)
        looked_at(agent, old, FAILED)
    with at(30):
        for action, ratings in zip(actions, [FAILED, PASSED, PASSED, PASSED], strict=False):
            looked_at(agent, action, ratings)
    (reading,) = measured()
    assert (reading.value, reading.source) == (Decimal("0.25"), "computed:check_failure_rate")


def test_too_many_failed_checks_lower_the_mode() -> None:
    agent, _, tag = create_drawing_desk(computed("check_failure_rate"))
    with at(30):
        for action in done(agent, tag, *["succeeded"] * 4):
            looked_at(agent, action, FAILED)
    measured()
    because = Downgrade.objects.get(action_type=tag).because
    assert because == "The check failure rate was above 30%: 100%."


def test_what_people_find_wrong_is_an_error_of_the_window_in_which_they_find_it() -> None:
    agent, _, tag = create_drawing_desk(computed("error_rate", limit=1))
    with at(90):
        first, second, failed, *_ = done(
            agent, tag, "succeeded", "succeeded", "failed", "succeeded"
        )
    with at(30):
        done(agent, tag, *["succeeded"] * 8)
        looked_at(agent, first, FAILED)
        looked_at(agent, failed, FAILED)
        looked_at(agent, done(agent, tag, "succeeded")[0], PASSED)
        for severity, action in [
            ("harmful", second), ("severe", second), ("severe", first), ("minor", failed),
        ]:  # fmt: skip
            report_mistake(action, severity)
        done(agent, tag, "succeeded")
    before, reading = measured()
    assert before.value == Decimal("0.25"), "as it was reported then"
    assert reading.value == Decimal("0.2"), "two of ten: each once, and no failure twice"


def test_a_small_mistake_is_no_error() -> None:
    agent, _, tag = create_drawing_desk(computed("error_rate", limit=1))
    with at(30):
        action, *_ = done(agent, tag, *["succeeded"] * 4)
        report_mistake(action, "minor")
    (reading,) = measured()
    assert reading.value == 0


def report_mistake(action: Action, severity: str) -> None:
    mistakes.report(
        action_id=action.pk,
        person=action.workflow.workflow_owner,
        what="The customer wrote back.",
        severity=severity,
        cleanup_minutes=0,
    )
