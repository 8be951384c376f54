"""The editor of an action type, as a risk owner uses it without JavaScript."""

from typing import Any

import pytest
from django.db.models import Max
from django.test import Client
from django.urls import reverse

from agents_registry.models import (
    ActionType,
    Agent,
    ChangeRequest,
    Person,
    PolicyChange,
    Revision,
    Role,
    Standard,
    Workflow,
)
from agents_registry.revisions import document_of, policy_document
from approvals.models import Action, Trial
from ledger.models import Event
from tests import factories
from tests.approvals.html_forms import Posted, filled

BLOCK = {"id": "fraud", "words": "It is fraud.", "when": "'fraud' in signals.categories"}
LINES: list[dict[str, Any]] = [
    {
        "metric": "spend_delta",
        "operator": ">",
        "limit": 100,
        "currency": "USD",
        "effect": {"raise_to": "mandatory"},
        "ask": "approval_owner",
    }
]


@pytest.fixture
def refund(refund: ActionType) -> ActionType:
    """With a line at 100 USD, and one stop rule."""
    refund.impact = {**(refund.impact or {}), "high_currency": "USD"}
    refund.thresholds = LINES
    refund.stop_rules = [{**BLOCK, "effect": {"block": True}}]
    refund.save()
    return refund


@pytest.fixture
def owner(client: Client, refund: ActionType) -> Client:
    client.force_login(refund.workflow.risk_owner)
    return client


def url_of(refund: ActionType) -> str:
    return reverse("edit_type", args=[refund.workflow.slug, refund.key])


def form_of(client: Client, url: str, **changed: Any) -> Posted:
    """What a browser would post, with what was typed; `__` stands for a slash in a name."""
    response = client.get(url)
    assert response.status_code == 200
    return filled(response.content.decode(), "rule-form", named(changed))


def named(changed: dict[str, Any]) -> dict[str, Any]:
    beside = {"reason", "key", "sample"}
    return {n if n in beside else f"/{n.replace('__', '/')}": v for n, v in changed.items()}


def again(response: Any, **changed: Any) -> Posted:
    return filled(response.content.decode(), "rule-form", named(changed))


def row_of(refund: ActionType) -> dict[str, Any]:
    return policy_document(ActionType.objects.get(pk=refund.pk))


def look_of(response: Any) -> Any:
    return response.context["page"].look


# Saving


def test_a_risk_owner_raises_the_line_sees_the_change_saves_and_the_revision_is_there(
    owner: Client, refund: ActionType
) -> None:
    typed = form_of(owner, url_of(refund), thresholds__0__limit="300", reason="Most are small.")
    checked = owner.post(url_of(refund), {**typed, "check": "1"})
    (change,) = look_of(checked).changes
    assert (change.where, change.words) == ("Threshold 1, limit", "100 → 300")
    assert change.loosens
    assert "saving signs it" in look_of(checked).signing
    assert row_of(refund)["thresholds"][0]["limit"] == 100, "looking stores nothing"

    saved = owner.post(url_of(refund), {**again(checked), "save": "1"})
    assert saved.status_code == 303
    assert row_of(refund)["thresholds"] == [{**LINES[0], "limit": 300}]
    step = PolicyChange.objects.get(action_type=refund)
    assert step.author == refund.workflow.risk_owner
    assert step.reason == "Most are small."
    assert document_of(step.after)["thresholds"][0]["limit"] == 300
    assert "Saved." in owner.get(saved["Location"]).content.decode()


def test_what_is_not_touched_is_not_changed(owner: Client, refund: ActionType) -> None:
    before = ActionType.objects.filter(pk=refund.pk).values().get()
    typed = form_of(owner, url_of(refund), reason="Only to see.")
    assert owner.post(url_of(refund), {**typed, "save": "1"}).status_code == 303
    after = ActionType.objects.filter(pk=refund.pk).values().get()
    kept = ("systems", "handoff")
    assert {n: v for n, v in after.items() if n not in kept} == {
        n: v for n, v in before.items() if n not in kept
    }
    assert not PolicyChange.objects.filter(action_type=refund).exists()


def test_a_reason_is_required(owner: Client, refund: ActionType) -> None:
    typed = form_of(owner, url_of(refund), thresholds__0__limit="50", reason="  ")
    response = owner.post(url_of(refund), {**typed, "save": "1"})
    assert response.status_code == 422
    assert [(line.id, line.label) for line in look_of(response).errors] == [("why", "Why")]
    assert row_of(refund)["thresholds"] == LINES


def test_a_condition_that_is_no_cel_is_refused_at_its_place_and_nothing_is_saved(
    owner: Client, refund: ActionType
) -> None:
    events = Event.objects.count()
    typed = form_of(
        owner,
        url_of(refund),
        stop_rules__0__when="payload.amount >",
        thresholds__0__limit="50",
        reason="Stricter.",
    )
    response = owner.post(url_of(refund), {**typed, "save": "1"})
    assert response.status_code == 422
    (line,) = look_of(response).errors
    assert line.id == "f-stop_rules-0-when"
    assert line.message.startswith("Line 1, column")
    html = response.content.decode()
    assert 'href="#f-stop_rules-0-when"' in html
    assert 'id="f-stop_rules-0-when"' in html
    assert again(response)["/stop_rules/0/when"] == ["payload.amount >"], "it can be mended"
    assert again(response)["/thresholds/0/limit"] == ["50"]
    assert row_of(refund)["thresholds"] == LINES
    assert Event.objects.count() == events


@pytest.mark.parametrize(
    ("pointer", "text", "place"),
    [
        ("thresholds__0__limit", "a lot", "f-thresholds-0-limit"),
        ("thresholds__0__metric", "discount_pct", "f-thresholds-0-metric"),
        ("stop_rules__0__ask", "person:nobody", "f-stop_rules-0-ask"),
        ("stop_rules__0__when", "unknown_name == 1", "f-stop_rules-0-when"),
        ("confidence_line", "2", "f-confidence_line"),
        ("impact__spend_delta", ["value", "/nowhere"], "f-impact-spend_delta"),
        ("sentence", "Refund {nothing}", "f-sentence"),
        ("sla", "soon", "f-sla"),
        ("payload_schema", "{", "f-payload_schema"),
        ("payload_schema", '{"type": "nonsense"}', "f-payload_schema"),
        ("verb", "", "f-verb"),
    ],
)
def test_each_error_stands_at_its_field(
    owner: Client, refund: ActionType, pointer: str, text: Any, place: str
) -> None:
    typed = form_of(owner, url_of(refund), **{pointer: text}, reason="Why not.")
    response = owner.post(url_of(refund), {**typed, "save": "1"})
    assert response.status_code == 422
    assert place in [line.id for line in look_of(response).errors]
    at_fields = dict(look_of(response).at_fields)
    assert at_fields[f"{place}-e"]


def test_somebody_else_saved_first_and_nothing_is_lost(owner: Client, refund: ActionType) -> None:
    typed = form_of(owner, url_of(refund), thresholds__0__limit="50", reason="Stricter.")
    ActionType.objects.filter(pk=refund.pk).update(name="Pay back")
    response = owner.post(url_of(refund), {**typed, "save": "1"})
    assert response.status_code == 409
    assert row_of(refund)["thresholds"] == LINES
    assert again(response)["/thresholds/0/limit"] == ["50"]
    where = {change.where: change.words for change in look_of(response).changes}
    assert where["Name"] == "Pay back → Refund", "what saving now would overwrite is said"
    assert owner.post(url_of(refund), {**again(response), "save": "1"}).status_code == 303
    assert row_of(refund)["thresholds"][0]["limit"] == 50


def test_a_form_that_did_not_arrive_whole_is_refused(owner: Client, refund: ActionType) -> None:
    typed = form_of(owner, url_of(refund), reason="Half of it.")
    typed = {name: value for name, value in typed.items() if not name.startswith("/stop_rules")}
    del typed["whole"]
    assert owner.post(url_of(refund), {**typed, "save": "1"}).status_code == 400
    assert row_of(refund)["stop_rules"]


# Who may


def test_somebody_who_owns_nothing_there_may_not_edit(
    signed_in: Client, stranger: Person, refund: ActionType
) -> None:
    assert signed_in.get(url_of(refund)).status_code == 403
    assert signed_in.post(url_of(refund), {"save": "1"}).status_code == 403
    signed_in.force_login(stranger)
    assert signed_in.get(url_of(refund)).status_code == 404
    signed_in.logout()
    assert signed_in.get(url_of(refund)).status_code == 302


def test_an_auditor_may_not_edit(client: Client, refund: ActionType) -> None:
    team = refund.workflow.team
    client.force_login(factories.create_person(team=team, role=Role.AUDITOR))
    assert client.get(url_of(refund)).status_code == 403


def test_loosening_by_another_owner_waits_for_the_risk_owner(
    client: Client, refund: ActionType
) -> None:
    client.force_login(refund.workflow.workflow_owner)
    typed = form_of(client, url_of(refund), thresholds__0__limit="300", reason="Too many.")
    checked = client.post(url_of(refund), {**typed, "check": "1"})
    assert str(refund.workflow.risk_owner) in look_of(checked).signing
    saved = client.post(url_of(refund), {**typed, "save": "1"}, follow=True)
    assert "waits to be signed" in saved.content.decode()
    assert row_of(refund)["thresholds"] == LINES
    asked = ChangeRequest.objects.get()
    assert asked.row["thresholds"][0]["limit"] == 300
    (waiting,) = client.get(url_of(refund)).context["page"].waiting
    assert str(refund.workflow.workflow_owner) in waiting.title


def test_built_in_and_retired_types_are_not_edited(owner: Client, refund: ActionType) -> None:
    slug = refund.workflow.slug
    assert owner.get(reverse("edit_type", args=[slug, "escalate"])).status_code == 404
    assert owner.get(reverse("edit_type", args=[slug, "nothing"])).status_code == 404


# Rows, without JavaScript


def test_a_rule_is_added_by_a_button_and_what_was_typed_is_kept(
    owner: Client, refund: ActionType
) -> None:
    typed = form_of(owner, url_of(refund), name="Pay back")
    added = owner.post(url_of(refund), {**typed, "do": "add /stop_rules"})
    assert added.status_code == 200
    assert not look_of(added).errors, "a row that was just added is not wrong yet"
    assert again(added)["/name"] == ["Pay back"]
    new = {
        "stop_rules__1__words": "It is over a thousand.",
        "stop_rules__1__when": "payload.amount > 1000.0",
        "stop_rules__1__id": "over_1000",
        "reason": "Large ones.",
    }
    saved = owner.post(url_of(refund), {**again(added, **new), "save": "1"})
    assert saved.status_code == 303
    assert [rule["id"] for rule in row_of(refund)["stop_rules"]] == ["fraud", "over_1000"]


def test_one_click_puts_a_common_rule_in(owner: Client, refund: ActionType) -> None:
    typed = form_of(owner, url_of(refund), reason="The lawyers asked.")
    taken = owner.post(url_of(refund), {**typed, "do": "take /stop_rules/legal"})
    posted = again(taken)
    assert posted["/stop_rules/1/words"] == ["It is a legal matter."]
    assert posted["/stop_rules/1/when"] == ["'legal' in signals.categories"]
    assert owner.post(url_of(refund), {**posted, "save": "1"}).status_code == 303
    assert row_of(refund)["stop_rules"][1]["id"] == "legal"


def test_a_rule_is_moved_and_taken_out(owner: Client, refund: ActionType) -> None:
    typed = form_of(owner, url_of(refund), reason="Order.")
    taken = owner.post(url_of(refund), {**typed, "do": "take /stop_rules/legal"})
    moved = owner.post(url_of(refund), {**again(taken), "do": "up /stop_rules/1"})
    assert again(moved)["/stop_rules/0/id"] == ["legal"]
    out = owner.post(url_of(refund), {**again(moved), "do": "remove /stop_rules/0"})
    assert "/stop_rules/1" not in again(out)
    assert owner.post(url_of(refund), {**again(out), "save": "1"}).status_code == 303
    assert [rule["id"] for rule in row_of(refund)["stop_rules"]] == ["fraud"]


# While typing


def test_while_one_types_only_what_stands_beside_is_made_again(
    owner: Client, refund: ActionType
) -> None:
    typed = form_of(owner, url_of(refund), stop_rules__0__when="][")
    response = owner.post(url_of(refund), {**typed, "check": "1"}, headers={"HX-Request": "true"})
    html = response.content.decode()
    assert "<form" not in html
    assert 'id="rule-look"' in html
    assert 'id="f-stop_rules-0-when-e" hx-swap-oob="true"' in html
    assert "Line 1, column" in html


def test_a_recorded_action_is_tried_beside_what_it_got_and_nothing_is_stored(
    owner: Client, agent: Agent, refund: ActionType
) -> None:
    action = factories.create_action(
        agent, refund, signals={"missing": [], "conflicts": [], "categories": ["legal"]}
    )
    before = everything()
    typed = form_of(owner, url_of(refund), thresholds__0__limit="300")
    taken = owner.post(url_of(refund), {**typed, "do": "take /stop_rules/legal"})
    tried = look_of(owner.post(url_of(refund), {**again(taken), "check": "1"})).tried
    moved = {(row.now or row.was).rule_words: row.moved for row in tried.rows}
    assert moved["threshold"] == "gone"
    assert moved["stop rule"] == "new"
    (row,) = (row for row in tried.rows if row.moved == "new")
    assert row.now.because == "It is a legal matter."
    assert tried.was_tier == action.tier == tried.tier
    assert everything() == before


def test_an_unchanged_policy_finds_what_was_found(
    owner: Client, agent: Agent, refund: ActionType
) -> None:
    factories.create_action(agent, refund)
    tried = look_of(owner.get(url_of(refund))).tried
    assert {row.moved for row in tried.rows} == {"same"}
    assert not tried.moved


def test_the_standards_of_the_workflow_hold_while_trying(
    owner: Client, agent: Agent, refund: ActionType
) -> None:
    factories.create_action(agent, refund)
    rule = {"id": "all", "words": "Whatever it is.", "when": "true", "effect": {"block": True}}
    Standard.objects.create(
        team=refund.workflow.team,
        slug="house",
        name="Of the house",
        everywhere=True,
        rules={"stop_rules": [rule]},
    )
    page = owner.get(url_of(refund)).context["page"]
    assert page.standards == ["Of the house"]
    assert page.look.tried.tier == "blocked"


def test_another_recorded_action_can_be_chosen(
    owner: Client, agent: Agent, refund: ActionType
) -> None:
    small = factories.create_action(
        agent, refund, payload={"order": "A-1", "amount": 20, "currency": "USD"}
    )
    factories.create_action(agent, refund)
    page = owner.get(url_of(refund)).context["page"]
    assert len(page.samples) == 2
    typed = form_of(owner, url_of(refund), sample=str(small.pk))
    tried = look_of(owner.post(url_of(refund), {**typed, "check": "1"})).tried
    assert tried.url == reverse("action", args=[small.pk])


def test_neighbours_in_the_workflow_stand_in_where_a_type_has_no_record(
    owner: Client, agent: Agent, refund: ActionType
) -> None:
    factories.create_action(agent, refund)
    other = factories.create_action_type(refund.workflow, "credit", name="Credit")
    tried = look_of(owner.get(url_of(other))).tried
    assert tried.of_another_type == "Refund"


def test_another_teams_actions_are_not_offered(owner: Client, refund: ActionType) -> None:
    agent, _, foreign = factories.create_desk()
    action = factories.create_action(agent, foreign)
    typed = form_of(owner, url_of(refund), sample=str(action.pk))
    assert look_of(owner.post(url_of(refund), {**typed, "check": "1"})).tried is None


# At large


def test_the_same_form_starts_a_trial_over_the_record(owner: Client, refund: ActionType) -> None:
    typed = form_of(owner, url_of(refund), thresholds__0__limit="300")
    response = owner.post(url_of(refund), {**typed, "trial": "1"})
    trial = Trial.objects.get()
    assert response["Location"] == reverse("trial", args=[trial.pk])
    assert trial.documents[str(refund.pk)]["thresholds"][0]["limit"] == 300
    assert trial.author == refund.workflow.risk_owner
    assert row_of(refund)["thresholds"] == LINES


def test_an_unchanged_form_asks_for_the_policy_in_force(owner: Client, refund: ActionType) -> None:
    owner.post(url_of(refund), {**form_of(owner, url_of(refund)), "trial": "1"})
    tried = Trial.objects.get().documents[str(refund.pk)]
    now = row_of(refund)
    assert {n: v for n, v in tried.items() if n != "systems"} == {
        n: v for n, v in now.items() if n != "systems"
    }


# A new type


def test_a_new_type_is_draft_only_until_its_risk_owner_confirms_it(
    owner: Client, workflow: Workflow, refund: ActionType
) -> None:
    url = reverse("new_type", args=[workflow.slug])
    new = {
        "key": "send_note",
        "name": "Send a note",
        "verb": "send",
        "authority_level": "external_message",
        "reason": "Customers ask.",
    }
    saved = owner.post(url, {**form_of(owner, url, **new), "save": "1"})
    assert saved.status_code == 303
    made = ActionType.objects.get(workflow=workflow, key="send_note")
    assert (made.mode, made.confirmed) == ("draft_only", False)


@pytest.mark.parametrize("key", ["", "no spaces", "refund", "ask"])
def test_a_new_type_needs_a_key_of_its_own(
    owner: Client, workflow: Workflow, refund: ActionType, key: str
) -> None:
    url = reverse("new_type", args=[workflow.slug])
    new = {"key": key, "verb": "send", "authority_level": "external_message", "reason": "Why."}
    response = owner.post(url, {**form_of(owner, url, **new), "save": "1"})
    assert response.status_code == 422
    assert [line.id for line in look_of(response).errors] == ["type-key"]


def everything() -> tuple[Any, ...]:
    """What would be different if something was stored."""
    return (
        Event.objects.count(),
        Revision.objects.count(),
        PolicyChange.objects.count(),
        Action.objects.aggregate(Max("changed_at")),
    )
