"""How an action can be undone, in honest words, and whether that was ever seen to work."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef
from django.urls import reverse

from agents_registry.models import Person
from agents_registry.words import way_back
from approvals.models import Action, Content, FollowUp, FollowUpKind, Purpose
from approvals.pages import words
from approvals.pages.content import Text, text
from approvals.pages.head import STATE_CSS
from approvals.states import State

MOST = 5
"""How many of what was staged to undo an action are named."""

LATELY = 1000
"""Among how many of the newest of its type a rollback is looked for."""

ENDS = {State.ROLLED_BACK: "worked", State.ROLLBACK_FAILED: "failed"}


@dataclass(frozen=True, slots=True)
class Other:
    """The action that this one undoes, or one that was staged to undo it."""

    words: str
    url: str
    state: str
    state_css: str


@dataclass(frozen=True, slots=True)
class Undoing:
    """The way back that the type names, if any; `proven_css` is good, bad or empty. `asked`: who
    asked for it and why, where this is what undoes another action."""

    path: str
    words: str
    others: list[Other]
    asked: Text
    is_drill: bool
    proven_words: str = ""
    proven_css: str = ""


def undoing(action: Action, person: Person, content: Content) -> Undoing:
    path, final = _path(action), _is_final(action)
    if path:
        said = "It cannot be taken back. What helps instead:" if final else "It can be undone:"
    else:
        said = "Once it is done, it stays done." if final else "It could be undone, but by hand."
    proven_words, proven_css = _proof(action, person) if path else ("", "")
    return Undoing(
        path=path,
        words=said,
        others=list(_others(action)),
        asked=text(content.handoff.get("trigger")) if is_asked_for(action, content) else [],
        is_drill=action.purpose == Purpose.EVAL,
        proven_words=proven_words,
        proven_css=proven_css,
    )


def is_asked_for(action: Action, content: Content) -> bool:
    """Whether a person's request for rollback made it: then nothing of it is an agent's claim.
    What the agent revised is its own again."""
    return action.rolls_back_id is not None and content.revision == 1


def _path(action: Action) -> str:
    """In the owners' words, else what would be staged."""
    return way_back(action.action_type.rollback_path, action.action_type.rollback)


def _others(action: Action) -> Iterator[Other]:
    if action.rolls_back_id:
        drill = action.purpose == Purpose.EVAL
        yield _other("It rehearses undoing this" if drill else "It undoes this", action.rolls_back)
    for staged in action.rollbacks.order_by("-pk")[:MOST]:
        drill = staged.purpose == Purpose.EVAL
        yield _other("A rehearsal of undoing it" if drill else "What undoes it", staged)


def _other(said: str, other: Any) -> Other:
    url = reverse("action", args=[other.pk])
    return Other(said, url, words.state(other.state), STATE_CSS.get(other.state, ""))


def _is_final(action: Action) -> bool:
    return action.action_type.reversibility == "irreversible"


def _proof(action: Action, person: Person) -> tuple[str, str]:
    newest = Action.objects.filter(action_type=action.action_type_id).order_by("-created_at")
    doubts = FollowUp.objects.filter(action=OuterRef("pk"), kind=FollowUpKind.PHANTOM_ROLLBACK)
    tried = (
        Action.objects.filter(pk__in=newest.values("pk")[:LATELY], state__in=list(ENDS))
        .annotate(doubted=Exists(doubts))
        .order_by("-changed_at")
        .values_list("state", "changed_at", "doubted")
        .first()
    )
    if tried is None:
        return "not tried lately, so not proven", ""
    state, at, doubted = tried
    day = at.astimezone(ZoneInfo(person.time_zone)).strftime("%-d %B")
    end = "was reported, and nothing had changed" if doubted else ENDS[State(state)]
    return f"last tried on {day}: it {end}", "good" if end == "worked" else "bad"
