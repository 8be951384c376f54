"""What a schema marks as nobody's business is hidden, wherever it stands and whoever repeats it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.sensitive import HIDDEN, hidden, marks, masked, secrets


def of(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


@pytest.mark.parametrize(
    "mark", [{"x-sensitive": True}, {"writeOnly": True}, {"format": "password"}]
)
def test_a_marked_field_is_hidden_and_its_neighbours_are_not(mark: dict[str, Any]) -> None:
    schema = of(token={"type": "string", **mark}, name={"type": "string"})
    assert hidden({"token": "s3cret", "name": "Kim"}, schema) == {"token": HIDDEN, "name": "Kim"}


@pytest.mark.parametrize("mark", [{"x-sensitive": False}, {"writeOnly": "yes"}, {"format": "date"}])
def test_other_words_hide_nothing(mark: dict[str, Any]) -> None:
    schema = of(day={"type": "string", **mark})
    assert hidden({"day": "2026-01-01"}, schema) == {"day": "2026-01-01"}
    assert not marks(schema)


def test_a_marked_object_is_hidden_whole() -> None:
    schema = of(card={"x-sensitive": True, **of(number={"type": "string"})})
    assert hidden({"card": {"number": "4111", "more": [1]}}, schema) == {"card": HIDDEN}


def test_it_is_found_in_the_entries_of_a_list() -> None:
    entry = of(pin={"x-sensitive": True})
    assert hidden({"l": [{"pin": 1234}]}, of(l={"items": entry})) == {"l": [{"pin": HIDDEN}]}


def test_the_first_entries_have_schemas_of_their_own() -> None:
    schema = of(l={"prefixItems": [{}, {"x-sensitive": True}], "items": {"type": "string"}})
    assert hidden({"l": ["a", "b", "c"]}, schema) == {"l": ["a", HIDDEN, "c"]}


@pytest.mark.parametrize("word", ["allOf", "anyOf", "oneOf"])
def test_a_mark_in_any_branch_counts(word: str) -> None:
    schema = {word: [of(a={}), of(a={"x-sensitive": True})]}
    assert hidden({"a": "x"}, schema) == {"a": HIDDEN}


def test_a_mark_behind_a_condition_counts() -> None:
    schema = {"if": of(k={"const": "b"}), "then": of(a={"writeOnly": True})}
    assert hidden({"k": "c", "a": "x"}, schema) == {"k": "c", "a": HIDDEN}


@pytest.mark.parametrize("reference", ["#/$defs/secret", "#secret"])
def test_a_reference_within_the_schema_is_followed(reference: str) -> None:
    schema = {
        **of(a={"$ref": reference}),
        "$defs": {"secret": {"$anchor": "secret", "type": "string", "format": "password"}},
    }
    assert hidden({"a": "x"}, schema) == {"a": HIDDEN}


def test_a_schema_that_refers_to_itself_comes_to_an_end() -> None:
    schema = {**of(next={"$ref": "#"}, pin={"x-sensitive": True}), "allOf": [{"$ref": "#"}]}
    assert hidden({"next": {"pin": "1"}}, schema) == {"next": {"pin": HIDDEN}}


def test_names_that_fit_a_pattern_and_names_that_are_not_listed() -> None:
    schema = {
        "properties": {"open": {}},
        "patternProperties": {"^secret_": {"x-sensitive": True}},
        "additionalProperties": {"x-sensitive": True},
    }
    payload = {"open": "1", "secret_a": "2", "else": "3"}
    assert hidden(payload, schema) == {"open": "1", "secret_a": HIDDEN, "else": HIDDEN}


def test_a_pattern_that_cannot_be_read_hides_rather_too_much() -> None:
    schema = {"patternProperties": {"(?<": {"x-sensitive": True}}}
    assert hidden({"a": "1"}, schema) == {"a": HIDDEN}


@pytest.mark.parametrize("schema", [None, True, [], "x", {"properties": 3, "items": "y"}])
def test_what_is_no_schema_hides_nothing(schema: Any) -> None:
    assert hidden({"a": [1]}, schema) == {"a": [1]}


def test_secrets_are_masked_where_somebody_repeats_them() -> None:
    schema = of(key={"x-sensitive": True}, pin={"x-sensitive": True})
    found = secrets({"key": "sk-live-1", "pin": 4711}, schema)
    assert masked("Use sk-live-1 with 4711.", found) == f"Use {HIDDEN} with {HIDDEN}."


def test_a_secret_figure_is_masked_in_every_usual_way_to_write_it() -> None:
    found = secrets({"a": 1234.5}, of(a={"x-sensitive": True}))
    for text in ("1234.5", "1,234.5", "1234.50", "1,234.50"):
        assert masked(f"{text} USD", found).startswith(HIDDEN)


def test_of_two_secrets_the_longer_one_is_masked_whole() -> None:
    assert masked("abcdef", {"abc", "abcdef"}) == HIDDEN


def test_short_and_empty_values_are_not_looked_for() -> None:
    schema = of(a={"x-sensitive": True}, b={"x-sensitive": True}, c={"x-sensitive": True})
    assert secrets({"a": "no", "b": None, "c": True}, schema) == frozenset()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    ),
    max_leaves=8,
)
SCHEMAS = st.recursive(
    st.sampled_from([{}, {"x-sensitive": True}, {"$ref": "#"}, {"$ref": "#/properties/a"}]),
    lambda inner: (
        st.builds(lambda each: {"items": each}, inner)
        | st.builds(lambda each: {"anyOf": each}, st.lists(inner, max_size=2))
        | st.builds(
            lambda each: {"properties": each}, st.dictionaries(st.sampled_from("abc"), inner)
        )
    ),
    max_leaves=6,
)


@given(JSON, SCHEMAS)
def test_hiding_twice_is_hiding_once(payload: Any, schema: Any) -> None:
    once = hidden(payload, schema)
    assert hidden(once, schema) == once


@given(JSON, SCHEMAS)
def test_a_schema_without_marks_changes_nothing(payload: Any, schema: Any) -> None:
    if not marks(schema):
        assert hidden(payload, schema) == payload
        assert secrets(payload, schema) == frozenset()
