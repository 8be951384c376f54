"""What becomes of what hangs on a step that came to nothing: the pure rule, for any graph."""

from collections.abc import Mapping

import hypothesis.strategies as st
import pytest
from hypothesis import given

from approvals.states import State
from approvals.step_policy import (
    CAME_TO_NOTHING,
    CAN_BE_HALTED,
    DONE,
    DROPPED,
    FAILED,
    After,
    Hanging,
    Plan,
    Policy,
    plan,
)

HALTS = Policy(After.HALT, After.HALT)
GOES_ON = Policy(After.GO_ON, After.GO_ON)

Graph = Mapping[int, Hanging[int]]


@st.composite
def graphs(draw: st.DrawFn) -> dict[int, Hanging[int]]:
    """Actions 1 to 7, each waiting for earlier ones; 0 is the step."""
    found = {}
    for number in range(1, draw(st.integers(1, 7)) + 1):
        steps = draw(st.frozensets(st.integers(0, number - 1), min_size=1))
        policy = Policy(draw(st.sampled_from(After)), draw(st.sampled_from(After)))
        found[number] = Hanging(steps, policy)
    return found


states = st.sampled_from(State)


@pytest.mark.parametrize("state", sorted(State))
def test_every_state_is_done_or_came_to_nothing_or_may_still_be_done(state: State) -> None:
    sorts = [state in DONE, state in FAILED, state in DROPPED]
    assert sum(sorts) <= 1
    if state in CAN_BE_HALTED:
        assert not any(sorts)


@given(states, graphs(), st.integers(0, 3))
def test_a_step_that_is_done_or_may_still_be_stops_nobody(
    state: State, graph: Graph, tries: int
) -> None:
    if state not in CAME_TO_NOTHING:
        assert plan(0, state, tries_left=tries, hanging=graph) == Plan()


@given(states, graphs(), st.integers(1, 3))
def test_a_failed_step_with_tries_left_is_tried_again_before_anything_else(
    state: State, graph: Graph, tries: int
) -> None:
    found = plan(0, state, tries_left=tries, hanging=graph)
    assert found.again == (state == State.FAILED)
    if found.again:
        assert found == Plan(again=True)


@given(st.sampled_from(sorted(CAME_TO_NOTHING)), graphs())
def test_each_that_waits_for_it_stops_or_goes_on_and_never_both(state: State, graph: Graph) -> None:
    found = plan(0, state, tries_left=0, hanging=graph)
    direct = {name for name, each in graph.items() if 0 in each.steps}
    assert not found.halted & found.going_on
    assert direct <= found.halted | found.going_on
    assert found.going_on <= direct
    for name in found.going_on:
        assert graph[name].policy.after(state) == After.GO_ON


@given(st.sampled_from(sorted(CAME_TO_NOTHING)), graphs())
def test_nobody_is_left_waiting_for_one_that_was_stopped(state: State, graph: Graph) -> None:
    found = plan(0, state, tries_left=0, hanging=graph)
    for name, each in graph.items():
        if each.steps & found.halted:
            assert name in found.halted


@given(st.sampled_from(sorted(CAME_TO_NOTHING)), graphs())
def test_who_is_stopped_hangs_on_the_step_by_others_that_are_stopped(
    state: State, graph: Graph
) -> None:
    found = plan(0, state, tries_left=0, hanging=graph)
    for name in found.halted:
        each = graph[name]
        halts = 0 in each.steps and each.policy.after(state) == After.HALT
        assert halts or each.steps & found.halted


@given(st.sampled_from(sorted(CAME_TO_NOTHING)), graphs())
def test_done_once_there_is_nothing_left_to_do(state: State, graph: Graph) -> None:
    found = plan(0, state, tries_left=0, hanging=graph)
    left = {name: each for name, each in graph.items() if name not in found.halted}
    assert plan(0, state, tries_left=0, hanging=left).halted == frozenset()


def test_the_two_kinds_of_ends_have_rules_of_their_own() -> None:
    mixed = Policy(after_failed=After.GO_ON, after_rejected=After.HALT)
    graph = {1: Hanging(frozenset({0}), mixed)}
    assert plan(0, State.FAILED, tries_left=0, hanging=graph) == Plan(going_on=frozenset({1}))
    assert plan(0, State.REJECTED, tries_left=0, hanging=graph) == Plan(halted=frozenset({1}))


def test_what_hangs_on_one_that_stops_stops_too_whatever_its_own_rule() -> None:
    graph = {1: Hanging(frozenset({0}), HALTS), 2: Hanging(frozenset({1}), GOES_ON)}
    assert plan(0, State.EXPIRED, tries_left=0, hanging=graph).halted == frozenset({1, 2})
