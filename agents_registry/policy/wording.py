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


def together(metric: str, value: Decimal, currency: str | None = None) -> str:
    """What several actions come to: 10 actions / 9,990.00 USD / 120 affected."""
    said = figure(metric, value, currency)
    match metric:
        case "count":
            return "1 action" if value == 1 else f"{said} actions"
        case "spend_delta":
            return said
        case "affected":
            return f"{said} affected"
    return f"{said} ({metric.removesuffix(_PERCENT).replace('_', ' ')})"


def length(seconds: int) -> str:
    """In the largest unit that says it exactly: 7 days / 90 minutes / 5 seconds."""
    units = {"day": 86_400, "hour": 3600, "minute": 60, "second": 1}
    unit = next((noun for noun, size in units.items() if seconds and seconds % size == 0), "second")
    count = seconds // units[unit]
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"


def money(value: Decimal, currency: str | None) -> str:
    return figure("spend_delta", value, currency)


def _at_least(value: Decimal, *, places: int) -> str:
    """Thousands in groups; trailing zeros go, but not below so many decimal places."""
    whole, _, decimals = f"{value:,f}".partition(".")
    decimals = decimals.rstrip("0").ljust(places, "0")
    return f"{whole}.{decimals}" if decimals else whole
