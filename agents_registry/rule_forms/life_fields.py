"""PURE: the fields of an action type that say how long an approval may wait to be carried out."""

from agents_registry import words
from agents_registry.policy.findings import APPROVABLE
from agents_registry.rule_forms import kinds
from agents_registry.rule_forms.items import Field


def _of_tier(tier: str) -> Field:
    said = f"An approval lasts ({words.TIERS[tier].lower()})"
    return Field(f"approval_lives/{tier}", said, kinds.LINE, hint="Empty: as long as any other.")


LIVES = (
    Field(
        "approval_life",
        "An approval lasts",
        kinds.LINE,
        hint="Such as 5 business days. It holds for the tiers that say nothing else.",
        required=True,
    ),
    *(_of_tier(tier) for tier in reversed(APPROVABLE)),
)
