"""Checking a document: every problem has its place and a sentence, and nothing of it ends badly."""

import copy
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents_registry.spec import text
from agents_registry.spec.check import check
from agents_registry.spec.rows import fill, trim

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs/registry.md").read_text()
EXAMPLE: dict[str, Any] = text.load(re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)[0])
REFUND = "workflows/refunds/action_types/refund_order"


def changed(change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    document = copy.deepcopy(EXAMPLE)
    change(document)
    return document


def refund(**fields: Any) -> dict[str, Any]:
    """The example with fields of its refund replaced."""
    return changed(
        lambda d: d["workflows"]["refunds"]["action_types"]["refund_order"].update(fields)
    )


def workflow(**fields: Any) -> dict[str, Any]:
    return changed(lambda d: d["workflows"]["refunds"].update(fields))


def chain(**fields: Any) -> dict[str, Any]:
    return changed(lambda d: d["chains"]["refund-escalation"].update(fields))


def places(document: Any) -> list[str]:
    return [problem.place for problem in check(document)]


def test_nothing_is_wrong_with_the_example_of_the_guide() -> None:
    assert check(EXAMPLE) == []


def test_nothing_is_wrong_with_the_retail_example() -> None:
    assert check(text.load((ROOT / "examples/retail.yaml").read_text())) == []


def test_every_field_of_an_action_type_is_in_the_guide() -> None:
    filled = fill(EXAMPLE)["workflows"]["refunds"]["action_types"]["refund_order"]
    assert [name for name in filled if f"`{name}`" not in GUIDE] == []


@pytest.mark.parametrize(
    ("document", "place", "sentence"),
    [
        (workflow(slaa="1 hour"), "workflows/refunds", "no field slaa"),
        (changed(lambda d: d["workflows"]["refunds"].pop("pool")), "workflows/refunds", "pool"),
        (workflow(name=7), "workflows/refunds/name", "a text"),
        (workflow(pool="nobody"), "workflows/refunds/pool", "no pool 'nobody'"),
        (workflow(calendar="never"), "workflows/refunds/calendar", "no calendar 'never'"),
        (workflow(chain="none"), "workflows/refunds/chain", "no chain 'none'"),
        (workflow(agents=["ghost"]), "workflows/refunds/agents/0", "no agent 'ghost'"),
        (workflow(sla="soon"), "workflows/refunds/sla", "not a duration"),
        (workflow(sla="0 hours"), "workflows/refunds/sla", "no time at all"),
        (
            changed(lambda d: d["workflows"]["refunds"]["owners"].update(risk_owner="ghost")),
            "workflows/refunds/owners/risk_owner",
            "'ghost' is not in this team",
        ),
        (
            changed(lambda d: d["workflows"]["refunds"]["owners"].pop("risk_owner")),
            "workflows/refunds/owners",
            "risk_owner",
        ),
        (
            changed(lambda d: d["pools"]["refund-desk"].update(people=["ghost"])),
            "pools/refund-desk/people/0",
            "'ghost' is not in this team",
        ),
        (
            changed(lambda d: d["people"]["rita"].update(email="nowhere")),
            "people/rita/email",
            "no e-mail address",
        ),
        (
            changed(lambda d: d["workflows"].update({"Two words": {}})),
            "workflows",
            "is no slug",
        ),
        (
            changed(lambda d: d["calendars"]["office"].update(time_zone="Mars/Olympus")),
            "calendars/office/time_zone",
            "not a known time zone",
        ),
        (
            changed(lambda d: d["calendars"]["office"].update(hours={"mon": [["9", "17:00"]]})),
            "calendars/office/hours/mon[0]",
            "not a time",
        ),
        (chain(stages=[]), "chains/refund-escalation/stages", "empty"),
        (
            chain(stages=[{"who": "pool:ghosts", "within": "1 hour"}]),
            "chains/refund-escalation/stages/0/who",
            "no pool 'ghosts'",
        ),
        (
            chain(stages=[{"who": "person:ghost", "within": "1 hour"}]),
            "chains/refund-escalation/stages/0/who",
            "not in this team",
        ),
        (
            chain(stages=[{"who": "the boss", "within": "1 hour"}]),
            "chains/refund-escalation/stages/0/who",
            "no owner role",
        ),
        (
            chain(stages=[{"who": "manager", "within": "a while"}]),
            "chains/refund-escalation/stages/0/within",
            "not a duration",
        ),
        (chain(fallback="approve"), "chains/refund-escalation/fallback", "one of expire"),
        (
            chain(first_remind="4 business hours"),
            "workflows/refunds/chain",
            "Step 1 of the chain is reminded of when it is over",
        ),
        (
            chain(stages=[{"who": "manager", "within": "1 hour", "remind": "90 minutes"}]),
            "workflows/refunds/chain",
            "Step 2",
        ),
        (
            changed(lambda d: d["people"]["mona"].update(role="member")),
            "chains/refund-escalation/stages/1/who",
            "no manager",
        ),
        (refund(verb="reimburse"), f"{REFUND}/verb", "one of"),
        (refund(mode="always"), f"{REFUND}/mode", "one of"),
        (refund(confirmed=False), f"{REFUND}/mode", "draft_only"),
        (refund(confidence_line=0.12345), f"{REFUND}/confidence_line", "three decimals"),
        (
            refund(
                stop_rules=[
                    {"id": "x", "words": "x", "when": "((", "effect": {"block": True}},
                ]
            ),
            f"{REFUND}/stop_rules/0/when",
            "",
        ),
        (
            refund(
                thresholds=[
                    {
                        "metric": "spend_delta",
                        "operator": ">",
                        "limit": 200,
                        "currency": "EUR",
                        "effect": {"raise_to": "mandatory"},
                        "ask": "pool:ghosts",
                    }
                ]
            ),
            f"{REFUND}/thresholds/0/ask",
            "no pool 'ghosts'",
        ),
        (refund(sla="whenever"), f"{REFUND}/sla", "not a duration"),
        (refund(chain="none"), f"{REFUND}/chain", "no chain"),
        (refund(approval_life="0 days"), f"{REFUND}/approval_life", "no time"),
        (refund(sentence="Pay {sum} back"), f"{REFUND}/sentence", "no sum"),
        (refund(sentence="Pay {order.line} back"), f"{REFUND}/sentence", "no order.line"),
        (
            refund(impact={"spend_delta": "/sum", "high_spend": 5}, thresholds=[]),
            f"{REFUND}/impact/spend_delta",
            "no /sum",
        ),
        (
            refund(mode="auto_executed", rollback_path=" "),
            f"{REFUND}/rollback_path",
            "a way to undo it",
        ),
        (
            changed(
                lambda d: d["workflows"]["refunds"]["action_types"].update(
                    ask={"verb": "read", "authority_level": "read_only"}
                )
            ),
            "workflows/refunds/action_types/ask",
            "has this action type already",
        ),
    ],
)
def test_what_is_wrong_is_found_at_its_place(
    document: dict[str, Any], place: str, sentence: str
) -> None:
    found = {problem.place: problem.sentence for problem in check(document)}
    assert place in found
    assert sentence in found[place]


def schema(**fields: Any) -> dict[str, Any]:
    own = {name: {"type": "string"} for name in ("order", "amount", "currency")}
    return refund(payload_schema={"type": "object", "properties": own, **fields})


def nested(depth: int) -> dict[str, Any]:
    inner: dict[str, Any] = {}
    for _ in range(depth):
        inner = {"not": inner}
    return inner


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"type": "thing"}, "'thing'"),
        ({"$ref": "https://evil.example/schema"}, "not inside this schema"),
        ({"$ref": "#/$defs/nowhere"}, "not inside this schema"),
        ({"$id": "https://evil.example/"}, "$id"),
        ({"$ref": "#"}, "refers to itself"),
        ({"allOf": [{"$ref": "#/$defs/a"}], "$defs": {"a": {"not": {"$ref": "#"}}}}, "itself"),
        ({"pattern": "a" * 201}, "201 characters"),
        ({"patternProperties": {"(": {}}}, "cannot be read"),
        ({"pattern": "^(a+)+$"}, "repeats a repetition"),
        ({"description": "x" * 70_000}, "bytes long"),
        ({"maximum": 2**60}, "stored exactly"),
        (nested(40), "nested more than"),
        (
            {
                "$ref": "#/$defs/0",
                "$defs": {str(n): {"allOf": [{"$ref": f"#/$defs/{n + 1}"}] * 2} for n in range(20)}
                | {"20": {}},
            },
            "so much",
        ),
    ],
)
def test_a_payload_schema_that_would_hurt_is_refused(fields: dict[str, Any], sentence: str) -> None:
    problems = check(schema(**fields))
    assert problems
    assert all(problem.place.startswith(f"{REFUND}/payload_schema") for problem in problems)
    assert any(sentence in problem.sentence for problem in problems)


@pytest.mark.parametrize(
    "fields",
    [
        {"$defs": {"line": {"properties": {"next": {"$ref": "#/$defs/line"}}}}},
        {"pattern": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}$"},
        {"$schema": "http://json-schema.org/draft-07/schema#"},
        {"required": ["$id"]},
    ],
)
def test_a_payload_schema_that_only_looks_dangerous_is_taken(fields: dict[str, Any]) -> None:
    assert check(schema(**fields)) == []


@pytest.mark.parametrize("value", ["NUL\0", "\ud800", 2**60, float("nan")])
def test_what_cannot_be_stored_exactly_is_refused_before_anything_else(value: Any) -> None:
    assert places(workflow(purpose=value)) == ["workflows/refunds/purpose"]


@pytest.mark.parametrize("document", [None, [], "text", 7, {"teams": {}}, {"workflows": []}])
def test_what_is_no_operating_model_at_all_is_a_problem_and_no_crash(document: Any) -> None:
    assert check(document)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


@settings(max_examples=40, deadline=None)
@given(field=st.sampled_from(list(fill(EXAMPLE)["workflows"]["refunds"])), value=JSON)
def test_whatever_stands_in_a_workflow_ends_in_problems_and_not_in_an_error(
    field: str, value: Any
) -> None:
    check(workflow(**{field: value}))


@settings(max_examples=40, deadline=None)
@given(
    field=st.sampled_from(
        list(fill(EXAMPLE)["workflows"]["refunds"]["action_types"]["refund_order"])
    ),
    value=JSON,
)
def test_whatever_stands_in_an_action_type_ends_in_problems_and_not_in_an_error(
    field: str, value: Any
) -> None:
    check(refund(**{field: value}))


def test_a_document_may_refer_to_what_the_team_has_already() -> None:
    alone = {"workflows": EXAMPLE["workflows"]}
    assert check(alone)
    assert check(alone, known=fill(EXAMPLE)) == []


def test_what_is_default_may_be_said_or_left_out() -> None:
    assert trim(fill(fill(EXAMPLE))) == trim(fill(EXAMPLE))
    assert check(fill(EXAMPLE)) == []


def test_yaml_is_read_without_its_surprises() -> None:
    said = text.load("open: 17:00\ncountry: NO\nday: 2026-12-24\n1: on\n")
    assert said == {"open": "17:00", "country": "NO", "day": "2026-12-24", "1": "on"}


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("pools:\n  a: 1\n  a: 2", "Line 3, column 3: a is there twice"),
        ("a: [", "Line 1"),
        ("a: !!python/object:os.system x", "Line 1"),
        ("\0", "not YAML"),
        ("[" * 5000, "not YAML"),
        ("[a]: b\n? [c]\n: d", "a name belongs here"),
    ],
)
def test_yaml_that_cannot_be_meant_is_refused_with_its_line(words: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=re.escape(sentence)):
        text.load(words)


@given(value=st.dictionaries(st.text(min_size=1, max_size=8), JSON, max_size=4))
def test_what_is_written_as_yaml_is_read_back_as_it_was(value: dict[str, Any]) -> None:
    written = {key: part for key, part in value.items() if key.isprintable() and _plain(part)}
    assert text.load(text.dump(written)) == written


def _plain(value: Any) -> bool:
    """JSON of printable text and ordinary numbers, which is all that a document may hold."""
    match value:
        case dict():
            return all(key.isprintable() and _plain(part) for key, part in value.items())
        case list():
            return all(map(_plain, value))
        case str():
            return value.isprintable()
        case float():
            return value == value and abs(value) != float("inf")
    return True
