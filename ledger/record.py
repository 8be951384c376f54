"""Appends events in the caller's transaction, and is the only code that writes them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import connection

from ledger import canonical, clock
from ledger.models import Event, SealedText

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a stream: the sequence number and leaf of its last event."""

    seq: int
    leaf: bytes


EMPTY = Head(seq=0, leaf=canonical.NO_PREVIOUS)


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

    `body` holds no personal or free text: that goes into `sealed`, of which the event keeps only
    salted digests. The caller holds the row that the stream belongs to (the action's, the
    agent's), which makes writers of one stream wait for each other; who does not hold it meets
    the unique (stream, seq) as an IntegrityError, and nothing is written.
    """
    assert connection.in_atomic_block, "an event stands or falls with what it records"
    words = {name: (canonical.new_salt(), value) for name, value in (sealed or {}).items()}
    seals = {n: {"sealed": canonical.sealed_digest(v, salt)} for n, (salt, v) in words.items()}
    head, when = _head(stream), at or clock.now()
    content = _bytes(
        head, when, scope=scope, stream=stream, type=type, actor=actor, body={**body, **seals}
    )
    event = Event.objects.create(
        scope=scope,
        stream=stream,
        seq=head.seq + 1,
        type=type,
        actor=actor,
        at=when,
        content=content,
        leaf=canonical.leaf(content),
    )
    SealedText.objects.bulk_create(
        SealedText(event=event, name=name, salt=salt, value=value)
        for name, (salt, value) in words.items()
    )
    return event


def body_of(event: Event) -> dict[str, Any]:
    """What the event's bytes say, with sealed words put back where they still exist."""
    body: dict[str, Any] = json.loads(bytes(event.content))["body"]
    for text in event.sealed.all():
        if text.salt is not None:
            body[text.name] = text.value
    return body


def _bytes(head: Head, when: datetime, **said: Any) -> bytes:
    """What is hashed and kept: the event with its place behind the head of its stream."""
    place = {"seq": head.seq + 1, "prev": head.leaf.hex()}
    return canonical.canonical({"v": FORMAT, "at": _instant(when), **place, **said})


def _head(stream: str) -> Head:
    last = Event.objects.filter(stream=stream).order_by("-seq").values_list("seq", "leaf").first()
    return Head(seq=last[0], leaf=bytes(last[1])) if last else EMPTY


def _instant(when: datetime) -> str:
    return when.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
