"""Changes that wait: who may do what alone, who signs what, and what becomes of each request."""

from collections import Counter
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from agents_registry import editing
from agents_registry.models import (
    ActionType,
    ChangeRequest,
    Membership,
    Person,
    PolicyChange,
    Standard,
    Team,
    Workflow,
)
from agents_registry.pages.change_requests import count_to_sign
from agents_registry.spec.apply import apply
from agents_registry.spec.export import stored
from agents_registry.spec.rows import Place, rows
from ledger.models import Event
from ledger.record import body_of
from tests.agents_registry.documents import create_admin, create_document
from tests.together import at_once

pytestmark = pytest.mark.django_db

FLOW: Place = ("workflows", "refunds")
REFUND: Place = (*FLOW, "action_types", "refund_order")
CARE: Place = ("standards", "care")
TEAM: Place = ("team",)

TIGHTER = {"confidence_line": 0.9}
LOOSER = {"confidence_line": 0.7}
WATCH = [
    {
        "id": "errors",
        "metric": "error_rate",
        "source": "computed",
        "window": "1 hour",
        "operator": ">",
        "limit": 0.1,
        "mode_to": "draft_only",
    }
]
RULES = {"mode": "approval_gated", "confidence_line": 0.5}


@pytest.fixture
def shop(db: None) -> Team:
    """Four different owners, a governance lead, a manager, an administrator and who may nothing.

    Refunds are confirmed, watched by a window threshold, and under one standard.
    """
    document = create_document()
    document["people"] |= {
        "wanda": {"name": "Wanda Owner"},
        "sven": {"name": "Sven Systems"},
        "gita": {"name": "Gita Lead"},
        "ada": {"name": "Ada Audit", "role": "auditor"},
    }
    document["team"]["governance_lead"] = "gita"
    document["standards"] = {"care": {"name": "Care", "rules": RULES}}
    refunds = document["workflows"]["refunds"]
    refunds["owners"] |= {"workflow_owner": "wanda", "system_owner": "sven"}
    refunds |= {"window_thresholds": WATCH, "standards": ["care"]}
    apply_as(document, create_admin().username)
    apply_as(document, "rhea")
    return Team.objects.get()


def apply_as(document: dict[str, Any], username: str) -> None:
    apply(document=document, team="shop", actor=Person.objects.get(username=username))


def as_person(username: str) -> Person:
    return Person.objects.get(username=username)


def row_at(place: Place) -> Any:
    return rows(stored(Team.objects.get()))[place]


def edit(place: Place, who: str, **fields: Any) -> editing.Edited:
    team = Team.objects.get()
    return editing.edit(
        team=team,
        place=place,
        row={**row_at(place), **fields},
        actor=as_person(who),
        reason="because",
        base=editing.base_of(team, place),
    )


def ask(place: Place, who: str, **fields: Any) -> ChangeRequest:
    edited = edit(place, who, **fields)
    assert (edited.done, edited.request is None) == ([], False)
    assert edited.request is not None
    return edited.request


def sign(request: ChangeRequest, who: str) -> editing.Edited:
    return editing.sign(request_id=request.pk, person=as_person(who), note="seen")


def want_second_person() -> None:
    Team.objects.update(second_person=True)


def becomes_of(place: Place, who: str, fields: dict[str, Any]) -> str:
    """done, no, or whose signature it waits for."""
    try:
        edited = edit(place, who, **fields)
    except PermissionDenied:
        return "no"
    return edited.request.takes if edited.request else "done"


NOBODY = {"rita": "no", "ada": "no"}
EVERY_OWNER = dict.fromkeys(("wanda", "sven", "omar", "mona", "admin"), "done")
ASKS_RISK = dict.fromkeys(("wanda", "sven", "omar", "mona", "admin"), "risk_owner")
LEAD_ONLY = {"gita": "done", "mona": "governance_lead", "admin": "governance_lead"}
NO_OWNER = dict.fromkeys(("wanda", "sven", "omar", "rhea"), "no")

TABLE = {
    "tighten a type": (REFUND, TIGHTER, {**EVERY_OWNER, "rhea": "done", "gita": "no"}),
    "loosen a type": (REFUND, LOOSER, {**ASKS_RISK, "rhea": "done", "gita": "no"}),
    "raise a mode": (
        REFUND,
        {"mode": "auto_executed", "rollback_path": "Ask for it back."},
        {**ASKS_RISK, "rhea": "done", "gita": "no"},
    ),
    "tighten a window": (
        FLOW,
        {"window_thresholds": [{**WATCH[0], "limit": 0.05}]},
        {**EVERY_OWNER, "rhea": "done", "gita": "no"},
    ),
    "drop a window": (FLOW, {"window_thresholds": []}, {**ASKS_RISK, "rhea": "done", "gita": "no"}),
    "drop a standard": (FLOW, {"standards": []}, {**ASKS_RISK, "rhea": "done", "gita": "no"}),
    "rename a workflow": (
        FLOW,
        {"name": "Money back"},
        {"wanda": "done", "mona": "done", "admin": "done", "rhea": "no", "sven": "no"},
    ),
    "tighten a standard": (
        CARE,
        {"rules": {**RULES, "confidence_line": 0.6}},
        {**NO_OWNER, **LEAD_ONLY, "mona": "done", "admin": "done"},
    ),
    "have a standard everywhere": (
        CARE,
        {"everywhere": True},
        {**NO_OWNER, "gita": "done", "mona": "done", "admin": "done"},
    ),
    "loosen a standard": (
        CARE,
        {"rules": {**RULES, "confidence_line": 0.4}},
        {**NO_OWNER, **LEAD_ONLY},
    ),
    "name the governance lead": (
        TEAM,
        {"governance_lead": "rita"},
        {**NO_OWNER, "gita": "no", "mona": "done", "admin": "done"},
    ),
    "ask for a second person": (
        TEAM,
        {"second_person": True},
        {**NO_OWNER, "gita": "no", "mona": "done", "admin": "done"},
    ),
}


@pytest.mark.parametrize(
    ("place", "fields", "who", "expected"),
    [
        pytest.param(place, fields, who, expected, id=f"{who} may {what}")
        for what, (place, fields, answers) in TABLE.items()
        for who, expected in {**NOBODY, **answers}.items()
    ],
)
def test_each_right_is_held_by_these_and_others_ask_or_are_refused(
    shop: Team, place: Place, fields: dict[str, Any], who: str, expected: str
) -> None:
    assert becomes_of(place, who, fields) == expected


def test_what_waits_changes_nothing_and_is_on_record(shop: Team) -> None:
    request = ask(REFUND, "omar", name="Money back", **LOOSER)
    assert (row_at(REFUND)["name"], row_at(REFUND)["confidence_line"]) == ("Refund an order", 0.8)
    assert (request.author.username, request.reason) == ("omar", "because")
    event = Event.objects.order_by("pk").last()
    assert event is not None
    assert event.type == "change.asked"
    assert event.stream == f"team:{shop.pk}"
    assert b"because" not in bytes(event.content)
    assert b"Money back" not in bytes(event.content)
    assert body_of(event)["row_asked"]["name"] == "Money back"


def test_asking_twice_for_the_same_is_one_request(shop: Team) -> None:
    assert ask(REFUND, "omar", **LOOSER) == ask(REFUND, "omar", **LOOSER)
    assert ChangeRequest.objects.count() == 1


def test_the_risk_owner_signs_and_it_is_done_in_their_name(shop: Team) -> None:
    request = ask(REFUND, "omar", **LOOSER)
    assert sign(request, "rhea").done
    assert row_at(REFUND)["confidence_line"] == 0.7
    step = PolicyChange.objects.latest("id")
    assert (step.author.username, step.direction, step.reason) == ("rhea", "loosening", "because")
    request.refresh_from_db()
    assert (request.end, request.ended_by, request.note) == ("signed", as_person("rhea"), "seen")
    assert Event.objects.filter(type="change.signed").count() == 1


@pytest.mark.parametrize("who", ["omar", "sven", "gita", "mona", "rita", "ada", "admin"])
def test_nobody_else_signs_or_declines_for_the_risk_owner(shop: Team, who: str) -> None:
    request = ask(REFUND, "omar", **LOOSER)
    for verb in (editing.sign, editing.decline):
        with pytest.raises(PermissionDenied):
            verb(request_id=request.pk, person=as_person(who))
    assert row_at(REFUND)["confidence_line"] == 0.8


def test_with_a_second_person_a_loosening_waits_for_another_who_answers_for_it(
    shop: Team,
) -> None:
    want_second_person()
    for who in ("wanda", "sven", "omar", "gita", "mona"):
        before = row_at(REFUND)["confidence_line"]
        request = ask(REFUND, "rhea", confidence_line=round(before - 0.05, 2))
        assert request.takes == "second_person"
        for nobody in ("rhea", "rita", "ada", "admin"):
            with pytest.raises(PermissionDenied):
                sign(request, nobody)
        assert sign(request, who).done
        step = PolicyChange.objects.latest("id")
        assert step.signed_by is not None
        assert (step.author.username, step.signed_by.username) == ("rhea", who)
        assert row_at(REFUND)["confidence_line"] < before


def test_with_a_second_person_a_tightening_waits_for_nobody(shop: Team) -> None:
    want_second_person()
    assert edit(REFUND, "omar", **TIGHTER).done


def test_who_asked_the_risk_owner_is_the_second_person_where_they_answer_for_it(
    shop: Team,
) -> None:
    want_second_person()
    assert sign(ask(REFUND, "omar", **LOOSER), "rhea").request is None
    step = PolicyChange.objects.latest("id")
    assert (step.author, step.signed_by) == (as_person("rhea"), as_person("omar"))


def test_where_who_asked_is_no_second_person_it_goes_on_waiting_for_one(shop: Team) -> None:
    want_second_person()
    edited = sign(ask(REFUND, "admin", **LOOSER), "rhea")
    assert edited.done == []
    assert edited.request is not None
    assert (edited.request.takes, edited.request.author.username) == ("second_person", "rhea")
    assert row_at(REFUND)["confidence_line"] == 0.8
    assert sign(edited.request, "wanda").done
    assert row_at(REFUND)["confidence_line"] == 0.7


def test_letting_one_person_loosen_again_takes_the_lead_and_a_second_person(shop: Team) -> None:
    want_second_person()
    request = ask(TEAM, "gita", second_person=False)
    assert request.takes == "second_person"
    assert sign(request, "mona").done
    want_second_person()
    assert ask(TEAM, "mona", second_person=False).takes == "governance_lead"


def test_a_request_whose_row_changed_meanwhile_is_a_conflict_and_still_waits(shop: Team) -> None:
    request = ask(REFUND, "omar", **LOOSER)
    edit(REFUND, "sven", name="Money back")
    with pytest.raises(editing.Conflict, match="changed since it was asked for"):
        sign(request, "rhea")
    request.refresh_from_db()
    assert request.ended_at is None
    assert (row_at(REFUND)["name"], row_at(REFUND)["confidence_line"]) == ("Money back", 0.8)


def test_a_request_that_makes_no_sense_any_more_is_refused_and_still_waits(shop: Team) -> None:
    request = ask(REFUND, "omar", chain="refund-escalation", **LOOSER)
    Workflow.objects.update(calendar=Workflow.objects.get().calendar)
    ChangeRequest.objects.update(row={**request.row, "chain": "gone"})
    with pytest.raises(editing.Refused):
        sign(request, "rhea")
    assert ChangeRequest.objects.get().ended_at is None


def test_what_is_declined_or_taken_back_is_over(shop: Team) -> None:
    declined, withdrawn = ask(REFUND, "omar", **LOOSER), ask(REFUND, "sven", **LOOSER)
    editing.decline(request_id=declined.pk, person=as_person("rhea"), note="Not now.")
    with pytest.raises(PermissionDenied):
        editing.withdraw(request_id=withdrawn.pk, person=as_person("omar"))
    editing.withdraw(request_id=withdrawn.pk, person=as_person("sven"))
    for request, words in ((declined, "declined it already"), (withdrawn, "took it back already")):
        with pytest.raises(editing.Conflict, match=words):
            sign(request, "rhea")
    assert set(Event.objects.filter(type__startswith="change.").values_list("type", flat=True)) == {
        "change.asked",
        "change.declined",
        "change.withdrawn",
    }


def test_rights_are_those_of_the_moment_of_signing(shop: Team) -> None:
    request = ask(REFUND, "omar", **LOOSER)
    rhea = as_person("rhea")
    Workflow.objects.update(risk_owner=as_person("sven"))
    with pytest.raises(PermissionDenied):
        editing.sign(request_id=request.pk, person=rhea)
    assert sign(request, "sven").done


def test_what_waits_for_somebody_is_counted_without_what_they_asked_for(shop: Team) -> None:
    want_second_person()
    ask(REFUND, "rhea", **LOOSER)
    ask(REFUND, "admin", **LOOSER)
    counted = {
        who: count_to_sign(shop, as_person(who)) for who in ("rhea", "omar", "rita", "admin")
    }
    assert counted == {"rhea": 1, "omar": 1, "rita": 0, "admin": 0}


def test_who_has_left_is_not_one_of_two_people(shop: Team) -> None:
    want_second_person()
    request = ask(REFUND, "rhea", **LOOSER)
    Workflow.objects.update(risk_owner=as_person("wanda"))
    Membership.objects.filter(person=as_person("rhea")).delete()
    with pytest.raises(PermissionDenied):
        sign(request, "wanda")
    assert row_at(REFUND)["confidence_line"] == 0.8


def test_a_new_type_is_added_at_once_and_only_its_confirmation_waits(shop: Team) -> None:
    place = (*FLOW, "action_types", "pay_back")
    row = {**row_at(REFUND), "name": "Pay back"}
    edited = editing.edit(team=shop, place=place, row=row, actor=as_person("omar"))
    assert [change.added for change in edited.done] == [True]
    assert (row_at(place)["confirmed"], row_at(place)["mode"]) == (False, "draft_only")
    assert edited.request is not None
    assert sign(edited.request, "rhea").done
    assert (row_at(place)["confirmed"], row_at(place)["mode"]) == (True, "approval_gated")


def test_a_row_in_which_owner_and_risk_owner_each_change_something_takes_both(shop: Team) -> None:
    request = ask(FLOW, "wanda", name="Money back", window_thresholds=[])
    assert sign(request, "rhea").done
    assert (row_at(FLOW)["name"], row_at(FLOW)["window_thresholds"]) == ("Money back", [])


def test_the_governance_lead_signs_a_loosened_standard_and_its_types_follow(shop: Team) -> None:
    request = ask(CARE, "mona", rules={})
    with pytest.raises(PermissionDenied):
        sign(request, "rhea")
    assert sign(request, "gita").done
    assert Standard.objects.get().rules["confidence_line"] is None


@pytest.mark.django_db(transaction=True)
def test_of_many_who_sign_at_once_one_does_and_the_others_are_told(shop: Team) -> None:
    want_second_person()
    request = ask(REFUND, "rhea", **LOOSER)
    people = ("wanda", "sven", "omar", "gita", "mona")
    results = at_once([lambda who=who: sign(request, who) for who in people])
    assert Counter(type(each) for each in results) == {editing.Edited: 1, editing.Conflict: 4}
    assert PolicyChange.objects.filter(direction="loosening", signed_by__isnull=False).count() == 1


def test_a_loosening_is_undone_alone_and_the_undo_of_a_tightening_takes_the_risk_owner(
    shop: Team,
) -> None:
    edit(REFUND, "omar", **TIGHTER)
    step = PolicyChange.objects.latest("id")
    undone = editing.undo(change=step, actor=as_person("omar"), reason="too strict")
    assert undone.done == []
    assert undone.request is not None
    assert undone.request.takes == "risk_owner"
    assert sign(undone.request, "rhea").done
    assert row_at(REFUND)["confidence_line"] == 0.8
    loosened = PolicyChange.objects.latest("id")
    assert (loosened.direction, loosened.after) == ("loosening", step.before)
    assert editing.undo(change=loosened, actor=as_person("omar")).done
    assert row_at(REFUND)["confidence_line"] == 0.9


def test_only_the_last_change_is_undone_and_the_first_never(shop: Team) -> None:
    edit(REFUND, "omar", **TIGHTER)
    step = PolicyChange.objects.latest("id")
    edit(REFUND, "omar", confidence_line=0.95)
    with pytest.raises(editing.Conflict, match="Undo that first"):
        editing.undo(change=step, actor=as_person("rhea"))
    look_up = ActionType.objects.get(key="look_up_order")
    first, *_ = look_up.policy_changes.order_by("id")
    look_up.policy_changes.exclude(pk=first.pk).delete()
    with pytest.raises(editing.Conflict, match="nothing before it"):
        editing.undo(change=first, actor=as_person("rhea"))


def test_what_came_from_a_standard_is_undone_there(shop: Team) -> None:
    rule = {"id": "legal", "words": "A lawyer.", "when": "true", "effect": {"block": True}}
    edit(CARE, "gita", rules={**RULES, "confidence_line": 0.9, "stop_rules": [rule]})
    step = PolicyChange.objects.filter(action_type__key="refund_order").latest("id")
    with pytest.raises(editing.Conflict, match="from a standard"):
        editing.undo(change=step, actor=as_person("rhea"))


def test_an_undo_leaves_what_is_inherited_to_the_standard(shop: Team) -> None:
    rule = {"id": "legal", "words": "A lawyer.", "when": "true", "effect": {"block": True}}
    own = {**rule, "id": "own"}
    edit(CARE, "gita", rules={**RULES, "stop_rules": [rule]})
    edit(REFUND, "omar", stop_rules=[own])
    edit(REFUND, "rhea", stop_rules=[])
    step = PolicyChange.objects.latest("id")
    assert editing.undo(change=step, actor=as_person("omar")).done
    assert [each["id"] for each in row_at(REFUND)["stop_rules"]] == ["own"]


def test_an_undo_leaves_what_a_standard_asks_of_what_comes_again_to_the_standard(
    shop: Team,
) -> None:
    edit(CARE, "gita", rules={**RULES, "again": {"done": {"days": 30}}})
    own = {"done": {"days": 14, "raise_to": "batch_review"}}
    edit(REFUND, "omar", again=own)
    edit(REFUND, "omar", again={**own, "rejected": {"days": 90}})
    step = PolicyChange.objects.latest("id")
    assert editing.undo(change=step, actor=as_person("rhea")).done
    assert row_at(REFUND)["again"] == own
    edit(REFUND, "omar", again={"done": {"days": 60}})
    edit(REFUND, "rhea", again={})
    step = PolicyChange.objects.latest("id")
    assert editing.undo(change=step, actor=as_person("omar")).done
    assert row_at(REFUND)["again"] == {"done": {"days": 60}}
    edit(REFUND, "rhea", again={})
    assert row_at(REFUND)["again"] == {}
