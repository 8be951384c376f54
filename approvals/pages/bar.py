"""The decision bar: which verdicts this person has on this action, and in which words."""

from dataclasses import dataclass

from agents_registry.away import away_now
from agents_registry.models import Person
from agents_registry.policy.findings import Tier
from approvals import four_eyes, ladder
from approvals.judging import BUILT_IN
from approvals.models import Action, Cause, Reason
from approvals.pages import words
from approvals.pages.versions import Shown
from approvals.ruled_out import Asked

CHECKS = ["Recipient and target", "Numbers against the source", "What the sources say"]
FOLDED = "The long texts, opened to their end"
HINTS = {"wrong_facts": "a number or name does not match the source"}


@dataclass(frozen=True, slots=True)
class Choice:
    """One entry of a list to choose from."""

    value: str
    label: str
    hint: str = ""
    required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """What can be decided here."""

    can_approve: bool
    can_edit: bool
    can_reject: bool
    can_ask: bool
    can_answer: bool
    can_escalate: bool
    can_reassign: bool
    can_take_over: bool
    approve_words: str
    approve_note: str
    checks: list[Choice]
    reasons: list[Choice]
    causes: list[Choice]
    changes_words: str
    next_person: str
    next_words: str
    colleagues: list[Choice]


def bar(action: Action, person: Person, *, folded: bool, shown: Shown, asked: Asked) -> Bar | None:
    """The bar of somebody who may decide it; None where it is decided. `folded`: long texts are
    not open; `asked`: what the library that it came from takes.

    Who approved already, while others still have to, passes it on or takes the approval back.
    """
    if action.state != "pending":
        return None
    question = action.action_type.key in BUILT_IN
    decides = four_eyes.own_approval(action, person) is None
    next_person, next_words = _next(action)
    colleagues = _colleagues(action, person)
    return Bar(
        can_approve=decides and not question and not asked.against_approval_of(shown.digest),
        can_edit=decides and not question and not asked.against_edit(),
        can_reject=decides,
        can_ask=decides,
        can_answer=decides and question,
        can_escalate=bool(next_words),
        can_reassign=bool(colleagues),
        can_take_over=decides,
        approve_words=_approve_words(action, shown),
        approve_note="You can take it back until the agent picks it up.",
        checks=checks_of(action, shown.tier, folded=folded),
        reasons=[Choice(r.value, str(r.label), HINTS.get(r.value, "")) for r in Reason],
        causes=[Choice(c.value, str(c.label)) for c in Cause],
        changes_words="which has two business days to revise it",
        next_person=next_person,
        next_words=next_words,
        colleagues=colleagues,
    )


def _approve_words(action: Action, shown: Shown) -> str:
    if action.is_only_accepted:
        return "Accept the draft"
    return "Approve" if len(shown.looks) < 2 else f"Approve {shown.words.lower()}"


def checks_of(action: Action, tier: Tier, *, folded: bool = False) -> list[Choice]:
    """What the reviewer of the top tier says they checked; folded texts have to be among it."""
    if tier != Tier.MANDATORY:
        return []
    checks = [Choice(check, check) for check in action.action_type.checks or CHECKS]
    return [*checks, Choice(FOLDED, FOLDED, required=True)] if folded else checks


def _next(action: Action) -> tuple[str, str]:
    """Who comes next in the chain, by name and role; empty at its end."""
    reached = None if action.held else ladder.next_stage(action)
    if reached is None:
        return "", ""
    asked, role = reached.asked, words.who(reached.who)
    if asked.instead_of:
        role = f"in place of {asked.instead_of}, {role}"
    return (str(asked.person) if asked.person else ""), role


def _colleagues(action: Action, person: Person) -> list[Choice]:
    """Those who may decide it too, and are there."""
    pool = action.workflow.pool.people.filter(is_active=True).exclude(pk=person.pk)
    people = {other: str(other) for other in pool.order_by("username")}
    owner = action.workflow.approval_owner
    if owner.is_active and owner != person:
        people.setdefault(owner, f"{owner}, approval owner")
    away = away_now(each.pk for each in people)
    return [Choice(who.username, name) for who, name in people.items() if who.pk not in away]
