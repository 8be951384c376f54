"""The shape of what an agent is told of itself: what it may do, and how much of it waits."""

from rest_framework import serializers

from approvals.api.answers import MODES
from approvals.api.fields import Anything, Object


class ThresholdAnswer(serializers.Serializer[None]):
    metric = serializers.CharField()
    operator = serializers.CharField()
    limit = Anything()
    currency = serializers.CharField(allow_null=True)
    effect = Object()


class AllowedAnswer(serializers.Serializer[None]):
    """One action type as it applies now."""

    key = serializers.CharField()
    verb = serializers.CharField()
    authority_level = serializers.CharField()
    authority = serializers.ChoiceField(choices=["binding", "advisory"])
    mode = serializers.ChoiceField(choices=MODES)
    blast_radius = serializers.ChoiceField(choices=["low", "high"])
    reversibility = serializers.ChoiceField(choices=["reversible", "irreversible"])
    confidence_line = serializers.FloatField(allow_null=True)
    thresholds = ThresholdAnswer(many=True)
    payload_schema = Object()
    idempotent = serializers.BooleanField()


STATUSES = ["active", "paused"]


class SelfAnswer(serializers.Serializer[None]):
    slug = serializers.CharField()
    name = serializers.CharField()
    status = serializers.ChoiceField(choices=STATUSES)


class TokenAnswer(serializers.Serializer[None]):
    """The token that came with the call. `test`: what is staged with it is never done."""

    test = serializers.BooleanField()
    scopes = serializers.ListField(child=serializers.CharField())
    expires_at = serializers.DateTimeField()


class WaitingAnswer(serializers.Serializer[None]):
    """How many of the agent's actions wait for people in this workflow, the most that may in all
    of its workflows together, and how long a new one would wait."""

    pending = serializers.IntegerField()
    most = serializers.IntegerField(allow_null=True, help_text="null: any number.")
    expected_wait_seconds = serializers.IntegerField(
        allow_null=True, help_text="null where nobody decided within a week."
    )


class OwnWorkflowAnswer(SelfAnswer):
    waiting = WaitingAnswer()
    action_types = AllowedAnswer(many=True)


class MeAnswer(serializers.Serializer[None]):
    agent = SelfAnswer()
    token = TokenAnswer()
    workflows = OwnWorkflowAnswer(many=True)
