"""The shape of what the house tells of itself: health, codes, and what a reading changed."""

from rest_framework import serializers

from approvals.api.answers import MODES


class CheckedAnswer(serializers.Serializer[None]):
    ok = serializers.BooleanField()
    detail = serializers.CharField()


class SweptAnswer(CheckedAnswer):
    """`jobs`: how many seconds ago each periodic job was last done; null for never."""

    jobs = serializers.DictField(child=serializers.FloatField(allow_null=True))


class ReadyAnswer(serializers.Serializer[None]):
    """What must work for agents and people to be served."""

    status = serializers.ChoiceField(choices=["ready", "not_ready"])
    database = CheckedAnswer()
    broker = CheckedAnswer()
    sweep = SweptAnswer()


class LiveAnswer(serializers.Serializer[None]):
    status = serializers.ChoiceField(choices=["alive"])


class CodeAnswer(serializers.Serializer[None]):
    """What a code means and what to do about it."""

    code = serializers.CharField()
    status = serializers.IntegerField()
    title = serializers.CharField()
    advice = serializers.CharField()


class LoweredAnswer(serializers.Serializer[None]):
    """A mode that went down, and who looks at it before it comes back."""

    action_type = serializers.CharField()
    mode_from = serializers.ChoiceField(choices=MODES)
    mode_to = serializers.ChoiceField(choices=MODES)
    rule = serializers.CharField()
    because = serializers.CharField()
    reviewer = serializers.CharField()


class ReadingAnswer(serializers.Serializer[None]):
    """The reading as it is kept, and what it changed: nothing, most of the time."""

    workflow = serializers.CharField()
    metric = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]
    window_start = serializers.DateTimeField()
    window_end = serializers.DateTimeField()
    value = serializers.CharField(help_text="A decimal string.")
    at = serializers.DateTimeField()
    changed = LoweredAnswer(many=True)
