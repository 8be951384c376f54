"""An action's stream of the record as lines that people read."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from agents_registry.models import Person
from approvals import four_eyes, usage
from approvals.models import Action
from approvals.pages import words
from approvals.pages.content import Text, text
from ledger import record
from ledger.models import Event

WORDS = {
    "action.staged": "{who} staged revision {revision}",
    "action.revised": "{who} staged revision {revision}",
    "action.approved": "{who} approved it",
    "action.approval_counted": "{who} approved it; somebody else still had to",
    "action.approval_taken_back": "{who} took that approval back",
    "action.approval_lapsed": "The approval of {to} no longer counts: they may not decide it now",
    "action.accepted": "{who} accepted it; nothing is executed",
    "action.blocked": "{who} blocks it",
    "action.rejected": "{who} rejected it",
    "action.changes_requested": "{who} asked for changes",
    "action.taken_over": "{who} took it over",
    "action.answered": "{who} answered",
    "action.escalated": "It goes to {to}",
    "action.reassigned": "{who} gave it to {to}",
    "action.claimed": "{who} took it on",
    "action.given_back": "{who} gave it back to {to}",
    "action.handed_to_pool": "{who} handed it to {to}",
    "action.handed_on": "Whom it waited for has left: it goes to {to}",
    "action.handed_on:away": "{from} is away: it goes to {to}",
    "action.step_put_off": "What comes next could not be worked out: it is tried again in an hour",
    "action.reminded": "Reminder: nobody has decided yet",
    "action.held": "The chain is at its end: it is held for an owner",
    "action.expired": "Nobody answered in time: it expired, nothing is done",
    "action.withdrawn": "{who} took it back",
    "action.released": "{who} took it (lease {fence})",
    "action.succeeded": "{who} reports: done",
    "action.failed": "{who} reports: it failed",
    "action.lease_ran_out": "The lease ran out without an outcome",
    "action.settled": "{who} settled it",
    "action.follow_up_closed": "{who} closed the open work",
    "action.follow_up_moved": "The open work was late: it goes to {to}",
    "follow_up.handed_on": "Whom the open work waited for has left: it goes to {to}",
    "follow_up.handed_on:away": "{from} is away: the open work goes to {to}",
    "action.recall_requested": "Stopped while an agent had it: {who} asked it back",
    "action.decision_undone": "{who} took the decision back",
    "action.world_changed": "The target changed: it is with the reviewers again",
    "action.clock_moved": "Turned on again: the deadline moved on",
    "action.rejudged": "{who} judged it again: the mode of its type went down",
    "action.recalled": "{who} took its approval back: the mode of its type went down",
    "action.rollback_requested": "{who} asked for rollback",
    "action.mistake_reported": "{who} reported a mistake",
    "action.taken_over_done": "{who} says what was done",
    "action.used": "{who} says that it was {used}",
    "action.rolled_back": "{who} reports: rolled back",
    "action.drawn": "It was drawn by lot for a spot check",
    "action.spot_checked": "{who} looked at it afterwards: it {found}",
    "action.rollback_failed": "{who} reports: the rollback failed",
}
CSS = {"agent": "ag", "policy": "po", "system": "po", "person": ""}
PEOPLE = ("to", "from", "for", "instead_of")
"""What an event's body calls the people in it."""

BAD = {"action.rejected", "action.blocked", "action.failed", "action.expired"}


@dataclass(frozen=True, slots=True)
class Line:
    """One line: who did what when; `text` is what they wrote."""

    css: str
    words: str
    text: Text
    iso: str
    at_words: str


def timeline(action: Action, person: Person) -> list[Line]:
    """What happened, from the record, and what comes next if nobody acts."""
    events = list(
        Event.objects.filter(stream=action.stream)
        .exclude(four_eyes.hidden_events(action, person))
        .order_by("seq")
        .prefetch_related("sealed")
    )
    bodies = [record.body_of(event) for event in events]
    names = _names(events, bodies)
    past = [_line(*pair, names, action, person) for pair in zip(events, bodies, strict=True)]
    return past + _next(action, person)


def _names(events: list[Event], bodies: list[dict[str, Any]]) -> dict[str, str]:
    """The names behind `person:<id>`, in one query."""
    said = {event.actor for event in events}
    said |= {str(body.get(name)) for body in bodies for name in PEOPLE}
    ids = [who.partition(":")[2] for who in said if who.startswith("person:")]
    people = Person.objects.filter(pk__in=[pk for pk in ids if pk.isdigit()])
    return {f"person:{person.pk}": str(person) for person in people}


def _line(
    event: Event, body: dict[str, Any], names: Mapping[str, str], action: Action, person: Person
) -> Line:
    kind = event.actor.partition(":")[0]
    facts = {
        "who": _who(event, body, names, action),
        "from": names.get(str(body.get("from")), "Whom it waited for"),
        "to": _to(body, names),
        "revision": body.get("revision", 1),
        "fence": body.get("fence", ""),
        "found": body.get("found", ""),
        "used": usage.WORDS.get(body.get("used", ""), ""),
    }
    return Line(
        css="no" if event.type in BAD else CSS.get(kind, ""),
        words=_pattern(event, body).format(**facts),
        text=text(body.get("comment") or body.get("reason") or body.get("error")),
        iso=event.at.isoformat(),
        at_words=words.clock_time(event.at, person),
    )


def _pattern(event: Event, body: Mapping[str, Any]) -> str:
    """What says more of why it happened comes first."""
    because = WORDS.get(f"{event.type}:{body.get('why')}")
    return because or WORDS.get(event.type, event.type.partition(".")[2].replace("_", " "))


def _who(event: Event, body: Mapping[str, Any], names: Mapping[str, str], action: Action) -> str:
    """Who did it, and for whom where they only stood in: “Wanda Kowalska, for Omar Haddad,”."""
    kind = event.actor.partition(":")[0]
    others = {"agent": action.agent.name, "policy": "The policy"}
    who = names.get(event.actor) or others.get(kind, "The clock")
    stood_for = names.get(str(body.get("for")))
    return f"{who}, for {stood_for}," if stood_for else who


def _to(body: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """Whom it went to, and instead of whom; a pool by its name, else the workflow's."""
    to = str(body.get("to"))
    pool = f"the {words.who(to)}" if to.startswith("pool:") else "the reviewer pool"
    instead_of = names.get(str(body.get("instead_of")))
    return f"{names.get(to, pool)}{f', for {instead_of}' if instead_of else ''}"


def _next(action: Action, person: Person) -> list[Line]:
    """The steps that are still to come, without a promise of who stands behind a role then."""
    if action.state != "pending" or action.held or action.due_at is None:
        return []
    lines = []
    if action.next_step_at and action.next_step_at < action.due_at:
        lines.append(_coming("A reminder", action.next_step_at, person))
    stages = action.stages
    if action.step + 1 < len(stages):
        whom = words.who(stages[action.step + 1]["who"])
        return [*lines, _coming(f"Goes to the {whom}", action.due_at, person)]
    end = {"expire": "it expires, nothing is done"}.get(action.frozen["fallback"], "it is held")
    return [*lines, _coming(f"Nobody answers: {end}", action.due_at, person)]


def _coming(what: str, at: Any, person: Person) -> Line:
    return Line("next", what, [], at.isoformat(), words.clock_time(at, person))
