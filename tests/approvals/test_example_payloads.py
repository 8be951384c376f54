"""Laws of the example payload: whatever our schemas ask for, it fits."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from agents_registry import presets
from agents_registry.spec import payload_schemas
from approvals.example_payloads import fits, payload_for
from approvals.example_texts import matching
from ledger.canonical import canonical
from tests.factories import REFUND_SCHEMA

ROOT = Path(__file__).parents[2]


def ranges(low: int, high: int) -> st.SearchStrategy[tuple[int, int]]:
    return st.tuples(st.integers(low, high), st.integers(low, high)).map(
        lambda pair: (min(pair), max(pair))
    )


@st.composite
def texts(draw: st.DrawFn) -> dict[str, Any]:
    least, most = draw(ranges(0, 40))
    limits = {"minLength": least, "maxLength": most}
    kind = draw(st.sampled_from(["free", "format", "pattern", "enum"]))
    match kind:
        case "format":
            return {"type": "string", "format": draw(st.sampled_from(["date", "email", "uri"]))}
        case "pattern":
            pattern = draw(
                st.sampled_from([r"^[0-9]{1,9}\.[0-9]{2}$", "^[A-Z]{3}$", "^(a|b)-\\d+$"])
            )
            return {"type": "string", "pattern": pattern}
        case "enum":
            return {"enum": draw(st.lists(st.text(max_size=5), min_size=1, unique=True))}
    return {"type": "string", **draw(st.sampled_from([{}, limits, {"minLength": least}]))}


@st.composite
def numbers(draw: st.DrawFn) -> dict[str, Any]:
    low, high = draw(ranges(-1000, 1000))
    kind = draw(st.sampled_from(["integer", "number"]))
    limits: list[dict[str, Any]] = [
        {},
        {"minimum": low, "maximum": high},
        {"exclusiveMinimum": low},
        {"exclusiveMaximum": high},
        {"multipleOf": 5, "minimum": low},
    ]
    if kind == "number":
        limits += [{"minimum": low, "exclusiveMaximum": low + 0.5}, {"multipleOf": 0.01}]
    return {"type": kind, **draw(st.sampled_from(limits))}


def lists(of: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(
        lambda items, span: (
            {"type": "array", "items": items, "minItems": span[0]} | {"maxItems": span[1]}
        ),
        of,
        ranges(0, 4),
    )


@st.composite
def objects(draw: st.DrawFn, of: st.SearchStrategy[Any]) -> dict[str, Any]:
    known = draw(st.dictionaries(st.text("abcdef_", min_size=1, max_size=6), of, max_size=4))
    required = draw(st.lists(st.sampled_from(sorted(known)), unique=True)) if known else []
    closed = draw(st.sampled_from([{}, {"additionalProperties": False}]))
    return {"type": "object", "properties": known, "required": required, **closed}


def maybe(of: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return of.map(lambda schema: {"anyOf": [schema, {"type": "null"}]})


LEAVES = texts() | numbers() | st.just({"type": "boolean"}) | st.just({}) | st.just({"const": [1]})
SCHEMAS = st.recursive(LEAVES, lambda of: lists(of) | objects(of) | maybe(of), max_leaves=8)


@given(objects(SCHEMAS))
def test_it_fits_the_schema_that_it_is_made_from(schema: dict[str, Any]) -> None:
    payload = payload_for(schema)
    jsonschema.validate(payload, schema, format_checker=jsonschema.FormatChecker())
    assert isinstance(payload, dict)
    canonical(payload)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: (
    st.lists(inner) | st.dictionaries(st.sampled_from(
        ["type", "properties", "items", "enum", "anyOf", "$ref", "minItems", "pattern", "required"]
    ), inner)
), max_leaves=12))  # fmt: skip
def test_whatever_stands_in_a_usable_schema_there_is_an_answer(schema: Any) -> None:
    if isinstance(schema, dict) and not payload_schemas.faults(schema):
        fits(schema, payload_for(schema))


def shipped() -> list[tuple[str, dict[str, Any]]]:
    """Every payload schema of the presets and the examples."""
    documents = {name: presets.load(name) for name in presets.names()}
    for path in ROOT.glob("examples/**/*.yaml"):
        documents[path.stem] = yaml.safe_load(path.read_text())
    return list(schemas_in(documents))


def schemas_in(node: Any, way: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(node, dict) and isinstance(node.get("payload_schema"), dict):
        yield way, node["payload_schema"]
    elif isinstance(node, dict):
        for name, inner in node.items():
            yield from schemas_in(inner, f"{way}/{name}")


@pytest.mark.parametrize(("name", "schema"), shipped(), ids=[name for name, _ in shipped()])
def test_every_shipped_action_type_has_an_example(name: str, schema: dict[str, Any]) -> None:
    assert fits(schema, payload_for(schema)), (name, payload_for(schema))


def test_it_reads_like_the_thing() -> None:
    assert payload_for(REFUND_SCHEMA) == {
        "order": "order",
        "amount": 1,
        "currency": "USD",
        "note": "note",
    }


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"a": {"$ref": "#/$defs/day"}}, "required": ["a"],
         "$defs": {"day": {"type": "string", "format": "date"}}},
        {"type": "object", "required": ["unnamed"]},
        {"type": "object", "minProperties": 3, "additionalProperties": {"type": "integer"}},
        {"type": "object", "properties": {"a": {"type": "array", "items": {"type": "string"},
         "minItems": 3, "uniqueItems": True}}, "required": ["a"]},
        {"type": "object", "properties": {"a": {}, "b": {}}, "maxProperties": 1},
        {"allOf": [{"type": "object", "properties": {"a": {"type": "integer"}}},
                   {"required": ["a"]}]},
        {"oneOf": [{"type": "object", "properties": {"a": {"const": 1}}, "required": ["a"]},
                   {"type": "object", "properties": {"b": {"const": 2}}, "required": ["b"]}]},
        {"type": "object", "properties": {"node": {"$ref": "#/$defs/node"}}, "required": ["node"],
         "$defs": {"node": {"type": "object", "properties": {
             "name": {"type": "string"},
             "below": {"type": "array", "items": {"$ref": "#/$defs/node"}}},
             "required": ["name", "below"]}}},
        {"properties": {"a": {"minimum": 3}}},
        {},
    ],
)  # fmt: skip
def test_it_fits_schemas_of_many_kinds(schema: dict[str, Any]) -> None:
    assert fits(schema, payload_for(schema)), payload_for(schema)


def test_what_a_schema_calls_an_example_comes_before_what_it_allows() -> None:
    role = {"enum": ["executive", "staff"], "examples": ["staff"]}
    assert payload_for({"properties": {"role": role}}) == {"role": "staff"}


def test_a_text_that_has_to_be_longer_is_made_so_in_words() -> None:
    to = {"type": "string", "minLength": 3, "maxLength": 20}
    assert payload_for({"properties": {"to": to}}) == {"to": "to example"}


@pytest.mark.parametrize(
    "pattern",
    [r"^[0-9]{1,9}\.[0-9]{2}$", r"^DE\d{20}$", "^(EUR|USD)$", "[^a-z]+", r"^\w+@\w+\.com$",
     "^a?b*c+$", r"^(?:x|y){3}-[]a-z\]]$", "^[A-Z]{2}[0-9]{2} [A-Z0-9]{4}$", "x|y", ""],
)  # fmt: skip
def test_a_text_matches_its_pattern(pattern: str) -> None:
    text = matching(pattern)
    assert text is not None
    assert re.search(pattern, text)


@pytest.mark.parametrize("pattern", ["(?=x)y", r"(a)\1", "(", "[", "a{2", "\\"])
def test_a_pattern_beyond_it_is_given_up(pattern: str) -> None:
    text = matching(pattern)
    assert text is None or re.search(pattern, text)
