"""The client for code without asyncio."""

import functools
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Literal, ParamSpec, Self, TypeVar, Unpack, overload
from uuid import uuid4

import httpx

from review_queue import guarding, interrupts, requests, runs, sending
from review_queue.errors import (
    NotDone,
    NotReported,
    OutcomeUnknown,
    Problem,
    Refused,
    ReviewQueueError,
)
from review_queue.guarding import Guard, OnRefusal, Options
from review_queue.interrupts import Decided, Shape
from review_queue.models import Action, Check, Decision, Release
from review_queue.requests import FOREVER, LEASE_SECONDS, Answer, Details, Flow, Pause, Request
from review_queue.runs import Run

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")
FEED_SECONDS = 2.0


class Client:
    """A connection to one review queue, for one agent. Threads may share it.

    `url` and `token` fall back to REVIEW_QUEUE_URL and REVIEW_QUEUE_TOKEN. `run_id` names the work
    that its calls belong to (see `run`). A server that is away is asked again for `patience`
    seconds before Unreachable is raised.
    """

    def __init__(
        self,
        url: str | None = None,
        token: str | None = None,
        *,
        run_id: str | None = None,
        patience: float = 60.0,
    ) -> None:
        self.patience = patience
        self._run_by_default = Run(run_id)
        self._http = httpx.Client(**sending.settings(url, token))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    # Guarding a function

    @overload
    def guard(
        self, *, on_refusal: Literal["raise"] = "raise", **options: Unpack[Options]
    ) -> Callable[[Callable[P, R]], Callable[P, R]]: ...

    @overload
    def guard(
        self, *, on_refusal: Literal["say"], **options: Unpack[Options]
    ) -> Callable[[Callable[P, R]], Callable[P, R | str]]: ...

    def guard(
        self, *, on_refusal: OnRefusal = "raise", **options: Unpack[Options]
    ) -> Callable[[Callable[P, R]], Callable[P, Any]]:
        """Makes a function ask before it runs (`guarding.Options` says how).

        A call is staged with its arguments as the payload, and waits for the decision. Then the
        function runs once, with the arguments that were approved. What it returns is returned, and
        reported as a success; an exception of it is reported as a failure, and raised.

        What is not to be done raises NotDone. With `on_refusal="say"` its words are returned
        instead, for the model to read.
        """

        def guard(tool: Callable[P, R]) -> Callable[P, Any]:
            plan = guarding.made(tool, on_refusal, options)

            @functools.wraps(tool)
            def guarded(*args: P.args, **kwargs: P.kwargs) -> Any:
                try:
                    release = self._taken(plan, plan.payload_of(args, kwargs))
                except NotDone as refusal:
                    return plan.refused(refusal)
                return self._done(plan, release)

            return guarded

        return guard

    def run(self, run_id: str) -> AbstractContextManager[Run]:
        """`with rq.run("ticket-4417"):` calls inside belong to this run. The same call in the same
        run is the same action, also after a crash."""
        return runs.entered(Run(run_id))

    def _taken(self, plan: Guard, payload: dict[str, Any]) -> Release:
        if release := interrupts.release_in_force(plan.action_type, payload, plan.whole):
            return release
        run = runs.current(self._run_by_default)
        with run.call(plan.workflow, plan.action_type, payload) as call:
            try:
                release = self._drive(plan.take(call.key, run.id, payload))
            except Refused:
                call.ended = True
                raise
            call.ended = True
            return release

    def _done(self, plan: Guard, release: Release) -> Any:
        try:
            with guarding.holding(release):
                result = plan.tool(**release.payload)
        except OutcomeUnknown:
            raise
        except Exception as error:
            self._told(plan.failed(release, error), release, error)
            raise
        self._told(plan.succeeded(release, result), release, result)
        return result

    def _told(self, report: Flow[Action], release: Release, result: Any) -> None:
        try:
            self._drive(report)
        except Exception as trouble:
            raise NotReported(release.action_id, result) from trouble

    # One call of the API each

    def me(self) -> dict[str, Any]:
        """This agent, its workflows and their action types, as they apply now."""
        return self._drive(requests.me())

    def check(
        self,
        workflow: str,
        action_type: str,
        payload: Mapping[str, Any],
        **details: Unpack[Details],
    ) -> Check:
        """What staging this would answer. Nothing is stored."""
        return self._drive(requests.check(workflow, action_type, payload, **details))

    def stage(
        self,
        workflow: str,
        action_type: str,
        payload: Mapping[str, Any],
        *,
        key: str | None = None,
        **details: Unpack[Details],
    ) -> Action:
        """Stages an action. `key` names the thing to be done: the same key is the same action for
        its whole life. Without one every call stages a new action."""
        return self._drive(
            requests.stage(workflow, action_type, payload, key or str(uuid4()), details)
        )

    def get(self, action_id: str) -> Action:
        """The action as it stands."""
        return self._drive(requests.read(action_id))

    def wait(self, action_id: str, *, timeout: float = FOREVER) -> Action:
        """The action once it is decided; StillPending after `timeout` seconds."""
        return self._drive(requests.wait(action_id, timeout))

    def take(self, action_id: str, *, lease_seconds: int = LEASE_SECONDS) -> Release:
        """Leases an approved action. Do what its payload says and report before the lease ends."""
        return self._drive(requests.take(action_id, lease_seconds))

    def take_next(
        self, workflow: str, *, limit: int = 1, lease_seconds: int = LEASE_SECONDS
    ) -> list[Release]:
        """Leases the next approved actions of a workflow, as a queue of work."""
        return self._drive(requests.take_next(workflow, limit, lease_seconds))

    def report(
        self,
        action_id: str,
        lease_id: str,
        status: Literal["succeeded", "failed"] = "succeeded",
        *,
        after: Any = None,
        error: str | None = None,
        cost: Mapping[str, Any] | None = None,
        value: Mapping[str, Any] | None = None,
    ) -> Action:
        """Says what came of it. The same again changes nothing."""
        fields = {"after": after, "error": error, "cost": cost, "value": value}
        return self._drive(requests.report(action_id, lease_id, status, fields))

    def revise(
        self, action_id: str, payload: Mapping[str, Any], **details: Unpack[Details]
    ) -> Action:
        """A new version of what was sent back for changes."""
        return self._drive(requests.revise(action_id, payload, details))

    def withdraw(self, action_id: str) -> Action:
        """Takes back what waits: it is no longer wanted."""
        return self._drive(requests.withdraw(action_id))

    def decided(
        self,
        shape: Shape,
        interrupt: Any,
        *,
        workflow: str,
        run_id: str | None = None,
        timeout: float = FOREVER,
        lease_seconds: int = LEASE_SECONDS,
    ) -> Decided:
        """What people made of a framework's interrupt, which is sent as the framework has it.

        The modules `langgraph`, `openai_agents`, `pydantic_ai` and `agent_framework` do this around
        a whole run.
        """
        run_id = run_id or runs.current(self._run_by_default).given
        return self._drive(
            interrupts.decide(shape, interrupt, workflow, run_id, timeout, lease_seconds)
        )

    def decisions(self, after: str | None = None) -> tuple[list[Decision], str | None]:
        """The next verdicts on this agent's actions, and the cursor to go on from."""
        return self._drive(requests.decisions(after))

    def follow(self, after: str | None = None) -> Iterator[Decision]:
        """Every verdict from `after` on, for as long as somebody listens."""
        while True:
            found, after = self.decisions(after)
            yield from found
            if not found:
                time.sleep(FEED_SECONDS)

    # How it is sent

    def _drive(self, flow: Flow[T]) -> T:
        try:
            wanted = next(flow)
            while True:
                try:
                    answer = self._do(wanted)
                except ReviewQueueError as trouble:
                    wanted = flow.throw(trouble)
                else:
                    wanted = flow.send(answer)
        except StopIteration as end:
            result: T = end.value
            return result

    def _do(self, wanted: Request | Pause) -> Answer:
        if isinstance(wanted, Request):
            return self._answer(wanted)
        time.sleep(wanted.seconds)
        return requests.NOTHING

    def _answer(self, request: Request) -> Answer:
        attempts = sending.Attempts(self.patience)
        while True:
            try:
                return sending.read(self._http.request(**sending.options(request)))
            except (httpx.TransportError, Problem) as trouble:
                time.sleep(attempts.pause_after(trouble))
