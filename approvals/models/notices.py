"""What people are told, over which channels, and whether it reached them."""

import uuid
from datetime import time

from django.db import models
from django.db.models import Q

from agents_registry.models import Person, Pool, Team
from approvals.models.actions import Action
from approvals.models.work import FollowUp


class ChannelKind(models.TextChoices):
    EMAIL = "email", "E-mail"
    CHAT = "chat", "Chat"
    WEBHOOK = "webhook", "Webhook"


class Pace(models.TextChoices):
    AT_ONCE = "at_once", "At once"
    DIGEST = "digest", "Once a day, together"
    NEVER = "never", "Never"


class Channel(models.Model):
    """Where a person or a pool hears of what waits for them, and how soon.

    `address` is an e-mail address, an apprise URL or an https address; it may hold a secret, and
    is never shown whole. A person's `own` is what is addressed to them by name, `pools` what waits
    with their pools; a pool's channel has `pools` only. Hours are of `time_zone`.
    """

    person = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="channels")
    pool = models.ForeignKey(Pool, on_delete=models.PROTECT, null=True, related_name="channels")
    kind = models.CharField(max_length=8, choices=ChannelKind.choices)
    name = models.CharField(max_length=80, blank=True)
    address = models.CharField(max_length=1000)
    secret = models.CharField(max_length=120, blank=True, help_text="Signs a webhook's messages.")
    own = models.CharField(max_length=8, choices=Pace.choices, default=Pace.AT_ONCE)
    pools = models.CharField(max_length=8, choices=Pace.choices, default=Pace.DIGEST)
    time_zone = models.CharField(max_length=64, default="UTC")
    quiet_from = models.TimeField(null=True)
    quiet_until = models.TimeField(null=True)
    digest_at = models.TimeField(default=time(8), help_text="When the day's digest goes out.")
    next_digest_at = models.DateTimeField(null=True)
    failing_since = models.DateTimeField(null=True)
    last_error = models.TextField(blank=True)
    disabled_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="channel_of_a_person_or_a_pool",
                condition=Q(person__isnull=False, pool=None) | Q(person=None, pool__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["person"], condition=Q(kind="email"), name="one_mailbox_per_person"
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_digest_at"],
                condition=Q(next_digest_at__isnull=False, disabled_at__isnull=True),
                name="channel_digest_due",
            ),
        ]

    def __str__(self) -> str:
        return self.name or f"{self.get_kind_display()} of {self.person or self.pool}"


class NoticeKind(models.TextChoices):
    ASKED = "asked"
    REMINDED = "reminded"
    HELD = "held"
    FOLLOW_UP = "follow_up"
    STOPPED = "stopped"
    RESUMED = "resumed"
    DOWNGRADED = "downgraded"
    SIGNATURE = "signature"
    DELEGATED = "delegated"
    CHANNEL_FAILED = "channel_failed"


class Notice(models.Model):
    """One thing that a person, or everybody in a pool, is told; `key` keeps it from being told
    twice. What it says is written when it is shown or sent, from how things stand then."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="notices")
    pool = models.ForeignKey(Pool, on_delete=models.PROTECT, null=True, related_name="notices")
    kind = models.CharField(max_length=16, choices=NoticeKind.choices)
    key = models.CharField(max_length=160)
    action = models.ForeignKey(Action, on_delete=models.PROTECT, null=True, related_name="notices")
    follow_up = models.ForeignKey(
        FollowUp, on_delete=models.PROTECT, null=True, related_name="notices"
    )
    about = models.JSONField(default=dict, help_text="What else its words need: ids and names.")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="notice_to_a_person_or_a_pool",
                condition=Q(person__isnull=False, pool=None) | Q(person=None, pool__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["person", "key"],
                condition=Q(person__isnull=False),
                name="person_told_once",
            ),
            models.UniqueConstraint(
                fields=["pool", "key"], condition=Q(pool__isnull=False), name="pool_told_once"
            ),
        ]
        indexes = [
            models.Index(fields=["person", "-created_at"], name="notice_of_person"),
            models.Index(fields=["pool", "-created_at"], name="notice_of_pool"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} to {self.person_id or self.pool_id}"


class DeliveryState(models.TextChoices):
    QUEUED = "queued"
    SENT = "sent"
    DROPPED = "dropped", "No longer needed"
    GAVE_UP = "gave_up", "Given up"


class Delivery(models.Model):
    """One notice (or, without one, a digest) on its way over one channel.

    What leaves together carries the same `message`, and is tried again as that message. Whoever
    sends moves `due_at` on first: if that process dies, somebody else tries then.
    """

    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="deliveries")
    notice = models.ForeignKey(
        Notice, on_delete=models.PROTECT, null=True, related_name="deliveries"
    )
    state = models.CharField(
        max_length=8, choices=DeliveryState.choices, default=DeliveryState.QUEUED
    )
    due_at = models.DateTimeField()
    message = models.UUIDField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    last_error = models.TextField(blank=True)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["channel", "notice"], name="notice_once_per_channel"),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(state="queued"), name="delivery_due"),
            models.Index(fields=["channel", "-created_at"], name="delivery_of_channel"),
        ]

    def __str__(self) -> str:
        return f"{self.state} over {self.channel_id}"
