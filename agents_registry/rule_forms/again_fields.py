"""PURE: the fields of an action type that say what follows when the same comes again."""

from agents_registry.rule_forms import kinds
from agents_registry.rule_forms.items import Field, Section

AGAIN = Section(
    "again",
    "When the same comes again",
    "The same content, or another action of this type about the same subject",
    (
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
    ),
)
