"""A run of an agent, and the idempotency keys that are made from the calls in it."""

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from itertools import count
from typing import Any
from uuid import uuid4

_current: ContextVar["Run | None"] = ContextVar("review_queue_run", default=None)


class Run:
    """One piece of work, from its beginning to its end, however often its process is restarted.

    Give it the id that your own work has (a ticket, a job, a thread) and the same call in the same
    run is the same action after a crash too. A run made again is told apart from its first time
    only by its id: the first `refund("A-1", 120)` in it is the first one that there was.
    """

    def __init__(self, run_id: str | None = None) -> None:
        self.given = run_id
        self.id = run_id or f"run-{uuid4()}"
        self._lock = threading.Lock()
        self._taken: dict[str, set[int]] = {}

    @contextmanager
    def call(
        self, workflow: str, action_type: str, payload: Mapping[str, Any]
    ) -> Iterator["NumberedCall"]:
        """A call while it is made. One that did not `end` is the same when it is made again."""
        digest = _digest(self.id, workflow, action_type, payload)
        number = self._next(digest)
        call = NumberedCall(f"call-{digest}-{number}")
        try:
            yield call
        finally:
            if not call.ended:
                self._give_back(digest, number)

    def _next(self, digest: str) -> int:
        with self._lock:
            taken = self._taken.setdefault(digest, set())
            number = next(number for number in count(1) if number not in taken)
            taken.add(number)
            return number

    def _give_back(self, digest: str, number: int) -> None:
        with self._lock:
            self._taken[digest].discard(number)


class NumberedCall:
    """The n-th time that this call is made in its run. Whoever makes it says when it `ended`."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.ended = False


@contextmanager
def entered(run: Run) -> Iterator[Run]:
    """Calls made inside belong to this run."""
    before = _current.set(run)
    try:
        yield run
    finally:
        _current.reset(before)


def current(otherwise: Run) -> Run:
    return _current.get() or otherwise


def _digest(*call: Any) -> str:
    """TypeError where the payload is not plain JSON, ValueError where it holds NaN."""
    text = json.dumps(call, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()
