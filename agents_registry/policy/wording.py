"""Says figures and tiers in the words that people read."""

from decimal import Decimal

from agents_registry.policy.findings import Tier

TIERS: dict[Tier, str] = {
    Tier.AUTONOMOUS: "may run alone",
    Tier.SPOT_CHECK: "may run alone, and a sample is looked at",
    Tier.BATCH_REVIEW: "needs a person, and may be decided in a batch",
    Tier.MANDATORY: "needs a person's approval",
    Tier.BLOCKED: "is blocked for agents",
}
OPERATORS = {">": "above", ">=": "at or above", "<": "below", "<=": "at or below", "=": "exactly"}

_SUBJECTS = {
    "affected": "The number affected",
    "spend_delta": "The amount",
    "confidence": "Confidence",
}
_PERCENT = "_pct"


def subject(metric: str, *, claimed: bool = False) -> str:
    """How a sentence about the metric begins."""
    named = _SUBJECTS.get(metric) or f"The {metric.removesuffix(_PERCENT).replace('_', ' ')}"
    return f"{named} that the agent claims" if claimed else named


def figure(metric: str, value: Decimal, currency: str | None = None) -> str:
    """The value with its unit: 1,240 / 480.00 USD / 12% / 0.80. A real minus sign."""
    if currency:
        said = f"{_at_least(value, places=2)} {currency}"
    elif metric.endswith(_PERCENT):
        said = f"{_at_least(value, places=0)}%"
    else:
        said = _at_least(value, places=2 if metric in {"confidence", "spend_delta"} else 0)
    return said.replace("-", "\N{MINUS SIGN}")


def money(value: Decimal, currency: str | None) -> str:
    return figure("spend_delta", value, currency)


def _at_least(value: Decimal, *, places: int) -> str:
    """Thousands in groups; trailing zeros go, but not below so many decimal places."""
    whole, _, decimals = f"{value:,f}".partition(".")
    decimals = decimals.rstrip("0").ljust(places, "0")
    return f"{whole}.{decimals}" if decimals else whole
