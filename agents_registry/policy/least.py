"""Says what every action of a type needs at the very least, before anything is known about it."""

from dataclasses import replace

from agents_registry.policy.evaluate import evaluate
from agents_registry.policy.findings import Facts, Tier
from agents_registry.policy.impact import Measures, Source
from agents_registry.policy.shapes import Policy


def least_tier(policy: Policy, holes: tuple[str, ...] = ()) -> Tier:
    """The tier of a complete action with the smallest figures, on which no rule has to speak.

    No action of this type is judged laxer while these `holes` are open; most are judged stricter.
    """
    bare = replace(
        policy,
        thresholds=(),
        cumulative=(),
        stop_rules=(),
        required_inputs=(),
        again={},
        confidence_line=None,
        impact=policy.impact and _smallest(policy.impact),
    )
    facts = Facts(payload={}, has_before=True, has_trace=True, holes=holes)
    return evaluate(bare, facts).tier


def _smallest(measures: Measures) -> Measures:
    """The same measures with 0 for every figure that a payload decides, in the right currency."""
    currency = measures.high_currency
    return replace(
        measures,
        affected=_known(measures.affected),
        spend_delta=_known(measures.spend_delta),
        currency=Source("const", constant=currency) if currency else None,
        metrics={},
    )


def _known(source: Source | None) -> Source | None:
    return source if source is None or source.how == "const" else Source("const", constant=0)
