"""Asking for one action's rollback: what would be staged for it, or why nothing can be."""

from dataclasses import dataclass

from django.urls import reverse

from agents_registry.models import Person
from approvals import ways_back
from approvals.models import Action
from approvals.pages.content import LeafRow, leaves
from approvals.permissions import why_no_rollback
from approvals.ways_back import CAN_BE_ASKED


@dataclass(frozen=True, slots=True, kw_only=True)
class Undoable:
    """`by` is the action type that would be staged, with its payload; empty where the agent undoes
    it by itself: then there is nothing to rehearse. With `obstacle`, `ask_url` is empty."""

    ask_url: str
    drill_url: str
    by: str
    payload: list[LeafRow]
    obstacle: str


def undoable(action: Action, person: Person) -> Undoable | None:
    """None where it is not this person's to ask, or nobody's in this state."""
    if action.state not in CAN_BE_ASKED or why_no_rollback(person, action):
        return None
    way = ways_back.of(action)
    if way.obstacle and not action.action_type.rollback:
        return None
    staged = way.action_type is not None and not way.obstacle
    return Undoable(
        ask_url="" if way.obstacle else reverse("ask_rollback", args=[action.pk]),
        drill_url=reverse("drill_rollback", args=[action.pk]) if staged else "",
        by=str(way.action_type) if staged else "",
        payload=leaves(way.payload) if staged else [],
        obstacle=way.obstacle,
    )
