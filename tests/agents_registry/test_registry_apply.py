"""Applying a document: the registry becomes what it says, as far as the person's rights go."""

import copy
from decimal import Decimal
from typing import Any

import pytest

from agents_registry import revisions
from agents_registry.changes.directions import Direction
from agents_registry.models import ActionType, Membership, Person, Pool, Team, Workflow
from agents_registry.spec import text
from agents_registry.spec.apply import apply, known
from agents_registry.spec.check import check
from agents_registry.spec.export import export
from agents_registry.spec.lines import Line, Sign, lines
from agents_registry.spec.plan import plan
from agents_registry.spec.rows import EMPTY, fill, trim
from ledger.models import Event
from tests.agents_registry.documents import (
    LOOK_UP,
    REFUND,
    create_admin,
    create_document,
    create_governed_document,
    install,
)

pytestmark = pytest.mark.django_db


def lines_to(document: dict[str, Any]) -> dict[str, Line]:
    """The diff from what is stored to the document, by place."""
    found = [line for change in plan(known("shop"), fill(document)) for line in lines(change)]
    return {line.place: line for line in found}


def edited(**fields: Any) -> dict[str, Any]:
    """The document with fields of its refund replaced."""
    document = create_document()
    document["workflows"]["refunds"]["action_types"]["refund_order"].update(fields)
    return document


def as_person(username: str) -> Person:
    return Person.objects.get(username=username)


def stored_refund() -> ActionType:
    return ActionType.objects.get(key="refund_order")


def test_what_was_applied_is_exported_as_it_was_written() -> None:
    install()
    assert export(Team.objects.get()) == trim(fill(create_document()))


def test_applying_twice_changes_nothing_and_tells_nothing() -> None:
    install()
    events = Event.objects.count()
    assert plan(known("shop"), fill(create_document())) == []
    again = apply(document=create_document(), team="shop", actor=as_person("rhea"))
    assert (again.done, again.waiting) == ([], [])
    assert Event.objects.count() == events


def test_an_export_can_be_checked_and_applied_to_another_installation() -> None:
    install()
    exported = export(Team.objects.get())
    assert check(exported) == []
    assert check(exported, known("shop")) == []
    assert plan(known("shop"), fill(exported)) == []


def test_the_administrator_puts_it_in_place_and_the_risk_owner_signs() -> None:
    document, admin = create_document(), create_admin()
    first = apply(document=document, team="shop", actor=admin)
    assert [wait.change.place[-1] for wait in first.waiting] == ["look_up_order", "refund_order"]
    assert all(wait.because.endswith("takes the risk owner (rhea).") for wait in first.waiting)
    assert set(ActionType.objects.values_list("key", "mode", "confirmed")) == {
        ("ask", "approval_gated", True),
        ("escalate", "approval_gated", True),
        ("look_up_order", "draft_only", False),
        ("refund_order", "draft_only", False),
    }
    second = apply(document=document, team="shop", actor=as_person("rhea"))
    assert second.waiting == []
    assert stored_refund().mode == "approval_gated"
    signed = Event.objects.filter(actor=f"person:{as_person('rhea').pk}")
    assert [event.type for event in signed] == ["action_type.changed"] * 2


def test_accounts_are_made_without_a_password_and_known_ones_keep_their_name() -> None:
    Person.objects.create(username="rita", first_name="Rita", last_name="Original")
    install()
    assert as_person("rita").get_full_name() == "Rita Original"
    assert as_person("omar").get_full_name() == "Omar Haddad"
    assert not as_person("omar").has_usable_password()
    assert set(Membership.objects.values_list("person__username", "role")) == {
        ("mona", "manager"),
        ("omar", "member"),
        ("rhea", "member"),
        ("rita", "member"),
    }


def test_the_diff_says_what_becomes_of_what_and_where_it_leads() -> None:
    install()
    document = edited(
        thresholds=[{**REFUND["thresholds"][0], "limit": 500}],
        confidence_line=0.9,
    )
    document["workflows"]["refunds"]["sla"] = "1 business day"
    document["pools"]["legal"] = {"name": "Legal", "people": ["rhea"]}
    found = lines_to(document)
    place = "workflows/refunds/action_types/refund_order"
    limit = found[f"{place}/thresholds/0/limit"]
    assert (str(limit), limit.direction) == (
        f"~ {place}/thresholds/0/limit: 200 → 500",
        Direction.LOOSENING,
    )
    line = found[f"{place}/confidence_line"]
    assert (line.words, line.direction) == ("0.8 → 0.9", Direction.TIGHTENING)
    assert found["workflows/refunds/sla"].words == "4 business hours → 1 business day"
    assert found["pools/legal"].sign is Sign.ADDED
    assert len(found) == 4


def test_the_share_that_is_looked_at_afterwards_goes_in_and_comes_out() -> None:
    install()
    document = edited(spot_check_rate=0.25)
    place = "workflows/refunds/action_types/refund_order/spot_check_rate"
    assert lines_to(document)[place].direction is Direction.TIGHTENING
    apply(document=document, team="shop", actor=as_person("omar"))
    assert stored_refund().spot_check_rate == Decimal("0.25")
    assert lines_to(document) == {}
    assert lines_to(edited(spot_check_rate=0))[place].direction is Direction.LOOSENING
    applied = apply(document=edited(spot_check_rate=0), team="shop", actor=as_person("omar"))
    assert [wait.change.place[-1] for wait in applied.waiting] == ["refund_order"]


def test_how_long_approvals_last_goes_in_and_comes_out_and_a_longer_life_waits() -> None:
    install()
    place = "workflows/refunds/action_types/refund_order/approval_lives/mandatory"
    shorter, longer = (
        edited(approval_lives={"mandatory": life}) for life in ("1 business day", "9 business days")
    )
    assert lines_to(shorter)[place].direction is Direction.TIGHTENING
    assert apply(document=shorter, team="shop", actor=as_person("omar")).waiting == []
    assert stored_refund().approval_lives == {"mandatory": "1 business day"}
    assert export(Team.objects.get()) == trim(fill(shorter))
    for looser in (longer, create_document(), edited(approval_life="6 business days")):
        applied = apply(document=looser, team="shop", actor=as_person("omar"))
        assert [wait.change.place[-1] for wait in applied.waiting] == ["refund_order"]
    assert stored_refund().approval_lives == {"mandatory": "1 business day"}
    assert apply(document=longer, team="shop", actor=as_person("rhea")).waiting == []
    event = Event.objects.filter(stream__startswith="workflow:").order_by("seq").last()
    assert event is not None
    assert b'"approval_lives":{"mandatory":"9 business days"}' in bytes(event.content)


def test_a_row_with_something_loosening_in_it_waits_whole_for_the_risk_owner() -> None:
    install()
    document = edited(reversibility="reversible", name="Pay back")
    document["workflows"]["refunds"]["sla"] = "1 business day"
    applied = apply(document=document, team="shop", actor=as_person("mona"))
    assert [change.place for change in applied.done] == [("workflows", "refunds")]
    assert [wait.change.place[-1] for wait in applied.waiting] == ["refund_order"]
    assert (stored_refund().name, stored_refund().reversibility) == (
        "Refund an order",
        "irreversible",
    )
    assert apply(document=document, team="shop", actor=as_person("rhea")).waiting == []
    assert (stored_refund().name, stored_refund().reversibility) == ("Pay back", "reversible")


def test_what_refers_to_something_that_waits_waits_too() -> None:
    install()
    document = create_document()
    document["people"]["nora"] = {"name": "Nora Berg"}
    document["pools"]["refund-desk"]["people"] = ["nora"]
    document["workflows"]["refunds"]["owners"]["workflow_owner"] = "rita"
    apply(document=document, team="shop", actor=as_person("mona"))
    document["people"]["paul"] = {"name": "Paul Roy"}
    document["pools"]["refund-desk"]["people"] = ["paul"]
    applied = apply(document=document, team="shop", actor=as_person("rita"))
    assert [(wait.change.place[-1], wait.because) for wait in applied.waiting] == [
        (
            "paul",
            "rita may not name people, owners and workflows: that takes the manager or admin.",
        ),
        ("refund-desk", "It waits until paul is there."),
    ]
    assert not Person.objects.filter(username="paul").exists()


def test_what_a_document_does_not_list_is_left_alone() -> None:
    install()
    partial = {"pools": {"legal": {"name": "Legal", "people": ["rhea"]}}}
    assert check(partial, known("shop")) == []
    apply(document=partial, team="shop", actor=as_person("mona"))
    assert set(Pool.objects.values_list("slug", flat=True)) == {"refund-desk", "legal"}
    assert stored_refund().retired_at is None


def test_an_action_type_missing_from_a_listed_workflow_is_retired() -> None:
    install()
    document = create_document()
    del document["workflows"]["refunds"]["action_types"]["refund_order"]
    (line,) = lines_to(document).values()
    assert (line.sign, line.words, line.direction) == (
        Sign.REMOVED,
        "retired",
        Direction.TIGHTENING,
    )
    apply(document=document, team="shop", actor=as_person("omar"))
    assert stored_refund().retired_at is not None
    assert export(Team.objects.get()) == trim(fill(document))


def test_a_retired_type_that_is_listed_again_begins_unconfirmed_and_by_the_risk_owner() -> None:
    install()
    without = create_document()
    del without["workflows"]["refunds"]["action_types"]["refund_order"]
    apply(document=without, team="shop", actor=as_person("omar"))
    again = edited(confirmed=False, mode="draft_only")
    assert apply(document=again, team="shop", actor=as_person("omar")).waiting
    assert apply(document=again, team="shop", actor=as_person("rhea")).waiting == []
    row = stored_refund()
    assert (row.retired_at, row.confirmed, row.mode) == (None, False, "draft_only")


def test_a_type_can_be_given_another_chain_and_calendars_change_by_the_field() -> None:
    install()
    document = edited(chain="refund-escalation", sla="1 business hour")
    document["calendars"]["office"]["days_off"] = ["2026-12-24"]
    apply(document=document, team="shop", actor=as_person("mona"))
    assert export(Team.objects.get()) == trim(fill(document))


def test_the_stored_policy_is_the_one_that_the_document_says() -> None:
    install()
    document = revisions.policy_document(stored_refund())
    assert document["thresholds"] == REFUND["thresholds"]
    assert document["confidence_line"] == 0.8
    event = Event.objects.filter(stream__startswith="workflow:").order_by("seq").last()
    assert event is not None
    assert revisions.store_policy(document).encode() in bytes(event.content)


def governed(**fields: Any) -> dict[str, Any]:
    """The document with everything in it, of which one person may loosen a policy alone."""
    document = create_governed_document()
    document["team"] |= {"second_person": False, **fields}
    return document


def test_standards_and_what_a_workflow_says_are_exported_as_they_were_written() -> None:
    install(governed())
    assert export(Team.objects.get()) == trim(fill(governed()))
    assert plan(known("shop"), fill(governed())) == []
    assert text.load(text.dump(export(Team.objects.get()))) == trim(fill(governed()))


def test_a_document_without_the_newer_fields_says_their_defaults() -> None:
    install()
    team, refunds = Team.objects.get(), Workflow.objects.get()
    assert (team.governance_lead, team.second_person) == (None, False)
    assert (refunds.trigger, refunds.failure_modes, refunds.standards.count()) == ("", [], 0)


def test_whoever_leads_the_governance_may_be_one_of_the_people_who_come_with_the_team() -> None:
    applied = apply(document=create_governed_document(), team="shop", actor=create_admin())
    assert [change.place for change in applied.done[:2]] == [("team",), ("people", "mona")]
    team = Team.objects.get()
    assert team.governance_lead == as_person("mona")
    assert team.second_person


def test_a_lead_who_is_not_there_yet_waits_and_the_rest_goes_on() -> None:
    install()
    document = governed(governance_lead="nora")
    document["people"]["nora"] = {"name": "Nora Berg"}
    applied = apply(document=document, team="shop", actor=as_person("rita"))
    assert ("team",) in [wait.change.place for wait in applied.waiting]
    assert Team.objects.get().governance_lead is None
    apply(document=document, team="shop", actor=as_person("mona"))
    assert Team.objects.get().governance_lead == as_person("nora")


def test_a_type_is_judged_under_the_standards_that_were_applied() -> None:
    install(governed())
    judged = revisions.policy_document(stored_refund())
    assert (judged["mode"], judged["confidence_line"]) == ("draft_only", 0.9)
    assert [rule["id"] for rule in judged["stop_rules"]] == ["standard:everybody:legal"]
    assert judged["required_inputs"] == [{"name": "order", "max_age_seconds": 3600}]
    assert revisions.own_document(stored_refund())["mode"] == "approval_gated"
    assert revisions.policy_document(ActionType.objects.get(key="look_up_order"))["mode"] == (
        "auto_executed"
    )


def test_a_standard_is_compared_by_the_value() -> None:
    install(governed())
    document = governed()
    document["standards"]["money"]["rules"]["confidence_line"] = 0.8
    document["standards"]["everybody"]["rules"]["stop_rules"][0]["ask"] = "manager"
    document["workflows"]["refunds"]["standards"] = []
    found = {str(line): line.direction for line in lines_to(document).values()}
    assert found == {
        "~ standards/everybody/rules/stop_rules/0/ask: risk_owner → manager": (Direction.LOOSENING),
        "~ standards/money/rules/confidence_line: 0.9 → 0.8": Direction.LOOSENING,
        "- workflows/refunds/standards/0: money": Direction.LOOSENING,
    }


def test_a_team_of_another_name_is_not_touched() -> None:
    install()
    other = create_document()
    other["team"] = {"slug": "other", "name": "Other"}
    apply(document=other, team="other", actor=create_admin("root"))
    assert set(Workflow.objects.values_list("team__slug", "slug")) == {
        ("shop", "refunds"),
        ("other", "refunds"),
    }
    assert known("nobody") == EMPTY


def test_the_documents_of_these_tests_are_not_changed_by_applying() -> None:
    before = copy.deepcopy(LOOK_UP)
    install()
    assert before == LOOK_UP
