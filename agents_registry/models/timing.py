"""Business time and escalation as the team keeps them; actions freeze a copy at staging."""

from django.db import models

from agents_registry.models.people import Team


class Calendar(models.Model):
    """Working hours, zone, holidays and days off, as `agents_registry.calendars` reads them."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="calendars")
    slug = models.SlugField()
    name = models.CharField(max_length=120)
    document = models.JSONField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "slug"], name="calendar_in_team")]

    def __str__(self) -> str:
        return self.name


class Fallback(models.TextChoices):
    EXPIRE = "expire"
    HOLD = "hold"
    HOLD_AND_PAUSE = "hold_and_pause"


class EscalationChain(models.Model):
    """Who is asked after the first addressee, and what happens when nobody answers.

    `stages`: `[{"who": "workflow_owner" | "system_owner" | "risk_owner" | "approval_owner" |
    "manager" | "pool:<slug>" | "person:<username>" | "subject:<relation>" | "payload:<pointer>",
    "otherwise": whoever stands in where that person of the subject is unknown | null,
    "within": "2 business hours", "remind": "1 business hour" | null, "repeat": 1}]`.
    A reminder comes every `remind`, at most `repeat` times. `first_remind` and `first_repeat`
    are those of the first addressee.
    """

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="chains")
    slug = models.SlugField()
    name = models.CharField(max_length=120)
    first_remind = models.CharField(max_length=40, blank=True)
    first_repeat = models.PositiveSmallIntegerField(default=1)
    stages = models.JSONField(default=list)
    fallback = models.CharField(max_length=16, choices=Fallback.choices, default=Fallback.EXPIRE)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "slug"], name="chain_in_team")]

    def __str__(self) -> str:
        return self.name
