"""Which way a change to a confirmed action type leads."""

import pytest

from agents_registry.changes.directions import Direction, direction


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [(False, True, Direction.LOOSENING), (True, False, Direction.TIGHTENING)],
)
def test_saying_that_a_type_may_be_done_twice_loosens_it(
    old: bool, new: bool, expected: Direction
) -> None:
    assert direction("idempotent", old, new, confirmed=True) is expected
