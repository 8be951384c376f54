"""What agents sent: the first answer of each key, and how often they tried what is not listed."""

from django.db import models

from agents_registry.models import Agent, Workflow
from approvals.models.actions import Action


class Submission(models.Model):
    """An idempotency key of an agent, what came with it, and the answer that it got first."""

    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="+")
    key = models.CharField(max_length=255)
    request_digest = models.CharField(max_length=71)
    action = models.ForeignKey(Action, on_delete=models.PROTECT, related_name="+")
    answer = models.JSONField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["agent", "key"], name="key_once_per_agent"),
        ]

    def __str__(self) -> str:
        return f"{self.key} of {self.agent_id}"


class Refusal(models.Model):
    """How often an agent tried an action type that its workflow does not list."""

    workflow = models.ForeignKey(Workflow, on_delete=models.PROTECT, related_name="refusals")
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="+")
    key = models.CharField(max_length=80)
    count = models.PositiveIntegerField(default=1)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workflow", "agent", "key"], name="refusal_counted"),
        ]

    def __str__(self) -> str:
        return f"{self.key} refused {self.count} times"
