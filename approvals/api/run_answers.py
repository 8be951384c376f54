"""The shape of a run, as the API answers it."""

from rest_framework import serializers

from approvals.api.answers import DecisionAnswer, ListedAnswer, PolicyAnswer
from approvals.api.fields import Anything, Object


class ToolCallAnswer(serializers.Serializer[None]):
    """A tool call as the agent told of it; `more` is what it said beside."""

    name = serializers.CharField(allow_null=True)
    arguments = Anything(allow_null=True)
    result = Anything(allow_null=True)
    error = Anything(allow_null=True)
    more = Object()


class RetrievalAnswer(serializers.Serializer[None]):
    """Something that the agent told it read."""

    title = serializers.CharField(allow_null=True)
    more = Anything(allow_null=True)


class ReportedAnswer(serializers.Serializer[None]):
    """An outcome as it was reported under a lease."""

    status = serializers.CharField()
    after = Anything(allow_null=True)
    error = serializers.CharField(allow_null=True)
    cost = Object(allow_null=True)
    value = Object(allow_null=True)
    occurred_at = serializers.DateTimeField(allow_null=True)
    reported_at = serializers.DateTimeField()


class RunActionAnswer(ListedAnswer):
    """An action of a run, with what led to it and what came of it."""

    agent = serializers.CharField()
    model = serializers.CharField(allow_null=True)
    tool_calls = ToolCallAnswer(many=True)
    retrievals = RetrievalAnswer(many=True)
    policy = PolicyAnswer()
    decision = DecisionAnswer(allow_null=True)
    outcomes = ReportedAnswer(many=True)


class RunAnswer(serializers.Serializer[None]):
    """Everything that belongs to one `run_id`."""

    run_id = serializers.CharField()
    trace_ids = serializers.ListField(child=serializers.CharField())
    agents = serializers.ListField(child=serializers.CharField())
    started_at = serializers.DateTimeField()
    changed_at = serializers.DateTimeField()
    actions = RunActionAnswer(many=True)
    more = serializers.BooleanField(help_text="There are more actions than the first 200.")
