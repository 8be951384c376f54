"""What happens after the decision: leases, outcomes, and open work that needs a person."""

import uuid

from django.db import models
from django.db.models import Q

from agents_registry.models import Agent, Person
from approvals.models.actions import Action


class LeaseEnd(models.TextChoices):
    REPORTED = "reported"
    RAN_OUT = "ran_out"


class Lease(models.Model):
    """An agent holds the approved content until `expires_at`. At most one is live per action."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    action = models.ForeignKey(Action, on_delete=models.PROTECT, related_name="leases")
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="+")
    fence = models.PositiveIntegerField()
    leased_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    recall_requested_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    end = models.CharField(max_length=8, choices=LeaseEnd.choices, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["action"], condition=Q(ended_at__isnull=True), name="one_live_lease"
            ),
            models.UniqueConstraint(fields=["action", "fence"], name="fence_grows"),
        ]
        indexes = [
            models.Index(
                fields=["expires_at"], condition=Q(ended_at__isnull=True), name="lease_live"
            ),
        ]

    def __str__(self) -> str:
        return f"lease {self.fence} of {self.action_id}"


class Outcome(models.Model):
    """What the agent reported under a lease; at most one per lease."""

    lease = models.OneToOneField(Lease, on_delete=models.PROTECT, related_name="outcome")
    action = models.ForeignKey(Action, on_delete=models.PROTECT, related_name="outcomes")
    status = models.CharField(max_length=10)
    after = models.JSONField(null=True)
    error = models.TextField(blank=True)
    cost = models.JSONField(null=True)
    value = models.JSONField(null=True)
    occurred_at = models.DateTimeField(null=True)
    body_digest = models.CharField(max_length=71)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.status} of {self.action_id}"


class FollowUpKind(models.TextChoices):
    FAILED = "failed"
    UNKNOWN = "unknown"
    BLOCKED = "blocked"
    ROLLBACK_FAILED = "rollback_failed"
    CHANGES_REQUESTED = "changes_requested"
    CHECK_FAILED = "check_failed"
    MISTAKE = "mistake"
    NOT_AS_APPROVED = "not_as_approved"
    PHANTOM_ROLLBACK = "phantom_rollback"
    HALTED = "halted"
    ROLLBACK_ASKED = "rollback_asked"


class FollowUpChoice(models.TextChoices):
    RETRY = "retry", "Let the agent try again"
    HAND_OVER = "hand_over", "Hand it to a person"
    ROLL_BACK = "roll_back", "Roll it back"
    IT_WAS_DONE = "it_was_done", "It was done"
    IT_WAS_NOT_DONE = "it_was_not_done", "It was not done"
    CLOSE = "close", "Close it"


class FollowUp(models.Model):
    """Open work after a decision: a named person, a deadline and a choice, so nothing ends
    silently. `changes_requested` is the agent's: it has no assignee."""

    action = models.ForeignKey(Action, on_delete=models.PROTECT, related_name="follow_ups")
    kind = models.CharField(max_length=20, choices=FollowUpKind.choices)
    assignee = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, related_name="follow_ups"
    )
    due_at = models.DateTimeField()
    reminded_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    choice = models.CharField(max_length=16, choices=FollowUpChoice.choices, blank=True)
    closed_reason = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["action", "kind"],
                condition=Q(closed_at__isnull=True),
                name="one_open_follow_up_of_a_kind",
            ),
            models.CheckConstraint(
                name="open_work_has_a_person",
                condition=Q(kind="changes_requested") | Q(assignee__isnull=False),
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at"], condition=Q(closed_at__isnull=True), name="follow_up_open"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.action_id}"


class Sweep(models.Model):
    """When each periodic job last finished a turn: one row per job."""

    job = models.CharField(max_length=40, primary_key=True)
    finished_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.job} at {self.finished_at}"
