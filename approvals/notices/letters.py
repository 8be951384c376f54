"""Lays out what is told as a message: a subject of our own words, a text, the same as HTML."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.template.loader import render_to_string

from approvals.notices import foreign

MOST_LINES = 20
LONGEST_SUBJECT = 150


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that somebody is told.

    `title` is made of our own words and the registry's; `sub` may hold what an agent or a person
    wrote, with secrets hidden, what steers a text shown as tokens, and no address that a mail or
    chat program would make a link of. `url` is a path in the app, in a `Message` a whole address.
    `notice` is the id of the one that it tells of, where it tells of one.
    """

    title: str
    sub: str
    url: str
    at: datetime
    icon: str
    notice: UUID | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """What leaves in one piece. `subject` is one line of our own words; `url` the page it is about,
    where nothing is decided by opening it. `lines` are at most 20 of what `text` and `html` say."""

    subject: str
    text: str
    html: str
    lines: tuple[Line, ...]
    url: str


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody said or the record holds, under a label; `claimed` where an agent says so."""

    label: str
    lines: Sequence[str]
    claimed: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Lines under a title of their own, and how many there are besides."""

    title: str
    lines: Sequence[Line]
    more: int = 0

    @property
    def more_words(self) -> str:
        return f"and {self.more:,} more" if self.more else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A message before it is laid out; `url` and those of the lines are paths. `alone` is the one
    line of a message that says in full what the line is about."""

    subject: str
    title: str
    intro: Sequence[str] = ()
    said: Sequence[Said] = ()
    groups: Sequence[Group] = ()
    alone: Line | None = None
    url: str
    url_words: str
    to_pool: str = ""


def group(title: str, lines: Sequence[Line]) -> Group:
    """As many of the lines as one message holds, the first ones first."""
    return Group(title, lines[:MOST_LINES], max(len(lines) - MOST_LINES, 0))


def laid_out(letter: Letter) -> Message:
    groups = [
        Group(each.title, [_whole(line) for line in each.lines], each.more)
        for each in letter.groups
    ]
    lines = [line for each in groups for line in each.lines]
    if letter.alone:
        lines = [_whole(letter.alone)]
    context = {"letter": letter, "groups": groups, "url": absolute(letter.url)}
    return Message(
        subject=foreign.line(letter.subject, longest=LONGEST_SUBJECT),
        text=render_to_string("mail/notice.txt", context),
        html=render_to_string("mail/notice.html", context),
        lines=tuple(lines[:MOST_LINES]),
        url=absolute(letter.url),
    )


def absolute(path: str) -> str:
    return f"{settings.PUBLIC_URL}{path}"


def _whole(line: Line) -> Line:
    return replace(line, url=absolute(line.url))
