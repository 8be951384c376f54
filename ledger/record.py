"""Appends events in the caller's transaction, and is the only code that writes them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.db import connection

from ledger import canonical, clock, columns, following
from ledger.models import Event, SealedText

FORMAT = 1
ADD = "INSERT INTO ledger_event (scope, stream, seq, type, actor, at, content, leaf)"
HEADS = """
SELECT DISTINCT ON (stream) stream, seq, leaf FROM ledger_event
WHERE stream = ANY(%s) ORDER BY stream, seq DESC
"""


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a stream: the sequence number and leaf of its last event."""

    seq: int
    leaf: bytes


EMPTY = Head(seq=0, leaf=canonical.NO_PREVIOUS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What one event says. `body` holds no personal or free text: that goes into `sealed`, of
    which the event keeps only salted digests."""

    scope: str
    stream: str
    type: str
    actor: str
    body: Mapping[str, Any]
    sealed: Mapping[str, Any] = field(default_factory=dict)


def append(
    *,
    scope: str,
    stream: str,
    type: str,
    actor: str,
    body: Mapping[str, Any],
    sealed: Mapping[str, Any] | None = None,
    at: datetime | None = None,
) -> None:
    """Adds one event to its stream, in the caller's transaction.

    The caller holds the row that the stream belongs to (the action's, the agent's), which makes
    writers of one stream wait for each other; who does not hold it meets the unique (stream, seq)
    as an IntegrityError, and nothing is written.
    """
    entry = Entry(
        scope=scope, stream=stream, type=type, actor=actor, body=body, sealed=sealed or {}
    )
    append_all([entry], at=at or clock.now())


def append_all(entries: Sequence[Entry], *, at: datetime) -> None:
    """Adds one event to each of many streams, under the same rules as `append`."""
    assert connection.in_atomic_block, "an event stands or falls with what it records"
    if not entries:
        return
    heads = _heads([entry.stream for entry in entries])
    made = [_made(entry, heads.get(entry.stream, EMPTY), at) for entry in entries]
    ids = _add(made)
    following.note({ids[event.entry.stream]: event.entry.type for event in made})
    SealedText.objects.bulk_create(
        text for event in made for text in _texts(ids[event.entry.stream], event.words)
    )


def body_of(event: Event) -> dict[str, Any]:
    """What the event's bytes say, with sealed words put back where they still exist."""
    body: dict[str, Any] = json.loads(bytes(event.content))["body"]
    for text in event.sealed.all():
        if text.salt is not None:
            body[text.name] = text.value
    return body


Words = Mapping[str, tuple[bytes, Any]]


@dataclass(frozen=True, slots=True)
class Made:
    """An event behind the head of its stream, not stored yet, and its words with their salts."""

    entry: Entry
    seq: int
    at: datetime
    content: bytes
    words: Words


def _made(entry: Entry, head: Head, at: datetime) -> Made:
    words = {name: (canonical.new_salt(), value) for name, value in entry.sealed.items()}
    return Made(entry, head.seq + 1, at, _bytes(entry, words, head, at), words)


def _add(made: Sequence[Made]) -> dict[str, int]:
    """Stores the events; their ids by stream."""
    rows, parameters = columns.select(
        {
            "scope": ("text", [event.entry.scope for event in made]),
            "stream": ("text", [event.entry.stream for event in made]),
            "seq": ("integer", [event.seq for event in made]),
            "type": ("text", [event.entry.type for event in made]),
            "actor": ("text", [event.entry.actor for event in made]),
            "at": ("timestamptz", [event.at for event in made]),
            "content": ("bytea", [event.content for event in made]),
            "leaf": ("bytea", [canonical.leaf(event.content) for event in made]),
        }
    )
    with connection.cursor() as cursor:
        cursor.execute(f"{ADD} {rows} RETURNING stream, id", parameters)
        return dict(cursor.fetchall())


def _texts(event: int, words: Words) -> list[SealedText]:
    return [
        SealedText(event_id=event, name=name, salt=salt, value=value)
        for name, (salt, value) in words.items()
    ]


def _bytes(entry: Entry, words: Words, head: Head, when: datetime) -> bytes:
    """What is hashed and kept: the event with its place behind the head of its stream."""
    seals = {n: {"sealed": canonical.sealed_digest(v, salt)} for n, (salt, v) in words.items()}
    return canonical.canonical(
        {
            "v": FORMAT,
            "at": _instant(when),
            "seq": head.seq + 1,
            "prev": head.leaf.hex(),
            "scope": entry.scope,
            "stream": entry.stream,
            "type": entry.type,
            "actor": entry.actor,
            "body": {**entry.body, **seals},
        }
    )


def _heads(streams: Sequence[str]) -> dict[str, Head]:
    with connection.cursor() as cursor:
        cursor.execute(HEADS, [list(streams)])
        return {stream: Head(seq=seq, leaf=bytes(leaf)) for stream, seq, leaf in cursor.fetchall()}


def _instant(when: datetime) -> str:
    return when.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
