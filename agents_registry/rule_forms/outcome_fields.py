"""PURE: the fields of an action type that say what its outcome is held against."""

from agents_registry.rule_forms import kinds
from agents_registry.rule_forms.items import Field, Rules, Section

OUTCOME = Section(
    "outcome",
    "What is reported back",
    "Done, but not as approved, goes to the system owner",
    (
        Rules(
            "matches",
            "place that is compared",
            "Every place counts that the payload and the after-state both have.",
            (
                Field("payload", "What was approved", kinds.LINE, options="paths", required=True),
                Field(
                    "after",
                    "Has to stand in the after-state at",
                    kinds.LINE,
                    hint="Such as /refunded.",
                    required=True,
                ),
            ),
        ),
    ),
)
