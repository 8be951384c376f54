"""An action type as a form: what was not touched stays exactly as it was stored."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st

from agents_registry.policy import documents
from agents_registry.policy.library import LIBRARY
from agents_registry.rule_forms import reading, showing
from agents_registry.rule_forms.changing import changes
from agents_registry.rule_forms.paths import paths
from agents_registry.rule_forms.reading import NotWhole, read, unread
from agents_registry.rule_forms.rearranging import rearranged
from agents_registry.spec.action_types import policy_document
from agents_registry.spec.rows import Row, fill
from agents_registry.spec.shape import ACTION_TYPE
from tests.agents_registry.documents import REFUND
from tests.agents_registry.filled_forms import as_browser, typed

EXAMPLES = Path(__file__).parents[2] / "examples"


def stored(**fields: Any) -> Row:
    row: Row = fill({**deepcopy(REFUND), **fields}, ACTION_TYPE)
    return row


def rows_of_examples() -> list[Row]:
    files = [EXAMPLES / "retail.yaml", *sorted((EXAMPLES / "demo").glob("*.yaml"))]
    read_documents = [yaml.safe_load(file.read_text()) for file in files]
    return [
        fill(row, ACTION_TYPE)
        for document in read_documents
        if isinstance(document, dict)
        for workflow in document.get("workflows", {}).values()
        for row in workflow.get("action_types", {}).values()
    ]


def back(row: Row) -> Row:
    """Through the form and back, with nothing touched."""
    draft = read(as_browser(unread(row)), row)
    assert not draft.errors
    return draft.row


# Round trip


def test_every_type_of_the_examples_comes_back_as_it_was() -> None:
    rows = rows_of_examples()
    assert len(rows) > 20
    for row in rows:
        assert back(row) == row


WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=12)
NUMBERS = st.one_of(
    st.integers(-(10**9), 10**9),
    st.floats(-1e6, 1e6).filter(lambda x: x == x),
    st.from_regex(r"-?[0-9]{1,9}(\.[0-9]{1,4})?", fullmatch=True),
)
EFFECTS = st.one_of(
    st.fixed_dictionaries({"raise_to": st.sampled_from(["spot_check", "mandatory", "blocked"])}),
    st.just({"block": True}),
    st.fixed_dictionaries({"mode_to": st.sampled_from(["approval_gated", "draft_only"])}),
)
ASK = st.one_of(st.none(), st.sampled_from(["risk_owner", "pool:desk", "person:omar"]))
POINTERS = st.sampled_from(["/amount", "/lines/*/amount", "/a~1b"])
SOURCES = st.one_of(
    POINTERS,
    st.fixed_dictionaries({"sum": POINTERS}),
    st.fixed_dictionaries({"count": POINTERS}),
    st.fixed_dictionaries({"const": NUMBERS}),
)
THRESHOLDS = st.fixed_dictionaries(
    {
        "metric": st.sampled_from(["affected", "spend_delta", "discount_pct"]),
        "operator": st.sampled_from([">", "<=", "="]),
        "limit": NUMBERS,
        "effect": EFFECTS,
    },
    optional={"currency": st.sampled_from([None, "EUR"]), "words": WORDS, "ask": ASK},
)
STOP_RULES = st.fixed_dictionaries(
    {"id": WORDS, "words": WORDS, "when": WORDS, "effect": EFFECTS},
    optional={"ask": ASK, "instead": st.one_of(st.none(), WORDS)},
)
IMPACTS = st.one_of(
    st.none(),
    st.fixed_dictionaries(
        {},
        optional={
            "affected": st.one_of(st.none(), SOURCES),
            "spend_delta": SOURCES,
            "high_affected": st.one_of(st.none(), st.integers(0, 10**6)),
            "high_spend": NUMBERS,
            "metrics": st.dictionaries(st.sampled_from(["one", "two"]), SOURCES),
        },
    ),
)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), WORDS),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(WORDS, inner)),
    max_leaves=8,
)
ROWS = st.fixed_dictionaries(
    {
        "name": WORDS,
        "description": st.text(st.characters(codec="utf-8"), max_size=40),
        "confirmed": st.booleans(),
        "confidence_line": st.one_of(st.none(), st.floats(0, 1)),
        "spot_check_rate": st.one_of(st.none(), st.floats(0, 1)),
        "thresholds": st.lists(THRESHOLDS, max_size=3),
        "stop_rules": st.lists(STOP_RULES, max_size=3),
        "impact": IMPACTS,
        "required_inputs": st.lists(
            st.fixed_dictionaries(
                {"name": WORDS},
                optional={"max_age_seconds": st.one_of(st.none(), st.integers(0, 10**7))},
            ),
            max_size=2,
        ),
        "again": st.fixed_dictionaries(
            {},
            optional={
                "done": st.fixed_dictionaries(
                    {"days": st.integers(1, 1000)}, optional={"raise_to": st.just("blocked")}
                ),
                "rejected": st.fixed_dictionaries(
                    {"days": st.integers(1, 1000)}, optional={"effect": st.just("raise")}
                ),
            },
        ),
        "approval_lives": st.dictionaries(
            st.sampled_from(["mandatory", "batch_review", "spot_check", "autonomous"]), WORDS
        ),
        "waives": st.lists(st.sampled_from(["trace", "before"]), max_size=2, unique=True),
        "data_classes": st.lists(WORDS, max_size=3),
        "checks": st.lists(WORDS, max_size=3),
        "payload_schema": st.dictionaries(WORDS, JSON, max_size=3),
    }
)


@given(ROWS)
def test_whatever_is_stored_comes_back_exactly_as_it_was(fields: Row) -> None:
    row = stored(**fields)
    draft = read(as_browser(unread(row)), row)
    assert draft.row == row
    assert repr(draft.row["thresholds"]) == repr(row["thresholds"]), "not even 200 and 200.0"


@given(ROWS, st.lists(STOP_RULES, min_size=3, max_size=3), st.integers(0, 1))
def test_a_rule_that_is_moved_to_and_fro_comes_back_as_it_was(
    fields: Row, rules: list[Row], number: int
) -> None:
    row = stored(**{**fields, "stop_rules": rules})
    down, _ = rearranged(unread(row), f"down /stop_rules/{number}")
    up, _ = rearranged(read(as_browser(down), row), f"up /stop_rules/{number + 1}")
    assert read(as_browser(up), row).row == row


# Reading


def test_a_typed_number_becomes_the_number_that_it_says() -> None:
    row = stored()
    typed_as = {"300": 300, "300.50": 300.5, "-5": -5, "0.1": 0.1}
    for text, value in typed_as.items():
        assert typed(row, thresholds__0__limit=text).row["thresholds"][0]["limit"] == value
    exact = typed(row, thresholds__0__limit="123456789012345.123456789")
    assert exact.row["thresholds"][0]["limit"] == "123456789012345.123456789"


@pytest.mark.parametrize(
    ("pointer", "text"),
    [
        ("thresholds__0__limit", "1,000"),
        ("thresholds__0__limit", "NaN"),
        ("confidence_line", "1.5"),
        ("confidence_line", "high"),
        ("impact__high_affected", "-1"),
        ("approvals_needed", "two"),
        ("spot_check_rate", "20%"),
        ("payload_schema", "{"),
        ("payload_schema", '{"a": NaN}'),
        ("payload_schema", '{"a": 1, "a": 2}'),
        ("payload_schema", "[" * 100_000),
    ],
)
def test_a_text_that_says_no_value_is_an_error_at_its_place_and_is_kept(
    pointer: str, text: str
) -> None:
    draft = typed(stored(), **{pointer: text})
    place = "/" + pointer.replace("__", "/")
    assert list(draft.errors) == [place]
    assert reading.get(draft.row, place[1:].replace("thresholds/0/", "")) is not None
    again = {f.pointer: f.value for f in showing.fields(showing.sections(draft, {}, {}))}
    assert again[place] == text


def test_what_follows_when_the_same_comes_again_is_typed_and_emptied() -> None:
    row = stored(again={"rejected": {"days": 90, "effect": "block"}})
    both = typed(row, again__done__days="14", again__done__raise_to="batch_review").row
    assert both["again"]["done"] == {"days": 14, "raise_to": "batch_review"}
    none = typed(row, again__rejected__days="", again__rejected__effect="").row
    assert none["again"] == {}


def test_how_long_an_approval_lasts_in_single_tiers_is_typed_and_emptied() -> None:
    row = stored(approval_lives={"mandatory": "1 business day"})
    draft = typed(row, approval_lives__mandatory="", approval_lives__autonomous="1 hour")
    assert draft.row["approval_lives"] == {"autonomous": "1 hour"}
    assert typed(row, approval_lives__mandatory="").row["approval_lives"] == {}
    assert [(c.pointer, str(c.sign), c.words, str(c.direction)) for c in changes(draft, row)] == [
        ("/approval_lives/mandatory", "-", "1 business day", "loosening"),
        ("/approval_lives/autonomous", "+", "1 hour", "loosening"),
    ]
    (change,) = changes(typed(row, approval_lives__autonomous="1 hour"), row)
    assert str(change.direction) == "tightening"


def test_what_must_be_there_and_is_not_is_said_at_its_place() -> None:
    draft = typed(stored(), verb="", thresholds__0__metric="")
    assert draft.errors == {"/verb": "It is missing.", "/thresholds/0/metric": "It is missing."}


def test_emptying_a_field_leaves_what_no_text_means() -> None:
    row = stored(spot_check_rate=0.05)
    draft = typed(row, confidence_line="", spot_check_rate="", thresholds__0__currency="", name="")
    assert (draft.row["confidence_line"], draft.row["spot_check_rate"]) == (None, None)
    assert "currency" not in draft.row["thresholds"][0]
    assert draft.row["name"] == ""


def test_an_age_is_read_in_the_words_in_which_it_is_shown() -> None:
    row = stored(required_inputs=[{"name": "policy", "max_age_seconds": 86_400}])
    shown = {f.pointer: f.value for f in showing.fields(showing.sections(unread(row), {}, {}))}
    assert shown["/required_inputs/0/max_age_seconds"] == "1 day"
    draft = typed(row, required_inputs__0__max_age_seconds="90 minutes")
    assert draft.row["required_inputs"] == [{"name": "policy", "max_age_seconds": 5400}]


def test_the_figures_of_an_impact_say_how_they_are_found() -> None:
    draft = typed(
        stored(), impact__affected=["count", "/lines"], impact__spend_delta=["", "/amount"]
    )
    assert draft.row["impact"]["affected"] == {"count": "/lines"}
    assert "spend_delta" not in draft.row["impact"]


def test_an_impact_of_which_nothing_is_left_is_none() -> None:
    empty = {f"impact__{name}": "" for name in REFUND["impact"]}
    assert typed(stored(), **empty).row["impact"] is None


def test_two_figures_of_one_name_are_both_kept() -> None:
    row = stored(impact={**REFUND["impact"], "metrics": {"one": "/a", "two": "/b"}})
    draft = typed(row, impact__metrics__1__name="one")
    assert draft.row["impact"]["metrics"] == {"one": "/a", "one_2": "/b"}


def test_a_form_of_which_the_end_is_missing_changes_nothing() -> None:
    post = as_browser(unread(stored()))
    del post[reading.LAST]
    with pytest.raises(NotWhole):
        read(post, stored())


@given(st.dictionaries(WORDS.map("/{}".format), WORDS, max_size=6), WORDS)
def test_no_post_breaks_the_reader(fields: dict[str, str], origin: str) -> None:
    post = QueryDict(mutable=True)
    post.update({**fields, "/stop_rules/0": origin, reading.LAST: "1"})
    draft = read(post, stored())
    assert showing.sections(draft, {}, {})


# Rearranging


def test_a_rule_is_added_taken_out_and_moved() -> None:
    row = stored(stop_rules=[rule("a"), rule("b"), rule("c")])
    draft, _ = rearranged(unread(row), "down /stop_rules/0")
    assert ids(draft.row) == ["b", "a", "c"]
    draft, _ = rearranged(draft, "remove /stop_rules/2")
    assert ids(draft.row) == ["b", "a"]
    draft, at = rearranged(draft, "add /stop_rules")
    assert at == "/stop_rules/2/words"
    assert draft.origins["stop_rules"] == ["1", "0", ""]
    assert ids(row) == ["a", "b", "c"], "the stored row is left alone"


def test_the_first_rule_cannot_go_up_nor_the_last_one_down() -> None:
    draft = unread(stored(stop_rules=[rule("a"), rule("b")]))
    assert ids(rearranged(draft, "up /stop_rules/0")[0].row) == ["a", "b"]
    assert ids(rearranged(draft, "down /stop_rules/1")[0].row) == ["a", "b"]


@pytest.mark.parametrize(
    "asked",
    [
        "",
        "add",
        "add /nothing",
        "remove /stop_rules/9",
        "take /thresholds/legal",
        "up /verb/0",
        "take /stop_rules/nothing",
        "remove /stop_rules/-1",
        "remove /stop_rules/²",
    ],
)
def test_what_no_button_asks_changes_nothing(asked: str) -> None:
    draft = unread(stored(stop_rules=[rule("a")]))
    assert rearranged(draft, asked) == (draft, "")


def test_one_click_takes_a_rule_out_of_the_library_words_and_condition_together() -> None:
    draft, _ = rearranged(unread(stored()), "take /stop_rules/legal")
    draft, _ = rearranged(draft, "take /stop_rules/legal")
    assert ids(draft.row) == ["legal", "legal_2"]
    assert draft.row["stop_rules"][0]["words"] == "It is a legal matter."
    assert draft.row["stop_rules"][0]["when"] == "'legal' in signals.categories"


@pytest.mark.parametrize("common", LIBRARY, ids=lambda common: common.id)
def test_a_rule_of_the_library_survives_the_form_and_may_be_saved(common: Any) -> None:
    row = stored()
    draft, _ = rearranged(unread(row), f"take /stop_rules/{common.id}")
    again = read(as_browser(draft), row)
    assert again.row["stop_rules"] == [common.row()]
    assert documents.validate(policy_document("pay", again.row)) == []


# What changes


def test_each_change_is_told_once_and_with_where_it_leads() -> None:
    row = stored(stop_rules=[rule("a"), rule("b")])
    draft, _ = rearranged(unread(row), "remove /stop_rules/0")
    draft, _ = rearranged(draft, "take /stop_rules/legal")
    draft = read(as_browser(draft, {"/thresholds/0/limit": "100", "/name": "Pay"}), row)
    assert [(c.pointer, str(c.sign), c.words, str(c.direction)) for c in changes(draft, row)] == [
        ("/name", "~", "Refund an order → Pay", "neutral"),
        ("/thresholds/0/limit", "~", "200 → 100", "tightening"),
        ("/stop_rules/1", "+", "It is a legal matter.", "tightening"),
        ("/stop_rules", "-", "Wrong.", "loosening"),
    ]


def test_another_order_is_one_change_and_loosens_nothing() -> None:
    row = stored(stop_rules=[rule("a"), rule("b")])
    draft, _ = rearranged(unread(row), "up /stop_rules/1")
    (change,) = changes(draft, row)
    assert (change.pointer, change.words) == ("/stop_rules", "in another order")
    assert change.direction != "loosening"


@given(ROWS)
def test_nothing_touched_changes_nothing(fields: Row) -> None:
    row = stored(**fields)
    assert not list(changes(read(as_browser(unread(row)), row), row))


# Showing


def test_an_error_stands_at_its_field_or_at_the_nearest_one_around_it() -> None:
    row = stored(impact={**REFUND["impact"], "metrics": {"one": "/a", "two": "/b"}})
    errors = {
        "/stop_rules/0/when": "Line 1.",
        "/thresholds/0/effect/mode_to": "Stricter.",
        "/impact/metrics/two": "No such place.",
        "/payload_schema/properties/a": "Broken.",
        "/nowhere": "Lost.",
    }
    draft = unread({**row, "stop_rules": [rule("a")]})
    assert showing.placed(draft, errors) == {
        "/stop_rules/0/when": "Line 1.",
        "/thresholds/0/effect": "Stricter.",
        "/impact/metrics/1/source": "No such place.",
        "/payload_schema": "Broken.",
        "": "Lost.",
    }


def test_the_summary_leads_to_each_field_in_the_order_of_the_form() -> None:
    draft = unread(stored(stop_rules=[rule("a")]))
    errors = {"/stop_rules/0/when": "Line 1.", "/verb": "Which?", "": "Lost."}
    lines = showing.summary(showing.sections(draft, errors, {}), errors)
    assert [(line.id, line.label) for line in lines] == [
        ("", ""),
        ("f-verb", "Verb"),
        ("f-stop_rules-0-when", "Stop rule 1, condition (CEL)"),
    ]


def test_what_is_chosen_already_can_be_chosen_though_nobody_offers_it() -> None:
    shown = showing.sections(unread(stored(chain="gone")), {}, {})
    (chain,) = (field for field in showing.fields(shown) if field.pointer == "/chain")
    assert [option.value for option in chain.options] == ["", "gone"]


def test_the_places_of_a_payload_come_from_its_schema() -> None:
    schema = {
        "properties": {
            "customer": {"$ref": "#/$defs/person"},
            "lines": {"type": "array", "items": {"properties": {"a/b": {}}}},
        },
        "$defs": {"person": {"properties": {"name": {}, "boss": {"$ref": "#/$defs/person"}}}},
    }
    found = paths(schema)
    assert {"/customer/name", "/lines", "/lines/*/a~1b"} <= set(found)
    assert len(found) < 20
    assert paths({"properties": []}) == paths(None) == []


def rule(name: str) -> Row:
    return {"id": name, "words": "Wrong.", "when": "false", "effect": {"block": True}}


def ids(row: Row) -> list[str]:
    return [each["id"] for each in row["stop_rules"]]
