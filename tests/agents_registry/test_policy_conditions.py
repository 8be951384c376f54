"""Bad conditions: refused at saving with the place, and counted as met where one runs anyway."""

from typing import Any

import cel
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents_registry.policy import conditions, documents, expressions
from agents_registry.policy.findings import Tier
from tests.agents_registry.policies import create_policy, finding, judge

FULL: dict[str, Any] = {
    "payload": {"x": 1, "amount": 12.5, "name": "a", "items": [{"price": 1.5, "tags": ["t"]}]},
    "impact": {"affected": 1, "spend_delta": 2.5, "currency": "USD", "metrics": {"fee": 1.0}},
    "confidence": 0.5,
    "signals": {"missing": ["a"], "conflicts": ["b"], "categories": ["c"]},
    "evidence": [{"title": "t", "url": "u", "excerpt": "e", "source": "s"}],
    "handoff": {"trigger": "t", "decision_asked": "d", "next_steps": ["n"], "inputs": {"a": 1}},
    "subject": {"type": "t", "id": "i", "label": "l"},
    "agent": "a",
    "workflow": "w",
    "action_type": "t",
}


def stop(when: str) -> dict[str, Any]:
    return {"id": "r", "words": "Stop.", "when": when, "effect": {"raise_to": "mandatory"}}


def told(when: str) -> str:
    """The first fault of the condition, as saving the document tells it; empty when it is fine."""
    errors = documents.validate(create_policy(stop_rules=[stop("false"), stop(when) | {"id": "s"}]))
    assert all(error.pointer == "/stop_rules/1/when" for error in errors)
    return errors[0].detail if errors else ""


def answer(when: str) -> conditions.Answer:
    return conditions.ask(conditions.compiled(when), conditions.context(FULL))


@pytest.mark.parametrize(
    ("when", "fault"),
    [
        ('confidence > "high"', "Line 1, column 1: > does not take a number with decimals and"),
        ("signals.missing > 0", "Line 1, column 1: > does not take a list and a whole number."),
        ('true && agent + 1 == "a1"', "Line 1, column 9: + does not take a text and a whole"),
        ('1 + "a" == 2', "Line 1, column 1: + does not take a whole number and a text."),
        ("impact.spend_delta * 2 > 100.0", "whole number. Write both alike: 2.0, not 2."),
        ("payload.x ||\n  signals.missing", "|| does not take any and a list."),
        ("!size(evidence)", "Line 1, column 1: ! does not take a whole number."),
        ('-agent == "a"', "Line 1, column 1: - does not take a text."),
        ('"a" in agent', "in does not take a text and a text."),
        ("payload.x > null", "> does not take any and null."),
        ("size(confidence) > 1", "size() does not take a number with decimals."),
        ("confidence.size() > 1", "size() does not take a number with decimals."),
        ("impact.affected.startsWith('1')", "startsWith() does not take a whole number."),
        ("agent.contains(1)", "contains() does not take a whole number."),
        ("contains(agent, 'a')", "contains() is written behind what it is asked of, with a dot."),
        ("agent.getHours() > 1", "getHours() does not take a text."),
        ("confidence.all(x, x > 1)", "all() goes through a list, not a number with decimals."),
        ("signals.missing.exists(x, x > 1)", "column 27: > does not take a text and a whole"),
        ("signals.missing.all(x, size(x))", "all() asks yes or no of each, not a whole number."),
        ("agent.name == 'a'", "There is no name in a text."),
        (
            "signals.other.size() > 0",
            "There is no other in it, only missing, conflicts, categories.",
        ),
        ("impact.amount > 5.0", "There is no amount in it"),
        ("impact.metrics.fee > 'a'", "> does not take a number with decimals and a text."),
        ("evidence[0].body == ''", "There is no body in it"),
        ("evidence['a'].url == ''", "A list has nothing at a text."),
        ("evidence.url == ''", "There is no url in a list."),
        ("agent ? true : false", "? does not take a text."),
        ("agent", "It answers with a text, neither yes nor no."),
        ("size(signals.missing)", "It answers with a whole number, neither yes nor no."),
        ("[1, 2].map(x, x)", "It answers with a list, neither yes nor no."),
    ],
)
def test_what_does_not_type_is_refused_with_its_place(when: str, fault: str) -> None:
    assert fault in told(when)
    assert told(when).startswith("Line ")
    assert answer(when).matched


@pytest.mark.parametrize(
    ("when", "fault"),
    [
        ("1 / 0 == 1", "Line 1, column 1: It divides by zero."),
        ("payload.x / (2 - 2) > 1", "Line 1, column 13: It divides by zero."),
        ("false ||\n payload.x % 0 == 1", "Line 2, column 14: It divides by zero."),
        ("payload.amount / 0.0 > 1.0", "It divides by zero."),
        ("payload.x == 9223372036854775807 + 1", "column 14: It ends in an error whenever it"),
        ("timestamp('soon') > timestamp(payload.name)", "column 1: It ends in an error whenever"),
        ("payload.x == int('a')", "It ends in an error whenever it is asked."),
        ("payload.x == [1][5]", "It ends in an error whenever it is asked."),
        ("payload.name.matches('(')", "column 22: This is not a regular expression."),
        ("'a'.matches('(')", "It ends in an error whenever it is asked."),
    ],
)
def test_what_always_ends_in_an_error_is_refused_with_its_place(when: str, fault: str) -> None:
    assert fault in told(when)


@pytest.mark.parametrize(
    "when",
    [
        "payload.items.all(a, payload.items.all(b, b.price > a.price))",
        "payload.items.exists(a, evidence.exists(e, e.source == a.name))",
        "payload.items.map(a, payload.items.filter(b, b.price > a.price)).size() > 0",
        "payload.items.all(a, a.tags.all(t, a.tags.exists_one(u, u == t)))",
        "payload.items.all(a, [1, 2].all(b, [1, 2].all(c, b + c > a.price)))",
    ],
)
def test_a_loop_inside_a_loop_is_refused_with_its_place_and_never_run(when: str) -> None:
    assert "A loop inside a loop may only go through a part of what the outer one" in told(when)
    assert conditions.compiled(when).program is None
    verdict = judge(
        create_policy(stop_rules=[stop(when)]), payload={"items": [{"price": 1.0}] * 100_000}
    )
    assert verdict.tier == Tier.MANDATORY
    assert not finding(verdict, "stop_rule:r").values["worked_out"]


@pytest.mark.parametrize(
    "when",
    [
        "payload.items.exists(i, i.tags.exists(t, t == 'x'))",
        "payload.items.all(i, ['EUR', 'USD'].exists(c, c == i.currency))",
        "payload.items.exists(i, i.price > 5) && payload.items.exists(i, i.price < 1)",
        "payload.items.filter(i, i.price > 1.0).map(i, i.price).size() > 2",
        "evidence.exists_one(e, e.source == 'crm')",
    ],
)
def test_loops_that_take_one_length_are_fine(when: str) -> None:
    assert told(when) == ""


@pytest.mark.parametrize(
    "when",
    [
        "payload.items.all(i, i >= 0)",
        "payload.items.exists(i, i < 0)",
        "payload.items.exists_one(i, i == -1)",
        "payload.items.filter(i, i < 0).size() > 0",
        "payload.items.map(i, i).size() < 0",
        "payload.deep.items.exists(i, i < 0)",
    ],
)
def test_a_list_that_is_too_long_for_a_loop_counts_as_met_and_says_so(when: str) -> None:
    def judged(length: int) -> Any:
        items = list(range(length))
        payload = {"items": items, "deep": {"items": items}}
        return judge(create_policy(stop_rules=[stop(when)]), payload=payload)

    found = finding(judged(conditions.LONGEST_LIST + 1), "stop_rule:r")
    assert found.because == (
        "Stop. It could not be worked out and counts as met: a list that it may go through is "
        "longer than 500."
    )
    fits = judged(conditions.LONGEST_LIST)
    assert all("longer than" not in found.because for found in fits.findings)


def test_a_long_list_troubles_only_the_rules_that_loop() -> None:
    payload = {"items": list(range(100_000)), "x": 1}
    assert judge(create_policy(stop_rules=[stop("payload.x > 5")]), payload=payload).tier == (
        Tier.AUTONOMOUS
    )


@pytest.mark.parametrize(
    "when",
    [
        "confidence == null || confidence < 0.5",
        "impact.affected == null || impact.affected > 5",
        "payload.x > 1 && payload.x < 1.5 && payload.name + 'b' == 'ab'",
        "payload.x * 2 > 3 || payload.amount * 2.0 > 30.0",
        "has(payload.items) && size(payload.items) > 0 && payload.items[0].price > 1.0",
        "handoff.inputs['a'] == 1 || handoff.next_steps.size() == 0",
        "timestamp('2026-01-01T00:00:00Z').getFullYear() > 2030",
        "timestamp('2026-01-01T00:00:00Z') - duration('1h') > timestamp('2030-01-01T00:00:00Z')",
        "type(payload.x) == int ? payload.x > 1 : false",
        "subject.type in ['account', 'order'] && !(agent in signals.categories)",
        "r'\\d' == payload.name || '''a''' == \"b\\\"\" || 0x1F == payload.x // a comment",
        "impact.metrics.fee >= 10.0 || impact.metrics['fee'] > 3",
        "evidence.all(e, e.source != '' && e.url.startsWith('https://'))",
        "{'a': 1}.a == payload.x || [1, 2,].size() == 3",
        "'cfo' in payload || dyn(payload.x) == 5u",
    ],
)
def test_good_conditions_have_no_faults_and_are_worked_out(when: str) -> None:
    assert told(when) == ""
    assert not answer(when).trouble


@pytest.mark.parametrize(
    ("when", "fault"),
    [
        ("(" * 60 + "true" + ")" * 60, "nested more than 40 deep"),
        ("1" + "+1" * 300 + " > 0", "more than 200 parts inside each other"),
        ("payload" + ".b" * 300 + " == 1", "more than 200 parts inside each other"),
    ],
)
def test_what_is_nested_too_deeply_is_refused_and_counts_as_met(when: str, fault: str) -> None:
    assert fault in told(when)
    assert answer(when).matched


@pytest.mark.parametrize(
    "text",
    [
        "a.b[0].c(1, 'x').d == -1",
        "!!a || -b < 3 && c in [1, 2u, 3.5, .5, 1e3]",
        "x ? y : z ? 1 : 2",
        "{'a': 1, \"b\": [2,],}.a",
        "b'a' < b\"b\" && r\"\\\" == 'c'",
    ],
)
def test_the_reader_reads_what_the_evaluator_reads(text: str) -> None:
    node = expressions.parse(text)
    assert (node.at, node.end) == (0, len(text))
    assert cel.compile(text)


PARTS = st.sampled_from(
    [
        *("1", "2.5", "'a'", "null", "true", "payload", "payload.x", "payload.name", "confidence"),
        *("agent", "signals.missing", "evidence", "impact.affected", "subject.id", "payload.items"),
    ]
)
SIGNS = st.sampled_from(["+", "-", "*", "/", "%", "==", "<", ">=", "&&", "||", "in"])
EXPRESSIONS = st.recursive(
    PARTS,
    lambda inner: st.one_of(
        st.tuples(inner, SIGNS, inner).map(lambda parts: f"({' '.join(parts)})"),
        inner.map(lambda part: f"!({part})"),
        inner.map(lambda part: f"size({part})"),
        st.tuples(inner, inner, inner).map(lambda p: f"({p[0]} ? {p[1]} : {p[2]})"),
        inner.map(lambda part: f"payload.items.exists(i, {part} == i.price)"),
    ),
    max_leaves=6,
)


@given(EXPRESSIONS)
def test_whatever_the_evaluator_answers_plainly_was_not_refused_for_its_parts(when: str) -> None:
    """What is refused would never have worked where every part of it is looked at."""
    plain = not answer(when).trouble
    skips = any(sign in when for sign in ("&&", "||", "?", "exists"))
    if plain and not skips:
        assert told(when) == ""


@given(st.text(alphabet="ab.1'\"()[]{}!-+*/%<>=&|?:, \n", max_size=40))
def test_no_text_breaks_saving(text: str) -> None:
    told(text)
