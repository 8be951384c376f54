"""PURE: which fields an action type has, in the order and the words in which people edit them."""

from typing import Any

from agents_registry.policy import sampling
from agents_registry.rule_forms import kinds
from agents_registry.rule_forms.again_fields import AGAIN
from agents_registry.rule_forms.items import Field, Form, Rules, Section
from agents_registry.rule_forms.life_fields import LIVES
from agents_registry.rule_forms.outcome_fields import OUTCOME
from agents_registry.rule_forms.way_back_fields import ROLLBACK

MANDATORY: dict[str, Any] = {"raise_to": "mandatory"}
_EFFECT = Field("effect", "Then", kinds.EFFECT, options="effects", required=True)
_ASK = Field("ask", "Who is asked", kinds.CHOICE, options="who")
_OPERATOR = Field("operator", "Is", kinds.CHOICE, options="operators", required=True)
_CURRENCY = Field("currency", "Currency", kinds.LINE, hint="Three letters, such as EUR.")
_LIMIT = Field("limit", "Limit", kinds.NUMBER, required=True)

IDENTITY = Section(
    "identity",
    "What it is",
    "Told by people, and never taken from an agent",
    (
        Field("name", "Name", kinds.LINE, empty="", wide=True),
        Field(
            "sentence",
            "What will happen, in a sentence",
            kinds.LINE,
            hint="Places in braces are filled from the payload: Refund {amount} to {customer}.",
            empty="",
            wide=True,
        ),
        Field("description", "Description", kinds.AREA, empty="", wide=True),
        Field("verb", "Verb", kinds.CHOICE, options="verbs", required=True),
        Field(
            "authority_level",
            "Level of authority",
            kinds.CHOICE,
            options="authority_levels",
            required=True,
        ),
        Field("authority", "Authority", kinds.CHOICE, options="authorities", required=True),
        Field("blast_radius", "Blast radius", kinds.CHOICE, options="reaches", required=True),
        Field("reversibility", "Undo", kinds.CHOICE, options="reversibilities", required=True),
        Field(
            "rollback_path",
            "How it is taken back",
            kinds.AREA,
            hint="What may run without a person needs a way back.",
            empty="",
        ),
        ROLLBACK,
        Field("changes_terms", "It changes a price or terms", kinds.TICK),
        Field(
            "idempotent",
            "Done twice, it does no harm",
            kinds.TICK,
            hint="Without an outcome it may then be taken again.",
        ),
        Field("systems/reads", "Systems it reads, one in a line", kinds.LINES, empty=[]),
        Field("systems/writes", "Systems it writes, one in a line", kinds.LINES, empty=[]),
        Field("data_classes", "Data classes it sees, one in a line", kinds.LINES, empty=[]),
    ),
)
STANDING = Section(
    "standing",
    "How far it goes",
    "The mode, and the confidence below which a person looks",
    (
        Field("mode", "Mode", kinds.CHOICE, options="modes", required=True),
        Field(
            "confirmed",
            "Its meaning is confirmed",
            kinds.TICK,
            hint="The risk owner confirms it. Until then it is draft-only.",
        ),
        Field(
            "confidence_line",
            "Confidence line",
            kinds.SHARE,
            hint="From 0 to 1. Empty: confidence changes nothing.",
            empty=None,
        ),
        Field("confidence_tier", "Below the line", kinds.CHOICE, options="tiers", required=True),
    ),
)
THRESHOLDS = Section(
    "thresholds",
    "Thresholds",
    "Figures of one action",
    (
        Rules(
            "thresholds",
            "threshold",
            "No number raises it.",
            (
                Field("metric", "Figure", kinds.LINE, options="metrics", required=True),
                _OPERATOR,
                _LIMIT,
                _CURRENCY,
                _EFFECT,
                _ASK,
                Field("words", "In words (optional)", kinds.AREA),
            ),
            {"operator": ">", "effect": MANDATORY},
        ),
    ),
)
CUMULATIVE = Section(
    "cumulative",
    "Limits over time",
    "Sums over many actions, this one included",
    (
        Rules(
            "cumulative",
            "limit over time",
            "Nothing is added up over many actions.",
            (
                Field("metric", "Figure", kinds.LINE, options="sums", required=True),
                Field(
                    "per",
                    "Added up per",
                    kinds.LINE,
                    hint="agent, subject, type, or a place in the payload such as /iban.",
                    options="per",
                    required=True,
                ),
                Field("within", "Within", kinds.LINE, hint="Such as 24 hours.", required=True),
                Field("operator", "Is", kinds.CHOICE, options="limits", required=True),
                _LIMIT,
                _CURRENCY,
                _EFFECT,
                _ASK,
                Field("words", "In words", kinds.AREA),
                Field("id", "Id", kinds.LINE, required=True),
            ),
            {
                "metric": "count",
                "per": "agent",
                "within": "24 hours",
                "operator": ">",
                "effect": MANDATORY,
            },
        ),
    ),
)
STOP_RULES = Section(
    "stop_rules",
    "Stop rules",
    "The plain words beside the condition that is computed",
    (
        Rules(
            "stop_rules",
            "stop rule",
            "No stop rule is written for it.",
            (
                Field("words", "In plain words", kinds.AREA, required=True),
                Field("when", "Condition (CEL)", kinds.CODE, required=True),
                _EFFECT,
                _ASK,
                Field("instead", "What the agent is told to do instead", kinds.AREA),
                Field("id", "Id", kinds.LINE, hint="How findings name it.", required=True),
            ),
            {"effect": MANDATORY},
            library=True,
        ),
    ),
)
IMPACT = Section(
    "impact",
    "How its reach is computed",
    "From the payload. What cannot be computed counts as high",
    (
        Field("impact/affected", "How many it affects", kinds.SOURCE, options="paths"),
        Field("impact/high_affected", "Many, from", kinds.WHOLE),
        Field("impact/spend_delta", "The amount", kinds.SOURCE, options="paths"),
        Field("impact/currency", "Its currency", kinds.SOURCE, options="paths"),
        Field("impact/high_spend", "Much, from", kinds.NUMBER),
        Field("impact/high_currency", "Much, in the currency", kinds.LINE),
        Rules(
            "impact/metrics",
            "figure of its own",
            "No figure of its own is computed.",
            (
                Field("name", "Name", kinds.LINE, hint="Such as discount_pct.", required=True),
                Field(
                    "source", "Where it comes from", kinds.SOURCE, options="paths", required=True
                ),
            ),
            {"source": ""},
            keyed=True,
        ),
    ),
)
KNOWING = Section(
    "knowing",
    "What it needs to know",
    "What is missing or too old needs a person",
    (
        Rules(
            "required_inputs",
            "required input",
            "No input is required.",
            (
                Field("name", "Input", kinds.LINE, required=True),
                Field(
                    "max_age_seconds",
                    "At most so old",
                    kinds.AGE,
                    hint="Such as 24 hours. Empty: of any age.",
                ),
            ),
        ),
        Field("waives", "It need not show", kinds.TICKS, options="waives"),
    ),
)
FLOORS = Section(
    "floors",
    "Floors that are loosened",
    "Lower than a verb or an authority asks for by itself. The risk owner signs each",
    (
        Rules(
            "loosened",
            "loosened floor",
            "No floor is loosened.",
            (
                Field("floor", "Floor", kinds.CHOICE, options="floors", required=True),
                Field("tier", "Then needs", kinds.CHOICE, options="tiers", required=True),
            ),
        ),
    ),
)
DECIDING = Section(
    "deciding",
    "How people decide it",
    "What stands in an empty field comes from the workflow",
    (
        Field("handoff/trigger", "What sets it off", kinds.LINE, empty=""),
        Field(
            "handoff/context",
            "What the reviewer should know",
            kinds.AREA,
            hint="In a sentence or two, of every action of this type.",
            empty="",
        ),
        Field("handoff/decision_asked", "What the reviewer is asked", kinds.LINE, empty=""),
        Field("handoff/next_steps", "What happens then, one step in a line", kinds.LINES, empty=[]),
        Field("checks", "What reviewers check, one in a line", kinds.LINES, empty=[]),
        Field("sla", "Deadline", kinds.LINE, hint="Such as 4 business hours.", empty=""),
        Field("chain", "Escalation chain", kinds.CHOICE, options="chains", empty=None),
        Field("approvals_needed", "Approvals needed", kinds.WHOLE, required=True),
        Field(
            "spot_check_rate",
            "Share that is looked at afterwards",
            kinds.SHARE,
            hint=f"From 0 to 1, of what runs alone. Empty: {sampling.in_words(None)}.",
            empty=None,
        ),
        *LIVES,
        Field(
            "send_window",
            "Released only while",
            kinds.CHOICE,
            hint="What is approved outside these times waits until they begin.",
            options="calendars",
            empty=None,
        ),
        Field(
            "settle_seconds",
            "Undo is certain for, in seconds",
            kinds.WHOLE,
            hint="Empty: as the installation has it.",
            empty=None,
        ),
    ),
)
SCHEMA = Section(
    "schema",
    "Payload schema",
    "JSON Schema; what does not fit is refused",
    (Field("payload_schema", "Schema", kinds.JSON, empty={}, wide=True),),
)
FORM: Form = (
    IDENTITY,
    STANDING,
    THRESHOLDS,
    CUMULATIVE,
    STOP_RULES,
    IMPACT,
    KNOWING,
    AGAIN,
    FLOORS,
    DECIDING,
    OUTCOME,
    SCHEMA,
)


def rules_of(form: Form) -> dict[str, Rules]:
    """The lists of rules of a form, by their names."""
    return {
        item.name: item for section in form for item in section.items if isinstance(item, Rules)
    }


RULES = rules_of(FORM)
