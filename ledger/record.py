"""Appends events in the caller's transaction, and is the only code that writes them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.db import connection

from ledger import canonical, clock, following
from ledger.models import Event, SealedText

FORMAT = 1


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
) -> Event:
    """Adds one event to its stream, in the caller's transaction.

    The caller holds the row that the stream belongs to (the action's, the agent's), which makes
    writers of one stream wait for each other; who does not hold it meets the unique (stream, seq)
    as an IntegrityError, and nothing is written.
    """
    assert connection.in_atomic_block, "an event stands or falls with what it records"
    entry = Entry(
        scope=scope, stream=stream, type=type, actor=actor, body=body, sealed=sealed or {}
    )
    event, words = _event(entry, _head(stream), at or clock.now())
    event.save(force_insert=True)
    following.note([event])
    SealedText.objects.bulk_create(_texts(event, words))
    return event


def append_all(entries: Sequence[Entry], *, at: datetime) -> list[Event]:
    """Adds one event to each of many streams, under the same rules as `append`."""
    assert connection.in_atomic_block, "an event stands or falls with what it records"
    heads = _heads([entry.stream for entry in entries])
    made = [_event(entry, heads.get(entry.stream, EMPTY), at) for entry in entries]
    events = Event.objects.bulk_create(event for event, _ in made)
    following.note(events)
    SealedText.objects.bulk_create(text for event, words in made for text in _texts(event, words))
    return events


def body_of(event: Event) -> dict[str, Any]:
    """What the event's bytes say, with sealed words put back where they still exist."""
    body: dict[str, Any] = json.loads(bytes(event.content))["body"]
    for text in event.sealed.all():
        if text.salt is not None:
            body[text.name] = text.value
    return body


Words = Mapping[str, tuple[bytes, Any]]


def _event(entry: Entry, head: Head, when: datetime) -> tuple[Event, Words]:
    """The event behind the head of its stream, not stored yet, and its words with their salts."""
    words = {name: (canonical.new_salt(), value) for name, value in entry.sealed.items()}
    content = _bytes(entry, words, head, when)
    event = Event(
        scope=entry.scope,
        stream=entry.stream,
        seq=head.seq + 1,
        type=entry.type,
        actor=entry.actor,
        at=when,
        content=content,
        leaf=canonical.leaf(content),
    )
    return event, words


def _texts(event: Event, words: Words) -> list[SealedText]:
    return [
        SealedText(event=event, name=name, salt=salt, value=value)
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


def _head(stream: str) -> Head:
    last = Event.objects.filter(stream=stream).order_by("-seq").values_list("seq", "leaf").first()
    return Head(seq=last[0], leaf=bytes(last[1])) if last else EMPTY


def _heads(streams: Sequence[str]) -> dict[str, Head]:
    last = Event.objects.filter(stream__in=streams).order_by("stream", "-seq").distinct("stream")
    found = last.values_list("stream", "seq", "leaf")
    return {stream: Head(seq=seq, leaf=bytes(leaf)) for stream, seq, leaf in found}


def _instant(when: datetime) -> str:
    return when.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
