"""Laws of the schema form, for generated payloads and for whatever somebody posts."""

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.schema_forms import fields, flat, parse
from ledger.canonical import canonical
from tests.approvals.browser_forms import as_posted

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
ODD_TEXT = TEXT | st.sampled_from(["\r", "a\r\nb", " x ", "null", "10.50", "y" * 90, "\n", ""])
NUMBERS = st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False)
ANYTHING = st.recursive(
    st.none() | st.booleans() | NUMBERS | ODD_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ODD_TEXT, inner, max_size=3),
    max_leaves=6,
)
DAYS = st.dates().map(str)
LINE = {
    "type": "object",
    "required": ["sku"],
    "properties": {
        "sku": {"type": "string"},
        "price": {"type": "number"},
        "gift": {"type": "boolean"},
        "tags": {"type": "array", "items": {"type": "string"}},
    },
}
SCHEMAS: list[dict[str, Any]] = [
    {
        "type": "object",
        "properties": {
            "text": {"type": "string"},
            "a/b~c": {"type": "string", "maxLength": 500},
            "day": {"type": "string", "format": "date"},
            "address": {"type": "string", "format": "email"},
        },
        "required": ["text"],
    },
    {
        "type": "object",
        "properties": {
            "lines": {"type": "array", "items": LINE},
            "first": LINE,
            "grid": {"type": "array", "items": {"type": "array", "items": {"type": "integer"}}},
        },
    },
    {
        "type": "object",
        "properties": {
            "stage": {"enum": ["a", "", 1, "1", None, True]},
            "fixed": {"const": {"a": [1]}},
            "free": {},
            "either": {"anyOf": [{"type": "string"}, {"type": "null"}]},
            "set": {"type": "object", "properties": {"on": {"type": "boolean"}}},
        },
        "required": ["stage"],
    },
    {
        "type": "object",
        "properties": {
            "word": {"type": ["string", "null"]},
            "day": {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]},
            "count": {"oneOf": [{"type": "null"}, {"$ref": "#/$defs/count"}]},
            "sure": {"type": ["boolean", "null"]},
            "line": {"anyOf": [{"type": "null"}, LINE]},
            "all": {"allOf": [{"type": "number"}], "title": "Sum"},
            "words": {"type": ["array", "null"], "items": {"type": ["string", "null"]}},
        },
        "required": ["word", "sure", "line"],
        "$defs": {"count": {"type": "integer"}},
    },
    {"type": "object", "properties": {}, "additionalProperties": {"type": "number"}},
    {"anyOf": [{"type": "object"}]},
]


def payloads(schema: Any) -> st.SearchStrategy[Any]:
    """Values that fit the schema, with keys that it does not name."""
    match schema:
        case {"type": [name, "null"]}:
            return st.none() | payloads({**schema, "type": name})
        case {"anyOf": [one, other]} | {"oneOf": [one, other]}:
            return payloads(one) | payloads(other)
        case {"allOf": [one]}:
            return payloads(one)
        case {"type": "null"}:
            return st.none()
        case {"$ref": "#/$defs/count"}:
            return st.integers(-9, 9)
        case {"const": value}:
            return st.just(value)
        case {"enum": values}:
            return st.sampled_from(values)
        case {"type": "object", "properties": properties}:
            return objects(schema, properties)
        case {"type": "array", "items": items}:
            return st.lists(payloads(items), max_size=3)
        case {"type": "string", "format": "date"}:
            return DAYS | ODD_TEXT
        case {"type": "string"}:
            return ODD_TEXT
        case {"type": "number"}:
            return NUMBERS
        case {"type": "integer"}:
            return st.integers(-9, 9) | st.integers(-9, 9).map(float)
        case {"type": "boolean"}:
            return st.booleans()
    return ANYTHING


def objects(schema: Any, properties: dict[str, Any]) -> st.SearchStrategy[Any]:
    known = {key: payloads(inner) for key, inner in properties.items()}
    required = schema.get("required", [])
    optional = {key: inner for key, inner in known.items() if key not in required}
    named = st.fixed_dictionaries({key: known[key] for key in required}, optional=optional)
    rest = payloads(schema.get("additionalProperties", {}))
    extra = st.dictionaries(ODD_TEXT.filter(lambda key: key not in known), rest, max_size=2)
    return st.tuples(extra, named).map(lambda both: both[0] | both[1])


def exact(value: Any) -> str:
    """JSON that tells 1 from 1.0 and from true."""
    return json.dumps(value, sort_keys=True)


@pytest.mark.parametrize("schema", SCHEMAS, ids=range(len(SCHEMAS)))
@given(data=st.data())
def test_an_untouched_form_gives_the_exact_payload_back(schema: Any, data: Any) -> None:
    payload = data.draw(payloads(schema))
    found = fields(schema, payload)
    parsed = parse(schema, payload, as_posted(found))
    assert exact(parsed.payload) == exact(payload)
    assert parsed.errors == {}
    assert not any(field.touched for field in flat(found))


@pytest.mark.parametrize("schema", SCHEMAS, ids=range(len(SCHEMAS)))
@given(data=st.data())
def test_a_form_shown_again_posts_the_same_edit(schema: Any, data: Any) -> None:
    original, edit = data.draw(payloads(schema)), data.draw(payloads(schema))
    first = parse(schema, original, as_posted(fields(schema, edit, {}, original)))
    again = fields(schema, first.payload, first.errors, original, first.typed)
    second = parse(schema, original, as_posted(again))
    assert exact(second.payload) == exact(first.payload)
    assert second.errors == first.errors


@pytest.mark.parametrize("schema", SCHEMAS, ids=range(len(SCHEMAS)))
@given(data=st.data())
def test_whatever_is_posted_there_is_an_answer_that_can_be_kept(schema: Any, data: Any) -> None:
    payload = data.draw(payloads(schema))
    names = [name for field in flat(fields(schema, payload)) for name in (field.name, field.marker)]
    pointers = [name[1:] for name in names]
    texts = ODD_TEXT | st.text('0123456789 +-.e[]{}",:\\ud\0', max_size=12)
    posted = data.draw(st.dictionaries(st.sampled_from([*names, "f"]), texts, max_size=9))
    posted |= data.draw(
        st.dictionaries(st.sampled_from(["add", "remove"]), st.sampled_from([*pointers, ""]))
    )
    parsed = parse(schema, payload, posted)
    canonical(parsed.payload)
    again = fields(schema, parsed.payload, parsed.errors, payload, parsed.typed)
    exact([field.value for field in flat(again)]).encode()


@given(payloads(LINE))
def test_generated_payloads_fit_their_schema(payload: Any) -> None:
    jsonschema.validate(payload, LINE)
