"""What is known beside the decisions: results, opinions of checkers, guidance about a subject."""

from django.db import models
from django.db.models import Q

from agents_registry.models import Agent, Person, Team, Workflow
from agents_registry.policy.findings import Tier
from approvals.models.actions import Action

TIERS = [(str(tier), str(tier)) for tier in Tier]


class Result(models.Model):
    """What came of an action for the business, as its agent reports it, however late."""

    action = models.ForeignKey(Action, on_delete=models.PROTECT, related_name="results")
    kind = models.CharField(max_length=40, help_text="replied, meeting, revenue, reopened, …")
    value = models.DecimalField(max_digits=20, decimal_places=6, null=True)
    currency = models.CharField(max_length=3, blank=True)
    at = models.DateTimeField()
    digest = models.CharField(max_length=71, help_text="The same report again changes nothing.")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["action", "digest"], name="result_once"),
        ]
        indexes = [models.Index(fields=["action", "at"], name="result_of_action")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.action_id}"


class Opinion(models.Model):
    """What a script or another model thinks of a revision. It can raise a tier, never approve."""

    action = models.ForeignKey(Action, on_delete=models.PROTECT, related_name="opinions")
    revision = models.PositiveIntegerField()
    checker = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="+")
    concern = models.DecimalField(
        max_digits=4, decimal_places=3, help_text="0: nothing is wrong, 1: surely wrong."
    )
    words = models.TextField()
    raise_to = models.CharField(max_length=16, choices=TIERS, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["action", "revision", "checker"], name="one_opinion_per_revision"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.checker_id} on {self.action_id}"


class Guidance(models.Model):
    """What a reviewer wants remembered about a customer or account, until they take it back."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="guidance")
    subject_type = models.CharField(max_length=80)
    subject_id = models.CharField(max_length=200)
    workflow = models.ForeignKey(
        Workflow,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text="Only there; empty: in every workflow of the team.",
    )
    words = models.TextField()
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    action = models.ForeignKey(
        Action,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text="Where it began.",
    )
    created_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_by = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        indexes = [
            models.Index(
                fields=["team", "subject_type", "subject_id"],
                condition=Q(withdrawn_at__isnull=True),
                name="guidance_of_subject",
            ),
        ]

    def __str__(self) -> str:
        return f"about {self.subject_type} {self.subject_id}"
