"""Checking a document: every problem has its place and a sentence, and nothing of it ends badly."""

import copy
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents_registry.policy import windows
from agents_registry.spec import text
from agents_registry.spec.check import check, check_text
from agents_registry.spec.rows import fill, trim

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs/registry.md").read_text()
EXAMPLE: dict[str, Any] = text.load(re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)[0])
REFUND = "workflows/refunds/action_types/refund_order"
WINDOW = "workflows/refunds/window_thresholds/0"
RULES = "standards/money/rules"
OVER = {"metric": "affected", "operator": ">", "limit": 5, "effect": {"raise_to": "mandatory"}}
STOP = {"id": "legal", "words": "Legal.", "when": "true", "effect": {"block": True}}


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


def standard(**rules: Any) -> dict[str, Any]:
    """The example with parts of the rules of its standard replaced."""
    return changed(lambda d: d["standards"]["money"]["rules"].update(rules))


def window(**fields: Any) -> dict[str, Any]:
    return changed(lambda d: d["workflows"]["refunds"]["window_thresholds"][0].update(fields))


def places(document: Any) -> list[str]:
    return [problem.place for problem in check(document)]


def test_nothing_is_wrong_with_the_example_of_the_guide() -> None:
    assert check(EXAMPLE) == []


def test_nothing_is_wrong_with_the_retail_example() -> None:
    assert check(text.load((ROOT / "examples/retail.yaml").read_text())) == []


def test_every_field_is_in_the_guide() -> None:
    filled = fill(EXAMPLE)
    refunds = filled["workflows"]["refunds"]
    rows = (
        filled["team"],
        filled["standards"]["money"],
        filled["standards"]["money"]["rules"],
        filled["chains"]["refund-escalation"],
        *filled["chains"]["refund-escalation"]["stages"],
        refunds,
        refunds["action_types"]["refund_order"],
    )
    assert [name for row in rows for name in row if f"`{name}`" not in GUIDE] == []
    assert [name for name in windows.ROW["properties"] if f"`{name}`" not in GUIDE] == []


@pytest.mark.parametrize(
    ("document", "place", "sentence"),
    [
        (workflow(slaa="1 hour"), "workflows/refunds/slaa", "no field slaa"),
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
            "workflows/Two words",
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
            "chains/refund-escalation/stages/2/who",
            "no manager",
        ),
        (
            chain(stages=[{"who": "manager", "within": "1 hour"}] * 2),
            "chains/refund-escalation/stages/1/who",
            "goes in a circle",
        ),
        (
            changed(lambda d: d["team"].update(governance_lead="ghost")),
            "team/governance_lead",
            "'ghost' is not in this team",
        ),
        (changed(lambda d: d["team"].update(second_person=2)), "team/second_person", "true or"),
        (workflow(standards=["ghost"]), "workflows/refunds/standards/0", "no standard 'ghost'"),
        (workflow(failure_modes="many"), "workflows/refunds/failure_modes", "a list"),
        (workflow(runbook="x" * 501), "workflows/refunds/runbook", "maxLength 500"),
        (window(operator="over"), f"{WINDOW}/operator", "one of"),
        (window(window=None), f"{WINDOW}/window", "needs a window"),
        (window(source="agent:ghost", window=None), f"{WINDOW}/source", "no agent 'ghost'"),
        (window(review="person:ghost"), f"{WINDOW}/review", "not in this team"),
        (window(action_types=["ghost"]), f"{WINDOW}/action_types/0", "no action type 'ghost'"),
        (standard(verbs=["pay"]), f"{RULES}/verbs/0", "one of"),
        (standard(verbs=["ask"]), f"{RULES}/verbs/0", "one of"),
        (standard(modes="draft_only"), f"{RULES}/modes", "no field modes"),
        (standard(mode="always"), f"{RULES}/mode", "one of"),
        (standard(confidence_line=2), f"{RULES}/confidence_line", "maximum 1"),
        (standard(confidence_line=0.12345), f"{RULES}/confidence_line", "three decimals"),
        (
            standard(confidence_line=None, confidence_tier="mandatory"),
            f"{RULES}/confidence_tier",
            "lacks the confidence_line",
        ),
        (
            standard(floors=[{"floor": "ask", "tier": "mandatory"}]),
            f"{RULES}/floors/0/floor",
            "one",
        ),
        (standard(floors=[{"floor": "refund"}]), f"{RULES}/floors/0", "lacks tier"),
        (standard(thresholds=[{"metric": "affected"}]), f"{RULES}/thresholds/0", "lacks"),
        (
            standard(thresholds=[{**OVER, "metric": "spend_delta"}]),
            f"{RULES}/thresholds/0/currency",
            "needs one",
        ),
        (
            standard(thresholds=[{**OVER, "ask": "pool:ghosts"}]),
            f"{RULES}/thresholds/0/ask",
            "no pool 'ghosts'",
        ),
        (standard(cumulative=[{"id": "many"}]), f"{RULES}/cumulative/0", "lacks"),
        (
            standard(stop_rules=[{**STOP, "when": "payload."}]),
            f"{RULES}/stop_rules/0/when",
            "Line 1",
        ),
        (standard(stop_rules=[{**STOP, "when": "a > 1"}]), f"{RULES}/stop_rules/0/when", "no a"),
        (standard(stop_rules=[STOP, STOP]), f"{RULES}/stop_rules/1/id", "More than one"),
        (standard(stop_rules=[{**STOP, "id": "x" * 155}]), f"{RULES}/stop_rules/0/id", "maxLength"),
        (standard(stop_rules=[7]), f"{RULES}/stop_rules/0", "of type object"),
        (standard(required_inputs=[{"age": 1}]), f"{RULES}/required_inputs/0", "lacks name"),
        (standard(again={"done": {}}), f"{RULES}/again/done", "lacks days"),
        (standard(again={"asked": {"days": 7}}), f"{RULES}/again", "unknown fields: asked"),
        (
            refund(stop_rules=[{**STOP, "id": "standard:money:legal"}]),
            f"{REFUND}/stop_rules/0/id",
            "belong to standards",
        ),
        (refund(verb="reimburse"), f"{REFUND}/verb", "one of"),
        (refund(mode="always"), f"{REFUND}/mode", "one of"),
        (refund(confirmed=False), f"{REFUND}/mode", "draft_only"),
        (refund(confidence_line=0.12345), f"{REFUND}/confidence_line", "three decimals"),
        (refund(spot_check_rate=0.12345), f"{REFUND}/spot_check_rate", "three decimals"),
        (refund(spot_check_rate=1.5), f"{REFUND}/spot_check_rate", "maximum 1"),
        (refund(spot_check_rate=-0.1), f"{REFUND}/spot_check_rate", "minimum 0"),
        (refund(spot_check_rate="all"), f"{REFUND}/spot_check_rate", "number"),
        (refund(spot_check_rate=True), f"{REFUND}/spot_check_rate", "number"),
        (refund(spot_check_rate=float("nan")), f"{REFUND}/spot_check_rate", "exactly"),
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
        (
            refund(approval_lives={"mandatory": "soon"}),
            f"{REFUND}/approval_lives/mandatory",
            "not a duration",
        ),
        (
            refund(approval_lives={"spot_check": "0 hours"}),
            f"{REFUND}/approval_lives/spot_check",
            "no time",
        ),
        (
            refund(approval_lives={"blocked": "1 day"}),
            f"{REFUND}/approval_lives/blocked",
            "one of autonomous, spot_check, batch_review, mandatory",
        ),
        (refund(approval_lives={"mandatory": 3}), f"{REFUND}/approval_lives/mandatory", "a text"),
        (refund(approval_lives="1 day"), f"{REFUND}/approval_lives", "names with"),
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
    found = [problem.sentence for problem in check(document) if problem.place == place]
    assert any(sentence in each for each in found), check(document)


def test_what_is_right_by_itself_can_be_too_much_together_with_a_standard() -> None:
    many = [{**STOP, "id": f"rule{number}"} for number in range(120)]
    assert check(refund(stop_rules=many)) == []
    document = standard(stop_rules=many)
    row = document["workflows"]["refunds"]["action_types"]["refund_order"]
    assert check(document) == []
    row["stop_rules"] = many
    (problem,) = check(document)
    assert problem.place == f"{REFUND}/stop_rules"
    assert problem.sentence.startswith("Together with the standards money: ")
    alone = {"standards": document["standards"]}
    known = fill(refund(stop_rules=many))
    assert [each.place for each in check(alone, known)] == [f"{REFUND}/stop_rules"]


ALL_WRONG = """\
team: {slug: shop, name: The shop}
people:
  mona: {name: Mona Lind, role: manager}
  mona: {name: Mona Lund, role: manager}
pools:
  desk: {name: Desk, people: [mona, ghost], colour: red}
  bank: {name: Bank, people: [mona]}
  bank: {name: Bank, people: [mona, ghost]}
calendars:
  office: {name: Office, time_zone: Mars, hours: {mon: [[09:00, 17:00]]}}
chains:
  circle:
    name: Round and round
    stages:
      - {who: manager, within: 1 hour}
      - {who: workflow_owner, within: 1 hour}
      - {who: manager, within: 1 hour}
workflows:
  refunds:
    name: Refunds
    owner: mona
    owners: {workflow_owner: mona, system_owner: mona, risk_owner: nobody, approval_owner: mona}
    pool: desk
    calendar: office
    chain: circle
    sla: soon
    agents: [clerk]
    standards: [money]
    action_types:
      pay: {verb: pay, authority_level: read_only}
  returns: {name: 7}
"""


def test_everything_that_is_wrong_is_said_at_once_with_its_line() -> None:
    found = [(problem.line, problem.place) for problem in check_text(text.read(ALL_WRONG))]
    refunds = "workflows/refunds"
    assert found == [
        (4, "people/mona"),
        (6, "pools/desk/colour"),
        (6, "pools/desk/people/1"),
        (8, "pools/bank"),
        (8, "pools/bank/people/1"),
        (10, "calendars/office/time_zone"),
        (17, "chains/circle/stages/2/who"),
        (21, f"{refunds}/owner"),
        (22, f"{refunds}/owners/risk_owner"),
        (26, f"{refunds}/sla"),
        (27, f"{refunds}/agents/0"),
        (28, f"{refunds}/standards/0"),
        (30, f"{refunds}/action_types/pay/verb"),
        (31, "workflows/returns"),
        (31, "workflows/returns/name"),
    ]


def test_a_row_of_the_wrong_shape_can_be_referred_to_all_the_same() -> None:
    document = changed(lambda d: d["pools"]["refund-desk"].update(name=7))
    document["calendars"]["office"]["name"] = 7
    document["chains"]["refund-escalation"]["name"] = 7
    document["people"]["rhea"]["name"] = 7
    document["standards"]["money"]["name"] = 7
    document["agents"]["refund-agent"]["name"] = 7
    document["team"]["name"] = 7
    assert places(document) == [
        "agents/refund-agent/name",
        "calendars/office/name",
        "chains/refund-escalation/name",
        "people/rhea/name",
        "pools/refund-desk/name",
        "standards/money/name",
        "team/name",
    ]


def test_a_problem_says_its_line_before_its_place() -> None:
    (problem,) = check_text(text.read("team: {slug: shop}"))
    assert str(problem) == "Line 1, team: It lacks name."


@settings(max_examples=40, deadline=None)
@given(
    field=st.sampled_from(list(fill(EXAMPLE)["standards"]["money"]["rules"])),
    value=st.deferred(lambda: JSON),
)
def test_whatever_stands_in_a_standard_ends_in_problems_and_not_in_an_error(
    field: str, value: Any
) -> None:
    check(standard(**{field: value}))
    check(standard(**{field: [value]}))


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


BOMB = "a0: &a0 [x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
)
"""A small file that says very much."""


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("pools:\n  a: 1\n  a: 2", "Line 3: a is there twice"),
        ("a: &a\n  - *a", "Line 1, column 4: it holds itself"),
        ("a: &a [&b [&c [*a]]]", "it holds itself"),
        (BOMB, "holds more than"),
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
