"""Gives each follower of the record the events that it has not heard of yet, each of them once."""

from collections.abc import Sequence

from django.db import connection

from ledger.models import Event, Unread

FOLLOWERS = ("notices",)
"""Whoever is named here hears of every event from the commit on that tells of it."""

LEAVE = """
INSERT INTO ledger_unread (follower, event_id)
SELECT follower, event FROM unnest(%s::text[]) AS follower, unnest(%s::bigint[]) AS event
"""


def note(events: Sequence[int]) -> None:
    """Leaves new events, by their ids, for every follower, in the transaction that appends them."""
    with connection.cursor() as cursor:
        cursor.execute(LEAVE, [list(FOLLOWERS), list(events)])


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
