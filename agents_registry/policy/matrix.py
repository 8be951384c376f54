"""Blast radius × reversibility: what an action needs before any other rule speaks."""

from collections.abc import Iterator
from decimal import Decimal

from agents_registry.policy import wording
from agents_registry.policy.findings import Finding, Tier
from agents_registry.policy.impact import Impact, Measures, as_text
from agents_registry.policy.shapes import Policy

MATRIX: dict[tuple[str, str], Tier] = {
    ("reversible", "low"): Tier.AUTONOMOUS,
    ("reversible", "high"): Tier.BATCH_REVIEW,
    ("irreversible", "low"): Tier.SPOT_CHECK,
    ("irreversible", "high"): Tier.MANDATORY,
}

NO_LINES = Measures()
MANY = 2
"""Without a line of its own, a type counts more than one affected, and any money, as high."""


def place(policy: Policy, own: Impact, claim: Impact | None) -> Finding:
    """Where the action stands in the matrix. A claim can make its blast radius high, never low."""
    high = [*_high_by_registry(policy), *_high_by_figures(policy, own)]
    if claim is not None:
        high += _high_by_figures(policy, claim, claimed=True)
    radius = "high" if high else "low"
    tier = MATRIX[policy.reversibility, radius]
    undone = "can be undone" if policy.reversibility == "reversible" else "cannot be taken back"
    reasons = high or ["The blast radius is low."]
    return Finding(
        rule="matrix",
        effect=tier.effect,
        tier=tier,
        because=" ".join([*reasons, f"It {undone}, so it {wording.TIERS[tier]}."]),
        values={
            "blast_radius": radius,
            "reversibility": policy.reversibility,
            **_figures(own),
            **({"claimed": _figures(claim)} if claim else {}),
        },
    )


def _high_by_registry(policy: Policy) -> Iterator[str]:
    if policy.blast_radius == "high":
        yield "The blast radius of this action type is high."
    if not policy.pure_read and not (policy.impact and policy.impact.sized):
        yield "No impact is declared, so the blast radius counts as high."


def _high_by_figures(policy: Policy, impact: Impact, *, claimed: bool = False) -> Iterator[str]:
    for name in impact.unreadable:
        yield f"{wording.subject(name, claimed=claimed)} cannot be read, which counts as high."
    lines = policy.impact or NO_LINES
    if impact.affected is not None:
        line = MANY if lines.high_affected is None else lines.high_affected
        if impact.affected >= line:
            yield _from_on("affected", Decimal(impact.affected), Decimal(line), None, claimed)
    if impact.spend_delta is not None:
        yield from _high_spend(lines, impact.spend_delta.copy_abs(), impact.currency, claimed)


def _high_spend(
    lines: Measures, size: Decimal, currency: str | None, claimed: bool
) -> Iterator[str]:
    if size and lines.high_currency and currency != lines.high_currency:
        said = wording.money(size, currency or "of unknown currency")
        yield (
            f"{wording.subject('spend_delta', claimed=claimed)} is {said} and the line is in "
            f"{lines.high_currency}, which counts as high."
        )
    elif lines.high_spend is None and size:
        said = wording.money(size, currency)
        yield f"{wording.subject('spend_delta', claimed=claimed)} is {said}, which counts as high."
    elif lines.high_spend is not None and size >= lines.high_spend:
        yield _from_on("spend_delta", size, lines.high_spend, currency, claimed)


def _from_on(
    metric: str, value: Decimal, line: Decimal, currency: str | None, claimed: bool
) -> str:
    return (
        f"{wording.subject(metric, claimed=claimed)} is {wording.figure(metric, value, currency)}: "
        f"from {wording.figure(metric, line, currency)} on the blast radius is high."
    )


def _figures(impact: Impact) -> dict[str, object]:
    said = {
        "affected": impact.affected,
        "spend_delta": as_text(impact.spend_delta),
        "currency": impact.currency,
    }
    return {name: value for name, value in said.items() if value is not None}
