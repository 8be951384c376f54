"""The shape of what is answered about an interrupt of another library."""

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from approvals.api.answers import STATES, ActionAnswer
from approvals.api.fields import Anything
from approvals.states import State


class ThreadAnswer(serializers.Serializer[None]):
    """An interrupt as a thread: its calls are actions, in order."""

    thread_id = serializers.UUIDField()
    actions = ActionAnswer(many=True)


class CallStateAnswer(serializers.Serializer[None]):
    id = serializers.UUIDField()
    state = serializers.ChoiceField(choices=STATES)


class WaitingThreadAnswer(serializers.Serializer[None]):
    """Not every call of the thread is decided."""

    thread_id = serializers.UUIDField()
    state = serializers.ChoiceField(choices=[State.PENDING.value])
    actions = CallStateAnswer(many=True)


@extend_schema_field({"anyOf": [{"$ref": "#/components/schemas/ReleaseAnswer"}, {"type": "null"}]})
class MaybeRelease(Anything):
    """A release, or null."""


class TakenThreadAnswer(serializers.Serializer[None]):
    """What the library is resumed with, and the lease of each call that may be done."""

    resume = Anything()
    releases = serializers.ListField(child=MaybeRelease())
