"""Runs what happened, in order, each thing at its own simulated instant."""

import heapq
import itertools
from collections.abc import Callable
from datetime import datetime, timedelta

from agents_registry.calendars import working_spans
from agents_registry.sla import Calendar
from ledger import clock

LONGEST_LOOK_BACK = timedelta(days=90)


class Timeline:
    """Things to do at instants. What one of them plans for later is run in its turn."""

    def __init__(self) -> None:
        self._planned: list[tuple[datetime, int, Callable[[], object]]] = []
        self._numbers = itertools.count()

    def at(self, instant: datetime, do: Callable[[], object]) -> None:
        heapq.heappush(self._planned, (instant, next(self._numbers), do))

    def run(self, until: datetime) -> None:
        """Does everything up to `until`. What was planned for later never happens."""
        while self._planned and self._planned[0][0] <= until:
            instant, _, do = heapq.heappop(self._planned)
            with clock.simulated(instant):
                do()
        self._planned.clear()


def work_ago(now: datetime, work: timedelta, calendar: Calendar) -> datetime:
    """The last instant since which so much working time has passed."""
    spans = list(working_spans(now - LONGEST_LOOK_BACK, now, calendar))
    for _, opens, closes in reversed(spans):
        if closes - opens >= work:
            return closes - work
        work -= closes - opens
    return now - LONGEST_LOOK_BACK
