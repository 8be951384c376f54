"""Where an agent is called when something of its own was decided, and what became of each call."""

import uuid

from django.db import models
from django.db.models import Q

from agents_registry.models import Agent
from approvals.models.actions import Action


class Endpoint(models.Model):
    """An agent's webhook; without an address only the `callback_url` of its actions is called.

    `secret` signs, and until `old_secret_until` the one before it signs as well.
    """

    agent = models.OneToOneField(Agent, on_delete=models.PROTECT, related_name="endpoint")
    address = models.CharField(max_length=2000, blank=True)
    secret = models.CharField(max_length=120)
    old_secret = models.CharField(max_length=120, blank=True)
    old_secret_until = models.DateTimeField(null=True)
    failing_since = models.DateTimeField(null=True)
    last_error = models.TextField(blank=True)
    disabled_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"webhook of {self.agent_id}"


class CallState(models.TextChoices):
    QUEUED = "queued"
    SENT = "sent"
    DROPPED = "dropped", "No longer needed"
    GAVE_UP = "gave_up", "Given up"


class Call(models.Model):
    """One message to an agent; its id is the `webhook-id` of every attempt.

    Its body is written when it leaves, from how things stand then. Whoever sends moves `due_at` on
    first: if that process dies, somebody else tries then.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    endpoint = models.ForeignKey(Endpoint, on_delete=models.PROTECT, related_name="calls")
    action = models.ForeignKey(Action, on_delete=models.PROTECT, null=True, related_name="calls")
    address = models.CharField(max_length=2000, help_text="The endpoint's or the action's own.")
    kind = models.CharField(max_length=40, help_text="What happened, e.g. action.approved.")
    key = models.CharField(max_length=160, help_text="Keeps one happening from two calls.")
    state = models.CharField(max_length=8, choices=CallState.choices, default=CallState.QUEUED)
    due_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    last_error = models.TextField(blank=True)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["endpoint", "key"], name="called_once"),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(state="queued"), name="call_due"),
            models.Index(fields=["endpoint", "-created_at"], name="call_of_endpoint"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} to {self.endpoint_id}"


class CallAttempt(models.Model):
    """One attempt of a call: what was answered, or why nothing was."""

    call = models.ForeignKey(Call, on_delete=models.CASCADE, related_name="tries")
    at = models.DateTimeField()
    status = models.PositiveSmallIntegerField(null=True)
    milliseconds = models.PositiveIntegerField()
    error = models.TextField(blank=True)

    class Meta:
        indexes = [models.Index(fields=["call", "at"], name="attempt_of_call")]

    def __str__(self) -> str:
        return f"{self.status} at {self.at}"
