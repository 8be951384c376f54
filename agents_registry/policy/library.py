"""The stop rules that most teams need: the words and the condition that says the same."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Common:
    """A rule to begin from. `when` is CEL; `instead` is what the agent is told."""

    id: str
    label: str
    words: str
    when: str
    raise_to: str = "mandatory"
    ask: str | None = None
    instead: str | None = None

    def row(self) -> dict[str, Any]:
        """The stop rule as a policy document has it."""
        said = {"ask": self.ask, "instead": self.instead}
        return {
            "id": self.id,
            "words": self.words,
            "when": self.when,
            "effect": {"raise_to": self.raise_to},
            **{name: value for name, value in said.items() if value},
        }


def _about(*categories: str) -> str:
    """A condition on what the agent says that the case is about."""
    if len(categories) == 1:
        return f"'{categories[0]}' in signals.categories"
    named = ", ".join(f"'{category}'" for category in categories)
    return f"signals.categories.exists(category, category in [{named}])"


LIBRARY: tuple[Common, ...] = (
    Common(
        id="missing_data",
        label="Missing data",
        words="The agent says that data is missing.",
        when="size(signals.missing) > 0",
        instead="Get what is missing, then stage it again.",
    ),
    Common(
        id="conflicting_data",
        label="Conflicting data",
        words="The sources contradict each other.",
        when="size(signals.conflicts) > 0",
        instead="Name both sources and what each of them says.",
    ),
    Common(
        id="legal",
        label="Legal",
        words="It is a legal matter.",
        when=_about("legal"),
        ask="risk_owner",
    ),
    Common(id="billing", label="Billing", words="It is about billing.", when=_about("billing")),
    Common(
        id="security",
        label="Security",
        words="It is a security matter.",
        when=_about("security"),
        ask="system_owner",
    ),
    Common(
        id="medical",
        label="Medical",
        words="It is a medical matter.",
        when=_about("medical"),
        ask="risk_owner",
    ),
    Common(
        id="compliance",
        label="Compliance",
        words="It is a matter of compliance.",
        when=_about("compliance"),
        ask="risk_owner",
    ),
    Common(
        id="low_confidence",
        label="Low confidence",
        words="The confidence is below 0.70, or none was given.",
        when="confidence == null || confidence < 0.7",
    ),
    Common(
        id="touches_money",
        label="Touches money",
        words="It moves money, or the agent says that it does.",
        when="(impact.spend_delta != null && impact.spend_delta != 0.0) || " + _about("money"),
        ask="approval_owner",
    ),
    Common(
        id="touches_access",
        label="Touches access",
        words="It changes who gets in somewhere.",
        when=_about("access"),
        ask="system_owner",
    ),
    Common(
        id="touches_permissions",
        label="Touches permissions",
        words="It changes what somebody may do.",
        when=_about("permission", "permissions"),
        ask="system_owner",
    ),
    Common(
        id="touches_commitments",
        label="Touches commitments",
        words="It commits the company to something.",
        when=_about("commitment", "commitments"),
        ask="approval_owner",
    ),
    Common(
        id="executive_recipient",
        label="Executive recipient",
        words="It goes to an executive.",
        when=_about("executive"),
        ask="approval_owner",
    ),
    Common(
        id="price_or_terms",
        label="Price or terms",
        words="It speaks of a price or of terms.",
        when=_about("price", "pricing", "terms"),
        ask="approval_owner",
    ),
    Common(
        id="procurement",
        label="Procurement",
        words="Procurement is involved.",
        when=_about("procurement"),
        ask="approval_owner",
    ),
    Common(
        id="unknown_category",
        label="Unknown category",
        words="The agent does not say what it is about, or does not know.",
        when="size(signals.categories) == 0 || " + _about("unknown"),
    ),
    Common(
        id="customer_impact_unclear",
        label="Customer impact unclear",
        words="Nobody can tell how many customers it reaches.",
        when="impact.affected == null || " + _about("customer_impact_unclear"),
    ),
)
BY_ID = {common.id: common for common in LIBRARY}
