"""What people made of the calls that a framework stopped before."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import quote

from review_queue.errors import Problem, StillPending
from review_queue.models import WAITING, Action, Release
from review_queue.requests import LONGEST_WAIT, Flow, Pause, Request, again_after

Shape = Literal[
    "langchain", "agent-inbox", "openai-agents", "pydantic-ai", "agent-framework", "ai-sdk"
]

Whole = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""Fills in what the function has defaults for: a model may leave that out."""

DECIDED = 200

_in_force: ContextVar["Decided | None"] = ContextVar("review_queue_decided", default=None)


@dataclass(frozen=True, slots=True)
class Call:
    """A call as the model made it, and the lease on it where it was approved."""

    action: Action
    release: Release | None

    def is_made_as(self, action_type: str, payload: Mapping[str, Any], whole: Whole) -> bool:
        """Whether this is that call, as the model made it or as a person changed it."""
        if self.release is None or self.action.action_type != action_type:
            return False
        return payload in (whole(self.action.payload), whole(self.release.payload))


class Decided:
    """Every call is decided, and what was approved is taken. `resume` is what the framework goes
    on with; `releases` are in the order of the calls, None for what is not to be done."""

    def __init__(self, resume: Any, calls: Sequence[Call]) -> None:
        self.resume = resume
        self.releases = [call.release for call in calls]
        self._left = list(calls)
        self._lock = threading.Lock()

    @contextmanager
    def in_force(self) -> Iterator[None]:
        """Guarded functions that are called inside use these releases, and ask for no other."""
        before = _in_force.set(self)
        try:
            yield
        finally:
            _in_force.reset(before)

    def release_of(
        self, action_type: str, payload: Mapping[str, Any], whole: Whole
    ) -> Release | None:
        """The release of this call, given out once."""
        with self._lock:
            for call in self._left:
                if call.is_made_as(action_type, payload, whole):
                    self._left.remove(call)
                    return call.release
        return None


def release_in_force(action_type: str, payload: Mapping[str, Any], whole: Whole) -> Release | None:
    """The release of a call that a framework stopped before, if it is one."""
    decided = _in_force.get()
    return decided.release_of(action_type, payload, whole) if decided else None


def decide(
    shape: Shape,
    interrupt: Any,
    workflow: str,
    run_id: str | None,
    timeout: float,
    lease_seconds: int,
) -> Flow[Decided]:
    """Stages all calls of an interrupt, waits until the last is decided, and takes what may be
    done. The same interrupt again goes on where it was."""
    where = {"workflow": workflow} | ({"run_id": run_id} if run_id else {})
    opened = yield Request("POST", f"/wire/{shape}", interrupt, query=where)
    actions = [Action.of(answer) for answer in opened.data["actions"]]
    thread = f"/wire/{shape}/{quote(opened.data['thread_id'], safe='')}"
    yield from _wait(thread, timeout, actions)
    taken = yield from _take(thread, lease_seconds)
    releases = [Release.of(one) if one else None for one in taken["releases"]]
    return Decided(taken["resume"], list(map(Call, actions, releases)))


def _wait(thread: str, timeout: float, actions: Sequence[Action]) -> Flow[None]:
    end = time.monotonic() + timeout
    while True:
        left = max(0.0, end - time.monotonic())
        answer = yield Request("GET", thread, wait=min(left, LONGEST_WAIT))
        if answer.status == DECIDED:
            return
        if left < 1:
            raise StillPending(_first_pending(actions, answer.data["actions"]))


def _first_pending(actions: Sequence[Action], states: Sequence[Mapping[str, str]]) -> Action:
    pending = {each["id"] for each in states if each["state"] == WAITING}
    return next(action for action in actions if action.id in pending)


def _take(thread: str, lease_seconds: int) -> Flow[Any]:
    while True:
        try:
            answer = yield Request("POST", f"{thread}/take", {"lease_seconds": lease_seconds})
        except Problem as problem:
            pause = again_after(problem)
        else:
            return answer.data
        yield Pause(pause)
