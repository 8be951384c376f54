"""What people find after the fact: spot checks of a sample, and mistakes that anybody reports."""

from django.db import models
from django.db.models import Q

from agents_registry.models import Person, Team
from approvals.models.actions import Action


class SpotCheck(models.Model):
    """One done action that was drawn to be looked at. `ratings` holds the rubric's answers:
    `{criterion: "pass" | "fail" | "na"}`. Open until `checked_at`."""

    action = models.OneToOneField(Action, on_delete=models.PROTECT, related_name="spot_check")
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="+")
    drawn_at = models.DateTimeField()
    due_at = models.DateTimeField()
    ratings = models.JSONField(default=dict)
    passed = models.BooleanField(null=True)
    comment = models.TextField(blank=True)
    cleanup_minutes = models.PositiveIntegerField(null=True)
    checked_by = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, related_name="spot_checks"
    )
    checked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="a_check_is_whole",
                condition=Q(checked_at__isnull=True, checked_by__isnull=True, passed__isnull=True)
                | Q(checked_at__isnull=False, checked_by__isnull=False, passed__isnull=False),
            ),
        ]
        indexes = [
            models.Index(
                fields=["team", "due_at", "id"],
                condition=Q(checked_at__isnull=True),
                name="check_to_do",
            ),
            models.Index(fields=["checked_by", "checked_at"], name="check_of_person"),
            models.Index(fields=["checked_at"], name="check_made_at"),
        ]

    def __str__(self) -> str:
        return f"check of {self.action_id}"


class Severity(models.TextChoices):
    """How bad a reported mistake is."""

    MINOR = "minor", "Small: no harm done"
    HARMFUL = "harmful", "Harmful: somebody has to clean up"
    SEVERE = "severe", "Severe: money, customers or the law"


class Mistake(models.Model):
    """What somebody reports about an action, however late."""

    action = models.ForeignKey(Action, on_delete=models.PROTECT, related_name="mistakes")
    reporter = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    what = models.TextField()
    severity = models.CharField(max_length=8, choices=Severity.choices)
    cleanup_minutes = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["action", "created_at"], name="mistake_of_action")]

    def __str__(self) -> str:
        return f"{self.severity} mistake in {self.action_id}"
