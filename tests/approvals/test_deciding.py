"""Verdicts from the browser: plain forms, bound to what the page showed, refused kindly."""

import json
from typing import Any

import pytest
from django.test import Client

from agents_registry.models import ActionType, Agent, Membership, Person, Role, Workflow
from approvals import deadlines
from approvals.models import Action, Decision
from approvals.states import State
from tests.factories import create_action, create_person, make_due, seen

pytestmark = pytest.mark.django_db

PAYLOAD = {"order": "A-1", "amount": 120, "currency": "USD"}


def form(action: Action, verdict: str, **fields: Any) -> dict[str, Any]:
    page = seen(action)
    return {
        "revision": page.revision,
        "digest": page.payload_digest,
        "policy_revision": page.policy_revision,
        "verdict": verdict,
        **fields,
    }


def decide(client: Client, action: Action, verdict: str, **fields: Any) -> Any:
    return client.post(f"/actions/{action.pk}/decide", form(action, verdict, **fields))


def state_of(action: Action) -> str:
    return Action.objects.get(pk=action.pk).state


@pytest.mark.parametrize(
    ("verdict", "fields", "state"),
    [
        ("approved", {"checked": ["amount"]}, State.APPROVED),
        ("rejected", {"reason": "wrong_facts", "cause": "source"}, State.REJECTED),
        ("changes_requested", {"comment": "Name the order."}, State.CHANGES_REQUESTED),
        ("taken_over", {"comment": "I call them."}, State.TAKEN_OVER),
        ("escalated", {"comment": "Is this ours?"}, State.PENDING),
    ],
)
def test_each_verdict_moves_the_action_and_is_written_down(
    signed_in: Client, action: Action, verdict: str, fields: dict[str, Any], state: State
) -> None:
    response = decide(signed_in, action, verdict, **fields)
    assert response.status_code == 303
    assert state_of(action) == state
    assert Decision.objects.get(action=action).verdict == verdict


@pytest.mark.parametrize(
    ("verdict", "fields", "says"),
    [
        ("approved", {}, "Say what you checked"),
        ("rejected", {}, "Choose why you reject it"),
        ("changes_requested", {}, "Say what should change"),
        ("taken_over", {"comment": "  "}, "Say what you do about it"),
        ("answered", {"comment": "Yes"}, "Only a question"),
        ("", {}, "Choose what to decide"),
    ],
)
def test_an_unfinished_form_is_refused_in_place_and_nothing_is_decided(
    signed_in: Client, action: Action, verdict: str, fields: dict[str, Any], says: str
) -> None:
    response = decide(signed_in, action, verdict, **fields)
    assert response.status_code == 422
    assert state_of(action) == State.PENDING
    assert not Decision.objects.exists()
    if verdict in {"approved", "rejected", "changes_requested", "taken_over"}:
        assert says in response.content.decode()


def test_the_second_of_two_is_told_who_was_first(
    signed_in: Client, action: Action, workflow: Workflow
) -> None:
    page = form(action, "approved", checked=["amount"])
    other = create_person("nadia", team=workflow.team)
    workflow.pool.people.add(other)
    first = Client()
    first.force_login(other)
    decide(first, action, "rejected", reason="tone")
    response = signed_in.post(f"/actions/{action.pk}/decide", page)
    assert response.status_code == 409
    assert "Nadia decided this before you" in response.content.decode()
    assert Decision.objects.get(action=action).verdict == "rejected"


@pytest.mark.parametrize("field", ["revision", "digest", "policy_revision"])
def test_a_decision_holds_only_for_what_the_page_showed(
    signed_in: Client, action: Action, field: str
) -> None:
    fields = {**form(action, "approved", checked=["amount"]), field: "7"}
    response = signed_in.post(f"/actions/{action.pk}/decide", fields)
    assert response.status_code == 409
    assert "This changed while you looked" in response.content.decode()
    assert state_of(action) == State.PENDING


def test_what_was_typed_is_still_there_after_a_conflict(signed_in: Client, action: Action) -> None:
    fields = {**form(action, "changes_requested", comment="Keep this sentence"), "revision": 9}
    response = signed_in.post(f"/actions/{action.pk}/decide", fields)
    assert "Keep this sentence" in response.content.decode()


@pytest.mark.parametrize("role", [Role.MANAGER, Role.AUDITOR, Role.MEMBER])
def test_who_is_not_named_for_the_workflow_sees_but_does_not_decide(
    client: Client, action: Action, workflow: Workflow, role: Role
) -> None:
    client.force_login(create_person(team=workflow.team, role=role))
    page = client.get(f"/actions/{action.pk}/").content.decode()
    assert "Refund 120.00 USD" in page
    assert "You decide on" not in page
    assert decide(client, action, "approved", checked=["x"]).status_code == 403
    assert state_of(action) == State.PENDING


def test_a_right_taken_away_between_looking_and_deciding_counts(
    signed_in: Client, action: Action, reviewer: Person, workflow: Workflow
) -> None:
    signed_in.get(f"/actions/{action.pk}/")
    workflow.pool.people.remove(reviewer)
    assert decide(signed_in, action, "approved", checked=["x"]).status_code == 403
    workflow.pool.people.add(reviewer)
    Membership.objects.filter(person=reviewer).delete()
    assert decide(signed_in, action, "approved", checked=["x"]).status_code == 404


def test_nobody_decides_what_they_asked_for_themselves(
    signed_in: Client, agent: Agent, refund: ActionType, reviewer: Person
) -> None:
    action = create_action(agent, refund, requested_by=reviewer.email.upper())
    assert decide(signed_in, action, "approved", checked=["x"]).status_code == 403


def test_only_whom_the_policy_names_signs(
    signed_in: Client, client: Client, agent: Agent, refund: ActionType, workflow: Workflow
) -> None:
    refund.thresholds = [
        {
            "metric": "spend_delta",
            "operator": ">",
            "limit": "100",
            "currency": "USD",
            "effect": {"raise_to": "mandatory"},
            "ask": "risk_owner",
        }
    ]
    refund.save()
    action = create_action(agent, refund)
    assert action.signers == ["risk_owner"]
    assert decide(signed_in, action, "approved", checked=["x"]).status_code == 403
    signer = Client()
    signer.force_login(workflow.risk_owner)
    assert decide(signer, action, "approved", checked=["x"]).status_code == 303


def test_undo_takes_the_decision_back_and_a_second_undo_is_too_late(
    signed_in: Client, action: Action
) -> None:
    decide(signed_in, action, "rejected", reason="tone")
    decision = Decision.objects.get()
    signed_in.post(f"/decisions/{decision.pk}/undo")
    assert state_of(action) == State.PENDING
    page = signed_in.post(f"/decisions/{decision.pk}/undo", follow=True).content.decode()
    assert "too late" in page


def test_after_a_verdict_the_next_action_of_the_view_comes(
    signed_in: Client, agent: Agent, refund: ActionType
) -> None:
    first, second = (create_action(agent, refund) for _ in range(2))
    response = decide(signed_in, first, "rejected", reason="tone")
    assert response.headers["Location"].startswith(f"/actions/{second.pk}/")
    response = decide(signed_in, second, "rejected", reason="tone")
    assert response.headers["Location"].startswith("/inbox/")


def test_htmx_gets_the_next_detail_in_place_and_the_row_goes(
    signed_in: Client, agent: Agent, refund: ActionType
) -> None:
    first, second = (create_action(agent, refund) for _ in range(2))
    response = signed_in.post(
        f"/actions/{first.pk}/decide",
        form(first, "rejected", reason="tone"),
        headers={"HX-Request": "true"},
    )
    text = response.content.decode()
    assert response.headers["HX-Push-Url"].startswith(f"/actions/{second.pk}/")
    assert json.loads(response.headers["HX-Trigger"]) == {"decided": {"id": str(first.pk)}}
    assert f'data-action="{second.pk}"' in text
    assert "Rejected: Refund" in text


def test_reassigning_moves_the_work_to_somebody_who_may_decide(
    signed_in: Client, action: Action, workflow: Workflow
) -> None:
    colleague = workflow.pool.people.order_by("-pk")[0]
    decide(signed_in, action, "reassigned", to=colleague.username)
    assert Action.objects.get(pk=action.pk).assignee == colleague
    outsider = create_person(team=workflow.team)
    assert decide(signed_in, action, "reassigned", to=outsider.username).status_code == 403


def test_an_edit_is_approved_as_edited_and_the_agents_payload_stays(
    signed_in: Client, action: Action
) -> None:
    fields = {"f/order": "A-1", "f/amount": "100", "f/currency": '"USD"', "f/note": ""}
    checked = signed_in.post(
        f"/actions/{action.pk}/edit", form(action, "edited", check="1", **fields)
    )
    assert checked.status_code == 200
    assert "Your changes" in checked.content.decode()
    assert state_of(action) == State.PENDING
    response = signed_in.post(
        f"/actions/{action.pk}/edit", form(action, "edited", checked=["amount"], **fields)
    )
    assert response.status_code == 303
    decision = Decision.objects.get()
    assert decision.verdict == "edited"
    assert decision.patch == [{"op": "replace", "path": "/amount", "value": 100}]
    assert action.contents.get().payload == PAYLOAD


def test_an_edit_that_the_schema_refuses_names_the_field(signed_in: Client, action: Action) -> None:
    fields = {"f/order": "A-1", "f/amount": "-5", "f/currency": '"USD"', "f/note": ""}
    response = signed_in.post(
        f"/actions/{action.pk}/edit", form(action, "edited", checked=["amount"], **fields)
    )
    assert response.status_code == 422
    assert "1 field needs a look" in response.content.decode()
    assert state_of(action) == State.PENDING


def test_agents_text_is_shown_inert_and_every_leaf_is_on_the_page(
    signed_in: Client, agent: Agent, refund: ActionType
) -> None:
    hostile = "<b hx-get=/x>pay</b>\u202e{{ 7 }} <script>alert(1)</script>"
    payload = {"order": hostile, "amount": 1, "currency": "USD", "note": "line\n" * 60 + "END"}
    action = create_action(
        agent, refund, payload=payload, summary=hostile,
        subject={"type": "customer", "id": "c", "label": hostile},
        evidence=[{"title": hostile, "url": "javascript:alert(1)", "excerpt": hostile}],
    )  # fmt: skip
    for url in (f"/actions/{action.pk}/", "/inbox/", f"/actions/{action.pk}/edit"):
        page = signed_in.get(url).content.decode()
        assert "<b hx-get" not in page
        assert "<script>alert" not in page
        assert 'href="javascript' not in page
    page = signed_in.get(f"/actions/{action.pk}/").content.decode()
    assert '<span class="tok">U+202E</span>' in page
    assert "END" in page
    assert "21 more lines" in page


def test_whom_the_policy_names_is_asked_first(
    agent: Agent, refund: ActionType, workflow: Workflow
) -> None:
    refund.stop_rules = [
        {
            "id": "always",
            "words": "Legal looks at it.",
            "when": "true",
            "effect": {"raise_to": "mandatory"},
            "ask": "approval_owner",
        }
    ]
    refund.save()
    action = create_action(agent, refund)
    assert action.assignee == workflow.approval_owner
    assert action.stages[0]["who"] == "approval_owner"


def test_who_may_only_read_along_is_told_why(client: Client, action: Action) -> None:
    client.force_login(create_person(team=action.team))
    page = client.get(f"/actions/{action.pk}/").content.decode()
    assert "You can read along" in page
    assert "Only the reviewer pool or the approval owner" in page


def test_an_administrator_sees_every_team_and_decides_nothing(
    client: Client, action: Action
) -> None:
    admin = create_person()
    Person.objects.filter(pk=admin.pk).update(is_superuser=True)
    client.force_login(Person.objects.get(pk=admin.pk))
    assert client.get("/inbox/?view=all").status_code == 200
    page = client.get(f"/actions/{action.pk}/").content.decode()
    assert "You can read along" in page
    assert decide(client, action, "approved", checked=["x"]).status_code == 404
    assert state_of(action) == State.PENDING


def test_the_payload_stands_in_the_order_of_its_schema(signed_in: Client, action: Action) -> None:
    page = signed_in.get(f"/actions/{action.pk}/").context["page"]
    assert ["".join(span.text for span in leaf.path) for leaf in page.changes.payload] == [
        "order",
        "amount",
        "currency",
    ]


def test_nobody_undoes_somebody_elses_approval_by_a_verdict_of_their_own(
    signed_in: Client, action: Action, workflow: Workflow
) -> None:
    decide(signed_in, action, "escalated", comment="Is this ours?")
    mine = Decision.objects.get()
    other = Client()
    other.force_login(workflow.approval_owner)
    decide(other, action, "approved", checked=["x"])
    page = signed_in.post(f"/decisions/{mine.pk}/undo", follow=True).content.decode()
    assert "too late" in page
    assert state_of(action) == State.APPROVED


def edit_amount(client: Client, action: Action, amount: str) -> Any:
    fields = {"f/order": "A-1", "f/amount": amount, "f/currency": '"USD"', "f/note": ""}
    page = form(action, "edited", checked=["amount"], **fields)
    return client.post(f"/actions/{action.pk}/edit", page)


def above_500(effect: dict[str, str], **more: str) -> dict[str, Any]:
    return {
        "metric": "spend_delta",
        "operator": ">",
        "limit": "500",
        "currency": "USD",
        "effect": effect,
        **more,
    }


def test_an_edit_is_no_way_around_whom_the_policy_names_to_sign(
    signed_in: Client, agent: Agent, refund: ActionType, workflow: Workflow
) -> None:
    refund.thresholds = [above_500({"raise_to": "mandatory"}, ask="approval_owner")]
    refund.save()
    action = create_action(agent, refund)
    assert edit_amount(signed_in, action, "501").status_code == 403
    assert state_of(action) == State.PENDING
    signer = Client()
    signer.force_login(workflow.approval_owner)
    assert edit_amount(signer, action, "501").status_code == 303


def test_whoever_escalation_reached_may_edit_where_the_signers_stay_the_same(
    agent: Agent, refund: ActionType, workflow: Workflow
) -> None:
    refund.thresholds = [above_500({"raise_to": "mandatory"}, ask="approval_owner")]
    refund.save()
    action = create_action(
        agent, refund, payload={"order": "A-1", "amount": 600, "currency": "USD"}
    )
    make_due(action)
    deadlines.sweep_steps()
    reached = Client()
    reached.force_login(workflow.workflow_owner)
    assert edit_amount(reached, action, "550").status_code == 303


def test_an_edit_is_no_way_around_a_lowered_mode(
    signed_in: Client, agent: Agent, refund: ActionType
) -> None:
    refund.thresholds = [above_500({"mode_to": "draft_only"})]
    refund.save()
    action = create_action(agent, refund)
    response = edit_amount(signed_in, action, "501")
    assert response.status_code == 422
    assert "nothing may be executed" in response.content.decode()
    assert state_of(action) == State.PENDING
