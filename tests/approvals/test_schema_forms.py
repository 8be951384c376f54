"""Edit and approve: a form from the payload's schema, and the payload back from the form."""

from typing import Any

import pytest
from django.http import QueryDict

from approvals.schema_forms import MOST_ITEMS, Field, Typed, fields, flat, parse
from tests.approvals.browser_forms import as_posted

OFFER = {
    "type": "object",
    "required": ["to", "subject", "discount_pct"],
    "properties": {
        "to": {"type": "string", "format": "email", "readOnly": True},
        "subject": {"type": "string", "maxLength": 120},
        "discount_pct": {
            "type": "integer",
            "minimum": 0,
            "maximum": 20,
            "title": "Discount, %",
            "description": "Up to 10 the reviewer may sign.",
        },
        "price": {"type": "number", "exclusiveMinimum": 0},
        "stage": {"enum": ["offer_sent", "at_risk"]},
        "copy_me": {"type": "boolean"},
        "valid_until": {"type": "string", "format": "date"},
        "sendAt": {"type": "string", "format": "date-time"},
        "reply_to": {"type": "string", "format": "email"},
        "lines": {
            "type": "array",
            "maxItems": 5,
            "items": {
                "type": "object",
                "required": ["sku", "quantity"],
                "properties": {"sku": {"type": "string"}, "quantity": {"type": "integer"}},
            },
        },
        "customer": {
            "type": "object",
            "required": ["name"],
            "properties": {"name": {"type": "string"}, "phone": {"type": "string"}},
        },
        "extra": {"anyOf": [{"type": "string"}, {"type": "object"}, {"type": "null"}]},
    },
}
PAYLOAD = {
    "to": "cfo@acme.example",
    "subject": "Your renewal",
    "discount_pct": 12,
    "price": 10.50,
    "stage": "at_risk",
    "copy_me": True,
    "valid_until": "2026-12-11",
    "lines": [{"sku": "k-1", "quantity": 1}, {"sku": "k-2", "quantity": 2}],
    "extra": None,
}


def by_name(found: list[Field]) -> dict[str, Field]:
    return {field.name: field for field in flat(found)}


def of_one(schema: dict[str, Any], **payload: Any) -> Field:
    """The field of a schema with the single property "it"."""
    (field,) = fields({"type": "object", "properties": {"it": schema}}, payload)
    return field


def read_one(schema: dict[str, Any], text: str, **payload: Any) -> tuple[Any, dict[str, str]]:
    """What "it" becomes when this text is posted for it, and the errors."""
    parsed = parse({"type": "object", "properties": {"it": schema}}, payload, {"f/it": text})
    return parsed.payload.get("it", "absent"), parsed.errors


def edited(**texts: str) -> Any:
    """The offer with these fields typed over."""
    posted = as_posted(fields(OFFER, PAYLOAD))
    return parse(OFFER, PAYLOAD, posted | {f"f/{name}": text for name, text in texts.items()})


def edited_lines(**posted: str) -> Any:
    return parse(OFFER, PAYLOAD, as_posted(fields(OFFER, PAYLOAD)) | posted)


def posted_again(parsed: Any) -> dict[str, str]:
    """What the browser posts when the form is shown once more after a post."""
    return as_posted(fields(OFFER, parsed.payload, parsed.errors, PAYLOAD, parsed.typed))


# What the form shows


def test_each_type_has_its_control() -> None:
    kinds = {name: field.kind for name, field in by_name(fields(OFFER, PAYLOAD)).items()}
    assert kinds == {
        "f/to": "readonly",
        "f/subject": "text",
        "f/discount_pct": "integer",
        "f/price": "number",
        "f/stage": "select",
        "f/copy_me": "boolean",
        "f/valid_until": "date",
        "f/sendAt": "datetime",
        "f/reply_to": "email",
        "f/lines": "list",
        "f/lines/0": "group",
        "f/lines/0/sku": "text",
        "f/lines/0/quantity": "integer",
        "f/lines/1": "group",
        "f/lines/1/sku": "text",
        "f/lines/1/quantity": "integer",
        "f/customer": "group",
        "f/customer/name": "text",
        "f/customer/phone": "text",
        "f/extra": "json",
    }


def test_labels_and_hints_are_in_words() -> None:
    found = by_name(fields(OFFER, PAYLOAD))
    assert found["f/discount_pct"].label == "Discount, %"
    assert found["f/discount_pct"].hint == "Up to 10 the reviewer may sign. 0 to 20"
    assert found["f/sendAt"].label == "Send at"
    assert found["f/copy_me"].label == "Copy me"
    assert found["f/lines/1"].label == "Lines 2"
    assert found["f/subject"].hint == "At most 120 characters"
    assert found["f/price"].hint == "More than 0"
    assert found["f/lines"].hint == "At most 5 items"


@pytest.mark.parametrize(
    ("schema", "hint"),
    [
        ({"type": "string", "minLength": 3, "maxLength": 1200}, "3 to 1,200 characters"),
        ({"type": "string", "minLength": 1}, "At least 1 character"),
        ({"type": "string", "minLength": 2, "maxLength": 2}, "2 characters"),
        ({"type": "number", "minimum": -2.0, "multipleOf": 0.5}, "At least −2, in steps of 0.5"),
        ({"type": "number", "exclusiveMaximum": 5, "minimum": True}, "Less than 5"),
    ],
)
def test_limits_are_in_words(schema: dict[str, Any], hint: str) -> None:
    assert of_one(schema).hint == hint


def test_a_text_with_hidden_characters_says_so() -> None:
    assert of_one({"type": "string"}, it="pay\u200bpal").hint == "Holds hidden characters: U+200B"


@pytest.mark.parametrize(
    "schema",
    [
        {"oneOf": [{"type": "string"}]},
        {"type": ["string", "null"]},
        {"type": "object"},
        {"type": "object", "properties": {}, "patternProperties": {"^x": {}}},
        {"type": "array"},
        {"type": "array", "prefixItems": [{}], "items": {"type": "string"}},
        {"enum": [{"a": 1}]},
        {"$ref": "https://elsewhere.example/schema"},
        {"$ref": "#/properties/it"},
        {},
        True,
    ],
)
def test_what_no_control_can_show_is_edited_as_json(schema: Any) -> None:
    field = of_one(schema, it={"a": [1, None]})
    assert (field.kind, field.value) == ("json", '{\n  "a": [\n    1,\n    null\n  ]\n}')


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        ({"type": ["string", "null"]}, "text"),
        ({"type": ["null", "integer"]}, "integer"),
        ({"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]}, "date"),
        ({"oneOf": [{"type": "null"}, {"type": "number"}], "title": "Sum"}, "number"),
        ({"allOf": [{"enum": ["a", "b"]}], "description": "One of two."}, "select"),
        ({"type": ["boolean", "null"]}, "select"),
        ({"anyOf": [{"type": "string"}, {"type": "integer"}, {"type": "null"}]}, "json"),
        ({"type": "string", "anyOf": [{"type": "string"}, {"type": "null"}]}, "json"),
        ({"type": ["object", "null"], "properties": {"a": {"type": "string"}}}, "json"),
    ],
)
def test_what_may_be_null_beside_one_thing_has_the_control_of_that_thing(
    schema: dict[str, Any], kind: str
) -> None:
    field = of_one(schema, it=None)
    assert (field.kind, field.value) == (kind, "null" if kind in ("json", "select") else "")


@pytest.mark.parametrize("was", ["x", "", None])
def test_emptied_is_null_where_null_is_allowed(was: str | None) -> None:
    schema = {"type": ["string", "null"]}
    assert read_one(schema, "", it="x")[0] is None
    assert read_one(schema, "y", it=was)[0] == "y"
    assert read_one({"type": ["integer", "null"]}, " ", it=4)[0] is None
    assert read_one({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "5", it=None)[0] == 5


def test_a_value_that_is_not_of_its_type_is_edited_as_json() -> None:
    assert of_one({"type": "string"}, it=5).kind == "json"
    assert of_one({"type": "integer"}, it=True).kind == "json"
    assert of_one({"type": "integer"}, it=5.0).kind == "integer"


def test_hidden_characters_in_json_stand_as_escapes() -> None:
    field = of_one({}, it=["a\u202eb"])
    assert "\\u202e" in field.value
    assert read_one({}, field.value + " ", it=0)[0] == ["a\u202eb"]


def test_a_group_deeper_than_five_is_edited_as_json() -> None:
    schema: dict[str, Any] = {"type": "string"}
    payload: Any = "deep"
    for _ in range(7):
        schema = {"type": "object", "properties": {"in": schema}}
        payload = {"in": payload}
    assert [field.kind for field in flat(fields(schema, payload))] == [*["group"] * 5, "json"]


def test_a_payload_with_very_many_leaves_is_edited_as_json() -> None:
    payload = {"lines": [{"sku": "k", "quantity": at} for at in range(MOST_ITEMS)]}
    assert by_name(fields(OFFER, payload))["f/lines"].kind == "json"


def test_a_schema_that_refers_to_its_own_parts_is_followed() -> None:
    schema = {
        "$defs": {
            "Node": {
                "type": "object",
                "properties": {"name": {"type": "string"}, "next": {"$ref": "#/$defs/Node"}},
            }
        },
        "type": "object",
        "properties": {"first": {"$ref": "#/$defs/Node", "title": "The first"}},
    }
    found = by_name(fields(schema, {"first": {"name": "a", "next": {"name": "b"}}}))
    assert found["f/first"].label == "The first"
    assert found["f/first/next/name"].value == "b"
    assert found["f/first/next/next"].kind == "json"


def test_a_control_can_hold_its_text_exactly() -> None:
    string = {"type": "string"}
    assert of_one(string, it="one\ntwo").kind == "textarea"
    assert of_one(string, it="x" * 81).kind == "textarea"
    assert of_one(string | {"maxLength": 2000}, it="").kind == "textarea"
    assert of_one(string | {"format": "email"}, it="a@b\r").kind == "textarea"
    assert of_one(string | {"format": "date"}, it="soon").kind == "text"
    assert of_one(string | {"format": "date"}, it="2026-02-30").kind == "text"


def test_names_are_pointers_and_ids_hold_no_odd_characters() -> None:
    schema = {"type": "object", "properties": {}}
    (field,) = fields(schema, {"a/b~c d-é": 1})
    assert (field.name, field.pointer) == ("f/a~1b~0c d-é", "/a~1b~0c d-é")
    assert field.id == "f-a.7e.1b.7e.0c.20.d.2d..e9."


def test_a_label_from_the_agents_key_hides_nothing() -> None:
    (field,) = fields({"type": "object", "properties": {}}, {"to_\u202eme": 1})
    assert field.label == "To U+202Eme"


def test_a_select_offers_to_set_nothing_and_keeps_an_odd_value() -> None:
    stage = by_name(fields(OFFER, PAYLOAD | {"stage": "lost"}))["f/stage"]
    assert [(option.value, option.label) for option in stage.options] == [
        ("", "not set"),
        ('"offer_sent"', "offer_sent"),
        ('"at_risk"', "at_risk"),
        ('"lost"', "lost"),
    ]
    assert stage.value == '"lost"'


def test_what_the_person_changed_is_marked() -> None:
    parsed = edited(subject="Another", **{"lines/1/quantity": "3"})
    found = fields(OFFER, parsed.payload, {}, PAYLOAD, parsed.typed)
    assert [field.name for field in flat(found) if field.touched] == [
        "f/subject",
        "f/lines",
        "f/lines/1",
        "f/lines/1/quantity",
    ]


def test_errors_stand_at_their_fields() -> None:
    errors = {"/lines/0/quantity": "Too few.", "/extra/a/b": "Odd."}
    found = by_name(fields(OFFER, PAYLOAD, errors))
    assert {name: field.error for name, field in found.items() if field.error} == {
        "f/lines/0/quantity": "Too few.",
        "f/extra": "Odd.",
    }


# What comes back


def test_an_untouched_form_gives_the_payload_back() -> None:
    parsed = edited()
    assert (parsed.payload, parsed.errors) == (PAYLOAD, {})
    assert isinstance(parsed.payload["discount_pct"], int)


def test_a_form_that_posts_nothing_changes_nothing() -> None:
    assert parse(OFFER, PAYLOAD, {}).payload == PAYLOAD


def test_django_querydicts_are_read() -> None:
    parsed = parse(OFFER, PAYLOAD, QueryDict("f/subject=Hello&m/copy_me=true"))
    assert parsed.payload == PAYLOAD | {"subject": "Hello", "copy_me": False}


def test_typed_values_have_the_type_of_their_field() -> None:
    parsed = edited(
        discount_pct="10",
        price=" 133200.25 ",
        stage='"offer_sent"',
        sendAt="2026-12-18T16:00:00+01:00",
        reply_to=" ana@acme.example ",
        extra='{"a": [1.5, true]}',
    )
    assert parsed.errors == {}
    assert parsed.payload == PAYLOAD | {
        "discount_pct": 10,
        "price": 133200.25,
        "stage": "offer_sent",
        "sendAt": "2026-12-18T16:00:00+01:00",
        "reply_to": "ana@acme.example",
        "extra": {"a": [1.5, True]},
    }


@pytest.mark.parametrize(
    ("schema", "was", "text", "becomes"),
    [
        ({"type": "number"}, 10, "10", 10),
        ({"type": "number"}, 10.0, "10.0", 10.0),
        ({"type": "number"}, 1, "−2.5", -2.5),
        ({"type": "number"}, 1, "+.5e1", 5.0),
        ({"type": "integer"}, 10.0, "10.0", 10.0),
        ({"type": "string"}, "10.50", "10.50", "10.50"),
        ({"type": "string"}, "10.50", "10.00", "10.00"),
        ({"type": "string"}, "a\r\nb\rc", "a\r\nb\r\nc", "a\r\nb\rc"),
        ({"type": "string"}, "a", "a\r\nb", "a\nb"),
        ({"type": "string"}, " a ", " a ", " a "),
        ({"type": "string", "format": "email"}, " a@b ", "a@b", " a@b "),
        ({"type": "string", "format": "date"}, "soon", "soon", "soon"),
        ({"enum": [1, "1", None]}, 1, '"1"', "1"),
        ({"enum": [1, "1", None]}, 1, "null", None),
        ({}, 1e22, "1e+22", 1e22),
    ],
)
def test_a_value_is_exact(schema: dict[str, Any], was: Any, text: str, becomes: Any) -> None:
    found, errors = read_one(schema, text, it=was)
    assert (found, type(found), errors) == (becomes, type(becomes), {})


@pytest.mark.parametrize(
    ("schema", "payload", "becomes"),
    [
        ({"type": "string"}, {}, "absent"),
        ({"type": "string"}, {"it": "x"}, ""),
        ({"type": "string", "minLength": 1}, {"it": "x"}, "absent"),
        ({"type": "string", "format": "date"}, {"it": "2026-01-01"}, "absent"),
        ({"type": "number"}, {"it": 5}, "absent"),
        ({"type": "boolean"}, {}, "absent"),
        ({"enum": ["a"]}, {"it": "a"}, "absent"),
        ({}, {"it": None}, "absent"),
    ],
)
def test_an_empty_control_is_no_value(
    schema: dict[str, Any], payload: dict[str, Any], becomes: str
) -> None:
    assert read_one(schema, "", **payload) == (becomes, {})


@pytest.mark.parametrize(
    ("schema", "text", "sentence"),
    [
        ({"type": "integer"}, "ten", "Enter a whole number, like 10."),
        ({"type": "integer"}, "10.5", "Enter a whole number, like 10."),
        ({"type": "number"}, "10,5", "Enter a number, like 10 or 10.5."),
        ({"type": "number"}, "NaN", "Enter a number, like 10 or 10.5."),
        ({"type": "number"}, "٣", "Enter a number, like 10 or 10.5."),
        ({"type": "integer"}, str(2**53), "This number is too large to be kept exactly."),
        ({"type": "number"}, "1e999", "This number is too large to be kept exactly."),
        ({"type": "number"}, "1e-999", "This number has more digits than can be kept exactly."),
        (
            {"type": "number"},
            "0.12345678901234567890",
            "This number has more digits than can be kept exactly.",
        ),
        (
            {"type": "string", "format": "date"},
            "18 December",
            "Enter a date, like 2026-12-18.",
        ),
        (
            {"type": "string", "format": "date-time"},
            "2026-12-18T16:00:00",
            "Enter a date and time with its zone, like 2026-12-18T16:00:00+01:00.",
        ),
        (
            {"type": "string", "format": "email"},
            "ana",
            "Enter an e-mail address, like name@example.com.",
        ),
        ({"enum": ["a"]}, "a", "Choose one from the list."),
        ({"type": "string"}, "a\0b", "This holds a character that cannot be kept."),
        ({"type": "string"}, "x" * 262_145, "This is too long: at most 262,144 characters."),
        ({}, '{"a":\n 1,}', "This is not valid JSON: line 2, column 4."),
        ({}, '{"a": 1, "a": 2}', "This JSON names a field twice."),
        ({}, '"\\ud800"', "This holds a character that cannot be kept."),
        ({}, '{"\\u0000": 1}', "This holds a character that cannot be kept."),
        ({}, "[Infinity]", "Enter a number, like 10 or 10.5."),
        ({}, f"[{2**53}]", "This number is too large to be kept exactly."),
        ({}, "[" * 32 + "]" * 32, "This is nested too deep: at most 32 levels."),
        ({}, "[" * 100_000, "This is nested too deep: at most 32 levels."),
    ],
)
def test_what_cannot_be_read_is_said_and_changes_nothing(
    schema: dict[str, Any], text: str, sentence: str
) -> None:
    assert read_one(schema, text) == ("absent", {"/it": sentence})


def test_json_may_be_nested_as_deep_as_a_payload() -> None:
    assert read_one({}, "[" * 31 + "]" * 31)[1] == {}


def test_what_could_not_be_read_is_shown_again_as_typed() -> None:
    parsed = edited(discount_pct="about ten", valid_until="soon")
    assert parsed.payload == PAYLOAD
    again = by_name(fields(OFFER, parsed.payload, parsed.errors, PAYLOAD, parsed.typed))
    field = again["f/discount_pct"]
    assert (field.value, field.error, field.touched) == (
        "about ten",
        "Enter a whole number, like 10.",
        True,
    )
    assert (again["f/valid_until"].kind, again["f/valid_until"].value) == ("text", "soon")


def test_a_needed_field_cannot_be_emptied() -> None:
    assert edited(discount_pct=" ").errors == {"/discount_pct": "This is needed."}


def test_a_readonly_field_cannot_be_posted() -> None:
    assert edited(to="me@evil.example").payload == PAYLOAD


def test_an_absent_group_appears_with_its_first_value() -> None:
    assert "customer" not in edited().payload
    parsed = edited(**{"customer/phone": "1"})
    assert parsed.payload["customer"] == {"phone": "1"}
    assert parsed.errors == {"/customer/name": "This is needed."}


def test_keys_that_the_schema_does_not_know_stay() -> None:
    payload = PAYLOAD | {"a/b": {"x": 1}, "lines": [{"sku": "k", "quantity": 1, "note": "n"}]}
    posted = as_posted(fields(OFFER, payload))
    assert parse(OFFER, payload, posted).payload == payload
    assert parse(OFFER, payload, posted | {"f/a~1b": "2"}).payload["a/b"] == 2


def test_a_schema_without_a_form_is_one_json_field() -> None:
    schema = {"oneOf": [OFFER]}
    (field,) = fields(schema, PAYLOAD)
    assert (field.name, field.label) == ("f", "Content")
    assert parse(schema, PAYLOAD, {"f": '{"a": 1}'}).payload == {"a": 1}
    emptied = parse(schema, PAYLOAD, {"f": ""})
    assert (emptied.payload, emptied.errors) == (PAYLOAD, {"": "This is needed."})


def test_an_item_is_added_filled_and_kept() -> None:
    added = edited_lines(add="/lines")
    assert (added.payload["lines"], added.errors) == ([*PAYLOAD["lines"], {}], {})
    posted = posted_again(added)
    assert parse(OFFER, PAYLOAD, posted).errors == {
        "/lines/2/sku": "This is needed.",
        "/lines/2/quantity": "This is needed.",
    }
    filled = parse(OFFER, PAYLOAD, posted | {"f/lines/2/sku": "k-3", "f/lines/2/quantity": "4"})
    assert filled.payload["lines"] == [*PAYLOAD["lines"], {"sku": "k-3", "quantity": 4}]


def test_an_item_is_removed_and_the_others_stay_exact() -> None:
    removed = edited_lines(remove="/lines/0", **{"f/lines/1/quantity": "many"})
    assert removed.payload["lines"] == PAYLOAD["lines"][1:]
    assert removed.errors == {"/lines/0/quantity": "Enter a whole number, like 10."}
    assert removed.typed == Typed({"/lines/0/quantity": "many"}, {"/lines": [1]})
    posted = posted_again(removed) | {"f/lines/0/quantity": "2"}
    assert parse(OFFER, PAYLOAD, posted).payload["lines"] == PAYLOAD["lines"][1:]


def test_what_a_reader_cannot_change_moves_up_with_its_item() -> None:
    item = {"type": "object", "properties": {"id": {"type": "string", "readOnly": True}}}
    schema = {"type": "object", "properties": {"it": {"type": "array", "items": item}}}
    payload = {"it": [{"id": "a", "x": 1.0}, {"id": "b", "x": 2.0}, {"id": "c", "x": 3.0}]}
    removed = parse(schema, payload, {"m/it": "0 1 2", "remove": "/it/1"})
    again = fields(schema, removed.payload, {}, payload, removed.typed)
    assert parse(schema, payload, as_posted(again)).payload == {"it": payload["it"][::2]}


def test_a_forged_list_is_read_as_new_items() -> None:
    origins = "1 1 -1 9 ٣ x"
    parsed = parse(OFFER, PAYLOAD, {"m/lines": origins})
    assert parsed.typed.origins["/lines"] == [1, None, None, None, None, None]
    assert parsed.payload["lines"][0] == PAYLOAD["lines"][1]
    assert parsed.errors


def test_a_list_cannot_grow_without_end() -> None:
    parsed = parse(OFFER, PAYLOAD, {"m/lines": "+ " * (MOST_ITEMS + 1)})
    assert parsed.payload == PAYLOAD
    assert parsed.errors == {"/lines": f"A list holds at most {MOST_ITEMS} items here."}


@pytest.mark.parametrize("value", ["/lines/7", "/lines/x", "/nothing", "", "lines/0", "/lines/00"])
def test_adding_and_removing_elsewhere_changes_nothing(value: str) -> None:
    assert edited_lines(add=value).payload == PAYLOAD
    assert edited_lines(remove=value).payload == PAYLOAD


@pytest.mark.parametrize(
    ("item", "blank", "kind"),
    [
        ({"type": "string"}, "", "text"),
        ({"type": "number"}, None, "number"),
        ({"type": "boolean"}, None, "select"),
        ({"type": "array", "items": {"type": "string"}}, [], "list"),
    ],
)
def test_a_new_item_starts_empty_and_must_be_filled(
    item: dict[str, Any], blank: Any, kind: str
) -> None:
    schema = {"type": "object", "properties": {"it": {"type": "array", "items": item}}}
    added = parse(schema, {}, {"m/it": "", "add": "/it"})
    assert added.payload == {"it": [blank]}
    again = fields(schema, added.payload, {}, {}, added.typed)
    assert (by_name(again)["f/it/0"].kind, by_name(again)["f/it/0"].value) == (kind, "")
    wanted = {} if kind == "list" else {"/it/0": "This is needed."}
    assert parse(schema, {}, as_posted(again)).errors == wanted


def test_a_constant_of_a_new_item_fills_itself() -> None:
    item = {
        "type": "object",
        "required": ["kind", "name"],
        "properties": {"kind": {"const": "line"}, "name": {"type": "string"}},
    }
    schema = {"type": "object", "properties": {"it": {"type": "array", "items": item}}}
    parsed = parse(schema, {}, {"m/it": "+", "f/it/0/name": "n"})
    assert (parsed.payload, parsed.errors) == ({"it": [{"kind": "line", "name": "n"}]}, {})
