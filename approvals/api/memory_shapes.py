"""The shape of what is sent and answered about results, opinions and what is remembered."""

from rest_framework import serializers

from agents_registry.policy import numbers
from agents_registry.policy.findings import Tier
from approvals.api.answers import USED, USES
from approvals.api.fields import (
    Anything,
    Figure,
    Instant,
    Matching,
    Object,
    Share,
    Strict,
    Text,
    Whole,
)
from approvals.api.serializers import MAYBE
from approvals.models import Cause, Reason, Verdict
from approvals.states import State

RAISES = [Tier.BATCH_REVIEW.value, Tier.MANDATORY.value]
MOST_IN_A_PAGE = 100
MOST_CASES = 200


class ResultBody(Strict):
    """Something that came of an action. The same again changes nothing."""

    kind = Matching(
        "[a-z][a-z0-9_]{0,39}", help_text="replied, meeting, revenue, reopened: a word of your own."
    )
    value = Figure(**MAYBE)
    currency = Matching(numbers.CURRENCY, **MAYBE)
    at = Instant()


class OpinionBody(Strict):
    """What a checker thinks of the revision that it has read."""

    revision = Whole(min_value=1, max_value=2**31 - 1)
    concern = Share(help_text="0: nothing is wrong, 1: surely wrong.")
    words = Text(max_length=4000)
    raise_to = serializers.ChoiceField(
        choices=RAISES, help_text="Takes the tier up to this, where it lies lower.", **MAYBE
    )


class HistoryQuery(Strict):
    """Which page of a subject's history to read, the newest first."""

    cursor = Text(max_length=200, required=False)
    limit = serializers.IntegerField(min_value=1, max_value=MOST_IN_A_PAGE, required=False)


class ResultSaidAnswer(serializers.Serializer[None]):
    """What an agent claims came of an action: nobody here has checked it."""

    kind = serializers.CharField()
    value = serializers.CharField(allow_null=True, help_text="A decimal string.")
    currency = serializers.CharField(allow_null=True)
    at = serializers.DateTimeField()
    reported_at = serializers.DateTimeField()


class ResultAnswer(ResultSaidAnswer):
    action_id = serializers.UUIDField()


class OpinionAnswer(serializers.Serializer[None]):
    """The opinion as it is kept, and the tier that the action has now."""

    action_id = serializers.UUIDField()
    revision = serializers.IntegerField()
    concern = serializers.FloatField()
    words = serializers.CharField()
    raise_to = serializers.ChoiceField(choices=RAISES, allow_null=True)
    tier = serializers.CharField()
    at = serializers.DateTimeField()


class GuidanceAnswer(serializers.Serializer[None]):
    """What a person wants remembered. `workflow` is null where it holds in all of the team."""

    words = serializers.CharField()
    workflow = serializers.CharField(allow_null=True)
    at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField(allow_null=True)


class PastDecisionAnswer(serializers.Serializer[None]):
    verdict = serializers.ChoiceField(choices=Verdict.values)
    reason = serializers.ChoiceField(choices=Reason.values, allow_null=True)
    cause = serializers.ChoiceField(choices=Cause.values, allow_null=True)
    comment = serializers.CharField(allow_null=True)
    at = serializers.DateTimeField()


class PastAnswer(serializers.Serializer[None]):
    """An action about the subject, without what is sensitive. `own`: this agent staged it."""

    action_id = serializers.UUIDField()
    own = serializers.BooleanField()
    workflow = serializers.CharField()
    action_type = serializers.CharField()
    sentence = serializers.CharField()
    state = serializers.ChoiceField(choices=[state.value for state in State])
    staged_at = serializers.DateTimeField()
    decided_at = serializers.DateTimeField(allow_null=True)
    decision = PastDecisionAnswer(allow_null=True)
    claimed_results = ResultSaidAnswer(many=True)


class SubjectNamedAnswer(serializers.Serializer[None]):
    type = serializers.CharField()
    id = serializers.CharField()


class HistoryAnswer(serializers.Serializer[None]):
    """`guidance` stands on every page; `next` is null at the end."""

    subject = SubjectNamedAnswer()
    guidance = GuidanceAnswer(many=True)
    results = PastAnswer(many=True)
    next = serializers.CharField(allow_null=True, help_text="Send it as `cursor`.")


class EvaluationQuery(Strict):
    """Whose cases, and from where on, the oldest first."""

    workflow = Text(max_length=50)
    after = Text(max_length=200, required=False)
    limit = serializers.IntegerField(min_value=1, max_value=MOST_CASES, required=False)


class CaseAnswer(serializers.Serializer[None]):
    """What the agent knew, what it wanted to do, and what a person made of it. To go on after it,
    send its `cursor` as `after`."""

    cursor = serializers.CharField()
    action_id = serializers.UUIDField()
    revision = serializers.IntegerField()
    workflow = serializers.CharField()
    action_type = serializers.CharField()
    agent_version = serializers.CharField()
    input = Object(help_text="subject, handoff, signals, evidence, before.")
    agent_answer = Anything(help_text="The payload as the agent sent it.")
    human_answer = Anything(
        allow_null=True,
        help_text="The payload as it was approved, or a person's answer; null where nothing was "
        "right.",
    )
    verdict = serializers.ChoiceField(choices=Verdict.values)
    reason = serializers.ChoiceField(choices=Reason.values, allow_null=True)
    cause = serializers.ChoiceField(choices=Cause.values, allow_null=True)
    comment = serializers.CharField(allow_null=True)
    used = serializers.ChoiceField(choices=USES, allow_null=True, help_text=USED)
    at = serializers.DateTimeField()


class EvaluationAnswer(serializers.Serializer[None]):
    results = CaseAnswer(many=True)
    next = serializers.CharField(
        allow_null=True, help_text="Send it as `after`, now or later; null while there is nothing."
    )
