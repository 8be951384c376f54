"""What a payload changes, leaf by leaf and word by word."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.diffs import Part, context, field_changes, same, word_diff
from approvals.inert import leaves

SCALARS = (
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(-5, 5) | st.text("ab ", max_size=3)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("xyz"), inner),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.sampled_from("xyz"), VALUES)
ORDER = {
    "order_id": "A-17",
    "status": "open",
    "total": "120.00",
    "address": {"street": "1 High Street", "city": "York", "floor": "2"},
    "lines": [{"sku": "k-1", "quantity": 1}, {"sku": "k-2", "quantity": 3}],
}


def rows(changes: list) -> list[tuple]:
    return [(change.kind, change.path, change.before, change.after) for change in changes]


def test_without_a_before_everything_is_added() -> None:
    payload = {"to": "a@b.example", "tags": []}
    added = [("added", "to", None, "a@b.example"), ("added", "tags", None, "[]")]
    assert rows(field_changes(None, payload)) == added
    assert rows(field_changes({"other": 1}, payload)) == added
    assert rows(field_changes("a note", payload)) == added
    assert context(None, payload) == []


def test_the_record_around_the_change_is_context_and_does_not_drown_it() -> None:
    payload = {"order_id": "A-17", "status": "cancelled", "reason": "no longer needed"}
    assert rows(field_changes(ORDER, payload)) == [
        ("same", "order_id", "A-17", "A-17"),
        ("changed", "status", "open", "cancelled"),
        ("added", "reason", None, "no longer needed"),
    ]
    kept = context(ORDER, payload)
    assert {change.kind for change in kept} == {"context"}
    assert [change.path for change in kept][:3] == ["total", "address.street", "address.city"]


def test_what_an_object_in_the_payload_leaves_out_is_removed() -> None:
    payload = {"address": {"street": "2 High Street", "city": "York"}}
    assert rows(field_changes(ORDER, payload)) == [
        ("changed", "address.street", "1 High Street", "2 High Street"),
        ("same", "address.city", "York", "York"),
        ("removed", "address.floor", "2", None),
    ]


def test_entries_of_a_list_are_known_by_their_names() -> None:
    payload = {"lines": [{"sku": "k-1", "quantity": 2}]}
    assert rows(field_changes(ORDER, payload)) == [
        ("same", "lines[0].sku", "k-1", "k-1"),
        ("changed", "lines[0].quantity", "1", "2"),
        ("removed", "lines[1].sku", "k-2", None),
        ("removed", "lines[1].quantity", "3", None),
    ]


def told(before: object, after: object) -> list[tuple]:
    """What a reader is shown, with where a moved entry stood."""
    changes = field_changes(before, after, versions=True)
    return [
        (change.kind, change.path, change.was, change.before, change.after)
        for change in changes
        if change.kind != "same"
    ]


def test_an_entry_put_in_front_is_the_only_change() -> None:
    lines = [{"sku": f"k-{number}", "quantity": 1} for number in range(20)]
    assert told({"l": lines}, {"l": [{"sku": "k-x", "quantity": 2}, *lines]}) == [
        ("added", "l[0].sku", "", None, "k-x"),
        ("added", "l[0].quantity", "", None, "2"),
    ]
    assert told({"l": ["a", "b", "c"]}, {"l": ["b", "c"]}) == [("removed", "l[0]", "", "a", None)]


def test_an_entry_that_moved_is_told_as_moved() -> None:
    assert told({"l": ["a", "b", "c"]}, {"l": ["c", "a", "b"]}) == [
        ("moved", "l[0]", "l[2]", "c", "c")
    ]
    lines = [{"id": number, "at": {"x": number}} for number in range(3)]
    assert told({"l": lines}, {"l": [lines[1], lines[2], lines[0]]}) == [
        ("moved", "l[2].id", "l[0].id", "0", "0"),
        ("moved", "l[2].at.x", "l[0].at.x", "0", "0"),
    ]


def test_an_entry_that_moved_and_changed_is_still_known() -> None:
    before = [{"sku": "a", "price": 1}, {"sku": "b", "price": 2}, {"sku": "c", "price": 3}]
    after = [{"sku": "c", "price": 4}, {"sku": "a", "price": 1}]
    assert told({"l": before}, {"l": after}) == [
        ("changed", "l[0].price", "l[2].price", "3", "4"),
        ("removed", "l[1].sku", "", "b", None),
        ("removed", "l[1].price", "", "2", None),
    ]


def test_lists_in_lists_keep_their_whole_old_path() -> None:
    before = {"l": [{"id": 1, "m": ["x", "y"]}, {"id": 2, "m": ["z"]}]}
    after = {"l": [{"id": 2, "m": ["z"]}, {"id": 1, "m": ["y", "q"]}]}
    found = told(before, after)
    assert ("removed", "l[1].m[0]", "l[0].m[0]", "x", None) in found
    assert ("added", "l[1].m[1]", "", None, "q") in found


def test_very_long_lists_are_compared_place_by_place() -> None:
    before = [str(number) for number in range(2000)]
    after = ["new", *before[1:]]
    assert told({"l": before}, {"l": after}) == [("changed", "l[0]", "", "0", "new")]


def test_a_value_that_becomes_an_object_is_removed_and_added() -> None:
    assert rows(field_changes({"a": "x"}, {"a": {"b": "x"}})) == [
        ("removed", "a", "x", None),
        ("added", "a.b", None, "x"),
    ]
    assert rows(field_changes({"a": [1]}, {"a": []})) == [
        ("removed", "a[0]", "1", None),
        ("added", "a", None, "[]"),
    ]


def test_a_change_of_type_alone_is_visible() -> None:
    assert rows(field_changes({"a": "10"}, {"a": 10})) == [("changed", "a", '"10"', "10")]
    assert rows(field_changes({"a": 1}, {"a": True})) == [("changed", "a", "1", "true")]
    assert rows(field_changes({"a": {}}, {"a": []})) == [("changed", "a", "{}", "[]")]


def test_between_two_versions_what_is_gone_at_the_top_is_removed() -> None:
    assert rows(field_changes({"a": 1, "b": 2}, {"b": 2}, versions=True)) == [
        ("same", "b", "2", "2"),
        ("removed", "a", "1", None),
    ]
    assert rows(field_changes({"a": 1}, {"b": 2}, versions=True)) == [
        ("added", "b", None, "2"),
        ("removed", "a", "1", None),
    ]


def test_long_texts_ask_for_a_word_diff() -> None:
    (short,) = field_changes({"a": "open"}, {"a": "closed"})
    (lines,) = field_changes({"a": "one\ntwo"}, {"a": "one"})
    assert not short.is_prose
    assert lines.is_prose


@given(VALUES, VALUES)
def test_every_leaf_of_the_payload_is_told_once(before: object, after: object) -> None:
    told = [change.pointer for change in field_changes(before, after) if change.kind != "removed"]
    assert told == [leaf.pointer for leaf in leaves(after)]


@given(OBJECTS, OBJECTS)
def test_every_leaf_of_the_record_is_told_once(before: dict, after: dict) -> None:
    changes = field_changes(before, after) + context(before, after)
    told = [change.was or change.path for change in changes if change.before is not None]
    assert sorted(told) == (sorted(leaf.path for leaf in leaves(before)) if before else told)


@given(VALUES)
def test_nothing_changes_between_equal_versions(value: object) -> None:
    assert {change.kind for change in field_changes(value, value, versions=True)} == {"same"}


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        (1, 1.0, True),
        (1, True, False),
        ("1", 1, False),
        ([], {}, False),
        ({"a": [1]}, {"a": [1.0]}, True),
        ({"a": [0]}, {"a": [False]}, False),
        ({"a": 1}, {"a": 1, "b": None}, False),
    ],
)
def test_json_values_are_equal_by_type_and_value(
    one: object, other: object, *, equal: bool
) -> None:
    assert same(one, other) is equal


@pytest.mark.parametrize(
    ("old", "new", "drawn"),
    [
        ("", "", ""),
        ("", "new", "+new"),
        ("old", "", "-old"),
        ("a 12% price.", "a 10% price.", "=a |-12%|+10%|= price."),
        ("that.\n\nFor", "that. We are sorry.\n\nFor", "=that.|+ We are sorry.|=\n\nFor"),
        ("Hello", "Dear all. Hello", "+Dear all. |=Hello"),
        ("a b\nc", "a b c", "=a b|-\n|+ |=c"),
    ],
)
def test_a_word_diff_reads_well(old: str, new: str, drawn: str) -> None:
    signs = {"same": "=", "del": "-", "add": "+"}
    assert "|".join(signs[part.kind] + part.text for part in word_diff(old, new)) == drawn


@given(st.text("ab \n.", max_size=40), st.text("ab \n.", max_size=40))
def test_a_word_diff_holds_both_texts_whole(old: str, new: str) -> None:
    found = word_diff(old, new)
    assert "".join(part.text for part in found if part.kind != "add") == old
    assert "".join(part.text for part in found if part.kind != "del") == new


def test_a_very_long_text_is_replaced_as_a_whole() -> None:
    old, new = "word " * 4_001 + "old", "word " * 4_001 + "new"
    assert word_diff(old, new) == [Part("del", old), Part("add", new)]


def test_a_text_made_to_be_slow_is_given_up_on() -> None:
    old = "".join(f"a w{number} " for number in range(2_000))
    new = "".join(f"a v{number} " for number in range(2_000))
    found = word_diff(old, new)
    assert max(len(part.text) for part in found if part.kind == "del") > len(old) / 2
    assert "".join(part.text for part in found if part.kind != "del") == new
