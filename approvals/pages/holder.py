"""Who has an action, and what this person can do about that."""

from dataclasses import dataclass

from agents_registry.models import Person
from approvals import addressing
from approvals.models import Action
from approvals.states import State


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """`take_from` is the username of who has it; `pools` are pairs of slug and name."""

    words: str
    can_take: bool
    take_words: str
    take_from: str
    can_give_back: bool
    give_back_words: str
    pools: list[tuple[str, str]]


def holder(action: Action, person: Person, *, decides: bool) -> Holder | None:
    """None where nobody waits for it any more. `decides`: whether this person may decide it."""
    if action.state != State.PENDING:
        return None
    has, pool = action.assignee, addressing.pool_of(action)
    return Holder(
        words=_words(action, person),
        can_take=decides and has != person,
        take_words=f"Take it from {has}" if has else "Take it",
        take_from=has.username if has else "",
        can_give_back=addressing.may_give_back(person, action),
        give_back_words=f"Give it back to {pool}",
        pools=[(each.slug, each.name) for each in addressing.other_pools(action)]
        if decides
        else [],
    )


def _words(action: Action, person: Person) -> str:
    if action.assignee is None:
        return f"It waits with {addressing.pool_of(action)}"
    return "You have it" if action.assignee == person else f"{action.assignee} has it"
