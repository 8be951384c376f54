"""Editing one row: the same verb for every kind of row, one winner, and words for the others."""

from collections import Counter
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from agents_registry import editing
from agents_registry.models import ActionType, Person, Pool, Role, Standard, Team, Workflow
from agents_registry.spec.export import stored
from agents_registry.spec.rows import Place, rows
from ledger.models import Event
from ledger.record import body_of
from tests.agents_registry.documents import create_admin, install
from tests.factories import create_person
from tests.together import at_once

pytestmark = pytest.mark.django_db

REFUND: Place = ("workflows", "refunds", "action_types", "refund_order")
DESK: Place = ("pools", "refund-desk")


@pytest.fixture
def shop() -> Team:
    install()
    return Team.objects.get()


def as_person(username: str) -> Person:
    return Person.objects.get(username=username)


def row_at(team: Team, place: Place) -> Any:
    return rows(stored(Team.objects.get(pk=team.pk)))[place]


def edit(team: Team, place: Place, who: str, **fields: Any) -> editing.Edited:
    """Changes some fields of a row as it is now."""
    return editing.edit(
        team=team,
        place=place,
        row={**row_at(team, place), **fields},
        actor=as_person(who),
        reason="because",
        base=editing.base_of(team, place),
    )


@pytest.mark.parametrize(
    ("place", "who", "fields"),
    [
        (("team",), "mona", {"governance_lead": "rhea"}),
        (("people", "rita"), "mona", {"role": "auditor"}),
        (DESK, "mona", {"people": ["rita"]}),
        (("calendars", "office"), "mona", {"days_off": ["2026-12-24"]}),
        (("chains", "refund-escalation"), "mona", {"fallback": "expire"}),
        (("agents", "refund-agent"), "mona", {"description": "It refunds."}),
        (("workflows", "refunds"), "mona", {"runbook": "https://example.com/refunds"}),
        (REFUND, "omar", {"confidence_line": 0.9}),
    ],
)
def test_every_kind_of_row_is_edited_by_the_same_verb(
    shop: Team, place: Place, who: str, fields: dict[str, Any]
) -> None:
    before = stored(shop)
    edited = edit(shop, place, who, **fields)
    assert [change.place for change in edited.done] == [place]
    assert edited.request is None
    others = {at: row for at, row in rows(before).items() if at != place}
    after = rows(stored(Team.objects.get()))
    assert {at: row for at, row in after.items() if at != place} == others
    assert after[place] == {**rows(before)[place], **fields}


@pytest.mark.parametrize(
    ("place", "row"),
    [
        (("people", "nora"), {"name": "Nora Berg"}),
        (("pools", "legal"), {"name": "Legal", "people": ["rhea"]}),
        (("agents", "other"), {"name": "Other"}),
        (("standards", "care"), {"name": "Care", "rules": {"mode": "approval_gated"}}),
        (("chains", "c"), {"name": "C", "stages": [{"who": "manager", "within": "1 hour"}]}),
    ],
)
def test_a_row_that_is_not_there_yet_is_added_with_its_defaults(
    shop: Team, place: Place, row: dict[str, Any]
) -> None:
    edited = editing.edit(team=shop, place=place, row=row, actor=as_person("mona"))
    assert [change.added for change in edited.done] == [True]
    assert row_at(shop, place)["name"] == row["name"]


def test_a_workflow_and_its_action_types_are_added_one_by_one(shop: Team) -> None:
    row = {**row_at(shop, ("workflows", "refunds")), "name": "Returns"}
    editing.edit(team=shop, place=("workflows", "returns"), row=row, actor=as_person("mona"))
    place = ("workflows", "returns", "action_types", "take_back")
    kind = {"verb": "write", "authority_level": "system_write_back"}
    edited = editing.edit(team=shop, place=place, row=kind, actor=as_person("omar"))
    assert edited.request is None
    added = ActionType.objects.get(key="take_back")
    assert (added.mode, added.confirmed) == ("draft_only", False)


def test_saving_what_is_there_already_does_nothing(shop: Team) -> None:
    before = Event.objects.count()
    assert edit(shop, REFUND, "omar") == editing.Edited([])
    assert Event.objects.count() == before


def test_a_row_that_changed_since_it_was_read_is_a_conflict_and_stays(shop: Team) -> None:
    base, row = editing.base_of(shop, DESK), row_at(shop, DESK)
    edit(shop, DESK, "mona", name="Desk one")
    with pytest.raises(editing.Conflict, match="changed while you looked"):
        editing.edit(
            team=shop, place=DESK, row={**row, "name": "Two"}, actor=as_person("mona"), base=base
        )
    assert row_at(shop, DESK)["name"] == "Desk one"


def test_a_name_that_is_taken_is_a_conflict(shop: Team) -> None:
    with pytest.raises(editing.Conflict, match="of this name already"):
        editing.edit(team=shop, place=DESK, row={"name": "New"}, actor=as_person("mona"))


def test_problems_stand_at_their_place_in_the_row(shop: Team) -> None:
    wrong = {"confidence_line": 2, "sla": "soon", "sentence": "Refund {nothing}"}
    with pytest.raises(editing.Refused) as refusal:
        edit(shop, REFUND, "rhea", **wrong)
    assert {problem.place for problem in refusal.value.problems} == {"/confidence_line", "/sla"}
    with pytest.raises(editing.Refused) as refusal:
        edit(shop, REFUND, "rhea", mode=7, verb=[], colour="red")
    assert "/colour" in {problem.place for problem in refusal.value.problems}
    with pytest.raises(editing.Refused) as refusal:
        editing.edit(team=shop, place=("pools", "Not a slug"), row={}, actor=as_person("mona"))
    assert {problem.place for problem in refusal.value.problems} == {""}


def test_what_a_row_would_break_elsewhere_is_said_with_its_place(shop: Team) -> None:
    stages = [{"who": "approval_owner", "within": "1 business hour", "remind": "2 business hours"}]
    with pytest.raises(editing.Refused) as refusal:
        edit(shop, ("chains", "refund-escalation"), "mona", stages=stages)
    (problem,) = refusal.value.problems
    assert problem.place == ""
    assert problem.sentence.startswith("workflows/refunds/chain: Step 2 of the chain")


def test_what_is_wrong_elsewhere_already_keeps_nobody_from_editing(shop: Team) -> None:
    Workflow.objects.update(sla="whenever")
    assert edit(shop, DESK, "mona", name="Desk").done
    with pytest.raises(editing.Refused):
        edit(shop, ("workflows", "refunds"), "mona", name="Refunds again")


def test_who_may_not_edit_is_refused_and_nothing_is_written(shop: Team) -> None:
    before = Event.objects.count()
    for place, fields in (
        (DESK, {"name": "Mine"}),
        (REFUND, {"name": "Mine"}),
        (REFUND, {"mode": "auto_executed", "rollback_path": "Ask for it back."}),
    ):
        with pytest.raises(PermissionDenied):
            edit(shop, place, "rita", **fields)
    assert Event.objects.count() == before


def test_the_reason_is_sealed_beside_the_event(shop: Team) -> None:
    edit(shop, REFUND, "omar", confidence_line=0.95)
    event = Event.objects.order_by("pk").last()
    assert event is not None
    assert b"because" not in bytes(event.content)
    assert body_of(event)["reason"] == "because"


def test_a_standard_is_listed_by_a_workflow_and_merges_with_its_types(shop: Team) -> None:
    rules = {"confidence_line": 0.95}
    place = ("standards", "sure")
    editing.edit(
        team=shop, place=place, row={"name": "Sure", "rules": rules}, actor=as_person("mona")
    )
    edit(shop, ("workflows", "refunds"), "omar", standards=["sure"])
    assert list(Workflow.objects.get().standards.all()) == [Standard.objects.get()]


@pytest.mark.django_db(transaction=True)
def test_of_many_who_save_the_same_row_at_once_one_wins_and_the_others_get_a_conflict() -> None:
    install()
    shop, admin = Team.objects.get(), create_admin("root")
    manager = create_person("second", team=shop, role=Role.MANAGER)
    for _ in range(3):
        base, row = editing.base_of(shop, DESK), row_at(shop, DESK)

        def save(number: int, base: str = base, row: Any = row) -> editing.Edited:
            return editing.edit(
                team=Team.objects.get(),
                place=DESK,
                row={**row, "name": f"Desk {number} after {row['name']}"[:100]},
                actor=[admin, manager][number % 2],
                base=base,
            )

        results = at_once([lambda number=number: save(number) for number in range(6)])
        assert Counter(type(each) for each in results) == {editing.Edited: 1, editing.Conflict: 5}


@pytest.mark.django_db(transaction=True)
def test_of_two_who_add_a_row_of_one_name_at_once_one_wins() -> None:
    install()
    shop, mona = Team.objects.get(), as_person("mona")

    def add(name: str) -> editing.Edited:
        return editing.edit(
            team=Team.objects.get(), place=("pools", "legal"), row={"name": name}, actor=mona
        )

    results = at_once([lambda: add("One"), lambda: add("Two")])
    assert Counter(type(each) for each in results) == {editing.Edited: 1, editing.Conflict: 1}
    assert Pool.objects.filter(team=shop, slug="legal").count() == 1
