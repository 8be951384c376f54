"""Why a step of the chain reaches somebody else than it names, or nobody, in words."""

from agents_registry import words
from agents_registry.away import Roster
from agents_registry.models import OWNER_ROLES, Person
from agents_registry.pages.people import away_words
from approvals.ladder import Reached
from approvals.models import Action
from approvals.rights import caused


def words_for(reached: Reached, action: Action, reader: Person) -> list[str]:
    """In whose place it comes to them, then each step that reached nobody, as people are now."""
    roster = Roster()
    who = action.stages[reached.step]["who"]
    passed = [
        f"Passed over: {words.who(each)}. {_because(each, action, roster, reader)}"
        for each in reached.passed_over
    ]
    named = _named(who, action)
    if named is None or named == reached.asked.person:
        return passed
    return [f"In place of the {words.who(who)}. {_because(who, action, roster, reader)}", *passed]


def _because(who: str, action: Action, roster: Roster, reader: Person) -> str:
    person = _named(who, action)
    if person is None:
        return "Nobody there may decide it."
    if not person.is_active:
        return f"{person} has no active account."
    if away := away_words(person, roster, reader):
        return f"{person} is {away}."
    if caused(person, action):
        return f"{person} asked for it."
    return f"{person} may not decide it, or was asked before."


def _named(who: str, action: Action) -> Person | None:
    """The very person of a role or a name; None where it may be several, or depends."""
    kind, _, name = who.partition(":")
    if who in OWNER_ROLES:
        owner: Person = getattr(action.workflow, who)
        return owner
    if kind == "person":
        return Person.objects.filter(username=name, teams=action.team_id).first()
    return None
