"""A reading is taken once, and what it crosses goes down in the same transaction."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection

from agents_registry import modes
from agents_registry.models import ActionType, Downgrade, PolicyChange, Team
from agents_registry.modes import StaysDown
from agents_registry.policy.findings import Mode
from approvals import readings
from approvals.errors import Conflict, Invalid
from approvals.models import Action, Reading
from ledger import clock, record
from ledger.models import Event
from tests.approvals.windowed import (
    DAY,
    create_tag_type,
    create_windowed_desk,
    report,
    rule,
    sure,
)
from tests.factories import create_person

pytestmark = pytest.mark.django_db

AUTO, GATED, DRAFT = Mode.AUTO_EXECUTED, Mode.APPROVAL_GATED, Mode.DRAFT_ONLY


def mode_of(action_type: ActionType) -> str:
    return ActionType.objects.get(pk=action_type.pk).mode


def test_a_reading_within_the_limit_is_kept_and_changes_nothing() -> None:
    _, workflow, tag = create_windowed_desk(rule())
    taken = report(workflow, 20)
    assert (taken.changed, taken.repeated, mode_of(tag)) == ([], False, AUTO)
    assert Reading.objects.get() == taken.reading


def test_a_reading_over_the_limit_lowers_the_mode_and_recalls_at_once() -> None:
    agent, workflow, tag = create_windowed_desk(rule(words="Bids may run away."))
    action = sure(agent, tag)
    (lowered,) = report(workflow, "20.000000000001").changed
    assert (lowered.action_type, lowered.reviewer) == (tag, workflow.risk_owner)
    assert (lowered.rule, lowered.from_mode, lowered.to_mode) == ("window:cpa", AUTO, GATED)
    assert lowered.because.endswith("Bids may run away.")
    assert mode_of(tag) == GATED
    assert Action.objects.get(pk=action.pk).state == "pending"


def test_it_takes_so_many_windows_in_a_row_and_a_gap_does_not_break_the_row() -> None:
    _, workflow, tag = create_windowed_desk(rule(windows=3))
    assert report(workflow, 30, days_ago=9).changed == []
    assert report(workflow, 10, days_ago=8).changed == []
    assert report(workflow, 30, days_ago=7).changed == []
    assert report(workflow, 30, days_ago=6).changed == []
    assert mode_of(tag) == AUTO
    (lowered,) = report(workflow, 30, days_ago=2).changed
    assert "3 windows in a row: 30%, 30%, 30%" in lowered.because


def test_windows_are_taken_in_order_of_time_not_of_arrival() -> None:
    _, workflow, tag = create_windowed_desk(rule(windows=2))
    report(workflow, 30, days_ago=1)
    report(workflow, 10, days_ago=2)
    assert report(workflow, 30, days_ago=3).changed == []
    assert report(workflow, 30, days_ago=0).changed != []
    assert mode_of(tag) == GATED


def test_the_same_reading_again_is_answered_the_same_and_does_nothing() -> None:
    _, workflow, _ = create_windowed_desk(rule())
    window = {"window_end": clock.now(), "window_start": clock.now() - DAY}
    first = report(workflow, 30, **window)
    events = Event.objects.count()
    again = report(workflow, "30.0", **window)
    assert (again.reading, again.changed, again.repeated) == (first.reading, first.changed, True)
    assert Event.objects.count() == events
    with pytest.raises(Conflict) as refusal:
        report(workflow, 10, **window)
    assert refusal.value.code == "reading_differs"
    assert Reading.objects.get().value == 30


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"metric": "cpa"}, "unknown_metric"),
        ({"source": "agent:another"}, "unknown_metric"),
        ({"source": "computed:cpa"}, "unknown_metric"),
        ({"window_end": timedelta(days=-2)}, "window_invalid"),
        ({"window_end": timedelta(hours=1)}, "window_invalid"),
        ({"window_start": timedelta(days=-367)}, "window_invalid"),
    ],
)
def test_what_cannot_be_a_reading_is_refused(fields: dict[str, Any], code: str) -> None:
    _, workflow, _ = create_windowed_desk(rule())
    now = clock.now()
    given = {k: now + v if isinstance(v, timedelta) else v for k, v in fields.items()}
    with pytest.raises(Invalid) as refusal:
        report(workflow, 30, **given)
    assert (refusal.value.code, Reading.objects.count()) == (code, 0)
    assert refusal.value.faults


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e300", "9007199254740992"])
def test_what_is_no_number_to_keep_is_refused(value: str) -> None:
    _, workflow, _ = create_windowed_desk(rule())
    with pytest.raises(Invalid) as refusal:
        report(workflow, value)
    assert refusal.value.faults[0].pointer == "/value"


def test_only_the_types_that_the_rule_names_go_down() -> None:
    _, workflow, tag = create_windowed_desk(rule(action_types=["label_order"]))
    label = create_tag_type(workflow, "label_order")
    report(workflow, 30)
    assert (mode_of(tag), mode_of(label)) == (AUTO, GATED)


def test_several_rules_on_one_metric_each_have_their_say() -> None:
    _, workflow, tag = create_windowed_desk(
        rule(), rule(id="far", limit=50, mode_to="draft_only"), rule(id="slow", windows=2)
    )
    taken = report(workflow, 60)
    assert [(each.rule, each.to_mode) for each in taken.changed if each.action_type == tag] == [
        ("window:cpa", GATED), ("window:far", DRAFT),
    ]  # fmt: skip
    assert mode_of(tag) == DRAFT


def test_the_built_in_types_never_go_down() -> None:
    _, workflow, tag = create_windowed_desk(rule(mode_to="draft_only"))
    ask = create_tag_type(workflow, "ask", verb="ask", mode="approval_gated")
    report(workflow, 30)
    assert (mode_of(tag), mode_of(ask)) == (DRAFT, GATED)


@pytest.mark.parametrize(
    ("review", "role"),
    [("workflow_owner", "workflow_owner"), ("pool:desk", "risk_owner"), ("manager", "risk_owner")],
)
def test_a_named_person_reviews_and_where_nobody_is_the_risk_owner(review: str, role: str) -> None:
    _, workflow, tag = create_windowed_desk(rule(review=review))
    (lowered,) = [each for each in report(workflow, 30).changed if each.action_type == tag]
    assert lowered.reviewer == getattr(workflow, role)


def test_a_reviewer_who_left_is_followed_by_the_next_in_line() -> None:
    _, workflow, tag = create_windowed_desk(rule())
    workflow.risk_owner.is_active = False
    workflow.risk_owner.save()
    (lowered,) = [each for each in report(workflow, 30).changed if each.action_type == tag]
    assert lowered.reviewer == workflow.workflow_owner


def lowered_once(**fields: Any) -> tuple[Downgrade, ActionType]:
    _, workflow, tag = create_windowed_desk(rule(**fields))
    report(workflow, 30, days_ago=5)
    return Downgrade.objects.get(action_type=tag), tag


def test_the_risk_owner_brings_it_back_with_a_note() -> None:
    lowered, tag = lowered_once()
    workflow = tag.workflow
    back = modes.restore(
        downgrade=lowered, to=AUTO, person=workflow.risk_owner, note="The feed was broken."
    )
    assert (back.lifted_to, back.lifted_by, back.note) == (
        AUTO, workflow.risk_owner, "The feed was broken.",
    )  # fmt: skip
    assert mode_of(tag) == AUTO
    event = Event.objects.filter(stream=f"workflow:{workflow.pk}").latest("seq")
    assert (event.type, event.actor) == (
        "action_type.mode_restored", f"person:{workflow.risk_owner.pk}",
    )  # fmt: skip
    assert record.body_of(event)["note"] == "The feed was broken."
    assert b"The feed" not in bytes(event.content)
    change = PolicyChange.objects.filter(action_type=tag).latest("id")
    assert (change.direction, change.author) == ("loosening", workflow.risk_owner)


def test_nobody_else_brings_it_back() -> None:
    lowered, tag = lowered_once(review="workflow_owner")
    workflow = tag.workflow
    for person in (workflow.workflow_owner, workflow.system_owner, create_person()):
        with pytest.raises(PermissionDenied):
            modes.restore(downgrade=lowered, to=AUTO, person=person, note="I say so.")
    assert mode_of(tag) == GATED


@pytest.mark.parametrize(
    ("to", "note", "code"),
    [(AUTO, " ", "note_missing"), (DRAFT, "Mended.", "mode_out_of_range")],
)
def test_what_is_missing_is_said(to: Mode, note: str, code: str) -> None:
    lowered, tag = lowered_once()
    with pytest.raises(StaysDown) as refusal:
        modes.restore(downgrade=lowered, to=to, person=tag.workflow.risk_owner, note=note)
    assert (refusal.value.code, mode_of(tag)) == (code, GATED)


def test_it_never_comes_back_above_what_it_was() -> None:
    _, workflow, tag = create_windowed_desk(rule(mode_to="draft_only"))
    ActionType.objects.filter(pk=tag.pk).update(mode=GATED)
    report(workflow, 30)
    lowered = Downgrade.objects.get(action_type=tag)
    with pytest.raises(StaysDown) as refusal:
        modes.restore(downgrade=lowered, to=AUTO, person=workflow.risk_owner, note="Mended.")
    assert refusal.value.code == "mode_out_of_range"
    assert modes.can_come_back_to(lowered) == [DRAFT, GATED]


def test_it_is_reviewed_once() -> None:
    lowered, tag = lowered_once()
    back = {"downgrade": lowered, "person": tag.workflow.risk_owner, "note": "Mended."}
    modes.restore(to=AUTO, **back)
    with pytest.raises(StaysDown) as refusal:
        modes.restore(to=AUTO, **back)
    assert refusal.value.code == "reviewed_already"


def test_a_workflow_with_a_hole_stays_down() -> None:
    lowered, tag = lowered_once()
    workflow = tag.workflow
    workflow.system_owner.is_active = False
    workflow.system_owner.save()
    back = {"downgrade": lowered, "person": workflow.risk_owner, "note": "Mended."}
    with pytest.raises(StaysDown) as refusal:
        modes.restore(to=AUTO, **back)
    assert (refusal.value.code, mode_of(tag)) == ("holes", GATED)
    assert modes.restore(to=GATED, **back).lifted_to == GATED


def test_where_a_team_wants_two_people_a_review_alone_does_not_raise_the_mode() -> None:
    lowered, tag = lowered_once()
    Team.objects.filter(pk=tag.workflow.team_id).update(second_person=True)
    back = {"downgrade": lowered, "person": tag.workflow.risk_owner, "note": "Mended."}
    with pytest.raises(StaysDown) as refusal:
        modes.restore(to=AUTO, **back)
    assert refusal.value.code == "second_person"
    assert modes.restore(to=Mode(lowered.to_mode), **back).lifted_to == lowered.to_mode


def test_what_nobody_confirms_any_more_stays_down() -> None:
    _, workflow, tag = create_windowed_desk(rule(mode_to="draft_only"))
    report(workflow, 30)
    ActionType.objects.filter(pk=tag.pk).update(confirmed=False)
    lowered = Downgrade.objects.get(action_type=tag)
    with pytest.raises(StaysDown) as refusal:
        modes.restore(downgrade=lowered, to=GATED, person=workflow.risk_owner, note="Mended.")
    assert refusal.value.code == "unconfirmed"


def test_another_open_downgrade_keeps_it_down() -> None:
    _, workflow, tag = create_windowed_desk(rule(), rule(id="far", limit=50, mode_to="draft_only"))
    report(workflow, 60)
    near, far = (
        Downgrade.objects.get(action_type=tag, rule=f"window:{name}") for name in ("cpa", "far")
    )
    back = {"person": workflow.risk_owner, "note": "Mended."}
    assert modes.restore(downgrade=near, to=AUTO, **back).lifted_to == DRAFT
    assert mode_of(tag) == DRAFT
    assert modes.restore(downgrade=far, to=GATED, **back).lifted_to == GATED
    assert mode_of(tag) == GATED


def test_what_a_person_tightened_meanwhile_stays_as_they_set_it() -> None:
    lowered, tag = lowered_once()
    ActionType.objects.filter(pk=tag.pk).update(mode=DRAFT)
    modes.restore(downgrade=lowered, to=AUTO, person=tag.workflow.risk_owner, note="Mended.")
    assert mode_of(tag) == DRAFT


def test_what_was_reviewed_is_not_held_against_it_again_and_what_is_new_is() -> None:
    lowered, tag = lowered_once(windows=1)
    workflow = tag.workflow
    workflow.window_thresholds = [rule(windows=2)]
    workflow.save()
    report(workflow, 30, days_ago=4)
    modes.restore(downgrade=lowered, to=AUTO, person=workflow.risk_owner, note="Mended.")
    assert report(workflow, 30, days_ago=3).changed == []
    assert report(workflow, 30, days_ago=2).changed != []


def test_the_readings_behind_a_downgrade_are_found_again() -> None:
    lowered, tag = lowered_once()
    report(tag.workflow, 99, days_ago=0)
    (found,) = readings.behind(lowered)
    assert found.value == Decimal(30)


def test_readings_of_one_workflow_wait_for_each_other() -> None:
    _, workflow, _ = create_windowed_desk(rule())
    report(workflow, 1)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")
        assert cursor.fetchone()[0] > 0
