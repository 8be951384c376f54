"""Policies that are tried over recorded actions before they are saved."""

import uuid

from django.db import models

from agents_registry.models import Person, Team


class TrialState(models.TextChoices):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class Trial(models.Model):
    """One replay of changed policies over the actions of the last `days`, and how far it is.

    `documents`: the policy documents to try, by the id of their action type. `result` is what
    `approvals.trials` makes of it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="+")
    author = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    documents = models.JSONField()
    days = models.PositiveSmallIntegerField(default=30)
    state = models.CharField(max_length=8, choices=TrialState.choices, default=TrialState.WAITING)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    result = models.JSONField(null=True)
    created_at = models.DateTimeField()
    beat_at = models.DateTimeField(null=True, help_text="When its worker was last heard of.")
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["created_at"],
                condition=models.Q(state__in=["waiting", "running"]),
                name="trial_to_do",
            )
        ]

    def __str__(self) -> str:
        return f"trial of {self.created_at} {self.state}"
