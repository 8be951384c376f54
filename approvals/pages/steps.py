"""What an action waits for and what waits for it, and where it was not done as approved."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from approvals import after_state
from approvals.as_approved import NOTHING, Difference
from approvals.dependencies import steps_of
from approvals.models import Action
from approvals.pages import words
from approvals.pages.content import Text, text
from approvals.pages.head import STATE_CSS
from approvals.states import State
from approvals.step_policy import CAME_TO_NOTHING, CAN_BE_HALTED

MOST = 50
"""Of what waits for it, so many are listed; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Line:
    """Another action, as it stands."""

    url: str
    sentence: Text
    state_words: str
    state_css: str


@dataclass(frozen=True, slots=True)
class Steps:
    """`more` is how many wait beside those that are listed; `words` says what holds it back."""

    waits_for: list[Line]
    waited_for_by: list[Line]
    more: int
    words: str


@dataclass(frozen=True, slots=True)
class Place:
    """A place at which something else was done than was approved."""

    payload: Text
    after: Text
    approved: Text
    found: Text


def steps(action: Action) -> Steps | None:
    """None where it stands alone."""
    waits_for = steps_of(action)
    edges = action.waited_for_by.select_related("action").order_by("action_id")
    behind = [edge.action for edge in edges[: MOST + 1]]
    if not waits_for and not behind:
        return None
    return Steps(
        waits_for=[_line(each) for each in waits_for],
        waited_for_by=[_line(each) for each in behind[:MOST]],
        more=max(0, edges.count() - MOST) if len(behind) > MOST else 0,
        words=_words(action, waits_for),
    )


def not_as_approved(action: Action) -> list[Place]:
    """Empty where it was done as approved, where nobody can tell, and where it was not done."""
    return [_place(each) for each in after_state.differences(action)]


def _words(action: Action, waits_for: Sequence[Action]) -> str:
    """What it means for this action, while nobody has taken it."""
    if action.state not in CAN_BE_HALTED or not waits_for:
        return ""
    lost = sum(step.state in CAME_TO_NOTHING for step in waits_for)
    if lost:
        return f"{lost} of these came to nothing"
    now = "" if action.state == State.APPROVED else "It can be decided now. "
    return f"{now}The agent takes it when these are done"


def _line(action: Action) -> Line:
    return Line(
        url=reverse("action", args=[action.pk]),
        sentence=text(action.sentence),
        state_words=words.state(action.state),
        state_css=STATE_CSS.get(action.state, ""),
    )


def _place(found: Difference) -> Place:
    return Place(
        payload=text(found.payload),
        after=text(found.after),
        approved=text(_plain(found.approved)),
        found=text("nothing" if found.found is NOTHING else _plain(found.found)),
    )


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
