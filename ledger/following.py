"""Gives each follower of the record the events that it has not heard of yet, each of them once."""

from collections.abc import Iterable, Mapping

from django.db import connection
from django.db.models import QuerySet

from ledger.models import Event, Unread

FOLLOWERS = ("notices", "calls", "steps")
"""Whoever is named here hears of every event from the commit on that tells of it."""

ONLY: Mapping[str, frozenset[str]] = {
    "steps": frozenset(
        {
            "action.blocked",
            "action.expired",
            "action.failed",
            "action.observed",
            "action.rejected",
            "action.revoked",
            "action.rolled_back",
            "action.settled",
            "action.withdrawn",
        }
    )
}
"""The types of events that a follower hears of, where it does not hear of all."""

LEAVE = """
INSERT INTO ledger_unread (follower, event_id)
SELECT follower, event FROM unnest(%s::text[]) AS follower, unnest(%s::bigint[]) AS event
"""


def note(events: Mapping[int, str]) -> None:
    """Leaves new events, their types by their ids, for every follower that hears of them, in the
    transaction that appends them."""
    everything = [name for name in FOLLOWERS if name not in ONLY]
    _leave(everything, events)
    for name in FOLLOWERS:
        if name in ONLY and (heard := [pk for pk, kind in events.items() if kind in ONLY[name]]):
            _leave([name], heard)


def take(follower: str, *, limit: int) -> list[Event]:
    """The oldest events that this follower has not heard of and that nobody else is taking.

    They count as heard with the caller's transaction; when it fails, they come again.
    """
    assert connection.in_atomic_block, "heard of only together with what came of it"
    unread = Unread.objects.select_for_update(skip_locked=True, of=("self",))
    rows = unread.filter(follower=follower).select_related("event").order_by("event_id")[:limit]
    taken = list(rows)
    Unread.objects.filter(pk__in=[row.pk for row in taken]).delete()
    return [row.event for row in taken]


def put_back(follower: str, events: Iterable[Event]) -> None:
    """Leaves events that were taken in this transaction to be taken once more."""
    if again := [event.pk for event in events]:
        _leave([follower], again)


def unheard(follower: str) -> QuerySet[Unread]:
    """The events that this follower has not heard of."""
    return Unread.objects.filter(follower=follower)


def _leave(followers: Iterable[str], events: Iterable[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(LEAVE, [list(followers), list(events)])
