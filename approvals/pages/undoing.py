"""How an action can be undone, in honest words, and whether that was ever seen to work."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from agents_registry.models import Person
from approvals.models import Action
from approvals.states import State

LATELY = 1000
"""Among how many of the newest of its type a rollback is looked for."""

ENDS = {State.ROLLED_BACK: "worked", State.ROLLBACK_FAILED: "failed"}


@dataclass(frozen=True, slots=True)
class Undoing:
    """The way back that the type names, if any; `proven_css` is good, bad or empty."""

    path: str
    words: str
    proven_words: str = ""
    proven_css: str = ""


def undoing(action: Action, person: Person) -> Undoing:
    path, final = action.action_type.rollback_path, _is_final(action)
    if not path:
        words = "Once it is done, it stays done." if final else "It could be undone, but by hand."
        return Undoing("", words)
    words = "It cannot be taken back. What helps instead:" if final else "It can be undone:"
    return Undoing(path, words, *_proof(action, person))


def _is_final(action: Action) -> bool:
    return action.action_type.reversibility == "irreversible"


def _proof(action: Action, person: Person) -> tuple[str, str]:
    newest = Action.objects.filter(action_type=action.action_type_id).order_by("-created_at")
    tried = (
        Action.objects.filter(pk__in=newest.values("pk")[:LATELY], state__in=list(ENDS))
        .order_by("-changed_at")
        .values_list("state", "changed_at")
        .first()
    )
    if tried is None:
        return "not tried lately, so not proven", ""
    day = tried[1].astimezone(ZoneInfo(person.time_zone)).strftime("%-d %B")
    end = ENDS[State(tried[0])]
    return f"last tried on {day}: it {end}", "good" if end == "worked" else "bad"
