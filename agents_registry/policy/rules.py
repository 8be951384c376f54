"""What thresholds, the confidence line and stop rules find in one action."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from agents_registry.policy import conditions, numbers, wording
from agents_registry.policy.conditions import Answer, Condition
from agents_registry.policy.findings import Effect, Facts, Finding
from agents_registry.policy.impact import Impact, as_text
from agents_registry.policy.shapes import Operator, Policy, StopRule, Threshold

COMPARE: dict[Operator, Callable[[Decimal, Decimal], bool]] = {
    ">": Decimal.__gt__,
    ">=": Decimal.__ge__,
    "<": Decimal.__lt__,
    "<=": Decimal.__le__,
    "=": Decimal.__eq__,
}

NONE: frozenset[str] = frozenset()
NO_SIGNALS: dict[str, tuple[str, ...]] = {"missing": (), "conflicts": (), "categories": ()}


@dataclass(frozen=True, slots=True)
class Reading:
    """A metric's value in this action; None where it cannot be computed."""

    value: Decimal | None
    currency: str | None = None
    claimed: bool = False


def confidence(policy: Policy, facts: Facts) -> Iterator[Finding]:
    """Below the line, or not given: raised. Without a line confidence is not routed."""
    line = policy.confidence_line
    given = numbers.share(facts.confidence)
    if line is None or (given is not None and given >= line):
        return
    bound = wording.figure("confidence", line)
    if given is None:
        because = f"No confidence was given, which counts as below the line of {bound}."
    else:
        said = wording.figure("confidence", given)
        because = f"Confidence {said} is below the line of {bound}."
    yield Finding(
        rule="confidence_line",
        effect=Effect.RAISE,
        tier=policy.confidence_tier,
        because=because,
        values={"confidence": as_text(given), "line": as_text(line)},
    )


def thresholds(
    policy: Policy, facts: Facts, own: Impact, claim: Impact | None
) -> Iterator[Finding]:
    """A threshold is crossed when the computed value crosses it, or the claimed one does."""
    for threshold in policy.thresholds:
        for reading in readings(threshold.metric, facts, own, claim):
            if because := _crossed(threshold, reading):
                yield _threshold_finding(threshold, reading, because)
                break


def readings(metric: str, facts: Facts, own: Impact, claim: Impact | None) -> Iterator[Reading]:
    """The computed value, and the claimed one where the agent claims any."""
    if metric == "confidence":
        yield Reading(numbers.share(facts.confidence))
        return
    yield Reading(_value(metric, own), own.currency)
    if claim is not None and _claims(metric, claim):
        yield Reading(_value(metric, claim), claim.currency, claimed=True)


def _value(metric: str, impact: Impact) -> Decimal | None:
    if metric == "affected":
        return None if impact.affected is None else Decimal(impact.affected)
    return impact.spend_delta if metric == "spend_delta" else impact.metrics.get(metric)


def _claims(metric: str, claim: Impact) -> bool:
    return (
        metric in claim.metrics or metric in claim.unreadable or _value(metric, claim) is not None
    )


def _crossed(threshold: Threshold, reading: Reading) -> str:
    """Why the threshold is crossed; empty when it is not."""
    value, currency = _compared(threshold, reading), threshold.currency
    foreign = currency is not None and reading.currency != currency
    holds = COMPARE[threshold.operator]
    if value is not None and not foreign and not holds(value, threshold.limit):
        return ""
    subject = wording.subject(threshold.metric, claimed=reading.claimed)
    limit = wording.figure(threshold.metric, threshold.limit, currency)
    bound = f"{wording.OPERATORS[threshold.operator]} {limit}"
    if value is None:
        return f"{subject} cannot be computed, which counts as {bound}."
    said = wording.figure(threshold.metric, value, reading.currency if currency else None)
    if foreign:
        unit = "" if reading.currency else " in an unknown currency"
        return f"{subject} is {said}{unit}. Nothing is converted, so it counts as {bound}."
    return f"{subject} is {said}, {bound}."


def _compared(threshold: Threshold, reading: Reading) -> Decimal | None:
    """The value that is held against the limit.

    For `>` and `>=` a spend_delta counts by its size: a refund of −480 is above 200. The other
    operators keep the sign, so that `< -100` can speak of money that goes out.
    """
    by_size = threshold.metric == "spend_delta" and threshold.operator in {">", ">="}
    return reading.value.copy_abs() if by_size and reading.value is not None else reading.value


def _threshold_finding(threshold: Threshold, reading: Reading, because: str) -> Finding:
    return Finding(
        rule=f"threshold:{threshold.metric}",
        effect=threshold.consequence.effect,
        tier=threshold.consequence.tier,
        mode=threshold.consequence.mode,
        because=f"{because} {threshold.words}".rstrip(),
        values={
            "value": as_text(reading.value),
            "currency": reading.currency if threshold.currency else None,
            "claimed": reading.claimed,
            "operator": threshold.operator,
            "limit": as_text(threshold.limit),
            "limit_currency": threshold.currency,
        },
        ask=threshold.ask,
    )


def stop_rules(
    policy: Policy, facts: Facts, own: Impact, claim: Impact | None
) -> Iterator[Finding]:
    """A stop rule holds when it holds for the computed impact, or for the claimed one over it."""
    written = [(rule, conditions.compiled(rule.when)) for rule in policy.stop_rules]
    reads = {name for _, condition in written for name in condition.reads}
    values = _visible(reads, policy, facts, own)
    seen = conditions.context(values)
    long = _too_long_for_loops(written, values)
    answers = [conditions.ask(condition, seen, long) for _, condition in written]
    if claim is not None and "impact" in reads:
        seen.add_variable("impact", _for_cel(own.under(claim)))
        answers = [
            answer if answer.matched else conditions.ask(condition, seen, long)
            for answer, (_, condition) in zip(answers, written, strict=True)
        ]
    for rule, answer in zip(policy.stop_rules, answers, strict=True):
        if answer.matched:
            yield _stop_rule_finding(rule, answer)


def _too_long_for_loops(
    written: list[tuple[StopRule, Condition]], values: dict[str, Any]
) -> frozenset[str]:
    looped = [condition.reads for _, condition in written if condition.loops]
    if not looped:
        return NONE
    return conditions.long_lists({name: values[name] for name in frozenset().union(*looped)})


def _visible(reads: set[str], policy: Policy, facts: Facts, impact: Impact) -> dict[str, Any]:
    """What the conditions read of this action, under the names that CEL knows it by."""
    given = numbers.share(facts.confidence)
    values: dict[str, Any] = {
        "payload": facts.payload,
        "impact": _for_cel(impact),
        "confidence": None if given is None else float(given),
        "signals": {**NO_SIGNALS, **facts.signals},
        "evidence": facts.evidence,
        "handoff": facts.handoff,
        "subject": facts.subject,
        "agent": facts.agent,
        "workflow": facts.workflow,
        "action_type": policy.key,
    }
    return {name: values[name] for name in reads}


def _for_cel(impact: Impact) -> dict[str, Any]:
    """Numbers as CEL has them. `spend_delta` keeps its sign here."""
    return {
        "affected": impact.affected,
        "spend_delta": _double(impact.spend_delta),
        "currency": impact.currency,
        "metrics": {name: _double(value) for name, value in impact.metrics.items()},
    }


def _double(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def _stop_rule_finding(rule: StopRule, answer: Answer) -> Finding:
    because = rule.words
    if answer.trouble:
        because = f"{because} It could not be worked out and counts as met: {answer.trouble}."
    return Finding(
        rule=f"stop_rule:{rule.id}",
        effect=rule.consequence.effect,
        tier=rule.consequence.tier,
        mode=rule.consequence.mode,
        because=because,
        values={"when": rule.when, "worked_out": not answer.trouble},
        ask=rule.ask,
        instead=rule.instead,
    )
