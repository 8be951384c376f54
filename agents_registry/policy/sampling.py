"""How large a share of what runs alone people look at afterwards."""

from decimal import Decimal

from agents_registry.policy.findings import Tier

RATES = {Tier.SPOT_CHECK: Decimal("0.2"), Tier.AUTONOMOUS: Decimal("0.02")}
"""The share where an action type has none of its own."""


def rate(tier: Tier, own: Decimal | None) -> Decimal:
    """From 0 to 1; `own` is the type's. What a person decides first is not drawn."""
    if tier not in RATES:
        return Decimal(0)
    return RATES[tier] if own is None else own


def in_words(own: Decimal | None) -> str:
    """The share as people say it: “5%”, or by tier where the type has none of its own."""
    if own is not None:
        return percent(own)
    spot_check, alone = (percent(RATES[tier]) for tier in (Tier.SPOT_CHECK, Tier.AUTONOMOUS))
    return f"{spot_check} of spot checks, {alone} of what is autonomous"


def percent(share: Decimal) -> str:
    """A share in hundredths, with no more decimals than it has."""
    return f"{(share * 100).normalize():f}%"
