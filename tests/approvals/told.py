"""What the tests of notices share: channels, a follower's turn, and what came of it."""

from datetime import time, timedelta
from typing import Any

from agents_registry.models import Absence, Person, Pool
from approvals import transitions
from approvals.delivery import notices
from approvals.models import Action, Channel, Delivery, Notice
from approvals.notices import wording
from approvals.notices.letters import Message
from ledger import clock


def tell() -> None:
    """One turn of the follower after another, until nothing is new."""
    while notices.tell():
        pass


def told(reader: Person | Pool) -> list[str]:
    """The kinds of what this person, or this pool, was told, in order."""
    named = {"person": reader} if isinstance(reader, Person) else {"pool": reader}
    return list(
        Notice.objects.filter(**named).order_by("created_at", "key").values_list("kind", flat=True)
    )


def create_channel(holder: Person | Pool, **fields: Any) -> Channel:
    """A webhook that wants everything at once."""
    named = {"person": holder} if isinstance(holder, Person) else {"pool": holder}
    defaults: dict[str, Any] = {
        "kind": "webhook",
        "address": "https://hooks.example.com/x",
        "own": "at_once",
        "pools": "at_once",
        "digest_at": time(8),
        "created_at": clock.now(),
    }
    return Channel.objects.create(**named, **{**defaults, **fields})


def waiting(channel: Channel) -> list[Delivery]:
    """What is queued for the channel, as whoever sends reads it."""
    rows = Delivery.objects.filter(channel=channel, state="queued").order_by("pk")
    return list(rows.select_related(*wording.FOR_WORDS))


def message(channel: Channel) -> Message | None:
    return wording.message(waiting(channel))


def remind(action: Action) -> None:
    """What the clock does when a reminder of this step is due."""
    action.refresh_from_db()
    transitions.advance(
        action=action,
        actor="system:deadlines",
        event="action.reminded",
        changes={"reminded": action.reminded + 1},
        body={"step": action.step},
    )


def go_away(person: Person, **fields: Any) -> Absence:
    """The row alone: away since an hour ago, for a day."""
    now = clock.now()
    times = {"starts_at": now - timedelta(hours=1), "ends_at": now + timedelta(days=1)}
    return Absence.objects.create(
        **{"person": person, "set_by": person, "created_at": now, **times, **fields}
    )
