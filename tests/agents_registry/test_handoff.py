"""No action type goes live unless whoever is handed one of its actions can decide it in time."""

from collections.abc import Mapping
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse

from agents_registry import built_in, confirming, editing, modes, readiness
from agents_registry.changes.directions import Direction, direction
from agents_registry.changes.saving import save
from agents_registry.models import ActionType, EscalationChain, Person, Team, Workflow
from agents_registry.policy.findings import Mode
from agents_registry.spec import handoff
from agents_registry.spec.apply import apply
from agents_registry.spec.check import check
from agents_registry.spec.export import export, stored
from agents_registry.spec.rows import Place, rows
from ledger.models import Event
from ledger.record import body_of
from tests.agents_registry.documents import LOOK_UP, REFUND, create_document, install
from tests.approvals.html_forms import filled

AT: Place = ("workflows", "refunds", "action_types", "refund_order")
PARTS = ["trigger", "context", "decision_asked"]


def said(**fields: Any) -> dict[str, Any]:
    """The shop's document, with other fields in its refund."""
    document = create_document()
    document["workflows"]["refunds"]["action_types"]["refund_order"] |= fields
    return document


def without(part: str) -> dict[str, Any]:
    return {name: words for name, words in REFUND["handoff"].items() if name != part}


def found(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    at = "/".join(AT)
    return [(each.place.removeprefix(at), each.sentence) for each in check(document)]


# What is missing, in a document


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("mode", ["approval_gated", "auto_executed"])
def test_each_part_that_a_live_type_leaves_out_is_a_problem_at_its_place(
    part: str, mode: str
) -> None:
    fields = {"mode": mode, "handoff": without(part), "rollback_path": "Ask for it."}
    ((place, sentence),) = found(said(**fields))
    assert place == f"/handoff/{part}"
    assert handoff.PARTS[part] in sentence


def test_spaces_say_nothing() -> None:
    assert found(said(handoff={**REFUND["handoff"], "context": " \n "}))


def test_a_draft_may_still_leave_everything_out() -> None:
    assert not found(said(mode="draft_only", handoff={}))
    assert not found(said(mode="draft_only", confirmed=False, handoff={}))


@pytest.mark.parametrize(
    ("fields", "due"),
    [
        ({}, False),
        ({"mode": "approval_gated"}, True),
        ({"verb": "tag"}, True),
        ({"authority_level": "recommendation"}, True),
    ],
)
def test_only_a_pure_read_that_runs_alone_needs_no_handoff(
    fields: dict[str, Any], due: bool
) -> None:
    assert handoff.is_due({**LOOK_UP, **fields}) is due


def test_the_window_is_a_calendar_that_is_there() -> None:
    assert not found(said(send_window="office"))
    assert found(said(send_window="night")) == [("/send_window", "There is no calendar 'night'.")]


def test_another_window_neither_loosens_nor_tightens() -> None:
    for old, new in [(None, "office"), ("office", None), ("office", "night")]:
        assert direction("send_window", old, new, confirmed=True) is Direction.NEUTRAL


# What is missing, of what is stored


@pytest.fixture
def shop(db: None) -> Team:
    install()
    return Team.objects.get()


@pytest.fixture
def refund(shop: Team) -> ActionType:
    return ActionType.objects.get(key="refund_order")


@pytest.fixture
def draft(refund: ActionType) -> ActionType:
    """Confirmed, and not live yet."""
    refund.mode = Mode.DRAFT_ONLY
    refund.save()
    return refund


def person(username: str) -> Person:
    return Person.objects.get(username=username)


def edit(team: Team, place: Place = AT, who: str = "rhea", **fields: Any) -> editing.Edited:
    row = {**rows(stored(team))[place], **fields}
    return editing.edit(
        team=team, place=place, row=row, actor=person(who), base=editing.base_of(team, place)
    )


def go_live(draft: ActionType) -> bool:
    return save(row=draft, changes={"mode": "approval_gated"}, actor=person("rhea"))


def left_unsaid(action_type: ActionType, part: str = "context") -> None:
    """As it was stored before anybody asked for this part."""
    ActionType.objects.filter(pk=action_type.pk).update(handoff=without(part))


@pytest.mark.parametrize("part", PARTS)
def test_saving_refuses_to_take_a_type_live_without_it_and_says_what_is_missing(
    draft: ActionType, part: str
) -> None:
    left_unsaid(draft, part)
    with pytest.raises(PermissionDenied, match=handoff.PARTS[part]):
        go_live(draft)
    draft.refresh_from_db()
    assert draft.mode == Mode.DRAFT_ONLY
    handed = {**draft.handoff, part: "Now it is said."}
    assert save(
        row=draft, changes={"mode": "approval_gated", "handoff": handed}, actor=person("rhea")
    )


@pytest.mark.parametrize(
    ("broken", "sentence"),
    [
        ({"stages": []}, "The chain is empty"),
        ({"stages": [{"who": "person:rita", "within": "1 hour"}]}, "no longer has an active"),
        ({"stages": [{"who": "pool:empty", "within": "1 hour"}]}, "Nobody is in the pool 'empty'"),
        (
            {"stages": [{"who": who, "within": "1 hour"} for who in ["manager"] * 2]},
            "It goes in a circle",
        ),
        (
            {"stages": [{"who": "manager", "within": "1 hour", "remind": "2 hours"}]},
            "reminded of when it is over",
        ),
    ],
    ids=["empty", "left", "empty-pool", "circle", "late-reminder"],
)
def test_a_chain_that_came_to_lead_nowhere_keeps_a_type_from_going_live(
    draft: ActionType, broken: dict[str, Any], sentence: str
) -> None:
    team = draft.workflow.team
    team.pools.create(slug="empty", name="Empty").people.add(person("rita"))
    Person.objects.filter(username="rita").update(is_active=False)
    EscalationChain.objects.update(**broken)
    with pytest.raises(PermissionDenied, match=sentence):
        go_live(draft)


@pytest.mark.parametrize("sla", ["soon", "1200 business days"])
def test_a_deadline_that_does_not_come_keeps_a_type_from_going_live(
    draft: ActionType, sla: str
) -> None:
    Workflow.objects.update(sla=sla)
    with pytest.raises(PermissionDenied, match=r"is not a duration|never ends"):
        go_live(draft)


def test_the_page_refuses_it_at_the_field(draft: ActionType, shop: Team, client: Client) -> None:
    left_unsaid(draft)
    client.force_login(person("rhea"))
    url = reverse("edit_type", args=["refunds", draft.key])
    page = client.get(url).content.decode()
    live = {"/mode": "approval_gated", "reason": "It is ready."}
    answer = client.post(url, {**filled(page, "rule-form", live), "save": "1"})
    assert answer.status_code == 422
    assert 'id="f-handoff-context-e"' in answer.content.decode()
    whole = {"/handoff/context": "It cannot be called back."}
    typed = filled(answer.content.decode(), "rule-form", whole)
    answer = client.post(url, {**typed, "save": "1"})
    assert answer.status_code == 303
    draft.refresh_from_db()
    assert draft.mode == Mode.APPROVAL_GATED
    assert draft.handoff["context"] == "It cannot be called back."


def test_a_file_with_it_is_refused_before_anything_is_written(shop: Team) -> None:
    assert check(said(handoff=without("context")), stored(shop))


def test_a_lowered_mode_does_not_come_back_without_it(refund: ActionType) -> None:
    rhea = person("rhea")
    down = modes.lower(
        action_type=refund,
        to=Mode.DRAFT_ONLY,
        rule="window:errors",
        because="It failed too often.",
        reviewer=rhea,
        actor="policy:x",
    )
    assert down
    left_unsaid(refund)
    with pytest.raises(modes.StaysDown) as stays:
        modes.restore(downgrade=down, to=Mode.APPROVAL_GATED, person=rhea, note="mended")
    assert stays.value.code == "handoff"
    assert handoff.PARTS["context"] in stays.value.detail
    ActionType.objects.filter(pk=refund.pk).update(handoff=REFUND["handoff"])
    modes.restore(downgrade=down, to=Mode.APPROVAL_GATED, person=rhea, note="mended")
    refund.refresh_from_db()
    assert refund.mode == Mode.APPROVAL_GATED


# What is live already


def test_a_live_type_without_it_stays_live_and_is_a_gap(shop: Team, refund: ActionType) -> None:
    left_unsaid(refund)
    refund.refresh_from_db()
    (gap,) = [g for g in readiness.gaps(refund.workflow, [refund]) if g.what == "handoff"]
    assert gap.words == "Nothing says what the reviewer should know, for refund_order."
    assert not gap.holds
    assert refund.mode == Mode.APPROVAL_GATED


def test_it_keeps_nobody_from_changing_what_stands_around_it(
    shop: Team, refund: ActionType
) -> None:
    left_unsaid(refund)
    edit(shop, ("workflows", "refunds"), "mona", runbook="https://example.com/refunds")
    with pytest.raises(editing.Refused) as refused:
        edit(shop, confidence_line=0.9)
    assert [each.place for each in refused.value.problems] == ["/handoff/context"]
    edit(shop, mode="draft_only")


def test_it_keeps_nobody_from_confirming_another(shop: Team, refund: ActionType) -> None:
    left_unsaid(refund)
    ActionType.objects.filter(key="look_up_order").update(confirmed=False, mode="draft_only")
    waiting = confirming.waiting(refund.workflow)
    done = confirming.confirm(
        workflow=refund.workflow,
        choices={"look_up_order": confirming.Choice.PROPOSED},
        base=confirming.base_of(dict(waiting)),
        actor=person("rhea"),
        reason="",
    )
    assert done.done == ["look_up_order"]


def test_the_two_types_that_every_workflow_has_are_whole(shop: Team) -> None:
    for row in built_in.action_types(Workflow.objects.get()):
        assert all(row.handoff[part] for part in PARTS)


# The window, on its way through the registry


def test_a_window_is_edited_exported_told_and_taken_out_again(
    shop: Team, refund: ActionType
) -> None:
    (change,) = edit(shop, who="omar", send_window="office").done
    assert [field.direction for field in change.fields] == [Direction.NEUTRAL]
    refund.refresh_from_db()
    assert refund.send_window == refund.workflow.calendar
    document = export(shop)
    types = document["workflows"]["refunds"]["action_types"]
    assert types["refund_order"]["send_window"] == "office"
    event = Event.objects.filter(type="action_type.changed").latest("pk")
    assert body_of(event)["after"] == {"send_window": "office"}
    assert not apply(document=document, team="shop", actor=person("rhea")).done
    edit(shop, who="omar", send_window=None)
    refund.refresh_from_db()
    assert refund.send_window is None


def test_type_page_and_operating_model_say_the_window_and_the_handoff(
    shop: Team, refund: ActionType, client: Client
) -> None:
    refund.send_window = refund.workflow.calendar
    refund.save()
    client.force_login(person("rita"))
    page = client.get("/registry/refunds/refund_order/").content.decode()
    for words in ("Released only", "Mon to Tue 09:00 to 17:00 Europe/Berlin", "called back"):
        assert words in page
    left_unsaid(refund)
    assert "not said" in client.get("/registry/refunds/refund_order/").content.decode()
    model = client.get("/registry/refunds/model/").content.decode()
    assert "Refund an order: released only Mon to Tue 09:00 to 17:00 Europe/Berlin" in model
    assert "Nothing says what the reviewer should know, for refund_order." in model
