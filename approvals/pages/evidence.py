"""The sources behind an action: what each says, where it is, how old it is and may be."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from agents_registry.models import Person
from agents_registry.policy import wording
from agents_registry.words import counted
from approvals import addresses
from approvals.models import Action, Content
from approvals.pages import outside, words
from approvals.pages.content import Text, text
from ledger import clock

AHEAD = timedelta(minutes=5)
"""How far the agent's clock may be ahead of ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """`open_url` leads to a page that shows the address; empty where nothing should lead there."""

    title: Text
    source: Text
    excerpt: Text
    address: Text
    host: Text
    ascii_host: str
    mixed: bool
    open_url: str
    why_not: str
    age_words: str
    old_words: str


@dataclass(frozen=True, slots=True)
class Evidence:
    words: str
    sources: list[Source]


def evidence(action: Action, content: Content, person: Person) -> Evidence:
    """Ages are those of now, or of when it was decided."""
    at = action.decided_at or clock.now()
    allowed = {
        known["name"]: known.get("max_age_seconds") for known in action.action_type.required_inputs
    }
    sources = [_source(item, allowed, at, person) for item in content.evidence]
    return Evidence(_words(sources), sources)


def _words(sources: list[Source]) -> str:
    said = counted(len(sources), "source")
    old = sum(bool(source.old_words) for source in sources)
    return f"{said}, {old} of them too old or without a date" if old else said


def _source(
    item: Mapping[str, Any], allowed: Mapping[str, int | None], at: datetime, person: Person
) -> Source:
    whole = item.get("url") or ""
    address = addresses.read(whole)
    read_at = _instant(item.get("as_of"))
    oldest = allowed.get(item.get("input") or "") or allowed.get(item.get("source") or "")
    return Source(
        title=text(item.get("title") or "untitled"),
        source=text(item.get("source")),
        excerpt=text(item.get("excerpt")),
        address=text(whole),
        host=text(address.host),
        ascii_host="" if address.host.isascii() else address.ascii_host,
        mixed=address.mixed,
        open_url=outside.url_of(whole) if address.href else "",
        why_not=address.why_not if whole else "",
        age_words=_age_words(read_at, at, person),
        old_words=_old_words(read_at, at, oldest),
    )


def _instant(said: Any) -> datetime | None:
    """An instant with its offset; None for anything else."""
    try:
        read = datetime.fromisoformat(said) if isinstance(said, str) else None
    except ValueError:
        return None
    return read if read and read.utcoffset() is not None else None


def _age_words(read_at: datetime | None, at: datetime, person: Person) -> str:
    if read_at is None:
        return "no date"
    when = f"of {words.clock_time(read_at, person)}"
    return f"{when}, {_age(at - read_at)}" if read_at <= at + AHEAD else when


def _old_words(read_at: datetime | None, at: datetime, oldest: int | None) -> str:
    """What is wrong with the age of a source that its type wants to be recent."""
    if oldest is None:
        return "dated in the future" if read_at and read_at > at + AHEAD else ""
    allowed = f"{wording.length(oldest)} at most"
    if read_at is None:
        return f"no date, {allowed}"
    if read_at > at + AHEAD:
        return f"dated in the future, {allowed}"
    return f"too old, {allowed}" if at - read_at > timedelta(seconds=oldest) else ""


def _age(age: timedelta) -> str:
    """In whole days, from two days on; below that in hours or minutes."""
    if age >= timedelta(days=2):
        return f"{age.days} days old"
    if age >= timedelta(hours=1):
        return f"{counted(int(age.total_seconds() // 3600), 'hour')} old"
    return f"{max(int(age.total_seconds() // 60), 0)} min old"
