"""Stop rules in CEL: what they see, what they do, and that trouble counts as a match."""

import subprocess
import sys
from decimal import Decimal

import pytest

from agents_registry.policy import conditions
from agents_registry.policy.findings import Effect, Mode, Tier
from tests.agents_registry.policies import MONEY, create_policy, finding, judge, rules

WORDS = "Anything about billing goes to a person."


def stop(when: str, **fields):
    rule = {"id": "billing", "words": WORDS, "when": when, "effect": {"raise_to": "mandatory"}}
    return rule | fields


def matches(when: str, *, impact=MONEY, **facts) -> bool:
    document = create_policy(key="send_offer", impact=impact, stop_rules=[stop(when)])
    return "stop_rule:billing" in rules(judge(document, **facts))


@pytest.mark.parametrize(
    "when",
    [
        "payload.to == 'cfo@acme.example'",
        "payload.to.matches('(?i)CFO')",
        "payload.items.exists(item, item.price > 5)",
        "payload.ratio > 0.5 && payload.ratio < 1",
        "impact.affected == 1 && impact.spend_delta == -12.5 && impact.currency == 'USD'",
        "confidence < 0.6",
        "'billing' in signals.categories && size(signals.missing) == 0",
        "size(evidence) == 1 && evidence[0].source == 'warehouse'",
        "handoff.trigger.contains('usage')",
        "subject.type == 'account'",
        "agent == 'renewals' && workflow == 'renewal-risk' && action_type == 'send_offer'",
    ],
)
def test_a_condition_sees_the_whole_action(when) -> None:
    facts = {
        "payload": {
            "to": "cfo@acme.example",
            "items": [{"price": 3}, {"price": 9}],
            "ratio": 0.75,
            "amount": "-12.50",
            "currency": "USD",
        },
        "confidence": Decimal("0.58"),
        "signals": {"categories": ["billing"]},
        "evidence": [{"source": "warehouse"}],
        "handoff": {"trigger": "usage fell"},
        "subject": {"type": "account", "id": "acme"},
        "agent": "renewals",
        "workflow": "renewal-risk",
    }
    assert conditions.faults(when) == []
    assert matches(when, **facts)
    assert not matches(f"!({when})", **facts)


def test_no_confidence_is_null() -> None:
    assert matches("confidence == null")
    assert not matches("confidence == null", confidence=Decimal("0.5"))


def test_signals_that_were_not_given_are_empty() -> None:
    assert not matches("size(signals.missing) + size(signals.conflicts) > 0")
    assert not matches("'billing' in signals.categories")


def test_a_match_says_the_owners_words_who_is_asked_and_what_to_do_instead() -> None:
    rule = stop(
        "'billing' in signals.categories", ask="pool:legal", instead="Hand the case to a person."
    )
    verdict = judge(create_policy(stop_rules=[rule]), signals={"categories": ["billing"]})
    assert finding(verdict, "stop_rule:billing").to_dict() == {
        "rule": "stop_rule:billing",
        "effect": "raise",
        "tier": "mandatory",
        "because": WORDS,
        "values": {"when": rule["when"], "worked_out": True},
        "ask": "pool:legal",
        "instead": "Hand the case to a person.",
    }
    assert verdict.signs == ("pool:legal",)


def test_everybody_who_is_asked_is_named_once() -> None:
    asked = ["pool:legal", "risk_owner", "pool:legal", None]
    stop_rules = [stop("true", id=str(place), ask=who) for place, who in enumerate(asked)]
    verdict = judge(create_policy(stop_rules=stop_rules))
    assert verdict.signs == ("pool:legal", "risk_owner")


@pytest.mark.parametrize(
    ("effect", "tier", "mode", "said"),
    [
        ({"raise_to": "batch_review"}, Tier.BATCH_REVIEW, Mode.AUTO_EXECUTED, Effect.RAISE),
        ({"block": True}, Tier.BLOCKED, Mode.AUTO_EXECUTED, Effect.BLOCK),
        ({"mode_to": "draft_only"}, Tier.BATCH_REVIEW, Mode.DRAFT_ONLY, Effect.MODE_TO),
    ],
)
def test_a_matching_rule_does_what_it_names(effect, tier, mode, said) -> None:
    verdict = judge(create_policy(stop_rules=[stop("true", effect=effect)]))
    assert (verdict.tier, verdict.mode) == (tier, mode)
    assert finding(verdict, "stop_rule:billing").effect is said
    untouched = judge(create_policy(stop_rules=[stop("false", effect=effect)]))
    assert (untouched.tier, untouched.mode) == (Tier.AUTONOMOUS, Mode.AUTO_EXECUTED)


@pytest.mark.parametrize(
    ("when", "payload", "why"),
    [
        ("payload.x > 1", {}, "something that it reads is missing"),
        ("payload.list[3] == 1", {"list": []}, "something that it reads is missing"),
        ("payload.x > 1", {"x": "2"}, "of another kind than it expects"),
        ("payload.x > 1", {"x": True}, "of another kind than it expects"),
        ("payload.x > 1", {"x": None}, "of another kind than it expects"),
        ("payload.x > 1", {"x": float("nan")}, "of another kind than it expects"),
        ("1 / payload.x == 1", {"x": 0}, "it ended in an error"),
        ("payload.x + 1 > 0", {"x": 2**63 - 1}, "it ended in an error"),
        ("timestamp(payload.x) == timestamp(payload.x)", {"x": "!!"}, "it ended in an error"),
        ("payload.x == 'a'", {"x": "\ud800"}, "it ended in an error"),
        ("nothing_like_it > 1", {}, "it ended in an error"),
        ("payload.x", {"x": "yes"}, "it answers neither yes nor no"),
        ("payload.x", {"x": 0}, "it answers neither yes nor no"),
        ("payload.x", {"x": None}, "it answers neither yes nor no"),
        ("payload.x", {"x": ""}, "it answers neither yes nor no"),
        ("payload.x >", {"x": 1}, "it is not written correctly"),
        ("true" + " && true" * 300, {}, "it is not written correctly"),
    ],
)
def test_a_condition_that_cannot_be_worked_out_counts_as_met(when, payload, why) -> None:
    verdict = judge(create_policy(stop_rules=[stop(when)]), payload=payload)
    found = finding(verdict, "stop_rule:billing")
    assert verdict.tier == Tier.MANDATORY
    assert found.because.startswith(f"{WORDS} It could not be worked out and counts as met: ")
    assert why in found.because
    assert found.values["worked_out"] is False


def test_trouble_never_repeats_what_the_agent_wrote() -> None:
    when = "timestamp(payload.x) > timestamp('2026-01-01T00:00:00Z') || payload[payload.x]"
    verdict = judge(create_policy(stop_rules=[stop(when)]), payload={"x": "<b>approve me</b>"})
    assert "approve me" not in str(finding(verdict, "stop_rule:billing").to_dict())


def test_a_value_that_cannot_be_handed_over_troubles_only_the_rules_that_read_it() -> None:
    stop_rules = [
        stop("payload.x == 'a'", id="reads_payload"),
        stop("agent == 'other'", id="reads_agent"),
    ]
    verdict = judge(create_policy(stop_rules=stop_rules), payload={"x": "\ud800"}, agent="me")
    assert "stop_rule:reads_payload" in rules(verdict)
    assert "stop_rule:reads_agent" not in rules(verdict)


@pytest.mark.parametrize(
    ("claim", "matched"),
    [
        ({"affected": 51}, True),
        ({"affected": 49}, False),
        ({}, False),
        ({"metrics": {"\ud800": 1, "x y": 2, "fee": 99}}, True),
    ],
)
def test_a_rule_also_holds_when_it_holds_for_the_claim(claim, matched) -> None:
    when = "impact.affected > 50 || impact.metrics.fee > 50.0"
    impact = {"affected": {"const": 1}, "metrics": {"fee": "/fee"}}
    assert matches(when, impact=impact, payload={"fee": 1}, claimed=claim) == matched


def test_a_claim_never_undoes_a_match() -> None:
    assert matches("impact.affected == 1", claimed={"affected": 2})
    assert matches("impact.affected < 5", claimed={"affected": 500})


def test_an_impact_that_is_not_computed_is_null_and_so_is_trouble() -> None:
    assert matches("impact.affected > 50", impact=None)


def test_a_condition_is_compiled_once() -> None:
    when = "payload.compiled_once == 1"
    assert conditions.compiled(when) is conditions.compiled(when)


@pytest.mark.parametrize("part", ["1", "a", "[", "("])
def test_the_longest_condition_does_not_exhaust_the_evaluator(part) -> None:
    long = {
        "1": "1" + "+1" * 990 + " > 0",
        "a": "payload" + ".b" * 990,
        "[": "[" * 990 + "]" * 990,
        "(": "(" * 990 + "true" + ")" * 990,
    }[part]
    assert len(long) <= conditions.LONGEST
    code = (
        "from agents_registry.policy import conditions as c; import sys, threading\n"
        "def ask(): c.ask(c.compiled(sys.argv[1]), c.context({'payload': {}}))\n"
        "t = threading.Thread(target=ask); t.start(); t.join()"
    )
    subprocess.run([sys.executable, "-c", code, long], check=True, timeout=60)


def test_every_function_that_a_rule_may_call_exists() -> None:
    unknown = "Undefined variable or function"
    for name in conditions.FUNCTIONS:
        stamp = f"timestamp('2026-01-01T00:00:00Z').{name}()"
        calls = [f"{name}('1')", f"'1'.{name}('1')", stamp]
        assert any(unknown not in said_by(call) for call in calls), name


def said_by(expression: str) -> str:
    program = conditions.compiled(expression).program
    assert program is not None
    try:
        return str(program.execute({}))
    except Exception as error:
        return str(error)
