"""Finds what a policy of the right shape says that makes no sense."""

from collections import Counter
from collections.abc import Iterator

from agents_registry.policy import conditions, cumulative, pointers
from agents_registry.policy.cumulative import COUNT
from agents_registry.policy.findings import Mode, Tier
from agents_registry.policy.floors import BUILT_IN
from agents_registry.policy.impact import Measures, Source
from agents_registry.policy.schema import PolicyError
from agents_registry.policy.shapes import Consequence, Cumulative, Policy, Threshold


def errors(policy: Policy) -> Iterator[PolicyError]:
    """What would surprise whoever wrote it: rules that always or never hold, missing lines."""
    if (policy.verb in BUILT_IN or policy.key in BUILT_IN) and not policy.built_in:
        yield PolicyError("/verb", "Verbs and keys escalate and ask belong to the built-in types.")
    if policy.mode is not Mode.DRAFT_ONLY and not policy.confirmed:
        yield PolicyError("/mode", "A type that nobody has confirmed is draft_only.")
    yield from _impact(policy.impact or Measures())
    for place, threshold in enumerate(policy.thresholds):
        yield from _threshold(f"/thresholds/{place}", threshold, policy.impact or Measures())
    yield from _cumulative(policy, policy.impact or Measures())
    yield from _stop_rules(policy)
    yield from _required_inputs(policy)


def _impact(measures: Measures) -> Iterator[PolicyError]:
    lines = {"affected": "high_affected", "spend_delta": "high_spend"}
    for figure, line in lines.items():
        source: Source | None = getattr(measures, figure)
        if source and source.how != "const" and getattr(measures, line) is None:
            yield PolicyError(f"/impact/{line}", f"It lacks the {figure} from which it is high.")
    if measures.high_currency and measures.currency is None:
        yield PolicyError("/impact/currency", "high_currency needs the currency of the action.")
    figures = {
        "affected": measures.affected,
        "spend_delta": measures.spend_delta,
        **{f"metrics/{name}": source for name, source in measures.metrics.items()},
    }
    for name, source in figures.items():
        if _reads_many(source):
            yield PolicyError(f"/impact/{name}", "A pointer with * needs sum or count around it.")


def _reads_many(source: Source | None) -> bool:
    return source is not None and source.how == "value" and "*" in source.path


def _threshold(place: str, threshold: Threshold, measures: Measures) -> Iterator[PolicyError]:
    metric = threshold.metric
    if metric == "confidence" and threshold.operator not in {"<", "<="}:
        yield PolicyError(f"{place}/operator", "Being sure is no reason to stop: use < or <=.")
    if metric != "confidence" and metric not in _computed(measures):
        yield PolicyError(f"{place}/metric", f"The impact does not compute {metric}.")
    yield from _currency(place, metric, threshold.currency, measures)
    yield from _consequence(place, threshold.consequence, threshold.ask)


def _currency(
    place: str, metric: str, currency: str | None, measures: Measures
) -> Iterator[PolicyError]:
    if currency and metric in {"confidence", "affected", COUNT}:
        yield PolicyError(f"{place}/currency", f"{metric} has no currency.")
    elif currency and measures.currency is None:
        yield PolicyError(f"{place}/currency", "The impact does not say the action's currency.")
    elif not currency and metric == "spend_delta" and measures.currency is not None:
        yield PolicyError(
            f"{place}/currency", "The action has a currency, and the limit needs one."
        )


def _cumulative(policy: Policy, measures: Measures) -> Iterator[PolicyError]:
    times = Counter(limit.id for limit in policy.cumulative)
    for number, limit in enumerate(policy.cumulative):
        place = f"/cumulative/{number}"
        if times[limit.id] > 1:
            yield PolicyError(f"{place}/id", f"More than one limit is called {limit.id}.")
        yield from _limit(place, limit, measures)


def _limit(place: str, limit: Cumulative, measures: Measures) -> Iterator[PolicyError]:
    if limit.metric != COUNT and limit.metric not in _computed(measures):
        yield PolicyError(f"{place}/metric", f"The impact does not compute {limit.metric}.")
    if "*" in pointers.steps(limit.per):
        yield PolicyError(f"{place}/per", "It must lead to one value: * stands for many.")
    if limit.window is None:
        yield PolicyError(f"{place}/within", cumulative.fault(limit.within))
    if limit.limit < 0:
        yield PolicyError(f"{place}/limit", "Nothing comes to less than 0: it is always crossed.")
    yield from _currency(place, limit.metric, limit.currency, measures)
    yield from _consequence(place, limit.consequence, limit.ask)


def _required_inputs(policy: Policy) -> Iterator[PolicyError]:
    times = Counter(known.name for known in policy.required_inputs)
    for number, known in enumerate(policy.required_inputs):
        if times[known.name] > 1:
            yield PolicyError(
                f"/required_inputs/{number}/name", f"{known.name} is required more than once."
            )


def _computed(measures: Measures) -> set[str]:
    own = {name for name in ("affected", "spend_delta") if getattr(measures, name) is not None}
    return own | set(measures.metrics)


def _stop_rules(policy: Policy) -> Iterator[PolicyError]:
    times = Counter(rule.id for rule in policy.stop_rules)
    for number, rule in enumerate(policy.stop_rules):
        place = f"/stop_rules/{number}"
        if times[rule.id] > 1:
            yield PolicyError(f"{place}/id", f"More than one stop rule is called {rule.id}.")
        for fault in conditions.faults(rule.when):
            yield PolicyError(f"{place}/when", fault)
        yield from _consequence(place, rule.consequence, rule.ask)


def _consequence(place: str, consequence: Consequence, ask: str | None) -> Iterator[PolicyError]:
    if consequence.mode is Mode.AUTO_EXECUTED:
        yield PolicyError(f"{place}/effect/mode_to", "A rule can only make the mode stricter.")
    elif ask and consequence.tier < Tier.BATCH_REVIEW:
        yield PolicyError(
            f"{place}/ask", f"Nobody signs what is only raised to {consequence.tier}."
        )
