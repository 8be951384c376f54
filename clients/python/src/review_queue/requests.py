"""Every request that the client makes, without making it.

A flow is a generator: it yields what is to be sent, is given the answer, and returns the result.
The two clients drive the same flows, one with asyncio and one without.
"""

import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, TypedDict, TypeVar, Unpack
from urllib.parse import quote

from review_queue.errors import Problem, Refused, StillPending
from review_queue.models import TAKEABLE, WAITING, Action, Check, Decision, Release

LONGEST_WAIT = 60.0
FOREVER = float("inf")
LEASE_SECONDS = 300
AGAIN_SECONDS = 2.0
NOT_NOW = frozenset({"too_early", "waiting_for", "world_changed"})
"""What taking is refused with that time heals."""


class Details(TypedDict, total=False):
    """What a person and the policy may be told about an action (`/api/v1/docs` explains each)."""

    summary: str
    before: Any
    confidence: float
    impact: Mapping[str, Any]
    signals: Mapping[str, Any]
    evidence: Sequence[Mapping[str, Any]]
    trace: Mapping[str, Any]
    handoff: Mapping[str, Any]
    preconditions: Sequence[Mapping[str, Any]]
    agent_version: str
    run_id: str
    subject: Mapping[str, str]
    batch_key: str
    depends_on: Sequence[str]
    requested_by: str
    callback_url: str
    not_before: str
    not_after: str


@dataclass(frozen=True, slots=True)
class Request:
    """`wait` is how many seconds the server may hold its answer back."""

    method: Literal["GET", "POST"]
    path: str
    body: Any = None
    query: Mapping[str, str] = field(default_factory=dict)
    key: str = ""
    wait: float = 0.0

    def headers(self) -> dict[str, str]:
        key = {"Idempotency-Key": self.key} if self.key else {}
        return key | ({"Prefer": f"wait={self.wait:.0f}"} if self.wait >= 1 else {})


@dataclass(frozen=True, slots=True)
class Pause:
    """Nothing is sent; the flow goes on after so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Answer:
    """A success: its status, its JSON, and whether its key had been answered before."""

    status: int
    data: Any
    replayed: bool = False


NOTHING = Answer(204, None)
"""What a pause is answered with."""

T = TypeVar("T")
Flow = Generator[Request | Pause, Answer, T]


def me() -> Flow[dict[str, Any]]:
    answer = yield Request("GET", "/me")
    return dict(answer.data)


def check(
    workflow: str, action_type: str, payload: Mapping[str, Any], **details: Unpack[Details]
) -> Flow[Check]:
    body = _body(workflow, action_type, payload, details)
    answer = yield Request("POST", "/actions/check", body)
    return Check.of(answer.data)


def stage(
    workflow: str,
    action_type: str,
    payload: Mapping[str, Any],
    key: str,
    details: Details,
) -> Flow[Action]:
    body = _body(workflow, action_type, payload, details)
    answer = yield Request("POST", "/actions", body, key=key)
    return Action.of(answer.data, replayed=answer.replayed)


def read(action_id: str, wait: float = 0.0) -> Flow[Action]:
    answer = yield Request("GET", _of(action_id), wait=wait)
    return Action.of(answer.data)


def wait(action_id: str, timeout: float) -> Flow[Action]:
    """Until it is decided; StillPending when `timeout` seconds are over."""
    end = time.monotonic() + timeout
    while True:
        left = max(0.0, end - time.monotonic())
        action = yield from read(action_id, min(left, LONGEST_WAIT))
        if action.state != WAITING:
            return action
        if left < 1:
            raise StillPending(action)


def wait_until_approved(action_id: str, timeout: float) -> Flow[Action]:
    """Refused where it comes to nothing."""
    action = yield from wait(action_id, timeout)
    if action.state != TAKEABLE:
        raise Refused(action)
    return action


def again_after(problem: Problem) -> float:
    """Seconds until taking it is worth another try; raises where it never is."""
    if problem.code not in NOT_NOW:
        raise problem
    if problem.retry_at is None:
        return AGAIN_SECONDS
    return max(0.1, (problem.retry_at - datetime.now(UTC)).total_seconds())


def take(action_id: str, lease_seconds: int) -> Flow[Release]:
    path = f"{_of(action_id)}/release"
    answer = yield Request("POST", path, {"lease_seconds": lease_seconds})
    return Release.of(answer.data)


def take_next(workflow: str, limit: int, lease_seconds: int) -> Flow[list[Release]]:
    body = {"workflow": workflow, "limit": limit, "lease_seconds": lease_seconds}
    answer = yield Request("POST", "/actions/release", body)
    return [Release.of(one) for one in answer.data["results"]]


def report(
    action_id: str, lease_id: str, status: Literal["succeeded", "failed"], fields: Mapping[str, Any]
) -> Flow[Action]:
    given = {name: value for name, value in fields.items() if value is not None}
    body = {"lease_id": lease_id, "status": status, **given}
    answer = yield Request("POST", f"{_of(action_id)}/outcome", body)
    return Action.of(answer.data)


def revise(action_id: str, payload: Mapping[str, Any], details: Details) -> Flow[Action]:
    body = {"payload": payload, **details}
    answer = yield Request("POST", f"{_of(action_id)}/revise", body)
    return Action.of(answer.data)


def withdraw(action_id: str) -> Flow[Action]:
    answer = yield Request("POST", f"{_of(action_id)}/withdraw", {})
    return Action.of(answer.data)


def decisions(after: str | None) -> Flow[tuple[list[Decision], str | None]]:
    """The verdicts after this cursor, and the cursor to go on from."""
    answer = yield Request("GET", "/decisions", query={"after": after} if after else {})
    return [Decision.of(one) for one in answer.data["results"]], answer.data["next"]


def _of(action_id: str) -> str:
    return f"/actions/{quote(action_id, safe='')}"


def _body(
    workflow: str, action_type: str, payload: Mapping[str, Any], details: Details
) -> dict[str, Any]:
    return {"workflow": workflow, "action_type": action_type, "payload": payload, **details}
