"""PURE: which fields a standard has, in the order and the words in which people edit them."""

from dataclasses import replace

from agents_registry.rule_forms import again_fields, kinds
from agents_registry.rule_forms.fields import RULES
from agents_registry.rule_forms.items import Field, Form, Rules, Section


def _asked(of: Rules, *, place: str = "", one: str = "", none: str = "") -> Rules:
    """The list of rules that a type has too, as a standard asks for it."""
    name = f"rules/{place or of.name}"
    return replace(of, name=name, one=one or of.one, none=none or of.none)


FORM: Form = (
    Section(
        "identity",
        "What it is",
        "And which action types it is meant for",
        (
            Field("name", "Name", kinds.LINE, required=True, wide=True),
            Field("purpose", "What it is for", kinds.AREA, empty="", wide=True),
            Field(
                "everywhere",
                "Every workflow of the team inherits it",
                kinds.TICK,
                hint="Otherwise those do that list it.",
            ),
            Field(
                "rules/verbs",
                "Only for these verbs",
                kinds.TICKS,
                hint="None ticked: it is meant for all of them but reading.",
                options="verbs",
                wide=True,
            ),
        ),
    ),
    Section(
        "standing",
        "How far an action type may go",
        "A type may be stricter, never laxer",
        (
            Field("rules/mode", "At the most", kinds.CHOICE, options="laxest", empty=None),
            Field(
                "rules/confidence_line",
                "Confidence line, at the least",
                kinds.SHARE,
                hint="From 0 to 1. Empty: confidence changes nothing.",
                empty=None,
            ),
            Field(
                "rules/confidence_tier",
                "Below the line, at the least",
                kinds.CHOICE,
                hint="None: mandatory approval.",
                options="tiers",
                empty=None,
            ),
        ),
    ),
    Section(
        "floors",
        "Floors",
        "How low a type may let the floor of its verb or authority lie",
        (
            _asked(
                RULES["loosened"], place="floors", one="floor", none="It says nothing of floors."
            ),
        ),
    ),
    Section("thresholds", "Thresholds", "Figures of one action", (_asked(RULES["thresholds"]),)),
    Section(
        "cumulative",
        "Limits over time",
        "Sums over many actions, this one included",
        (_asked(RULES["cumulative"]),),
    ),
    Section(
        "stop_rules",
        "Stop rules",
        "The plain words beside the condition that is computed",
        (_asked(RULES["stop_rules"], none="It has no stop rule."),),
    ),
    Section(
        "knowing",
        "What has to be known",
        "What is missing or too old needs a person",
        (_asked(RULES["required_inputs"]),),
    ),
    again_fields.section("rules/"),
)
