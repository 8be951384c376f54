"""A function that asks before it runs: what is staged for a call, and what is said of its end."""

import inspect
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Literal, Required, TypedDict

from review_queue import requests
from review_queue.errors import NotDone, Problem, StillPending
from review_queue.models import Action, Release
from review_queue.requests import FOREVER, LEASE_SECONDS, Details, Flow, Pause

OnRefusal = Literal["raise", "say"]

_release: ContextVar[Release] = ContextVar("review_queue_release")


def current_release() -> Release:
    """What the guarded function that runs now was given: `release_id` is the idempotency key for
    the system that it calls. LookupError outside of one."""
    return _release.get()


@contextmanager
def holding(release: Release) -> Iterator[None]:
    before = _release.set(release)
    try:
        yield
    finally:
        _release.reset(before)


class Options(TypedDict, total=False):
    """How a function is guarded.

    - `workflow` and `action_type` say what its calls are staged as; without the second it is the
      function's name.
    - `describe(**arguments)` returns what else a person and the policy are told of a call: before,
      confidence, evidence, handoff… Of the same call it must say the same.
    - `timeout`: how many seconds a call waits before it raises StillPending. For ever, if not said.
    - `lease_seconds`: how long the function may take. After that its outcome counts as unknown.
    - `after(result)` returns the state of the target afterwards, to be held against what was
      approved.
    """

    workflow: Required[str]
    action_type: str
    describe: Callable[..., Details]
    timeout: float
    lease_seconds: int
    after: Callable[[Any], Any]


@dataclass(frozen=True, kw_only=True)
class Guard:
    """One guarded function: its options, and the requests that a call of it makes."""

    tool: Callable[..., Any]
    on_refusal: OnRefusal
    workflow: str
    action_type: str
    describe: Callable[..., Details] | None = None
    timeout: float = FOREVER
    lease_seconds: int = LEASE_SECONDS
    after: Callable[[Any], Any] | None = None

    def payload_of(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments by name, with their defaults; TypeError as the call itself would."""
        signature = inspect.signature(self.tool)
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        payload = dict(bound.arguments)
        for name, parameter in signature.parameters.items():
            if parameter.kind is parameter.VAR_KEYWORD:
                payload |= payload.pop(name)
        return payload

    def whole(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        """A payload with the function's defaults; as it is where it does not fit the function."""
        try:
            return self.payload_of((), payload)
        except TypeError:
            return dict(payload)

    def take(self, key: str, run_id: str, payload: dict[str, Any]) -> Flow[Release]:
        """Stages the call, waits for the decision, and leases what was approved. NotDone where it
        comes to nothing; only StillPending leaves the call open."""
        details: Details = {"run_id": run_id}
        if self.describe:
            details |= self.describe(**payload)
        staged = yield from requests.stage(self.workflow, self.action_type, payload, key, details)
        return (yield from self._take(staged))

    def _take(self, staged: Action) -> Flow[Release]:
        end = time.monotonic() + self.timeout
        while True:
            action = yield from requests.wait_until_approved(staged.id, end - time.monotonic())
            try:
                return (yield from requests.take(action.id, self.lease_seconds))
            except Problem as problem:
                pause = requests.again_after(problem)
                if time.monotonic() + pause > end:
                    raise StillPending(action) from problem
            yield Pause(pause)

    def succeeded(self, release: Release, result: Any) -> Flow[Action]:
        fields = {"after": self.after(result)} if self.after else {}
        report = requests.report(release.action_id, release.lease_id, "succeeded", fields)
        return (yield from report)

    def failed(self, release: Release, error: Exception) -> Flow[Action]:
        words = f"{type(error).__name__}: {error}"[:10_000]
        return requests.report(release.action_id, release.lease_id, "failed", {"error": words})

    def refused(self, refusal: NotDone) -> str:
        """What the caller gets instead of a result, where it did not choose to be raised at."""
        if self.on_refusal == "raise":
            raise refusal
        return str(refusal)


def made(tool: Callable[..., Any], on_refusal: OnRefusal, options: Options) -> Guard:
    """TypeError for a function whose arguments have no names: people approve named values."""
    for parameter in inspect.signature(tool).parameters.values():
        if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.VAR_POSITIONAL):
            raise TypeError(
                f"{tool.__name__}: the argument {parameter.name} has no name to approve"
            )
    named = Options(**{"action_type": tool.__name__, **options})
    return Guard(tool=tool, on_refusal=on_refusal, **named)
