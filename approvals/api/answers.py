"""The shape of what agents are answered, for the API's description alone: `approvals.answers`
writes it."""

from rest_framework import serializers

from agents_registry.policy.findings import Effect, Mode, Tier
from approvals.api.fields import Anything, Object
from approvals.models import Cause, Reason, Verdict
from approvals.states import State
from approvals.usage import Use

STATES = [state.value for state in State]
TIERS = [tier.value for tier in Tier]
MODES = [mode.value for mode in Mode]
USES = [use.value for use in Use]
USED = "What people did with what they accepted; null while nobody has said."


class FaultAnswer(serializers.Serializer[None]):
    pointer = serializers.CharField(
        help_text="JSON Pointer into the body, or `/query/…`, `/headers/…`."
    )
    code = serializers.CharField()
    detail = serializers.CharField()


class ProblemAnswer(serializers.Serializer[None]):
    """RFC 9457. `code` is stable; `type` is an address that explains it."""

    type = serializers.URLField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.CharField()
    errors = FaultAnswer(many=True)  # type: ignore[assignment]
    retry_at = serializers.DateTimeField(
        required=False, help_text="Ask again then; `Retry-After` has the seconds until it."
    )
    waiting_for = serializers.ListField(
        child=serializers.UUIDField(),
        required=False,
        help_text="The actions that have to be done first.",
    )
    expected_wait_seconds = serializers.IntegerField(
        required=False,
        allow_null=True,
        help_text="How long a new action would wait for a person; null where nobody can tell.",
    )


class FindingAnswer(serializers.Serializer[None]):
    """What one rule found. The strictest tier of all findings is the action's."""

    rule = serializers.CharField()
    effect = serializers.ChoiceField(choices=[effect.value for effect in Effect])
    tier = serializers.ChoiceField(choices=TIERS)
    because = serializers.CharField()
    values = Object(required=False)
    mode = serializers.ChoiceField(choices=MODES, required=False)
    ask = serializers.CharField(required=False)
    instead = serializers.CharField(required=False)


class PolicyAnswer(serializers.Serializer[None]):
    revision = serializers.CharField()
    findings = FindingAnswer(many=True)


class SubjectAnswer(serializers.Serializer[None]):
    type = serializers.CharField()
    id = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]


class StepOnAnswer(serializers.Serializer[None]):
    """An action that another one waits for: the newest try, where it was tried again."""

    id = serializers.UUIDField()
    state = serializers.ChoiceField(choices=STATES)


class ListedAnswer(serializers.Serializer[None]):
    """An action as it stands in a list: everything but its large parts."""

    id = serializers.UUIDField()
    state = serializers.ChoiceField(choices=STATES)
    test = serializers.BooleanField(help_text="A test or a drill: judged, and never done.")
    held = serializers.BooleanField(help_text="Its chain is at an end; it waits for an owner.")
    tier = serializers.ChoiceField(choices=TIERS)
    mode = serializers.ChoiceField(choices=MODES)
    authority = serializers.ChoiceField(choices=["binding", "advisory"])
    workflow = serializers.CharField()
    action_type = serializers.CharField()
    sentence = serializers.CharField(help_text="What will happen, from the payload.")
    summary = serializers.CharField()
    subject = SubjectAnswer(allow_null=True)
    run_id = serializers.CharField()
    trace_id = serializers.CharField(
        allow_null=True, help_text="The OpenTelemetry trace, as 32 hex digits."
    )
    batch_key = serializers.CharField()
    agent_version = serializers.CharField()
    requested_by = serializers.CharField()
    confidence = serializers.FloatField(allow_null=True)
    revision = serializers.IntegerField()
    payload_digest = serializers.CharField(help_text="sha256 of the payload's RFC 8785 form.")
    approved_digest = serializers.CharField(allow_null=True)
    due_at = serializers.DateTimeField(allow_null=True)
    not_before = serializers.DateTimeField(allow_null=True)
    not_after = serializers.DateTimeField(allow_null=True)
    releasable_at = serializers.DateTimeField(
        allow_null=True,
        help_text="From when on it can be taken; past: now. null while it is not approved, and "
        "where its approval ends before its window opens. What is in `depends_on` has to be done "
        "besides.",
    )
    created_at = serializers.DateTimeField()
    changed_at = serializers.DateTimeField()
    decided_at = serializers.DateTimeField(allow_null=True)
    depends_on = StepOnAnswer(many=True)
    retry_of = serializers.UUIDField(allow_null=True)
    rolls_back = serializers.UUIDField(
        allow_null=True, help_text="The action that this one undoes: it was staged for that."
    )
    review_url = serializers.URLField()


class DecisionAnswer(serializers.Serializer[None]):
    """A person's verdict; `edits` is the RFC 6902 patch from the agent's payload to theirs."""

    action_id = serializers.UUIDField()
    revision = serializers.IntegerField()
    verdict = serializers.ChoiceField(choices=Verdict.values)
    reason = serializers.ChoiceField(choices=Reason.values, allow_null=True)
    cause = serializers.ChoiceField(choices=Cause.values, allow_null=True)
    comment = serializers.CharField(allow_null=True)
    edits = serializers.ListField(child=Object(), allow_null=True)
    answer = Object(allow_null=True)
    by = serializers.CharField()
    at = serializers.DateTimeField()


class LearnedAnswer(DecisionAnswer):
    """A decision in the feed. To go on after it, send its `cursor` as `after`."""

    cursor = serializers.CharField()
    workflow = serializers.CharField()
    action_type = serializers.CharField()
    run_id = serializers.CharField()
    used = serializers.ChoiceField(choices=USES, allow_null=True, help_text=USED)


class ReleaseAnswer(serializers.Serializer[None]):
    """The approved content under a lease: to be done once, by whoever holds it."""

    lease_id = serializers.UUIDField()
    lease_expires_at = serializers.DateTimeField()
    fence = serializers.IntegerField()
    release_id = serializers.UUIDField(
        help_text="Give it to the downstream system as its idempotency key."
    )
    action_id = serializers.UUIDField()
    payload = Object()
    payload_digest = serializers.CharField()
    approved_by = serializers.ListField(child=serializers.CharField())
    edits = serializers.ListField(child=Object())
    missing = serializers.ListField(
        child=serializers.UUIDField(),
        help_text="Actions that this one depended on and that came to nothing: the workflow goes "
        "on without them.",
    )


class ActionAnswer(ListedAnswer):
    """An action, whole. `release` is there when it was taken in the same call."""

    payload = Object()
    before = Anything(allow_null=True)
    trace = Object(allow_null=True)
    evidence = serializers.ListField(child=Object())
    policy = PolicyAnswer()
    decision = DecisionAnswer(allow_null=True)
    used = serializers.ChoiceField(choices=USES, allow_null=True, help_text=USED)
    recall_requested = serializers.BooleanField(
        help_text="It is stopped while you hold it: leave it undone if you still can, and report."
    )
    as_approved = serializers.BooleanField(
        allow_null=True,
        help_text="Whether the after-state that was reported says what was approved; null where "
        "nobody can tell.",
    )
    release = ReleaseAnswer(required=False)


class BatchResultAnswer(serializers.Serializer[None]):
    """201 with the action, or the status and problem of this item alone."""

    status = serializers.IntegerField()
    action = ActionAnswer(required=False)
    replayed = serializers.BooleanField(required=False)
    problem = ProblemAnswer(required=False)


class BatchAnswer(serializers.Serializer[None]):
    results = BatchResultAnswer(many=True)


class CheckAnswer(serializers.Serializer[None]):
    tier = serializers.ChoiceField(choices=TIERS)
    mode = serializers.ChoiceField(choices=MODES)
    authority = serializers.ChoiceField(choices=["binding", "advisory"])
    needs_person = serializers.BooleanField()
    policy = PolicyAnswer()


class ActionListAnswer(serializers.Serializer[None]):
    results = ListedAnswer(many=True)
    next = serializers.CharField(allow_null=True, help_text="Send it as `cursor`.")


class DecisionListAnswer(serializers.Serializer[None]):
    results = LearnedAnswer(many=True)
    next = serializers.CharField(
        allow_null=True, help_text="Send it as `after`, now or later; null while there is nothing."
    )


class ReleasedAnswer(serializers.Serializer[None]):
    results = ReleaseAnswer(many=True)
