"""The tier that a verb, an authority level or a change of terms asks for at the very least."""

from dataclasses import dataclass

from agents_registry.policy.findings import Tier


@dataclass(frozen=True, slots=True)
class Floor:
    """`what` begins the sentence that explains it: “Giving money back needs …”."""

    tier: Tier
    what: str


VERBS: dict[str, Floor] = {
    # Nothing is changed, or nobody receives it.
    "read": Floor(Tier.AUTONOMOUS, "Reading"),
    "draft": Floor(Tier.AUTONOMOUS, "Drafting"),
    "recommend": Floor(Tier.AUTONOMOUS, "Recommending"),
    # Small work inside the house: the matrix knows more than the verb does.
    "tag": Floor(Tier.AUTONOMOUS, "Tagging"),
    "create_task": Floor(Tier.AUTONOMOUS, "Creating a task"),
    "route": Floor(Tier.AUTONOMOUS, "Routing"),
    "write": Floor(Tier.AUTONOMOUS, "Writing to a system"),
    "schedule": Floor(Tier.AUTONOMOUS, "Scheduling"),
    # Whether it leaves the house is told by the authority level.
    "send": Floor(Tier.AUTONOMOUS, "Sending"),
    # It sets something off that goes on by itself.
    "trigger": Floor(Tier.BATCH_REVIEW, "Triggering something that goes on by itself"),
    "invite": Floor(Tier.BATCH_REVIEW, "Inviting somebody"),
    "enrol": Floor(Tier.BATCH_REVIEW, "Enrolling somebody"),
    # Money, access, commitments: what a person answers for.
    "grant": Floor(Tier.MANDATORY, "Granting something"),
    "refund": Floor(Tier.MANDATORY, "Giving money back"),
    "cancel": Floor(Tier.MANDATORY, "Cancelling"),
    "approve": Floor(Tier.MANDATORY, "Approving in somebody's place"),
    "commit": Floor(Tier.MANDATORY, "A commitment"),
    # What is gone cannot be looked at any more.
    "delete": Floor(Tier.BLOCKED, "Deleting"),
    # Asking a person is always answered by a person.
    "escalate": Floor(Tier.MANDATORY, "A case handed to a person"),
    "ask": Floor(Tier.MANDATORY, "A question to a person"),
}

AUTHORITY_LEVELS: dict[str, Floor] = {
    "read_only": Floor(Tier.AUTONOMOUS, "Read-only assistance"),
    "draft_generation": Floor(Tier.AUTONOMOUS, "Draft generation"),
    "recommendation": Floor(Tier.AUTONOMOUS, "A recommendation"),
    "task_creation": Floor(Tier.AUTONOMOUS, "Task creation"),
    "system_write_back": Floor(Tier.AUTONOMOUS, "Writing back to a system"),
    "external_message": Floor(Tier.MANDATORY, "An external message"),
    "customer_impacting_decision": Floor(Tier.MANDATORY, "A decision that a customer feels"),
}

CHANGES_TERMS = Floor(Tier.BLOCKED, "Changing price or terms")

BUILT_IN = ("escalate", "ask")
READ_VERB, READ_LEVEL = "read", "read_only"
CHANGES_NOTHING = frozenset({"read", "draft", "recommend", *BUILT_IN})
"""Verbs that owe no state from before and no trace."""

FLOORS: dict[str, Floor] = {**VERBS, **AUTHORITY_LEVELS, "changes_terms": CHANGES_TERMS}
LOOSENABLE = tuple(name for name in FLOORS if name not in BUILT_IN)
