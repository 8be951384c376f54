"""What people can ask for and say about an action afterwards, and what they said."""

from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from agents_registry.models import Person
from approvals import rollback, taken_over, usage, why_links
from approvals.models import Action
from approvals.pages import words
from approvals.pages.bar import Choice
from approvals.pages.content import Text, text
from approvals.pages.reports import Report, ReportForm, report_form, reports
from approvals.pages.rollback import Undoable, undoable
from approvals.permissions import why_no_rollback
from approvals.states import State
from ledger import record
from ledger.models import Event


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody wrote, and when."""

    who: str
    iso: str
    at_words: str
    text: Text


@dataclass(frozen=True, slots=True)
class Taking:
    """What was done about an action that a person took over; `url` for whoever may add to it."""

    done: list[Said]
    url: str


@dataclass(frozen=True, slots=True)
class Using:
    """Whether an accepted draft was used; `url` for whoever may say so."""

    words: str
    chosen: str
    choices: list[Choice]
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Afterwards:
    """`rollback` is None where this person cannot ask for it in this state."""

    rollback: Undoable | None
    reports: list[Report]
    form: ReportForm
    why_url: str
    why_until: str
    taking: Taking | None
    using: Using | None


def afterwards(action: Action, person: Person) -> Afterwards:
    signed, until = why_links.make(action, person)
    return Afterwards(
        rollback=undoable(action, person),
        reports=reports(action, person),
        form=report_form(action, person, reverse("report_mistake", args=[action.pk])),
        why_url=reverse("why", args=[signed]),
        why_until=words.at(until, person),
        taking=_taking(action, person) if action.state == State.TAKEN_OVER else None,
        using=_using(action, person) if action.state == State.ACCEPTED else None,
    )


def too_late(action: Action, person: Person) -> tuple[str, str]:
    """What is said when an undo comes too late, and where rollback is asked for; both may be
    empty."""
    lease = action.leases.order_by("-fence").first()
    if lease is None:
        return "", ""
    said = f"Too late to undo: the agent took it at {words.clock_time(lease.leased_at, person)}"
    if action.state == State.RELEASED:
        return f"{said}. Rollback can be asked for when it has reported.", ""
    if not _asks(person, action):
        return said, ""
    return said, f"{reverse('action', args=[action.pk])}?ask=rollback#rollback-reason"


def _asks(person: Person, action: Action) -> bool:
    return not rollback.why_not_now(action) and not why_no_rollback(person, action)


def _taking(action: Action, person: Person) -> Taking:
    told = _told(action, taken_over.DONE)
    people = Person.objects.in_bulk({int(event.actor.partition(":")[2]) for event, _ in told})
    done = [
        Said(
            who=str(people[int(event.actor.partition(":")[2])]),
            iso=event.at.isoformat(),
            at_words=words.clock_time(event.at, person),
            text=text(body.get("comment")),
        )
        for event, body in told
    ]
    url = reverse("taken_over_done", args=[action.pk])
    return Taking(done, url if taken_over.can_note(person, action) else "")


def _using(action: Action, person: Person) -> Using:
    told = _told(action, usage.USED)
    chosen = told[-1][1]["used"] if told else ""
    return Using(
        words=usage.WORDS[usage.Use(chosen)] if chosen else "Nobody has said yet",
        chosen=chosen,
        choices=[Choice(use.value, said.capitalize()) for use, said in usage.WORDS.items()],
        url=reverse("mark_used", args=[action.pk]) if usage.can_mark(person, action) else "",
    )


def _told(action: Action, event: str) -> list[tuple[Event, dict[str, Any]]]:
    """The events of one type, in order, with what they say."""
    events = Event.objects.filter(stream=action.stream, type=event).order_by("seq")
    return [(each, record.body_of(each)) for each in events.prefetch_related("sealed")]
