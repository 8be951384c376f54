"""Documents that never change, found by the digest of what they say."""

from django.db import models


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
