"""Modes that were lowered by a rule, and the review that has to come before they come back."""

import uuid

from django.db import models

from agents_registry.models.people import Person
from agents_registry.models.workflows import ActionType


class Downgrade(models.Model):
    """A mode that a rule lowered. It waits for its reviewer while `lifted_at` is empty."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    action_type = models.ForeignKey(ActionType, on_delete=models.PROTECT, related_name="downgrades")
    from_mode = models.CharField(max_length=16)
    to_mode = models.CharField(max_length=16)
    rule = models.CharField(max_length=160)
    because = models.TextField()
    reviewer = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    lifted_to = models.CharField(max_length=16, blank=True)
    lifted_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    lifted_at = models.DateTimeField(null=True)
    note = models.TextField(blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["action_type"],
                condition=models.Q(lifted_at__isnull=True),
                name="downgrade_open",
            )
        ]

    def __str__(self) -> str:
        return f"{self.action_type_id}: {self.from_mode} to {self.to_mode}"
