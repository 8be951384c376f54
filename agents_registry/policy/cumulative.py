"""What cumulative limits find: an action judged together with those before it."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

from agents_registry.policy import numbers, rules, wording
from agents_registry.policy.findings import Facts, Finding
from agents_registry.policy.impact import Impact, as_text
from agents_registry.policy.rules import Reading
from agents_registry.policy.shapes import Cumulative, Policy
from agents_registry.sla import LENGTHS, Duration, Unit

COUNT = "count"
"""The metric that every action is one of, whatever its impact says."""

WHO = {"agent": "the agent", "subject": "the subject", "type": "this action type"}
CLOCK_UNITS = {Unit.DAYS, Unit.HOURS, Unit.MINUTES, Unit.SECONDS}


def window(words: str) -> timedelta:
    """How long "24 hours" is on any clock; ValueError says why other words are no window."""
    duration = Duration.parse(words)
    if duration.unit not in CLOCK_UNITS:
        raise ValueError("It counts the time of any clock: write it like “24 hours” or “7 days”.")
    if duration.amount == 0:
        raise ValueError("It takes no time at all.")
    return duration.amount * LENGTHS[duration.unit]


def known_window(words: str) -> timedelta | None:
    try:
        return window(words)
    except ValueError:
        return None


def fault(words: str) -> str:
    """Why the words are no window; empty where they are one."""
    try:
        window(words)
    except ValueError as error:
        return str(error)
    return ""


def limits(policy: Policy, facts: Facts, own: Impact, claim: Impact | None) -> Iterator[Finding]:
    """A limit is crossed when the sum with this action crosses it, computed or as claimed."""
    for limit in policy.cumulative:
        before = _before(limit, facts)
        for reading in _readings(limit, facts, own, claim):
            if because := _crossed(limit, before, reading):
                yield _finding(limit, before, reading, because, facts)
                break


def _before(limit: Cumulative, facts: Facts) -> Decimal | None:
    """What the actions before this one come to; None where nobody knows."""
    total = facts.totals.get(limit.id)
    return None if total is None or limit.window is None else numbers.number(total.get("value"))


def _readings(
    limit: Cumulative, facts: Facts, own: Impact, claim: Impact | None
) -> Iterator[Reading]:
    if limit.metric == COUNT:
        yield Reading(Decimal(1))
    else:
        yield from rules.readings(limit.metric, facts, own, claim)


def _crossed(limit: Cumulative, before: Decimal | None, reading: Reading) -> str:
    """Why the limit is crossed; empty when it is not."""
    foreign = limit.currency is not None and reading.currency != limit.currency
    together = _together(before, reading)
    holds = rules.COMPARE[limit.operator]
    if together is not None and not foreign and not holds(together, limit.limit):
        return ""
    who = WHO.get(limit.per) or f"the same {limit.per.rpartition('/')[2]}"
    most = wording.figure(limit.metric, limit.limit, limit.currency)
    bound = f"{wording.OPERATORS[limit.operator]} {most}"
    if together is None:
        return f"What {who} comes to within {limit.within} is not known and counts as {bound}."
    if foreign:
        return (
            f"The limit within {limit.within} is in {limit.currency} and this one is not. Nothing "
            f"is converted, so what {who} comes to counts as {bound}."
        )
    said = wording.together(limit.metric, together, limit.currency)
    claimed = ", as the agent claims it," if reading.claimed else ""
    return f"With this one{claimed} {who} comes to {said} within {limit.within}, {bound}."


def _together(before: Decimal | None, reading: Reading) -> Decimal | None:
    """The sum with this action. Sizes are added up: what goes out and comes in does not cancel."""
    if before is None or reading.value is None:
        return None
    return before + reading.value.copy_abs()


def _finding(
    limit: Cumulative, before: Decimal | None, reading: Reading, because: str, facts: Facts
) -> Finding:
    return Finding(
        rule=f"cumulative:{limit.id}",
        effect=limit.consequence.effect,
        tier=limit.consequence.tier,
        mode=limit.consequence.mode,
        because=f"{because} {limit.words}".rstrip(),
        values={
            "metric": limit.metric,
            "per": limit.per,
            "within": limit.within,
            "value": as_text(reading.value),
            "before": as_text(before),
            "actions_before": facts.totals.get(limit.id, {}).get("count"),
            "together": as_text(_together(before, reading)),
            "currency": reading.currency if limit.currency else None,
            "claimed": reading.claimed,
            "operator": limit.operator,
            "limit": as_text(limit.limit),
            "limit_currency": limit.currency,
        },
        ask=limit.ask,
    )
