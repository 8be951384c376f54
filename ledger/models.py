"""The rows of the record: events that are only ever added, and the erasable words beside them."""

from django.db import models


class Event(models.Model):
    """One thing that happened, as the exact bytes that were hashed, with its place in its stream.

    The columns beside `content` repeat what is inside it, so that it can be found.
    """

    scope = models.CharField(max_length=64, help_text="The team's id: the wall of the record.")
    stream = models.CharField(max_length=80)
    seq = models.PositiveIntegerField()
    type = models.CharField(max_length=64)
    actor = models.CharField(max_length=120)
    at = models.DateTimeField()
    content = models.BinaryField()
    leaf = models.BinaryField(max_length=32)
    index = models.BigIntegerField(null=True, unique=True, help_text="Place in the global tree.")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["stream", "seq"], name="event_once_in_its_stream"),
        ]
        indexes = [
            models.Index(fields=["scope", "at"], name="event_scope_at"),
            models.Index(
                fields=["id"], condition=models.Q(index__isnull=True), name="event_without_index"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.stream}#{self.seq} {self.type}"


class Unread(models.Model):
    """An event that a follower has not heard of yet; the row goes when it has."""

    follower = models.CharField(max_length=20)
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["follower", "event"], name="unread_once"),
        ]

    def __str__(self) -> str:
        return f"{self.event_id} for {self.follower}"


class SealedText(models.Model):
    """Free or personal text of an event, kept apart so that it can be erased without breaking
    the chain: the event holds only `sha256(salt ‖ canonical)`."""

    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="sealed")
    name = models.CharField(max_length=40)
    salt = models.BinaryField(max_length=16, null=True)
    value = models.JSONField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["event", "name"], name="sealed_once_per_event"),
        ]

    def __str__(self) -> str:
        return f"{self.name} of {self.event_id}"
