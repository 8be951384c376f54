"""Policy documents: what may be saved, and precisely what is wrong with what may not."""

import json
from decimal import Decimal

import pytest

from agents_registry.policy import documents
from agents_registry.policy.documents import PolicyError
from agents_registry.policy.findings import Effect, Mode, Tier
from agents_registry.policy.shapes import Consequence, RequiredInput, StopRule, Threshold
from tests.agents_registry.policies import MONEY, create_policy, judge

FULL = create_policy(
    key="send_offer",
    verb="send",
    authority_level="external_message",
    changes_terms=False,
    confidence_line=0.8,
    confidence_tier="batch_review",
    impact={
        "affected": {"count": "/to"},
        "spend_delta": {"sum": "/items/*/price"},
        "currency": {"const": "USD"},
        "high_affected": 10,
        "high_spend": "500.00",
        "high_currency": "USD",
        "metrics": {"discount_pct": "/discount", "emails": {"const": 1}},
    },
    thresholds=[
        {
            "metric": "spend_delta",
            "operator": ">",
            "limit": "200.00",
            "currency": "USD",
            "effect": {"raise_to": "mandatory"},
            "words": "Above 200 the approval owner signs.",
            "ask": "approval_owner",
        },
        {"metric": "discount_pct", "operator": ">=", "limit": 15, "effect": {"block": True}},
        {
            "metric": "confidence",
            "operator": "<",
            "limit": 0.3,
            "currency": None,
            "effect": {"mode_to": "draft_only"},
            "words": None,
            "ask": None,
        },
    ],
    stop_rules=[
        {
            "id": "billing",
            "words": "Anything about billing goes to a person.",
            "when": "'billing' in signals.categories",
            "effect": {"raise_to": "mandatory"},
            "ask": "pool:legal",
            "instead": "Hand it over.",
        }
    ],
    required_inputs=[{"name": "usage_90d", "max_age_seconds": 86400}, {"name": "contract"}],
    waives=["before"],
    loosened=[{"floor": "external_message", "tier": "spot_check"}],
)


def threshold(**fields):
    return {
        "metric": "spend_delta",
        "operator": ">",
        "limit": 200,
        "currency": "USD",
        "effect": {"block": True},
    } | fields


def stop(**fields):
    return {"id": "a", "words": "Stop.", "when": "true", "effect": {"block": True}} | fields


def faults(document) -> dict[str, str]:
    return {error.pointer: error.detail for error in documents.validate(document)}


def test_a_full_document_is_fine_and_reads_as_written() -> None:
    assert documents.validate(FULL) == []
    policy = documents.parse(FULL)
    assert policy.mode is Mode.AUTO_EXECUTED
    assert policy.confidence_line == Decimal("0.8")
    assert policy.confidence_tier is Tier.BATCH_REVIEW
    assert policy.loosened == {"external_message": Tier.SPOT_CHECK}
    assert policy.waives == {"before"}
    assert policy.required_inputs == (
        RequiredInput(name="usage_90d", max_age_seconds=86400),
        RequiredInput(name="contract"),
    )
    assert policy.thresholds[0] == Threshold(
        metric="spend_delta",
        operator=">",
        limit=Decimal("200.00"),
        currency="USD",
        consequence=Consequence(Effect.RAISE, Tier.MANDATORY),
        words="Above 200 the approval owner signs.",
        ask="approval_owner",
    )
    assert policy.thresholds[1].consequence == Consequence(Effect.BLOCK, Tier.BLOCKED)
    assert policy.thresholds[2].consequence == Consequence(
        Effect.MODE_TO, Tier.BATCH_REVIEW, Mode.DRAFT_ONLY
    )
    assert policy.stop_rules == (
        StopRule(
            id="billing",
            words="Anything about billing goes to a person.",
            when="'billing' in signals.categories",
            consequence=Consequence(Effect.RAISE, Tier.MANDATORY),
            ask="pool:legal",
            instead="Hand it over.",
        ),
    )


def test_a_document_survives_being_stored_as_json() -> None:
    assert documents.parse(json.loads(json.dumps(FULL))) == documents.parse(FULL)


def test_a_document_is_read_once_and_is_not_held_on_to() -> None:
    document = create_policy(stop_rules=[stop()])
    first = documents.parse(document)
    assert documents.parse(document) is first
    document["stop_rules"].clear()
    assert documents.parse(document).stop_rules == ()
    assert len(first.stop_rules) == 1


def test_decimals_from_the_database_are_limits_too() -> None:
    document = create_policy(impact=MONEY, thresholds=[threshold(limit=Decimal("200.50"))])
    assert documents.validate(document) == []
    assert documents.parse(document).thresholds[0].limit == Decimal("200.50")


@pytest.mark.parametrize(
    ("fields", "pointer", "detail"),
    [
        ({"verb": "obliterate"}, "/verb", "It must be one of read, draft"),
        ({"authority_level": None}, "/authority_level", "It must be one of read_only"),
        ({"mode": "auto"}, "/mode", "auto_executed, approval_gated, draft_only"),
        ({"confirmed": 1}, "/confirmed", "It must be of type boolean."),
        ({"confidence_line": 1.1}, "/confidence_line", "It must keep to maximum 1."),
        ({"confidence_line": float("nan")}, "/confidence_line", "of type number, null"),
        ({"confidence_line": True}, "/confidence_line", "of type number, null"),
        ({"colour": "red"}, "", "It has unknown fields: colour."),
        ({"key": ""}, "/key", "It must keep to minLength 1."),
        ({"waives": ["review"]}, "/waives/0", "It must be one of before, trace."),
        ({"waives": None}, "/waives", "It must be of type array."),
        ({"loosened": [{"floor": "ask", "tier": "autonomous"}]}, "/loosened/0/floor", "one of"),
        ({"loosened": [{"floor": "send", "tier": "none"}]}, "/loosened/0/tier", "one of"),
        ({"required_inputs": [{}]}, "/required_inputs/0", "It lacks name."),
        ({"thresholds": [{}]}, "/thresholds/0", "It lacks metric, operator, limit, effect."),
        ({"thresholds": [threshold(operator="!=")]}, "/thresholds/0/operator", "one of >, >="),
        ({"thresholds": [threshold(limit="1e5")]}, "/thresholds/0/limit", "a plain decimal"),
        ({"thresholds": [threshold(limit="5\n")]}, "/thresholds/0/limit", "a plain decimal"),
        ({"thresholds": [threshold(limit=1e300)]}, "/thresholds/0/limit", "number, string"),
        ({"thresholds": [threshold(limit=True)]}, "/thresholds/0/limit", "number, string"),
        ({"thresholds": [threshold(currency="usd")]}, "/thresholds/0/currency", "such as USD"),
        ({"thresholds": [threshold(effect={})]}, "/thresholds/0/effect", "exactly one of"),
        (
            {"thresholds": [threshold(effect={"block": False})]},
            "/thresholds/0/effect/block",
            "True",
        ),
        (
            {"thresholds": [threshold(effect={"block": True, "raise_to": "blocked"})]},
            "/thresholds/0/effect",
            "exactly one of raise_to, block, mode_to",
        ),
        ({"stop_rules": [stop(words="")]}, "/stop_rules/0/words", "minLength 1"),
        ({"stop_rules": [stop(effect="block")]}, "/stop_rules/0/effect", "of type object"),
        ({"impact": []}, "/impact", "of type object, null"),
        ({"impact": {"affected": "to"}}, "/impact/affected", "It must be a JSON Pointer"),
        ({"impact": {"affected": "/a~2b"}}, "/impact/affected", "It must be a JSON Pointer"),
        ({"impact": {"affected": {"count": "to"}}}, "/impact/affected/count", "a JSON Pointer"),
        ({"impact": {"affected": {"max": "/to"}}}, "/impact/affected", "unknown fields: max"),
        ({"impact": {"affected": {"const": "1"}}}, "/impact/affected/const", "of type integer"),
        ({"impact": {"currency": {"const": "€"}}}, "/impact/currency/const", "such as USD"),
        (
            {"impact": {"metrics": {"confidence": "/c"}}},
            "/impact/metrics",
            "the name of a metric that every action type has",
        ),
        ({"impact": {"metrics": {"a b": "/c"}}}, "/impact/metrics", "letters, digits"),
        ({"impact": {"metrics": {"a": None}}}, "/impact/metrics/a", "of type string, object"),
    ],
)
def test_a_wrong_shape_is_refused_at_its_place(fields, pointer, detail) -> None:
    document = create_policy(**fields)
    assert detail in faults(document)[pointer]
    with pytest.raises(PolicyError) as error:
        documents.parse(document)
    assert error.value.pointer in faults(document)


@pytest.mark.parametrize("document", [[], "policy", None, 5])
def test_what_is_no_object_is_no_policy(document) -> None:
    assert faults(document) == {"": "It must be of type object."}


def test_every_fault_is_told_at_once() -> None:
    document = create_policy(verb="x", mode="y", thresholds=[{}], stop_rules=[stop(when=1)])
    assert set(faults(document)) == {"/verb", "/mode", "/thresholds/0", "/stop_rules/0/when"}


def test_a_fault_never_repeats_a_long_value() -> None:
    document = create_policy(verb="x" * 10_000, impact={"affected": "y" * 10_000})
    assert all(len(detail) < 300 for detail in faults(document).values())


@pytest.mark.parametrize(
    ("fields", "pointer", "detail"),
    [
        ({"verb": "ask"}, "/verb", "belong to the built-in types"),
        ({"key": "escalate"}, "/verb", "belong to the built-in types"),
        ({"confirmed": False}, "/mode", "nobody has confirmed"),
        ({"impact": {"affected": "/n"}}, "/impact/high_affected", "lacks the affected"),
        ({"impact": {"spend_delta": "/n"}}, "/impact/high_spend", "lacks the spend_delta"),
        ({"impact": {"high_currency": "USD"}}, "/impact/currency", "needs the currency"),
        (
            {"impact": {"affected": "/a/*", "high_affected": 3}},
            "/impact/affected",
            "needs sum or count",
        ),
        ({"impact": {"metrics": {"m": "/a/*/b"}}}, "/impact/metrics/m", "needs sum or count"),
        (
            {"thresholds": [threshold(metric="error_rate")]},
            "/thresholds/0/metric",
            "The impact does not compute error_rate.",
        ),
        (
            {"impact": None, "thresholds": [threshold(currency=None)]},
            "/thresholds/0/metric",
            "The impact does not compute spend_delta.",
        ),
        (
            {"impact": MONEY, "thresholds": [threshold(currency=None)]},
            "/thresholds/0/currency",
            "the limit needs one",
        ),
        (
            {"impact": {**MONEY, "currency": None}, "thresholds": [threshold()]},
            "/thresholds/0/currency",
            "does not say the action's currency",
        ),
        (
            {"impact": MONEY, "thresholds": [threshold(metric="affected")]},
            "/thresholds/0/currency",
            "affected has no currency",
        ),
        (
            {"thresholds": [threshold(metric="confidence", currency=None)]},
            "/thresholds/0/operator",
            "use < or <=",
        ),
        (
            {"impact": MONEY, "thresholds": [threshold(effect={"mode_to": "auto_executed"})]},
            "/thresholds/0/effect/mode_to",
            "only make the mode stricter",
        ),
        (
            {"stop_rules": [stop(effect={"raise_to": "spot_check"}, ask="manager")]},
            "/stop_rules/0/ask",
            "Nobody signs what is only raised to spot_check.",
        ),
        ({"stop_rules": [stop(), stop()]}, "/stop_rules/1/id", "More than one stop rule"),
        (
            {"stop_rules": [stop(), stop(id="b", when="payload.x >\n  ")]},
            "/stop_rules/1/when",
            "Line 2, column 3: Syntax error: mismatched input '<EOF>'.",
        ),
        (
            {"stop_rules": [stop(when="payload.x == 1 & true")]},
            "/stop_rules/0/when",
            "Line 1, column 16: Syntax error",
        ),
        ({"stop_rules": [stop(when="payloda.x > 1")]}, "/stop_rules/0/when", "no payloda"),
        ({"stop_rules": [stop(when="now() > 1")]}, "/stop_rules/0/when", "no function now()"),
        (
            {"stop_rules": [stop(when="payload.a.exists(x, y > 1)")]},
            "/stop_rules/0/when",
            "There is no y that a rule can read.",
        ),
        ({"stop_rules": [stop(when="")]}, "/stop_rules/0/when", "Line 1, column 1"),
        (
            {"stop_rules": [stop(when="true" + " && true" * 300)]},
            "/stop_rules/0/when",
            "longer than 2000 characters",
        ),
    ],
)
def test_what_makes_no_sense_is_told_and_judges_strictly_all_the_same(
    fields, pointer, detail
) -> None:
    document = create_policy(**fields)
    assert detail in faults(document)[pointer]
    assert judge(document).tier in Tier


def test_names_bound_in_a_condition_are_known() -> None:
    when = (
        "payload.items.exists(item, item.tags.all(tag, tag != 'x')) && "
        "payload.items.map(i, i.price > 1, i.price).size() > 0 && type(payload.a) == int"
    )
    assert faults(create_policy(stop_rules=[stop(when=when)])) == {}


def test_both_sides_of_a_loosened_floor_and_a_null_impact_are_fine() -> None:
    read = create_policy(verb="read", authority_level="read_only", impact=None)
    assert faults(read) == {}
    assert faults(create_policy(impact={"affected": {"const": 1}})) == {}
