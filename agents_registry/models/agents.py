"""Agents and the tokens they sign in with; a token is stored only as its hash."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models

from agents_registry.models.people import Team


class Agent(models.Model):
    """A program that stages actions. Whether it is stopped is told by `Stop`."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="agents")
    slug = models.SlugField()
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True)
    most_pending = models.PositiveIntegerField(
        null=True, help_text="How many of its actions may wait for people at once; empty: any."
    )
    archived_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "slug"], name="agent_slug_in_team")]

    def __str__(self) -> str:
        return self.name


class Scope(models.TextChoices):
    STAGE = "stage"
    RELEASE = "release"
    REPORT = "report"
    READ = "read"
    CHECK = "check"
    METRICS = "metrics"


WORKING_SCOPES = [Scope.STAGE, Scope.RELEASE, Scope.REPORT, Scope.READ]


class AgentToken(models.Model):
    """`rq_<id>_<secret>`: found by `key_id`, proved by the SHA-256 of the 256-bit secret."""

    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="tokens")
    key_id = models.CharField(max_length=16, unique=True)
    secret_sha256 = models.BinaryField(max_length=32)
    scopes = ArrayField(models.CharField(max_length=16, choices=Scope.choices))
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    test = models.BooleanField(
        default=False, help_text="What is staged with it is judged and answered, and never done."
    )

    def __str__(self) -> str:
        return f"rq_{self.key_id}_… of {self.agent_id}"
