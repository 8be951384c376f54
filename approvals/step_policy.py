"""PURE: what becomes of the actions that hang on a step which came to nothing."""

from collections.abc import Hashable, Mapping, Set
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from approvals.states import State

DONE = frozenset({State.SUCCEEDED, State.ACCEPTED, State.ANSWERED, State.TAKEN_OVER})
"""What an action that depends on it need not wait for any more."""

FAILED = frozenset({State.FAILED, State.ROLLED_BACK})
DROPPED = frozenset(
    {
        State.REJECTED,
        State.EXPIRED,
        State.WITHDRAWN,
        State.BLOCKED,
        State.REVOKED,
        State.OBSERVED,
    }
)
"""What was never done, and will not be."""

CAME_TO_NOTHING = FAILED | DROPPED
CAN_BE_HALTED = frozenset({State.PENDING, State.CHANGES_REQUESTED, State.APPROVED})
"""What nobody has taken yet."""

Id = TypeVar("Id", bound=Hashable)


class After(StrEnum):
    HALT = "halt"
    GO_ON = "go_on"


@dataclass(frozen=True, slots=True)
class Policy:
    """What a workflow says of its actions that wait for a step."""

    after_failed: After
    after_rejected: After

    def after(self, step: State) -> After:
        return self.after_failed if step in FAILED else self.after_rejected


@dataclass(frozen=True, slots=True)
class Hanging(Generic[Id]):
    """An action that nobody has taken yet, and the steps that it waits for."""

    steps: Set[Id]
    policy: Policy


@dataclass(frozen=True, slots=True)
class Plan(Generic[Id]):
    """Whether the step is tried again; if not, who stops and who goes on without it."""

    again: bool = False
    halted: Set[Id] = frozenset()
    going_on: Set[Id] = frozenset()


def plan(step: Id, state: State, *, tries_left: int, hanging: Mapping[Id, Hanging[Id]]) -> Plan[Id]:
    """What follows when `step` is in `state`. `hanging` is all that hangs on it, however far.

    Each action that waits for it directly goes by the policy of its own workflow. Whatever hangs
    on one that is halted is halted too: its step will never be done.
    """
    if state == State.FAILED and tries_left > 0:
        return Plan(again=True)
    if state not in CAME_TO_NOTHING:
        return Plan()
    waiting = {name: each for name, each in hanging.items() if step in each.steps}
    first = {name for name, each in waiting.items() if each.policy.after(state) == After.HALT}
    halted = _with_all_that_hangs(first, hanging)
    return Plan(halted=halted, going_on=waiting.keys() - halted)


def _with_all_that_hangs(first: Set[Id], hanging: Mapping[Id, Hanging[Id]]) -> Set[Id]:
    reached, news = set(first), set(first)
    while news:
        news = {name for name, each in hanging.items() if name not in reached and each.steps & news}
        reached |= news
    return reached
