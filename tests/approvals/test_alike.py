"""What like actions have in common, in what they differ, and what stands out."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals import alike
from approvals.alike import Alike, Column

LEAVES = st.one_of(st.integers(0, 3), st.sampled_from(["a", "b", "null", ""]), st.none())
PAYLOADS = st.lists(
    st.fixed_dictionaries({"a": LEAVES, "b": LEAVES}, optional={"c": st.lists(LEAVES)}),
    min_size=1,
    max_size=12,
)


def compare(payloads: list[Any]) -> Alike:
    return alike.compare([alike.row(payload) for payload in payloads])


def column(values: list[Any]) -> Column:
    return compare([{"x": value} for value in values]).differs[0]


def test_what_is_the_same_is_said_once_and_what_differs_is_a_column() -> None:
    found = compare([{"kind": "title", "who": "a"}, {"kind": "title", "who": "b"}])
    assert [each.leaf.path for each in found.same] == ["kind"]
    assert [each.leaf.path for each in found.differs] == ["who"]


def test_what_stood_there_before_is_compared_beside_it() -> None:
    rows = [alike.row({"title": "Buyer"}, {"title": before}) for before in ("", "Clerk")]
    found = alike.compare(rows)
    assert [each.key for each in found.same] == [("payload", "/title")]
    assert [each.key for each in found.differs] == [("before", "/title")]


def test_the_word_null_and_nothing_are_not_the_same() -> None:
    assert compare([{"x": None}, {"x": "null"}]).differs
    assert compare([{"x": []}, {"x": "[]"}]).differs


def test_a_leaf_that_only_some_rows_have_differs() -> None:
    (lines,) = compare([{"lines": ["a"]}, {"lines": ["a", "b"]}]).differs
    assert lines.cells[0] is None


def test_a_rare_value_stands_out_where_the_others_repeat() -> None:
    assert set(column(["signature"] * 9 + ["web page"]).odd) == {9}


def test_in_a_column_of_names_nothing_is_rare() -> None:
    assert not column([f"name {number}" for number in range(20)]).odd


def test_of_few_rows_nothing_can_be_told() -> None:
    assert not column(["a", "a", "a", "b"]).odd


def test_a_number_far_from_the_median_stands_out() -> None:
    days = [3, 4, 5, 6, 7, 8, 9, 10, 11, 412]
    odd = column(days).odd
    assert set(odd) == {9}
    # The median is 7.5, the median deviation 2.5: 0.6745 × 404.5 ÷ 2.5 is 109.1, by 3.5 is 31.2.
    assert odd[9] == pytest.approx(Decimal("31.2"), abs=Decimal("0.05"))


def test_amounts_written_as_text_are_numbers_and_names_of_digits_are_not() -> None:
    amounts = [f"{number}.00" for number in (10, 11, 12, 13, 14, 900)]
    assert set(column(amounts).odd) == {5}
    assert not column(["10", "11", "12", "13", "14", "900"]).odd


def test_where_most_numbers_are_equal_rarity_says_it() -> None:
    assert set(column([7] * 9 + [8]).odd) == {9}


def test_confidence_below_the_line_stands_out_and_so_does_none() -> None:
    line = Decimal("0.8")
    given_ones = [Decimal("0.9"), Decimal("0.61"), None, Decimal("0.8")]
    assert set(alike.below(line, given_ones)) == {1, 2}
    assert not alike.below(None, given_ones)


def test_the_strongest_outliers_come_first() -> None:
    one, two = {0: Decimal(1), 1: Decimal(5)}, {0: Decimal(1), 2: Decimal(9)}
    assert alike.standing_out(one, two) == [2, 1, 0]


def test_columns_beyond_the_most_are_folded_and_what_stands_out_never() -> None:
    odd = {0: Decimal(1)}
    columns = [Column(("payload", f"/{n}"), (), odd if n == 9 else {}) for n in range(10)]
    shown, folded = alike.shown(columns, 3)
    assert [each.key[1] for each in shown] == ["/0", "/1", "/9"]
    assert len(folded) == 7


@given(PAYLOADS)
def test_no_leaf_is_lost(payloads: list[dict[str, Any]]) -> None:
    rows = [alike.row(payload) for payload in payloads]
    found = alike.compare(rows)
    for at, row in enumerate(rows):
        cells = {each.key: each.cells[at] for each in (*found.same, *found.differs)}
        assert {key: leaf for key, leaf in cells.items() if leaf} == row
    for each in found.same:
        assert len({(cell.value_text, cell.is_text) for cell in each.cells if cell}) == 1
        assert None not in each.cells


@given(PAYLOADS, st.integers(0, 4))
def test_every_column_is_shown_or_folded(payloads: list[dict[str, Any]], most: int) -> None:
    columns = compare(payloads).differs
    shown, folded = alike.shown(columns, most)
    assert len(shown) <= most
    assert {each.key for each in (*shown, *folded)} == {each.key for each in columns}


@given(PAYLOADS)
def test_what_stands_out_is_in_the_minority(payloads: list[dict[str, Any]]) -> None:
    for each in compare(payloads).differs:
        assert len(each.odd) * 2 <= len(each.cells)
