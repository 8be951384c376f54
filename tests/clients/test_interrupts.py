"""A framework's interrupt: decided by people, then carried out by guarded functions, each once."""

from typing import Any

import pytest
from review_queue import Client, Problem, StillPending

from agents_registry.models import Person
from approvals import review
from approvals.models import Action, Lease
from approvals.states import State
from tests.clients.conftest import REFUND
from tests.factories import seen


def interrupt(*payloads: dict[str, Any]) -> dict[str, Any]:
    """What LangChain's middleware asks for these refunds, with ids that tell it apart."""
    requests = [{"name": "refund", "args": payload} for payload in payloads]
    allowed = [{"action_name": "refund", "allowed_decisions": ["approve", "edit", "reject"]}]
    value = {"action_requests": requests, "review_configs": allowed}
    return {"id": "interrupt-1", "value": value}


def decide_all(rq: Client, support: str, reviewer: Person, asked: Any) -> None:
    """The first is approved at 80, the second as it is, the third is rejected."""
    with pytest.raises(StillPending):
        rq.decided("langchain", asked, workflow=support, timeout=0)
    first, second, third = Action.objects.order_by("pk")
    person: dict[str, Any] = {"person": reviewer}
    half = {**REFUND, "amount": 80}
    review.edit_and_approve(
        action_id=first.pk, seen=seen(first), payload=half, checked=["x"], **person
    )
    review.approve(action_id=second.pk, seen=seen(second), checked=["x"], **person)
    review.reject(action_id=third.pk, seen=seen(third), reason="tone", comment="No.", **person)


def test_what_was_approved_is_found_by_the_guard_and_done_once(
    rq: Client, support: str, reviewer: Person
) -> None:
    asked = interrupt(REFUND, {**REFUND, "order": "A-2"}, {**REFUND, "order": "A-3"})
    decide_all(rq, support, reviewer, asked)
    paid: list[tuple[str, float]] = []

    @rq.guard(workflow=support, timeout=0)
    def refund(order: str, amount: float, currency: str, note: str = "") -> None:
        paid.append((order, amount))

    decided = rq.decided("langchain", asked, workflow=support)
    kinds = [each["type"] for each in decided.resume["interrupt-1"]["decisions"]]
    assert kinds == ["edit", "approve", "reject"]
    assert [release is not None for release in decided.releases] == [True, True, False]
    with decided.in_force():
        refund("A-1", 120, "USD")  # as the model asked
        refund(**{**REFUND, "order": "A-2"})
        with pytest.raises(StillPending):
            refund("A-1", 120, "USD")  # a second one: nobody approved that
        with pytest.raises(StillPending):
            refund("A-3", 120, "USD")
    assert paid == [("A-1", 80), ("A-2", 120)]
    assert Action.objects.filter(state=State.SUCCEEDED).count() == 2
    assert Lease.objects.count() == 2


def test_a_framework_may_call_with_the_arguments_of_the_person(
    rq: Client, support: str, reviewer: Person
) -> None:
    asked = interrupt(REFUND, {**REFUND, "order": "A-2"}, {**REFUND, "order": "A-3"})
    decide_all(rq, support, reviewer, asked)
    paid: list[float] = []

    @rq.guard(workflow=support, timeout=0)
    def refund(order: str, amount: float, currency: str) -> None:
        paid.append(amount)

    with rq.decided("langchain", asked, workflow=support).in_force():
        refund("A-1", 80, "USD")
    assert paid == [80]
    with pytest.raises(StillPending):
        refund("A-2", 120, "USD")
    assert paid == [80], "outside nothing is in force"


def test_a_tool_that_nobody_listed_is_refused_whole(rq: Client, support: str) -> None:
    asked = interrupt(REFUND)
    asked["value"]["action_requests"].append({"name": "drop_table", "args": {}})
    with pytest.raises(Problem, match="unknown_action_type"):
        rq.decided("langchain", asked, workflow=support)
    assert not Action.objects.exists()
