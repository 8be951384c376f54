"""Who has an action, and what this person can do about that."""

from dataclasses import dataclass

from agents_registry.away import Roster, away_now
from agents_registry.models import Person
from agents_registry.pages.people import away_words
from approvals import addressing
from approvals.models import Action
from approvals.rights import REACHING
from approvals.states import State
from ledger import record
from ledger.models import Event


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
    has_it = "You have it" if action.assignee == person else f"{action.assignee} has it"
    return has_it + _for_whom(action, action.assignee, person)


def _for_whom(action: Action, holder: Person, reader: Person) -> str:
    """“, for Omar Haddad, away until 1 Dec”, where it came to them in somebody's place."""
    meant = _meant(action, holder)
    roster = Roster(away_now([(meant or holder).pk]))
    until = away_words(meant or holder, roster, reader)
    return "".join(f", {said}" for said in (f"for {meant}" if meant else "", until) if said)


def _meant(action: Action, holder: Person) -> Person | None:
    """In whose place the last step that moved it brought it to who has it now."""
    moved = Event.objects.filter(stream=action.stream, type__in=REACHING)
    last = moved.order_by("-seq").prefetch_related("sealed").first()
    said = record.body_of(last) if last else {}
    kind, _, pk = str(said.get("instead_of", "")).partition(":")
    if said.get("to") != f"person:{holder.pk}" or kind != "person":
        return None
    return Person.objects.filter(pk=pk).first()
