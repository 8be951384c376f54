"""Takes calls to agents in hand, so that nobody else makes them meanwhile."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import F, Min, Q, QuerySet

from approvals.delivery.claiming import LEASE
from approvals.delivery.turns import MOST_IN_TROUBLE
from approvals.models import Call, CallState, Endpoint
from ledger import clock

MOST_OF_ONE = 4
"""Calls to one agent on their way at once: the others have room beside it."""

AHEAD = 4
"""How many times as many endpoints are looked at as calls are wanted: some may be full."""

FINE = Q(last_error="", endpoint__last_error="")
ITS_OWN = ~Q(address=F("endpoint__address"))
"""To the `callback_url` of the action alone: nothing of it says anything about the endpoint."""

REACHED = Q(endpoint__agent__archived_at=None) & (Q(endpoint__disabled_at=None) | ITS_OWN)
"""Where calls go at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallClaim:
    """One call in hand since `at`, until LEASE later. `attempts` counts this one, and
    `in_trouble` says whether the last one to there was not taken."""

    call: Call
    endpoint: Endpoint
    attempts: int
    in_trouble: bool
    at: datetime

    @property
    def message(self) -> UUID:
        return self.call.pk

    @property
    def says_nothing(self) -> bool:
        """Whether what comes of it says nothing about the endpoint: it is a test, or goes to the
        action's own address."""
        return self.call.action_id is None or self.call.address != self.endpoint.address


def queued() -> QuerySet[Call]:
    return Call.objects.filter(state=CallState.QUEUED)


@transaction.atomic
def claim(room: int, others: Sequence[CallClaim]) -> list[CallClaim]:
    """Up to `room` calls that are due, beside the others that are on their way.

    Of those that wait longest first, and at most MOST_OF_ONE to one agent. What failed the last
    time comes after all the rest, and is MOST_IN_TROUBLE at most.
    """
    now = clock.now()
    due = queued().filter(REACHED, due_at__lte=now)
    busy = Counter(each.endpoint.pk for each in others)
    fine = _take(due.filter(FINE), room, busy)
    in_trouble = MOST_IN_TROUBLE - sum(each.in_trouble for each in others)
    troubled = _take(due.exclude(FINE), min(in_trouble, room - len(fine)), busy)
    calls = [*fine, *troubled]
    claims = [_claim_of(call, now) for call in calls]
    Call.objects.filter(pk__in=[call.pk for call in calls]).update(
        due_at=now + LEASE, attempts=F("attempts") + 1, last_error=""
    )
    return claims


def _take(due: QuerySet[Call], most: int, busy: Counter[int]) -> list[Call]:
    """Locks them, and counts them among what is on its way to each agent."""
    taken: list[Call] = []
    for endpoint in _waiting_longest(due, most, busy):
        free = due.filter(endpoint=endpoint).select_for_update(skip_locked=True, of=("self",))
        room = min(most - len(taken), MOST_OF_ONE - busy[endpoint])
        calls = list(free.select_related("endpoint").order_by("due_at")[: max(room, 0)])
        taken += calls
        busy[endpoint] += len(calls)
    return taken


def _waiting_longest(due: QuerySet[Call], most: int, busy: Counter[int]) -> Iterable[int]:
    if most <= 0:
        return []
    full = [endpoint for endpoint, count in busy.items() if count >= MOST_OF_ONE]
    longest = due.exclude(endpoint__in=full).values("endpoint").annotate(since=Min("due_at"))
    return list(longest.order_by("since").values_list("endpoint", flat=True)[: AHEAD * most])


def _claim_of(call: Call, now: datetime) -> CallClaim:
    return CallClaim(
        call=call,
        endpoint=call.endpoint,
        attempts=call.attempts + 1,
        in_trouble=bool(call.last_error or call.endpoint.last_error),
        at=now,
    )
