"""What happens elsewhere to the rows that somebody has on the screen: who has one open, which were
decided or changed meanwhile."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from agents_registry.models import Person
from approvals.models import DECIDING, Action, Decision, Viewing
from approvals.pages import words
from approvals.presence import LOOKING
from approvals.querysets import in_teams_of
from approvals.states import State
from ledger import clock

ON_ONE_SCREEN = 100


def elsewhere(person: Person, ids: Collection[UUID]) -> dict[str, Any]:
    """`{"open": {action: {person: name}}, "rows": {action: {"bound"} or {"word", "note"}}}`.

    `rows` names every action that was asked for and that this person may see. `bound` is what a
    decision on it would be bound to now; `word` and `note` tell what it became.
    """
    visible = in_teams_of(person).filter(pk__in=ids)
    rows = list(visible.only("id", "state", "revision", "policy_revision"))
    gone = [action.pk for action in rows if action.state != State.PENDING]
    deciders = _deciders(gone, person) if gone else {}
    return {
        "open": _open([action.pk for action in rows], person),
        "rows": {str(action.pk): _row(action, deciders.get(action.pk, "")) for action in rows},
    }


def bound(action: Action) -> str:
    """What the hidden fields of a verdict's form say, in short."""
    return f"{action.revision} {action.policy_revision}"


def _row(action: Action, decider: str) -> dict[str, str]:
    if action.state == State.PENDING:
        return {"bound": bound(action)}
    word = words.state(action.state)
    if decider:
        return {"word": word, "note": f"{decider} decided this: it is {word}."}
    return {"word": word, "note": f"This is {word} now."}


def _open(ids: list[UUID], person: Person) -> dict[str, dict[str, str]]:
    looking = Viewing.objects.filter(action__in=ids, seen_at__gt=clock.now() - LOOKING)
    found: dict[str, dict[str, str]] = {}
    for viewing in looking.exclude(person=person).select_related("person").order_by("since"):
        found.setdefault(str(viewing.action_id), {})[str(viewing.person_id)] = str(viewing.person)
    return found


def _deciders(ids: list[UUID], person: Person) -> dict[UUID, str]:
    """Who took the last standing decision on each."""
    standing = Decision.objects.filter(action__in=ids, verdict__in=DECIDING, undone_at=None)
    return {
        decision.action_id: "You" if decision.person_id == person.pk else str(decision.person)
        for decision in standing.select_related("person").order_by("pk")
    }
