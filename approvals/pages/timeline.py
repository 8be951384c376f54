"""An action's stream of the record as lines that people read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Q

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
    "action.withdrawn:step": "What it depends on came to nothing: it is withdrawn",
    "action.revoked:step": "What it depends on came to nothing: its approval is taken back",
    "action.step_halted": "What depends on it was stopped",
    "action.step_retried": "It is tried again, as the workflow says",
    "action.gone_on": "What it depends on came to nothing: it goes on without",
    "action.not_as_approved": "It was done, but not as approved",
    "action.observed": "{who} judged it; nothing is done of it",
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
    "action.rejudged:opinion": "A checker asked for a closer look",
    "action.opinion_given": "A checker said what it thinks",
    "action.result_reported": "{who} reports what came of it",
    "action.guidance_left": "{who} left guidance about it",
    "action.guidance_taken_back": "{who} took guidance back",
    "action.recalled": "{who} took its approval back: the mode of its type went down",
    "action.rollback_requested": "{who} asked for rollback",
    "action.mistake_reported": "{who} reported a mistake",
    "action.taken_over_done": "{who} says what was done",
    "action.used": "{who} says that it was {used}",
    "action.rolled_back": "{who} reports: rolled back",
    "action.drawn": "It was drawn by lot for a spot check",
    "action.spot_checked": "{who} looked at it afterwards: it {found}",
    "action.rollback_failed": "{who} reports: the rollback failed",
    "action.rollback_failed:settled": "{who} says that it was not undone",
    "action.rollback_failed:rejected": "{who} rejected what was to undo it",
    "action.rollback_failed:expired": "Nobody decided in time on what was to undo it",
    "action.rollback_failed:blocked": "{who} blocks what was to undo it",
    "action.rollback_failed:withdrawn": "{who} took back what was to undo it",
    "action.rollback_failed:revoked": "{who} took back the approval of what was to undo it",
    "action.rolled_back:settled": "{who} says that it was undone",
    "action.rollback_resumed": "What is to undo it is tried again",
    "action.rollback_drilled": "{who} rehearsed the rollback",
    "action.rollback_doubted": "What is reported now is just as the action left it",
}
CSS = {"agent": "ag", "policy": "po", "system": "po", "person": ""}
PEOPLE = ("to", "from", "for", "instead_of")
"""What an event's body calls the people in it."""

BAD = {"action.rejected", "action.blocked", "action.failed", "action.expired"}


@dataclass(frozen=True, slots=True)
class Line:
    """One line: who did what when; `text` is what they wrote, `event` the type of what happened."""

    css: str
    words: str
    text: Text
    iso: str
    at_words: str
    event: str = ""


def timeline(action: Action, person: Person) -> list[Line]:
    """What happened, from the record, and what comes next if nobody acts."""
    return past([action], person)[action.pk] + _next(action, person)


def past(actions: Sequence[Action], person: Person) -> dict[UUID, list[Line]]:
    """What happened to each, from the record, in a number of queries that does not grow."""
    by_stream = {action.stream: action for action in actions}
    events = list(
        Event.objects.filter(stream__in=list(by_stream))
        .exclude(_hidden(actions, person))
        .order_by("stream", "seq")
        .prefetch_related("sealed")
    )
    bodies = [record.body_of(event) for event in events]
    names = _names(events, bodies)
    lines: dict[UUID, list[Line]] = {action.pk: [] for action in actions}
    for event, body in zip(events, bodies, strict=True):
        action = by_stream[event.stream]
        lines[action.pk].append(_line(event, body, names, action, person))
    return lines


def _hidden(actions: Sequence[Action], person: Person) -> Q:
    """What this person does not see yet of those that people decide on their own."""
    hidden = Q(pk__in=[])
    for action in filter(four_eyes.is_blind, actions):
        hidden |= Q(four_eyes.hidden_events(action, person), stream=action.stream)
    return hidden


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
        event=event.type,
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
