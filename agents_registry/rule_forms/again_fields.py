"""PURE: the fields of a type, or of a standard, that say what follows when the same comes again."""

from dataclasses import replace

from agents_registry.rule_forms import kinds
from agents_registry.rule_forms.items import Field, Section

_FIELDS = (
    Field(
        "again/done/days",
        "Done within so many days",
        kinds.WHOLE,
        hint="Empty: nobody asks whether it was done before.",
    ),
    Field("again/done/raise_to", "Then it is", kinds.CHOICE, options="done_again"),
    Field(
        "again/rejected/days",
        "Rejected by a person within so many days",
        kinds.WHOLE,
        hint="Empty: nobody asks whether it was rejected before.",
    ),
    Field("again/rejected/effect", "Then it is", kinds.CHOICE, options="rejected_again"),
)


def section(within: str = "") -> Section:
    """The section of a row that has the rule at this path."""
    return Section(
        "again",
        "When the same comes again",
        "The same content, or another action of this type about the same subject",
        tuple(replace(each, name=f"{within}{each.name}") for each in _FIELDS),
    )


AGAIN = section()
