"""Interrupts as LangChain's middleware makes them, and the threads that they become."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse

from agents_registry.models import Agent, Person, Workflow
from approvals import interrupts, review
from approvals.interrupts import Asked
from approvals.models import Action
from approvals.wire import langchain
from tests import factories


def refund(order: str, amount: int = 120) -> dict[str, Any]:
    return {"order": order, "amount": amount, "currency": "USD"}


def question(*orders: str, interrupt: str = "i1") -> dict[str, Any]:
    """What LangGraph gives out where the middleware asks for so many refunds at once."""
    requests = [{"name": "refund", "args": refund(order)} for order in orders]
    allowed = ["approve", "edit", "reject"]
    configs = [{"action_name": "refund", "allowed_decisions": allowed} for _ in orders]
    value = {"action_requests": requests, "review_configs": configs}
    return {"id": interrupt, "value": value, "response_schema": None}


def create_thread(agent: Agent, workflow: Workflow, *orders: str, by: Person | None = None) -> UUID:
    """A thread through the verb that the API uses; with `by` every call of it is approved."""
    interrupt = langchain.read(question(*orders, interrupt=orders[0]))
    asked = Asked(shape="langchain", interrupt=interrupt, workflow=workflow.slug)
    opened = interrupts.open_thread(agent=agent, asked=asked)
    for action in Action.objects.filter(wire_call__thread=opened.thread) if by else ():
        approve(action, by)
    thread_id: UUID = opened.thread.pk
    return thread_id


def approve(action: Action, person: Person | None) -> None:
    assert person
    review.approve(
        action_id=action.pk, person=person, seen=factories.seen(action), checked=["amount"]
    )


def opened(answer: HttpResponse) -> tuple[str, list[Action]]:
    assert answer.status_code == 201, answer.content
    ids = [action["id"] for action in answer.json()["actions"]]
    found = Action.objects.in_bulk(ids, field_name="pk")
    by_id = {str(pk): action for pk, action in found.items()}
    return f"/wire/langchain/{answer.json()['thread_id']}", [by_id[each] for each in ids]


def edit(action: Action, person: Person, payload: dict[str, Any]) -> None:
    review.edit_and_approve(
        action_id=action.pk,
        person=person,
        seen=factories.seen(action),
        payload=payload,
        checked=["amount"],
    )


def reject(action: Action, person: Person, comment: str = "") -> None:
    review.reject(
        action_id=action.pk,
        person=person,
        seen=factories.seen(action),
        reason="wrong_facts",
        comment=comment,
    )
