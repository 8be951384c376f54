"""What is stopped, by whom and why, and who turned it back on."""

import uuid

from django.db import models

from agents_registry.models.people import Person, Team


class StopKind(models.TextChoices):
    AGENT = "agent"
    WORKFLOW = "workflow"
    ACTION_TYPE = "action_type"
    SYSTEM = "system"


class Stop(models.Model):
    """One press of the stop button. In force while `lifted_at` is empty.

    `target` is the agent's or workflow's id, `<workflow id>/<key>`, or a system's name.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="stops")
    kind = models.CharField(max_length=12, choices=StopKind.choices)
    target = models.CharField(max_length=160)
    reason = models.TextField()
    by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()
    lifted_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    lifted_at = models.DateTimeField(null=True)
    note = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["team", "kind", "target"],
                condition=models.Q(lifted_at__isnull=True),
                name="stopped_once_at_a_time",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.target} stopped"
