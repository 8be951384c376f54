"""Which action waits for which: writes it down at staging, and answers what is still awaited."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.db.models import (
    CharField,
    Exists,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Value,
    prefetch_related_objects,
)
from django.db.models.functions import Cast, Concat

from agents_registry.models import AfterStep, Agent, Workflow
from approvals.errors import Conflict, Fault, Invalid
from approvals.models import Action, Dependency, Purpose
from approvals.states import State
from approvals.step_policy import CAME_TO_NOTHING, CAN_BE_HALTED, DONE, DROPPED, FAILED
from ledger import following

FOLLOWER = "steps"
MOST = 50
MAY_COME_BACK = frozenset({State.FAILED, State.REJECTED})
"""Until it is settled: tried again, or undone by whoever rejected it."""

STANDS = ("id", "state", "tier", "frozen", "decided_at")
WAITS_FOR = Prefetch(
    "waits_for", queryset=Dependency.objects.select_related("on").order_by("on_id")
)


def find(
    agent: Agent, workflow: Workflow, ids: Sequence[str], *, lock: bool, test: bool = False
) -> list[Action]:
    """The steps that an action of this workflow is to wait for, each by its newest retry.

    Invalid where one is not an action of this agent, Conflict where one came to nothing and the
    workflow does not go on without it. With `lock` they stay as they are until the transaction
    ends, so that none of them comes to nothing unheard. Of a `test` the steps are tests too, and
    such a step is never done and no failure.
    """
    wanted = _newest([UUID(each) for each in ids])
    rows = Action.objects.filter(pk__in=wanted, agent=agent, team=agent.team_id).order_by("pk")
    steps = list(rows.select_for_update(of=("self",), no_key=True) if lock else rows)
    _check_known(ids, wanted, steps)
    tests = [step for step in steps if test and step.purpose == Purpose.EVAL]
    _check_alive(wanted, [step for step in steps if step not in tests], workflow)
    return steps


def hang(action: Action, steps: Iterable[Action]) -> None:
    """The action waits for these; locked rows of `find`."""
    Dependency.objects.bulk_create([Dependency(action=action, on=step) for step in steps])


def steps_of(action: Action) -> list[Action]:
    """What it waits for, in order; without a query where `WAITS_FOR` was fetched for many."""
    prefetch_related_objects([action], WAITS_FOR)
    return [edge.on for edge in action.waits_for.all()]


def awaited(action: Action) -> list[Action]:
    """The same, with no more of each than how it stands: to be told, never to be saved."""
    if "waits_for" in getattr(action, "_prefetched_objects_cache", {}):
        return steps_of(action)
    rows = action.waits_for.order_by("on_id").values_list(*(f"on__{name}" for name in STANDS))
    return [Action(**dict(zip(STANDS, row, strict=True))) for row in rows]


def move_on(*, step: Action, retry: Action) -> None:
    """The retry waits for what its first try waited for, and is waited for in its place."""
    steps = step.waits_for.values_list("on_id", flat=True)
    Dependency.objects.bulk_create([Dependency(action=retry, on_id=pk) for pk in steps])
    step.waited_for_by.filter(action__state__in=CAN_BE_HALTED).update(on=retry)


def holding_back() -> QuerySet[Dependency]:
    """What keeps actions from being taken: a step that is not done, unless it came to nothing,
    the workflow goes on without it, and it is settled that it is not tried again."""
    failed = Q(on__state__in=FAILED, action__workflow__after_failed_step=AfterStep.GO_ON)
    dropped = Q(on__state__in=DROPPED, action__workflow__after_rejected_step=AfterStep.GO_ON)
    stream = Concat(Value("action:"), Cast(OuterRef("on_id"), CharField()))
    unsettled = Exists(following.unheard(FOLLOWER).filter(event__stream=stream))
    return Dependency.objects.exclude(on__state__in=DONE).exclude((failed | dropped) & ~unsettled)


def waits() -> Exists:
    """Matches the actions that a step holds back."""
    return Exists(holding_back().filter(action=OuterRef("pk")))


def check_nothing_awaited(action: Action) -> None:
    """Conflict where a step holds it back, with the ids of all that do."""
    ids = [str(pk) for pk in holding_back().filter(action=action).values_list("on_id", flat=True)]
    if ids:
        raise Conflict(
            f"It waits for {_counted(len(ids))}. Nothing was taken. Ask again when done.",
            code="waiting_for",
            waiting_for=sorted(ids),
        )


def missing(actions: Sequence[Action]) -> dict[UUID, list[str]]:
    """By action, the steps that came to nothing and that it goes on without."""
    found: dict[UUID, list[str]] = {}
    edges = Dependency.objects.filter(action__in=actions, on__state__in=CAME_TO_NOTHING)
    for action_id, step_id in edges.order_by("on_id").values_list("action_id", "on_id"):
        found.setdefault(action_id, []).append(str(step_id))
    return found


def _newest(ids: Sequence[UUID]) -> list[UUID]:
    """Each id, or that of the action which tries the same once more."""
    newest = {pk: pk for pk in ids}
    while later := _retries(set(newest.values())):
        newest = {pk: later.get(last, last) for pk, last in newest.items()}
    return [newest[pk] for pk in ids]


def _retries(ids: set[UUID]) -> dict[Any, UUID]:
    rows = Action.objects.filter(retry_of__in=ids).order_by("pk")
    return dict(rows.values_list("retry_of_id", "pk"))


def _check_known(ids: Sequence[str], wanted: Sequence[UUID], steps: Sequence[Action]) -> None:
    known = {step.pk for step in steps}
    detail = "This agent has no such action."
    faults = [
        Fault(f"/depends_on/{place}", "dependency_unknown", detail)
        for place, pk in enumerate(wanted)
        if pk not in known
    ]
    if faults:
        raise Invalid(f"{detail} Nothing was staged.", code="dependency_unknown", faults=faults)


def _check_alive(wanted: Sequence[UUID], steps: Sequence[Action], workflow: Workflow) -> None:
    halts = _ending(workflow) & CAME_TO_NOTHING
    ended = {step.pk: step.state for step in steps if step.state in halts}
    unsettled = _unsettled(pk for pk, state in ended.items() if state in MAY_COME_BACK)
    faults = [
        Fault(f"/depends_on/{place}", "dependency_failed", f"It is {_plain(ended[pk])}.")
        for place, pk in enumerate(wanted)
        if pk in ended and pk not in unsettled
    ]
    if faults:
        detail = "What it depends on came to nothing. Nothing was staged. Stage that anew first."
        raise Conflict(detail, code="dependency_failed", faults=faults)


def _ending(workflow: Workflow) -> frozenset[State]:
    """The states of a step after which the workflow does not go on."""
    failed = FAILED if workflow.after_failed_step == AfterStep.HALT else frozenset()
    dropped = DROPPED if workflow.after_rejected_step == AfterStep.HALT else frozenset()
    return failed | dropped


def _unsettled(ids: Iterable[UUID]) -> set[UUID]:
    """Of which it is not settled yet what becomes of what hangs on them."""
    streams = {f"action:{pk}": pk for pk in ids}
    rows = following.unheard(FOLLOWER).filter(event__stream__in=list(streams))
    return {streams[stream] for stream in rows.values_list("event__stream", flat=True)}


def _counted(number: int) -> str:
    return "another action" if number == 1 else f"{number} other actions"


def _plain(state: str) -> str:
    return state.replace("_", " ")
