"""People, teams and pools: who there is, and on which side of the team's wall."""

import uuid

from django.contrib.auth.models import AbstractUser
from django.db import models


class Person(AbstractUser):
    """Somebody who signs in. Leaving is `is_active = False`; nobody is ever deleted."""

    time_zone = models.CharField(max_length=64, default="UTC")
    keys_on = models.BooleanField(default=True, help_text="Single-key shortcuts in the inbox.")
    theme = models.CharField(
        max_length=5, blank=True, help_text="light or dark; empty: as the system."
    )

    notices_seen_at = models.DateTimeField(
        null=True, help_text="When they last looked at their notices."
    )

    def __str__(self) -> str:
        return self.get_full_name() or self.username


class Team(models.Model):
    """The wall: agents, workflows, actions, records and exports belong to one team."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=120)
    governance_lead = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, related_name="+", help_text="Owns standards."
    )
    second_person = models.BooleanField(
        default=False, help_text="Whether loosening a policy takes a second person."
    )
    archived_at = models.DateTimeField(null=True)
    members = models.ManyToManyField(Person, through="Membership", related_name="teams")

    def __str__(self) -> str:
        return self.name


class Role(models.TextChoices):
    MEMBER = "member"
    MANAGER = "manager"
    AUDITOR = "auditor"


class Membership(models.Model):
    """A person's place in a team. Ownership and pools say more; this says only that they see it."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="memberships")
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=16, choices=Role.choices, default=Role.MEMBER)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "team"], name="one_membership_per_team"),
        ]

    def __str__(self) -> str:
        return f"{self.person} in {self.team}"


class Pool(models.Model):
    """A reviewer pool: people of a team of whom any may decide."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="pools")
    slug = models.SlugField()
    name = models.CharField(max_length=120)
    people = models.ManyToManyField(Person, related_name="pools", blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "slug"], name="pool_slug_in_team")]

    def __str__(self) -> str:
        return self.name
