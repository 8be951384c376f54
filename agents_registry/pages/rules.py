"""The rules of a policy in words, each beside what is computed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from agents_registry import words
from agents_registry.pages.people import Name
from agents_registry.policy import wording
from agents_registry.policy.again import tier_of
from agents_registry.policy.cumulative import WHO
from agents_registry.policy.findings import Tier
from agents_registry.policy.floors import FLOORS
from agents_registry.policy.impact import as_text
from agents_registry.policy.matrix import MANY, NO_LINES
from agents_registry.policy.shapes import Cumulative, Policy, StopRule, Threshold


@dataclass(frozen=True, slots=True)
class ThresholdRow:
    """`code` is the comparison that is made; `ask_words` is empty where the usual people sign."""

    words: str
    code: str
    effect_words: str
    ask_words: str


@dataclass(frozen=True, slots=True)
class CumulativeRow:
    """A limit on the sum of many actions; `code` is the comparison that is made."""

    words: str
    code: str
    effect_words: str
    ask_words: str


@dataclass(frozen=True, slots=True)
class StopRuleRow:
    """`cel` is the condition that is asked, `instead` what the agent is told to do."""

    id: str
    words: str
    cel: str
    effect_words: str
    instead: str
    ask_words: str


@dataclass(frozen=True, slots=True)
class InputRow:
    """Something that has to be known before it acts."""

    name: str
    max_age_words: str


@dataclass(frozen=True, slots=True)
class AgainRow:
    """What follows when the same was done, or rejected, so lately."""

    label: str
    words: str


@dataclass(frozen=True, slots=True)
class ImpactRow:
    """A figure and where in the payload it comes from (a JSON Pointer in `code`)."""

    label: str
    words: str
    code: str = ""


@dataclass(frozen=True, slots=True)
class LoosenedRow:
    """A floor that lies lower than it does by itself."""

    words: str
    sub: str


def signers(policy: Policy) -> list[str]:
    """Everybody whom its rules name."""
    asking: list[Threshold | Cumulative | StopRule]
    asking = [*policy.thresholds, *policy.cumulative, *policy.stop_rules]
    return [rule.ask for rule in asking if rule.ask]


def confidence(policy: Policy) -> str:
    if policy.built_in or policy.confidence_line is None:
        return "Confidence changes nothing here"
    line = wording.figure("confidence", policy.confidence_line)
    return f"Confidence below {line}, or none given: {words.at_least(policy.confidence_tier)}"


def thresholds(policy: Policy, name: Name) -> list[ThresholdRow]:
    return [
        ThresholdRow(
            words=threshold.words or in_words(threshold),
            code=_as_computed(threshold),
            effect_words=words.effect(threshold.consequence),
            ask_words=_signs(threshold, name),
        )
        for threshold in policy.thresholds
    ]


def cumulative(policy: Policy, name: Name) -> list[CumulativeRow]:
    return [
        CumulativeRow(
            words=limit.words or _sum_in_words(limit),
            code=_sum(limit),
            effect_words=words.effect(limit.consequence),
            ask_words=_signs(limit, name),
        )
        for limit in policy.cumulative
    ]


def stop_rules(policy: Policy, name: Name) -> list[StopRuleRow]:
    return [_stop_rule(rule, name) for rule in policy.stop_rules]


def inputs(policy: Policy) -> list[InputRow]:
    return [
        InputRow(
            known.name,
            "of any age"
            if known.max_age_seconds is None
            else f"at most {words.duration(known.max_age_seconds)} old",
        )
        for known in policy.required_inputs
    ]


def again(said: Mapping[str, Mapping[str, Any]]) -> list[AgainRow]:
    """Of the rules as they are written."""
    return [
        AgainRow(
            f"{kind.capitalize()} before",
            f"within {words.counted(rule['days'], 'day')}: {words.at_least(tier_of(rule))}",
        )
        for kind, rule in said.items()
    ]


def waives(policy: Policy) -> list[str]:
    return [words.WAIVED[part] for part in sorted(policy.waives)]


def loosened(policy: Policy) -> list[LoosenedRow]:
    return [
        LoosenedRow(
            f"{FLOORS[floor].what}: {words.at_least(tier)}",
            f"Otherwise {words.at_least(FLOORS[floor].tier)}.",
        )
        for floor, tier in policy.loosened.items()
        if tier < FLOORS[floor].tier
    ]


def impact(policy: Policy, said: Mapping[str, Any] | None) -> list[ImpactRow]:
    """How big an action is, as the document says it, and from when on it is high.

    Empty where nothing is said and that counts against the type.
    """
    if policy.built_in:
        return [ImpactRow("Not computed", "a person answers each one")]
    if not said and not policy.pure_read:
        return []
    return [*_figures(said or {}), ImpactRow("Counts as high", _high(policy))]


def in_words(threshold: Threshold) -> str:
    limit = wording.figure(threshold.metric, threshold.limit, threshold.currency)
    return (
        f"{wording.subject(threshold.metric)} is {wording.OPERATORS[threshold.operator]} {limit}."
    )


def _sum_in_words(limit: Cumulative) -> str:
    """What is added up, over whom and when: “Within 24 hours the same iban comes to …”."""
    who = WHO.get(limit.per) or f"the same {limit.per.rpartition('/')[2]}"
    most = wording.figure(limit.metric, limit.limit, limit.currency)
    return f"Within {limit.within} {who} comes to {wording.OPERATORS[limit.operator]} {most}."


def _sum(limit: Cumulative) -> str:
    added = f"sum of {limit.metric} per {limit.per} within {limit.within}"
    return f"{added} {limit.operator} {as_text(limit.limit)} {limit.currency or ''}".rstrip()


def _as_computed(threshold: Threshold) -> str:
    by_size = threshold.metric == "spend_delta" and threshold.operator in {">", ">="}
    metric = f"|{threshold.metric}|" if by_size else threshold.metric
    comparison = f"{metric} {threshold.operator} {as_text(threshold.limit)}"
    return f"{comparison} {threshold.currency or ''}".rstrip()


def _stop_rule(rule: StopRule, name: Name) -> StopRuleRow:
    return StopRuleRow(
        id=rule.id,
        words=rule.words,
        cel=rule.when,
        effect_words=words.effect(rule.consequence),
        instead=rule.instead or "",
        ask_words=_signs(rule, name),
    )


def _signs(rule: Threshold | Cumulative | StopRule, name: Name) -> str:
    """Empty where the pool and the approval owner decide, as for any other action."""
    if rule.consequence.tier is Tier.BLOCKED:
        return "nobody: it cannot be approved"
    return name(rule.ask) if rule.ask else ""


def _figures(said: Mapping[str, Any]) -> Iterable[ImpactRow]:
    own = {name: said.get(name) for name in ("affected", "spend_delta", "currency")}
    for name, source in {**own, **said.get("metrics", {})}.items():
        if source is not None:
            label = wording.subject(name).removeprefix("The ").capitalize()
            yield ImpactRow(label, *_source(source))


def _source(said: Any) -> tuple[str, str]:
    match said:
        case {"const": constant}:
            return f"always {constant}", ""
        case {"count": pointer}:
            return "how many there are at", pointer
        case {"sum": pointer}:
            return "the sum of", pointer
    return "what stands at", said


def _high(policy: Policy) -> str:
    """From which figure on its blast radius is high."""
    lines = policy.impact or NO_LINES
    if policy.blast_radius == "high":
        return "always: so it is registered"
    if not lines.sized and not policy.pure_read:
        return "always: no figure says how big it is"
    many = MANY if lines.high_affected is None else lines.high_affected
    reach = f"from {many} affected on"
    if lines.high_spend is None:
        return f"{reach}, or with any amount"
    money = wording.money(lines.high_spend, lines.high_currency)
    other = ", or in another currency" if lines.high_currency else ""
    return f"{reach}, or from {money} on{other}"
