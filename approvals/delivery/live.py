"""Wakes whoever waits for a decision: one LISTEN connection for all of them."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from approvals.transitions import WAKE_CHANNEL

FIRST_PAUSE = 0.2
LONGEST_PAUSE = 10.0
NOTICES_A_DEAD_PEER: dict[str, Any] = {
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
}

log = logging.getLogger(__name__)


class Waiters:
    """Who waits for which action to leave `pending`. Lives on one event loop."""

    def __init__(self) -> None:
        self._events: dict[str, set[asyncio.Event]] = {}

    @contextmanager
    def waiting_for(self, *action_ids: str) -> Iterator[asyncio.Event]:
        """An event that is set whenever one of the actions may have left `pending`."""
        event = asyncio.Event()
        for action_id in action_ids:
            self._events.setdefault(action_id, set()).add(event)
        try:
            yield event
        finally:
            for action_id in action_ids:
                self._forget(action_id, event)

    def _forget(self, action_id: str, event: asyncio.Event) -> None:
        others = self._events[action_id]
        others.discard(event)
        if not others:
            del self._events[action_id]

    def wake(self, action_id: str) -> None:
        for event in self._events.get(action_id, ()):
            event.set()

    def wake_all(self) -> None:
        for events in self._events.values():
            for event in events:
                event.set()

    def __len__(self) -> int:
        return sum(map(len, self._events.values()))


async def listen(url: str, waiters: Waiters) -> None:
    """Follows the notices until it is cancelled, over as many connections as it takes.

    What was said while there was none is lost, so everybody looks again after a reconnect.
    """
    pause = FIRST_PAUSE
    while True:
        try:
            async with await psycopg.AsyncConnection.connect(
                url, autocommit=True, **NOTICES_A_DEAD_PEER
            ) as connection:
                await connection.execute(f"LISTEN {WAKE_CHANNEL}")
                waiters.wake_all()
                pause = FIRST_PAUSE
                async for notice in connection.notifies():
                    waiters.wake(notice.payload)
        except psycopg.OperationalError as error:
            log.warning("not listening for decisions, trying again: %s", error)
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)
