"""How large a sample is, and what a clean one promises: by hand, and as laws."""

from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.acceptance import sample_size, shows_from

LOTS = st.integers(min_value=1, max_value=2_000)


@pytest.mark.parametrize(
    ("lot", "size"),
    [(0, 0), (1, 1), (2, 2), (3, 3), (4, 3), (5, 4), (9, 4), (10, 5), (24, 6), (100, 11),
     (101, 12), (500, 24)],
)  # fmt: skip
def test_the_sample_is_the_root_plus_one_rounded_up(lot: int, size: int) -> None:
    assert sample_size(lot) == size


@pytest.mark.parametrize(
    ("lot", "sample", "fewest"),
    [
        (24, 6, 9),  # 5005 of 134596 samples miss 9 (3.7%), 8008 miss 8 (5.9%)
        (4, 3, 2),  # 1 of 4 samples misses 1 defect; none misses 2
        (10, 5, 4),  # 6 of 252 samples miss 4 (2.4%), 21 miss 3 (8.3%)
        (10, 10, 1),
        (20, 1, 19),  # exactly 5%
    ],
)
def test_what_a_clean_sample_promises_by_hand(lot: int, sample: int, fewest: int) -> None:
    assert shows_from(lot, sample) == fewest


@pytest.mark.parametrize(("lot", "sample"), [(5, 0), (5, 6), (0, 0)])
def test_a_sample_that_is_no_part_of_the_lot_promises_nothing(lot: int, sample: int) -> None:
    with pytest.raises(ValueError, match="cannot be drawn"):
        shows_from(lot, sample)


@given(LOTS)
def test_the_sample_is_a_part_of_the_lot_and_grows_with_it(lot: int) -> None:
    size = sample_size(lot)
    assert min(lot, 3) <= size <= lot
    assert size <= sample_size(lot + 1) <= size + 1
    assert size == lot or (size - 1) ** 2 >= lot or size == 3


@given(LOTS)
def test_the_promise_holds_and_one_defect_fewer_would_not(lot: int) -> None:
    sample = sample_size(lot)
    fewest = shows_from(lot, sample)
    missed = [comb(lot - defects, sample) / comb(lot, sample) for defects in (fewest, fewest - 1)]
    assert missed[0] <= 0.05 < missed[1]


@given(st.data())
def test_a_larger_sample_never_promises_less(data: st.DataObject) -> None:
    lot = data.draw(st.integers(min_value=2, max_value=300))
    sample = data.draw(st.integers(min_value=1, max_value=lot - 1))
    assert shows_from(lot, sample + 1) <= shows_from(lot, sample)
