"""Interrupts as other people's libraries send them, and the actions that they became."""

from django.db import models

from agents_registry.models import Agent
from approvals.models.actions import Action, new_id


class WireThread(models.Model):
    """One interrupt: what the library sent, so that it is answered in exactly its own shape."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="+")
    shape = models.CharField(max_length=20, help_text="Whose: langchain, agent-inbox, …")
    key = models.CharField(max_length=255, blank=True, help_text="Its idempotency key.")
    request = models.JSONField()
    request_digest = models.CharField(max_length=71)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["agent", "key"], condition=~models.Q(key=""), name="thread_once_per_key"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.shape} {self.id}"


class WireCall(models.Model):
    """One call of an interrupt, at its place, and the action that it is staged as."""

    thread = models.ForeignKey(WireThread, on_delete=models.CASCADE, related_name="calls")
    place = models.PositiveSmallIntegerField()
    call_id = models.CharField(max_length=200, blank=True, help_text="The library's own id.")
    action = models.OneToOneField(Action, on_delete=models.PROTECT, related_name="wire_call")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["thread", "place"], name="one_call_at_a_place"),
        ]

    def __str__(self) -> str:
        return f"call {self.place} of {self.thread_id}"
