"""A verdict that the agent's library has no word for would come back to it as a rejection: people
are told before they decide, it is not offered, and a form that asks for it is refused."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from agents_registry.models import ActionType, Agent, Person, Workflow
from approvals import batches, interrupts, review, staging
from approvals.batch_samples import Batch
from approvals.errors import Conflict
from approvals.interrupts import Asked
from approvals.lots import Lot
from approvals.models import Action, Decision
from approvals.pages.selection import bound
from approvals.proposals import Revised
from approvals.wire.calls import Call, Interrupt, Kind
from tests.approvals import batched
from tests.approvals.test_deciding import decide, form
from tests.factories import create_action, create_action_type, seen

pytestmark = pytest.mark.django_db

YES_OR_NO = frozenset({Kind.APPROVE, Kind.REJECT})
ONLY_NO = frozenset({Kind.REJECT})
ARGS = {"order": "A-1", "amount": 120, "currency": "USD"}
FIELDS = {"f/order": "A-1", "f/amount": "100", "f/currency": '"USD"', "f/note": ""}
NO_EDIT = "This agent&#x27;s library takes a yes or a no here"
NO_APPROVAL = "This agent&#x27;s library takes no approval here"


def create_calls(agent: Agent, key: str, can: frozenset[Kind], *args: dict[str, Any]) -> list[Any]:
    """The actions that the calls of one interrupt became; `can` is what its library takes."""
    at = {"pointer": "", "name_at": "", "args_at": ""}
    calls = [Call(name=key, args=each, can=can, call_id=f"c{place}", **at)
             for place, each in enumerate(args)]  # fmt: skip
    opened = interrupts.open_thread(
        agent=agent,
        asked=Asked(
            shape="openai-agents",
            interrupt=Interrupt(calls, {"call_ids": [call.call_id for call in calls]}),
            workflow=agent.workflows.get().slug,
        ),
    )
    return list(Action.objects.filter(wire_call__thread=opened.thread).order_by("pk"))


def create_call(agent: Agent, can: frozenset[Kind], key: str = "refund", **args: Any) -> Action:
    action: Action
    (action,) = create_calls(agent, key, can, args or ARGS)
    return action


def page(client: Client, action: Action) -> str:
    return str(client.get(f"/actions/{action.pk}/").content.decode())


def post_edit(client: Client, action: Action) -> Any:
    fields = form(action, "edited", checked=["amount"], **FIELDS)
    return client.post(f"/actions/{action.pk}/edit", fields)


def edit(action: Action, person: Person) -> Decision:
    return review.edit_and_approve(
        action_id=action.pk,
        person=person,
        seen=seen(action),
        payload={**ARGS, "amount": 100},
        checked=["amount"],
    )


def nothing_was_decided(action: Action) -> bool:
    action.refresh_from_db()
    return action.state == "pending" and not action.decisions.exists()


def test_an_edit_is_not_offered_where_the_library_takes_only_yes_or_no(
    signed_in: Client, agent: Agent, refund: ActionType
) -> None:
    html = page(signed_in, create_call(agent, YES_OR_NO))
    assert NO_EDIT in html
    assert "reject it and say what should change" in html
    assert 'data-key="e"' not in html
    assert 'data-key="a"' in html


@pytest.mark.parametrize("can", [frozenset(Kind), frozenset({Kind.EDIT, Kind.REJECT})])
def test_where_an_edit_goes_through_it_is_offered_and_taken(
    signed_in: Client, agent: Agent, refund: ActionType, can: frozenset[Kind]
) -> None:
    action = create_call(agent, can)
    html = page(signed_in, action)
    assert 'id="ruled-out"' not in html
    assert 'data-key="e"' in html
    assert 'data-key="a"' in html
    assert post_edit(signed_in, action).status_code == 303


def test_what_came_without_a_library_has_every_verdict(signed_in: Client, action: Action) -> None:
    html = page(signed_in, action)
    assert 'id="ruled-out"' not in html
    assert 'data-key="e"' in html


def test_the_edit_page_leads_back_to_the_action_that_says_why(
    signed_in: Client, agent: Agent, refund: ActionType
) -> None:
    action = create_call(agent, YES_OR_NO)
    response = signed_in.get(f"/actions/{action.pk}/edit?view=pool", follow=True)
    [(url, _)] = response.redirect_chain
    assert url.startswith(f"/actions/{action.pk}/?view=pool")
    assert NO_EDIT in response.content.decode()


def test_a_posted_edit_is_refused_kindly_and_nothing_is_decided(
    signed_in: Client, agent: Agent, refund: ActionType
) -> None:
    action = create_call(agent, YES_OR_NO)
    refused = post_edit(signed_in, action)
    assert refused.status_code == 409
    assert f"{NO_EDIT}. Nothing was decided." in refused.content.decode()
    assert nothing_was_decided(action)


def test_the_verb_refuses_whoever_calls_it(
    agent: Agent, refund: ActionType, reviewer: Person
) -> None:
    action = create_call(agent, YES_OR_NO)
    with pytest.raises(Conflict) as refused:
        edit(action, reviewer)
    assert refused.value.code == "ruled_out"
    assert nothing_was_decided(action)
    review.approve(action_id=action.pk, person=reviewer, seen=seen(action), checked=["amount"])


def test_each_call_of_an_interrupt_has_its_own_limits(
    agent: Agent, refund: ActionType, reviewer: Person
) -> None:
    at = {"pointer": "", "name_at": "", "args_at": ""}
    calls = [Call(name="refund", args=ARGS, can=can, call_id=str(can), **at)
             for can in (frozenset(Kind), YES_OR_NO)]  # fmt: skip
    asked = Asked(
        shape="openai-agents",
        interrupt=Interrupt(calls, {"call_ids": ["a", "b"]}),
        workflow=agent.workflows.get().slug,
    )
    interrupts.open_thread(agent=agent, asked=asked)
    first, second = Action.objects.order_by("pk")
    edit(first, reviewer)
    with pytest.raises(Conflict, match="yes or a no"):
        edit(second, reviewer)


def test_an_approval_that_the_library_takes_in_no_form_is_neither_offered_nor_taken(
    signed_in: Client, agent: Agent, refund: ActionType
) -> None:
    action = create_call(agent, ONLY_NO)
    html = page(signed_in, action)
    assert NO_APPROVAL in html
    assert 'data-key="a"' not in html
    assert 'data-key="e"' not in html
    assert 'data-key="r"' in html
    refused = decide(signed_in, action, "approved", checked=["amount"])
    assert refused.status_code == 409
    assert NO_APPROVAL in refused.content.decode()
    assert nothing_was_decided(action)
    assert decide(signed_in, action, "rejected", reason="tone").status_code == 303


def test_what_the_agent_changed_since_cannot_be_approved_without_an_edit(
    signed_in: Client, agent: Agent, refund: ActionType, reviewer: Person
) -> None:
    action = create_call(agent, YES_OR_NO)
    review.ask_for_changes(
        action_id=action.pk, person=reviewer, seen=seen(action), comment="Half of it."
    )
    half = Revised(payload={**ARGS, "amount": 60}, trace={"model": "test"}, before=ARGS)
    staging.revise(agent=agent, action_id=action.pk, revised=half)
    html = page(signed_in, action)
    assert "takes only what it asked for first" in html
    assert 'data-key="a"' not in html
    refused = decide(signed_in, action, "approved", checked=["amount"])
    assert refused.status_code == 409
    assert Action.objects.get(pk=action.pk).state == "pending"


def test_a_draft_that_people_use_themselves_may_be_edited(
    signed_in: Client, agent: Agent, workflow: Workflow
) -> None:
    create_action_type(workflow, "draft", mode="draft_only")
    action = create_call(agent, YES_OR_NO, "draft")
    assert 'id="ruled-out"' not in page(signed_in, action)
    assert post_edit(signed_in, action).status_code == 303
    assert Action.objects.get(pk=action.pk).state == "accepted"


def test_an_answer_that_becomes_a_rejection_says_so_first_and_is_still_given(
    signed_in: Client, agent: Agent, workflow: Workflow
) -> None:
    create_action_type(workflow, "ask", payload_schema={}, impact=None)
    action = create_call(agent, YES_OR_NO, "ask", question="Which colour?")
    assert "library takes no answer here" in page(signed_in, action)
    assert decide(signed_in, action, "answered", comment="Blue.").status_code == 303
    free = create_call(agent, frozenset({Kind.ANSWER, Kind.REJECT}), "ask", question="Which size?")
    assert 'id="ruled-out"' not in page(signed_in, free)


def test_who_only_reads_along_is_told_of_no_limit(
    client: Client, agent: Agent, refund: ActionType, workflow: Workflow
) -> None:
    action = create_call(agent, YES_OR_NO)
    client.force_login(workflow.risk_owner)
    assert 'id="ruled-out"' not in page(client, action)


def create_titles(agent: Agent, workflow: Workflow, can: frozenset[Kind], count: int) -> list[Any]:
    titles = workflow.action_types.filter(key="set_title").first()
    titles = titles or batched.create_title_type(workflow, waives=["before", "trace"])
    args = [{"contact": f"c{number}", "title": "Buyer"} for number in range(count)]
    return create_calls(agent, titles.key, can, *args)


def test_the_table_of_chosen_ones_offers_no_approval_that_comes_back_as_a_rejection(
    signed_in: Client, agent: Agent, workflow: Workflow
) -> None:
    (action,) = create_titles(agent, workflow, ONLY_NO, 1)
    page(signed_in, action)
    ids = f"/selection/?id={action.pk}"
    html = signed_in.get(ids).content.decode()
    assert f"{NO_APPROVAL}. Decide it on its own page." in html
    assert "Approve this one" not in html
    posted = {"id": [str(action.pk)], "approve": bound(action)}
    told = signed_in.post("/selection/", posted, follow=True).content.decode()
    assert f"{NO_APPROVAL}. Nothing was decided." in told
    assert nothing_was_decided(action)


def test_in_a_batch_they_are_closed_and_the_rest_is_approved(
    agent: Agent, workflow: Workflow, reviewer: Person
) -> None:
    limited = create_titles(agent, workflow, ONLY_NO, 2)
    fine = create_titles(agent, workflow, YES_OR_NO, 4)
    batch = Batch.of(fine[0])
    assert Batch.of(limited[0]) == batch
    lot = Lot.of(batch, reviewer)
    assert set(lot.closed) == {action.pk for action in limited}
    assert not lot.drawn & lot.closed.keys()
    batched.open_all(reviewer, [action.pk for action in fine])
    act = batches.approve(
        person=reviewer, batch=batch, seen={action.pk: seen(action) for action in fine}
    )
    assert set(act.decided) == {action.pk for action in fine}
    assert all(map(nothing_was_decided, limited))


def test_the_limits_cost_one_query_however_many_are_looked_at(
    agent: Agent, workflow: Workflow, reviewer: Person
) -> None:
    (first,) = create_titles(agent, workflow, ONLY_NO, 1)
    batch = Batch.of(first)
    with CaptureQueriesContext(connection) as few:
        Lot.of(batch, reviewer)
    create_titles(agent, workflow, ONLY_NO, 5)
    with CaptureQueriesContext(connection) as many:
        assert len(Lot.of(batch, reviewer).closed) == 6
    assert len(many) == len(few)


def test_an_action_is_read_in_as_many_queries_with_a_library_as_without(
    signed_in: Client, agent: Agent, refund: ActionType, action: Action
) -> None:
    call = create_call(agent, YES_OR_NO)
    plain = create_action(agent, refund, payload=ARGS)
    page(signed_in, action)
    counts = []
    for each in (plain, call):
        with CaptureQueriesContext(connection) as asked:
            page(signed_in, each)
        counts.append(len(asked))
    assert counts[0] == counts[1]
