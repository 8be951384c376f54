"""Documents that never change, who changed a policy and why, and what waits to be signed."""

import uuid

from django.db import models

from agents_registry.models.people import Person, Team
from agents_registry.models.workflows import ActionType


class RevisionKind(models.TextChoices):
    POLICY = "policy"
    CALENDAR = "calendar"


class Revision(models.Model):
    """A policy or calendar as it stood, named by the SHA-256 of its RFC 8785 form."""

    digest = models.CharField(max_length=71, primary_key=True)
    kind = models.CharField(max_length=12, choices=RevisionKind.choices)
    document = models.JSONField()
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.kind} {self.digest[:15]}…"


class PolicyChange(models.Model):
    """One step from one policy revision of an action type to the next.

    `before` and `after` are digests of revisions; `before` is empty at birth. `author` is empty
    where a rule lowered the mode by itself. `signed_by` is the second person, where the team asks
    for one.
    """

    action_type = models.ForeignKey(
        ActionType, on_delete=models.PROTECT, related_name="policy_changes"
    )
    before = models.CharField(max_length=71, blank=True)
    after = models.CharField(max_length=71)
    direction = models.CharField(max_length=12)
    author = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    signed_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    reason = models.TextField(blank=True)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["action_type", "-id"], name="policy_change_of_type")]

    def __str__(self) -> str:
        return f"{self.action_type_id}: {self.after[:15]}…"


class ChangeEnd(models.TextChoices):
    SIGNED = "signed"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


class ChangeRequest(models.Model):
    """A change to one row of the registry that waits for somebody's signature.

    `place` says which row, as `agents_registry.spec.rows.Place` does; `row` is how it shall be,
    `base` the digest of how it was when this was asked. `takes` is the right that is missing.
    Open while `ended_at` is empty.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="change_requests")
    place = models.JSONField()
    row = models.JSONField()
    base = models.CharField(max_length=71)
    takes = models.CharField(max_length=20)
    author = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    reason = models.TextField()
    at = models.DateTimeField()
    end = models.CharField(max_length=10, choices=ChangeEnd.choices, blank=True)
    ended_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True)
    note = models.TextField(blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["team", "at"],
                condition=models.Q(ended_at__isnull=True),
                name="change_request_open",
            )
        ]

    def __str__(self) -> str:
        return f"{'/'.join(self.place)} asked by {self.author_id}"
