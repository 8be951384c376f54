"""Writing the registry: one event for each change, rights read in the transaction, words sealed."""

import json
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from agents_registry.changes.saving import add_person, save
from agents_registry.models import (
    ActionType,
    Agent,
    Membership,
    Person,
    Pool,
    Role,
    Team,
    Workflow,
)
from ledger.models import Event
from ledger.record import body_of
from tests import factories

pytestmark = pytest.mark.django_db


def last_event(stream: str) -> Event:
    event = Event.objects.filter(stream=stream).order_by("seq").last()
    assert event is not None
    return event


def body(event: Event) -> dict[str, Any]:
    """What stands in the event's own bytes, without the sealed words."""
    said: dict[str, Any] = json.loads(bytes(event.content))["body"]
    return said


def threshold(limit: float) -> list[dict[str, Any]]:
    return [
        {
            "metric": "spend_delta",
            "operator": ">",
            "limit": limit,
            "currency": "USD",
            "effect": {"raise_to": "mandatory"},
        }
    ]


@pytest.fixture
def manager(workflow: Workflow) -> Person:
    return factories.create_person(team=workflow.team, role=Role.MANAGER)


def test_a_change_is_one_event_with_the_values_before_and_after(
    workflow: Workflow, refund: ActionType
) -> None:
    before = Event.objects.count()
    assert save(row=refund, changes={"mode": "draft_only"}, actor=workflow.risk_owner)
    refund.refresh_from_db()
    event = last_event(f"workflow:{workflow.pk}")
    assert refund.mode == "draft_only"
    assert Event.objects.count() == before + 1
    assert event.type == "action_type.changed"
    assert event.actor == f"person:{workflow.risk_owner.pk}"
    assert event.scope == str(workflow.team_id)
    assert body(event)["row"] == "refund"
    assert body(event)["fields"] == ["mode"]
    assert body(event)["before"] == {"mode": "approval_gated"}
    assert body(event)["after"] == {"mode": "draft_only"}
    assert body(event)["policy"].startswith("sha256:")


def test_nothing_is_written_where_nothing_differs(workflow: Workflow, refund: ActionType) -> None:
    before = Event.objects.count()
    same = {"mode": refund.mode, "confidence_line": refund.confidence_line}
    assert not save(row=refund, changes=same, actor=workflow.risk_owner)
    assert Event.objects.count() == before


def test_words_are_sealed_and_can_be_read_beside_the_event(
    workflow: Workflow, manager: Person
) -> None:
    save(row=workflow, changes={"purpose": "Ana Silva wants it fast"}, actor=manager)
    event = last_event(f"workflow:{workflow.pk}")
    assert b"Ana Silva" not in bytes(event.content)
    assert body(event)["fields"] == ["purpose"]
    assert body_of(event)["words"]["after"] == {"purpose": "Ana Silva wants it fast"}


def test_an_account_is_made_without_a_password_and_its_name_is_sealed(
    workflow: Workflow, manager: Person
) -> None:
    team = workflow.team
    person = add_person(
        team=team, username="ana", name="Ana Maria Silva", email="ana@example.com", actor=manager
    )
    event = last_event(f"team:{team.pk}")
    assert not person.has_usable_password()
    assert person.get_full_name() == "Ana Maria Silva"
    assert b"ana" not in bytes(event.content).replace(b"canary", b"")
    assert body_of(event)["words"]["email"] == "ana@example.com"


def test_a_new_workflow_has_the_two_action_types_that_every_workflow_has(
    workflow: Workflow, manager: Person
) -> None:
    other = Workflow(team=workflow.team, slug="other")
    parts = {name: getattr(workflow, name) for name in ("pool", "calendar", "chain")}
    save(row=other, changes={"name": "Other", **workflow.owners(), **parts}, actor=manager)
    assert set(other.action_types.values_list("key", flat=True)) == {"ask", "escalate"}
    assert last_event(f"workflow:{other.pk}").type == "workflow.added"


def test_the_people_of_a_pool_are_told_by_number_only(workflow: Workflow) -> None:
    people = frozenset({workflow.approval_owner})
    save(row=workflow.pool, changes={"people": people}, actor=workflow.workflow_owner)
    event = last_event(f"team:{workflow.team_id}")
    assert set(workflow.pool.people.all()) == people
    assert body(event)["after"] == {"people": [f"person:{workflow.approval_owner.pk}"]}


@pytest.mark.parametrize(
    ("field", "old", "new"),
    [
        ("mode", "approval_gated", "draft_only"),
        ("changes_terms", False, True),
        ("blast_radius", "low", "high"),
        ("reversibility", "reversible", "irreversible"),
        ("authority", "binding", "advisory"),
        ("verb", "write", "refund"),
        ("authority_level", "system_write_back", "external_message"),
        ("confidence_line", None, Decimal("0.8")),
        ("confidence_line", Decimal("0.8"), Decimal("0.9")),
        ("confidence_tier", "batch_review", "mandatory"),
        ("thresholds", [], threshold(200)),
        ("thresholds", threshold(200), threshold(100)),
        ("waives", ["before", "trace"], ["trace"]),
        ("loosened", [{"floor": "refund", "tier": "batch_review"}], []),
        ("loosened", [], [{"floor": "send", "tier": "mandatory"}]),
        ("required_inputs", [], [{"name": "usage_90d"}]),
        ("impact", {"affected": "/n", "high_affected": 9}, {"affected": "/n", "high_affected": 5}),
        ("approvals_needed", 1, 2),
        ("spot_check_rate", Decimal("0.05"), Decimal("0.1")),
        ("spot_check_rate", Decimal(0), Decimal("0.001")),
        ("spot_check_rate", None, Decimal("0.2")),
        ("approval_life", "5 business days", "1 business day"),
        ("approval_lives", {}, {"mandatory": "1 business day"}),
        ("approval_lives", {"autonomous": "9 business days"}, {}),
    ],
)
def test_any_owner_tightens_and_only_the_risk_owner_takes_it_back(
    workflow: Workflow, field: str, old: Any, new: Any
) -> None:
    row = factories.create_action_type(workflow, "t", **{field: new})
    for owner in (workflow.workflow_owner, workflow.system_owner, workflow.approval_owner):
        with pytest.raises(PermissionDenied, match="risk owner"):
            save(row=row, changes={field: old}, actor=owner)
    assert save(row=row, changes={field: old}, actor=workflow.risk_owner)
    assert save(row=row, changes={field: new}, actor=workflow.system_owner)


def test_any_owner_takes_a_confirmation_back_and_only_the_risk_owner_gives_it(
    workflow: Workflow, refund: ActionType
) -> None:
    off, on = {"confirmed": False, "mode": "draft_only"}, {"confirmed": True}
    assert save(row=refund, changes=off, actor=workflow.system_owner)
    with pytest.raises(PermissionDenied, match="risk owner"):
        save(row=refund, changes=on, actor=workflow.system_owner)
    assert save(row=refund, changes=on, actor=workflow.risk_owner)


def test_a_higher_limit_or_a_dropped_rule_is_loosening(workflow: Workflow) -> None:
    rule = {"id": "legal", "words": "A lawyer.", "when": "true", "effect": {"block": True}}
    row = factories.create_action_type(workflow, "t", thresholds=threshold(100), stop_rules=[rule])
    for changes in ({"thresholds": threshold(200)}, {"stop_rules": []}, {"impact": None}):
        with pytest.raises(PermissionDenied):
            save(row=row, changes=changes, actor=workflow.approval_owner)
    reworded = [{**rule, "words": "A lawyer is mentioned."}]
    assert save(row=row, changes={"stop_rules": reworded}, actor=workflow.approval_owner)


def test_a_type_that_nobody_confirmed_may_be_shaped_by_any_owner_but_not_let_loose(
    workflow: Workflow,
) -> None:
    row = factories.create_action_type(workflow, "t", confirmed=False, mode="draft_only")
    loose = {"blast_radius": "low", "reversibility": "reversible", "stop_rules": []}
    assert save(row=row, changes=loose, actor=workflow.approval_owner)
    for changes in (
        {"confirmed": True},
        {"confirmed": True, "mode": "auto_executed"},
        {"loosened": [{"floor": "refund", "tier": "autonomous"}]},
    ):
        with pytest.raises(PermissionDenied):
            save(row=row, changes=changes, actor=workflow.approval_owner)


def test_what_is_refused_leaves_nothing_behind(workflow: Workflow, refund: ActionType) -> None:
    before = Event.objects.count()
    with pytest.raises(PermissionDenied):
        save(
            row=refund,
            changes={"name": "New name", "mode": "auto_executed"},
            actor=workflow.workflow_owner,
        )
    refund.refresh_from_db()
    assert (refund.name, refund.mode) == ("Refund", "approval_gated")
    assert Event.objects.count() == before


def test_only_a_manager_or_an_administrator_names_owners_and_people(
    workflow: Workflow, manager: Person
) -> None:
    successor = factories.create_person(team=workflow.team)
    admin = factories.create_person()
    Person.objects.filter(pk=admin.pk).update(is_superuser=True)
    admin.refresh_from_db()
    for owner in workflow.owners().values():
        with pytest.raises(PermissionDenied, match="manager or admin"):
            save(row=workflow, changes={"risk_owner": successor}, actor=owner)
    assert save(row=workflow, changes={"risk_owner": successor}, actor=manager)
    assert save(row=workflow, changes={"system_owner": successor}, actor=admin)
    joining = Membership(team=workflow.team, person=factories.create_person())
    with pytest.raises(PermissionDenied):
        save(row=joining, changes={"role": Role.MEMBER}, actor=workflow.workflow_owner)


def test_who_has_left_the_team_or_audits_it_changes_nothing(
    workflow: Workflow, refund: ActionType
) -> None:
    membership = Membership.objects.get(team=workflow.team, person=workflow.risk_owner)
    membership.role = Role.AUDITOR
    membership.save()
    with pytest.raises(PermissionDenied):
        save(row=refund, changes={"mode": "draft_only"}, actor=workflow.risk_owner)
    membership.delete()
    with pytest.raises(PermissionDenied):
        save(row=refund, changes={"mode": "draft_only"}, actor=workflow.risk_owner)


def test_an_owner_of_another_workflow_does_not_touch_this_ones_policy(
    workflow: Workflow, refund: ActionType
) -> None:
    other = factories.create_workflow(workflow.team)
    with pytest.raises(PermissionDenied):
        save(row=refund, changes={"mode": "draft_only"}, actor=other.risk_owner)


def test_a_manager_of_another_team_is_a_stranger_here(workflow: Workflow) -> None:
    elsewhere = factories.create_person(team=factories.create_team(), role=Role.MANAGER)
    with pytest.raises(PermissionDenied):
        save(row=workflow, changes={"sla": "1 hour"}, actor=elsewhere)
    with pytest.raises(PermissionDenied):
        save(row=Pool(team=workflow.team, slug="p"), changes={"name": "P"}, actor=elsewhere)


def test_the_system_owner_adds_agents_and_a_reviewer_does_not(workflow: Workflow) -> None:
    agent = Agent(team=workflow.team, slug="new-one")
    with pytest.raises(PermissionDenied):
        save(row=agent, changes={"name": "New"}, actor=factories.reviewer_of(workflow))
    assert save(row=agent, changes={"name": "New"}, actor=workflow.system_owner)
    assert last_event(f"agent:{agent.pk}").type == "agent.added"


def test_a_stale_row_is_read_again_under_the_lock(workflow: Workflow, refund: ActionType) -> None:
    stale = ActionType.objects.get(pk=refund.pk)
    save(row=refund, changes={"mode": "draft_only"}, actor=workflow.risk_owner)
    assert not save(row=stale, changes={"mode": "draft_only"}, actor=workflow.risk_owner)
    save(row=stale, changes={"name": "Pay back"}, actor=workflow.risk_owner)
    refund.refresh_from_db()
    assert (refund.mode, refund.name) == ("draft_only", "Pay back")


def test_only_an_administrator_makes_a_team(manager: Person) -> None:
    with pytest.raises(PermissionDenied):
        save(row=Team(slug="brand-new"), changes={"name": "Brand new"}, actor=manager)
