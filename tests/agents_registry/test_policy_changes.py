"""Each step of a policy is kept, whatever row it was made at; a mode goes up only when it may."""

from itertools import pairwise
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from agents_registry import modes, revisions
from agents_registry.changes.rights import Unsigned
from agents_registry.changes.saving import save
from agents_registry.models import (
    ActionType,
    Person,
    PolicyChange,
    Role,
    Standard,
    Team,
    Workflow,
)
from agents_registry.policy.findings import Mode
from ledger.models import Event
from ledger.record import body_of
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead(workflow: Workflow) -> Person:
    person = factories.create_person(team=workflow.team)
    Team.objects.filter(pk=workflow.team_id).update(governance_lead=person)
    return person


def steps_of(action_type: ActionType) -> list[tuple[str, Person, str]]:
    """Where each led, whose it was, and why; each begins where the one before it ended."""
    steps = list(action_type.policy_changes.order_by("id"))
    for earlier, later in pairwise(steps):
        assert earlier.after == later.before
    fresh = ActionType.objects.get(pk=action_type.pk)
    assert revisions.document_of(steps[-1].after) == revisions.policy_document(fresh)
    return [(step.direction, step.author, step.reason) for step in steps]


def add_standard(workflow: Workflow, who: Person, **fields: Any) -> Standard:
    standard = Standard(team=workflow.team, slug="care")
    save(row=standard, changes={"name": "Care", **fields}, actor=who, reason="one way for all")
    return standard


def test_a_change_of_the_type_is_a_step_and_one_beside_its_policy_is_none(
    workflow: Workflow, refund: ActionType
) -> None:
    save(row=refund, changes={"name": "Pay back"}, actor=workflow.system_owner)
    assert not PolicyChange.objects.exists()
    save(row=refund, changes={"mode": "draft_only"}, actor=workflow.system_owner, reason="careful")
    save(row=refund, changes={"mode": "approval_gated"}, actor=workflow.risk_owner)
    assert steps_of(refund) == [
        ("tightening", workflow.system_owner, "careful"),
        ("loosening", workflow.risk_owner, ""),
    ]


def test_the_first_step_of_a_new_type_comes_from_nothing(workflow: Workflow) -> None:
    new = ActionType(workflow=workflow, key="new")
    fields = {"verb": "write", "authority_level": "system_write_back"}
    save(row=new, changes=fields, actor=workflow.system_owner)
    (step,) = PolicyChange.objects.all()
    assert (step.action_type, step.before, step.direction) == (new, "", "neutral")


def test_a_standard_is_a_step_of_every_type_that_it_reaches_and_of_no_other(
    workflow: Workflow, refund: ActionType, lead: Person
) -> None:
    other = factories.create_action_type(factories.create_workflow(workflow.team), "other")
    reading = factories.create_read_type(workflow)
    standard = add_standard(workflow, lead, rules={"confidence_line": 0.9})
    assert not PolicyChange.objects.exists()
    save(row=workflow, changes={"standards": frozenset({standard})}, actor=workflow.system_owner)
    assert steps_of(refund) == [("tightening", workflow.system_owner, "")]
    save(row=standard, changes={"everywhere": True}, actor=lead, reason="for all")
    assert steps_of(other) == [("tightening", lead, "for all")]
    save(row=standard, changes={"rules": {"confidence_line": 0.7}}, actor=lead, reason="too many")
    assert steps_of(refund)[1:] == [("loosening", lead, "too many")]
    assert not reading.policy_changes.exists()


def test_the_event_of_a_standard_names_the_revisions_that_it_made(
    workflow: Workflow, refund: ActionType, lead: Person
) -> None:
    add_standard(workflow, lead, rules={"confidence_line": 0.9}, everywhere=True)
    event = Event.objects.order_by("pk").last()
    assert event is not None
    step = PolicyChange.objects.get()
    assert event.type == "standard.added"
    assert body_of(event)["policies"] == {f"{workflow.slug}/{refund.key}": step.after}
    assert body_of(event)["reason"] == "one way for all"
    assert b"one way" not in bytes(event.content)


def test_a_loosening_that_a_standard_holds_back_changes_no_policy(
    workflow: Workflow, refund: ActionType, lead: Person
) -> None:
    add_standard(workflow, lead, rules={"mode": "approval_gated"}, everywhere=True)
    alone = {"mode": "auto_executed"}
    with pytest.raises(Unsigned):
        save(row=refund, changes=alone, actor=workflow.system_owner)
    assert save(row=refund, changes=alone, actor=workflow.risk_owner)
    assert not PolicyChange.objects.exists()


def test_a_mode_that_a_rule_lowered_goes_up_through_its_review_only(
    workflow: Workflow, refund: ActionType
) -> None:
    downgrade = modes.lower(
        action_type=refund,
        to=Mode.DRAFT_ONLY,
        rule="window:errors",
        because="Too many failed.",
        reviewer=workflow.risk_owner,
        actor="policy:test",
    )
    assert downgrade is not None
    up = {"mode": "approval_gated"}
    with pytest.raises(PermissionDenied, match="Review it first"):
        save(row=refund, changes=up, actor=workflow.risk_owner)
    modes.restore(
        downgrade=downgrade, to=Mode.DRAFT_ONLY, person=workflow.risk_owner, note="mended"
    )
    assert save(row=refund, changes=up, actor=workflow.risk_owner)


def test_a_workflow_with_holes_leaves_nothing_of_draft_only(workflow: Workflow) -> None:
    row = factories.create_action_type(workflow, "t", mode="draft_only")
    workflow.system_owner.is_active = False
    workflow.system_owner.save()
    with pytest.raises(PermissionDenied, match="no longer has an active account"):
        save(row=row, changes={"mode": "approval_gated"}, actor=workflow.risk_owner)
    row.refresh_from_db()
    assert save(row=row, changes={"confidence_line": None}, actor=workflow.risk_owner) is False
    manager = factories.create_person(team=workflow.team, role=Role.MANAGER)
    save(row=workflow, changes={"system_owner": workflow.workflow_owner}, actor=manager)
    assert save(row=row, changes={"mode": "approval_gated"}, actor=workflow.risk_owner)


def test_an_empty_pool_keeps_a_type_draft_only_and_lets_it_be_tightened(
    workflow: Workflow, refund: ActionType
) -> None:
    workflow.pool.people.clear()
    assert save(row=refund, changes={"mode": "draft_only"}, actor=workflow.system_owner)
    with pytest.raises(PermissionDenied, match="Nobody active is in"):
        save(row=refund, changes={"mode": "approval_gated"}, actor=workflow.risk_owner)


def test_a_second_person_has_to_be_another_who_answers_for_it(
    workflow: Workflow, refund: ActionType
) -> None:
    Team.objects.update(second_person=True)
    looser = {"reversibility": "reversible"}
    for second in (None, workflow.risk_owner, factories.reviewer_of(workflow)):
        with pytest.raises(Unsigned, match="takes a second person"):
            save(row=refund, changes=looser, actor=workflow.risk_owner, signed_by=second)
    owner = workflow.approval_owner
    assert save(row=refund, changes=looser, actor=workflow.risk_owner, signed_by=owner)
    step = PolicyChange.objects.get()
    assert (step.author, step.signed_by) == (workflow.risk_owner, owner)
    event = Event.objects.order_by("pk").last()
    assert event is not None
    assert body_of(event)["signed_by"] == f"person:{owner.pk}"
