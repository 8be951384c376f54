"""Says everything that a message about one thing alone has to say, or of several a line each."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from django.urls import reverse

from agents_registry import words
from approvals import sensitive, timetable
from approvals.models import Action, Content, Notice, NoticeKind
from approvals.notices import foreign, saying
from approvals.notices.known import Known
from approvals.notices.letters import MOST_LINES, Group, Letter, Said
from approvals.notices.saying import Reader
from approvals.notices.standing import OF_ACTIONS
from approvals.pages.words import why

CLAIMS = {
    "trigger": "Why it was started",
    "context": "What is behind it",
    "decision_asked": "What it asks",
    "next_steps": "What it would do next",
}
WAITING = {*OF_ACTIONS, NoticeKind.FOLLOW_UP, NoticeKind.SIGNATURE, NoticeKind.DOWNGRADED}
"""The kinds in which something is asked of the reader."""

LATEST = datetime.max.replace(tzinfo=UTC)


def of_one(notice: Notice, reader: Reader) -> Letter:
    """A message about this notice alone: the whole handoff, where it is about an action."""
    known = Known.of([notice], in_full=True)
    title = saying.title(notice, known)
    said = list(_of_action(notice, notice.action, reader, known)) if notice.action else []
    line = saying.line(notice, reader, known)
    return Letter(
        subject=_subject(title, notice.action),
        title=title,
        intro=() if notice.action else (line.sub,),
        said=said,
        alone=line,
        url=saying.path(notice),
        url_words="Look at it and decide" if notice.kind in OF_ACTIONS else "Look at it",
        to_pool=reader.pool,
    )


def of_many(notices: Sequence[Notice], reader: Reader) -> Letter:
    """A message about several, the most urgent first."""
    ordered = sorted(notices, key=urgency)
    title = _count_words(notices, reader)
    inbox = reverse("inbox") if notices[0].person_id else f"{reverse('inbox')}?view=pool"
    return Letter(
        subject=title,
        title=title,
        groups=[lines_of(ordered, reader)],
        url=inbox,
        url_words="Open the inbox",
        to_pool=reader.pool,
    )


def lines_of(ordered: Sequence[Notice], reader: Reader, title: str = "") -> Group:
    """The first of them, a line each, and how many there are besides."""
    shown = ordered[:MOST_LINES]
    known = Known.of(shown)
    lines = [saying.line(notice, reader, known) for notice in shown]
    return Group(title, lines, len(ordered) - len(shown))


def urgency(notice: Notice) -> tuple[bool, datetime, datetime]:
    """What is stopped before everything, then what is due first, then the oldest."""
    row: Any = notice.follow_up or notice.action
    due = (row.due_at if row else None) or LATEST
    return notice.kind != NoticeKind.STOPPED, due, notice.created_at


def _count_words(notices: Sequence[Notice], reader: Reader) -> str:
    count = f"{len(notices):,}"
    if not all(notice.kind in WAITING for notice in notices):
        return f"{count} things to know" + (f" for {reader.pool}" if reader.pool else "")
    return f"{count} things wait {f'with {reader.pool}' if reader.pool else 'for you'}"


def _subject(title: str, action: Action | None) -> str:
    if action is None:
        return title
    return f"{title} ({foreign.line(action.workflow)}, {words.TIERS[action.tier].lower()})"


def _of_action(notice: Notice, action: Action, reader: Reader, known: Known) -> Iterator[Said]:
    """What will happen, how strict and why, until when, and what happens without an answer.

    Why is left out where part of the payload is secret: the policy's words name its figures.
    """
    secrets = known.secrets(action)
    content = known.contents.get(action.pk)
    findings = content.findings if content else []
    because = "" if sensitive.marks(action.action_type.payload_schema) else why(findings)
    yield Said("What will happen", [foreign.line(known.sentence(action), secrets)])
    if content and notice.kind in OF_ACTIONS:
        yield from _claims(content, secrets)
    yield Said("How strict", [foreign.line(f"{words.TIERS[action.tier]}. {because}")])
    if notice.follow_up:
        yield Said("Until", [reader.at(notice.follow_up.due_at)])
    elif notice.kind in OF_ACTIONS:
        yield Said("Until", [_deadline(action, reader)])
        yield Said("If nobody answers", [if_nobody_answers(action)])


def _claims(content: Content, secrets: frozenset[str]) -> Iterator[Said]:
    """The agent's own words, which nobody checked."""
    handoff: Mapping[str, Any] = content.handoff
    for part, label in CLAIMS.items():
        said = handoff.get(part)
        texts = said if isinstance(said, list) else [said]
        lines = [line for text in texts for line in foreign.lines(text, secrets)]
        if lines:
            yield Said(label, lines, claimed=True)


def _deadline(action: Action, reader: Reader) -> str:
    """In the reader's zone, and in the work time of the workflow's calendar."""
    if action.held or action.due_at is None:
        return "No clock runs: it is held until somebody decides."
    zone = timetable.calendar_of(action.frozen).time_zone
    left = saying.due_words(action, reader)
    return f"{reader.at(action.due_at)}, {left} in the work time of {zone}"


def if_nobody_answers(action: Action) -> str:
    """Who comes next, and how the chain ends; never an approval."""
    if action.held:
        return "Nothing is done until somebody decides."
    end = words.FALLBACKS[action.frozen["fallback"]]
    if action.step + 1 >= len(action.stages):
        return end
    whom = foreign.line(words.who(action.stages[action.step + 1]["who"]))
    return f"It goes to the {whom}. If in the end {end[0].lower()}{end[1:]}"
