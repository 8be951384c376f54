"""What was decided before about the same subject, in words, with a warning of what comes again."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.urls import reverse

from agents_registry.models import Person
from agents_registry.words import counted
from approvals import earlier as facts
from approvals.earlier import MOST_WAITING, Again, Past
from approvals.models import Action, Cause, Content, Decision, Reason, Verdict
from approvals.pages import words
from approvals.pages.content import DiffRow, Text, diff_rows, text
from approvals.pages.head import STATE_CSS, subject_url
from approvals.pages.notes import Note

VERDICTS = {
    Verdict.APPROVED: "approved it",
    Verdict.EDITED: "approved it with changes",
    Verdict.REJECTED: "rejected it",
    Verdict.CHANGES_REQUESTED: "asked for changes",
    Verdict.TAKEN_OVER: "took it over",
    Verdict.ANSWERED: "answered it",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One decided action; `comment` is what whoever decided it wrote."""

    url: str
    sentence: Text
    words: str
    comment: Text
    state_words: str
    state_css: str
    iso: str
    at_words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """`differences` are those from the rejected action that comes again."""

    rows: list[Row]
    note: Note | None
    differences: list[DiffRow]
    waiting_words: str
    waiting_url: str


def earlier(action: Action, content: Content, person: Person, *, view: str) -> Earlier:
    found = facts.earlier(action, content, person)
    return Earlier(
        rows=[_row(past, person, view) for past in found.decided],
        note=_note(found.again, person, view) if found.again else None,
        differences=diff_rows(found.again.changes) if found.again else [],
        waiting_words=_waiting_words(found.waiting),
        waiting_url=subject_url(action),
    )


def _row(past: Past, person: Person, view: str) -> Row:
    decision = past.decision
    reasons = _reasons(decision)
    return Row(
        url=_url(past.action, view),
        sentence=text(past.action.sentence),
        words=f"{decision.person} {VERDICTS[Verdict(decision.verdict)]}"
        + (f": {reasons}" if reasons else ""),
        comment=text(decision.comment),
        state_words=words.state(past.action.state),
        state_css=STATE_CSS.get(past.action.state, ""),
        iso=decision.created_at.isoformat(),
        at_words=words.clock_time(decision.created_at, person),
    )


def _note(again: Again, person: Person, view: str) -> Note:
    decision = again.past.decision
    day = decision.created_at.astimezone(ZoneInfo(person.time_zone)).strftime("%A %-d %B")
    reasons = _reasons(decision)
    return Note(
        key="again",
        css="warn",
        icon="warn",
        title=f"Rejected on {day} by {decision.person}" + (f": {reasons}" if reasons else ""),
        body=_again_words(len(again.changes)),
        link_words="Show what was rejected",
        link_url=_url(again.past.action, view),
    )


def _again_words(differences: int) -> str:
    if not differences:
        return "This is the same again."
    return f"It comes again with {counted(differences, 'difference')}, listed under Earlier."


def _reasons(decision: Decision) -> str:
    """Why it was rejected and where that came from, in the words that were chosen from."""
    said = [
        str(Reason(decision.reason).label) if decision.reason else "",
        str(Cause(decision.cause).label) if decision.cause else "",
    ]
    return "; ".join(_small(words) for words in said if words)


def _small(words: str) -> str:
    return words[0].lower() + words[1:]


def _waiting_words(count: int) -> str:
    if not count:
        return ""
    if count >= MOST_WAITING:
        return f"{MOST_WAITING - 1}+ more wait about the same"
    return f"{count} more {'waits' if count == 1 else 'wait'} about the same"


def _url(action: Action, view: str) -> str:
    return f"{reverse('action', args=[action.pk])}?view={view}"
