"""A staged action, and what each of its revisions says: the row that is the queue."""

import uuid
from typing import Any

import uuid6
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q

from agents_registry.models import ActionType, Agent, Person, Pool, Team, Workflow
from approvals.states import APPROVED_ONCE, State


def new_id() -> uuid.UUID:
    """A UUIDv7: ids sort by the time they were made."""
    return uuid.UUID(int=uuid6.uuid7().int)


class Purpose(models.TextChoices):
    LIVE = "live"
    SHADOW = "shadow"
    EVAL = "eval"
    SEEDED = "seeded"


TIER_RANKS = {"mandatory": 0, "batch_review": 1, "spot_check": 2, "autonomous": 3, "blocked": 4}
"""The order in which people look at tiers."""

STATES = [(state.value, state.value) for state in State]


class Action(models.Model):
    """What an agent wants to do. Only `approvals.transitions` writes `state`.

    `frozen` holds what was fixed at staging: `{"calendar": digest, "stages": […], "fallback",
    "approval_life", "approval_lives", "settle_seconds", "idempotent"}`, and `"lives_before"` once
    its tier was raised.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="+")
    workflow = models.ForeignKey(Workflow, on_delete=models.PROTECT, related_name="actions")
    action_type = models.ForeignKey(ActionType, on_delete=models.PROTECT, related_name="actions")
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="actions")
    purpose = models.CharField(max_length=8, choices=Purpose.choices, default=Purpose.LIVE)

    state = models.CharField(max_length=20, choices=STATES)
    tier = models.CharField(max_length=16)
    tier_rank = models.PositiveSmallIntegerField()
    mode = models.CharField(max_length=16)
    authority = models.CharField(max_length=8)
    held = models.BooleanField(default=False)
    revision = models.PositiveIntegerField(default=1)
    payload_digest = models.CharField(max_length=71)
    policy_revision = models.CharField(max_length=71)
    signers = models.JSONField(default=list, help_text="Who signs, where the policy names them.")
    approvals_needed = models.PositiveSmallIntegerField(default=1)

    sentence = models.TextField()
    summary = models.TextField(blank=True)
    subject_type = models.CharField(max_length=80, blank=True)
    subject_id = models.CharField(max_length=200, blank=True)
    subject_label = models.CharField(max_length=300, blank=True)
    run_id = models.CharField(max_length=200, blank=True)
    batch_key = models.CharField(max_length=200, blank=True)
    shape = models.CharField(max_length=16, blank=True, help_text="Which leaves its payload has.")
    agent_version = models.CharField(max_length=120, blank=True)
    requested_by = models.CharField(max_length=254, blank=True)
    callback_url = models.CharField(max_length=2000, blank=True)
    confidence = models.DecimalField(max_digits=6, decimal_places=5, null=True)
    search_text = models.TextField(blank=True)
    trace_id = models.CharField(max_length=32, blank=True, help_text="W3C trace id, in hex.")
    retry_of = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="+")
    rolls_back = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        related_name="rollbacks",
        help_text="The action that this one undoes.",
    )

    frozen = models.JSONField(default=dict)
    step = models.PositiveSmallIntegerField(default=0)
    reminded = models.PositiveSmallIntegerField(
        default=0, help_text="How often the addressee of this step was reminded."
    )
    assignee = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    pool = models.ForeignKey(
        Pool,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text="The pool that it waits with, where that is another than the workflow's.",
    )
    due_at = models.DateTimeField(null=True)
    next_step_at = models.DateTimeField(null=True)
    not_before = models.DateTimeField(null=True)
    not_after = models.DateTimeField(null=True)

    approved_digest = models.CharField(max_length=71, blank=True)
    approved_seal = models.CharField(max_length=71, blank=True)
    releasable_from = models.DateTimeField(null=True)
    approval_ends_at = models.DateTimeField(null=True)
    release_id = models.UUIDField(null=True)
    fence = models.PositiveIntegerField(default=0)

    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="state_is_known", condition=Q(state__in=[s.value for s in State])
            ),
            models.CheckConstraint(
                name="only_live_is_approved",
                condition=Q(purpose="live") | ~Q(state__in=sorted(APPROVED_ONCE)),
            ),
            models.CheckConstraint(
                name="approved_content_is_known",
                condition=~Q(state__in=sorted(APPROVED_ONCE)) | ~Q(approved_digest=""),
            ),
            models.CheckConstraint(
                name="draft_only_is_never_taken",
                condition=~Q(mode="draft_only") | ~Q(state__in=sorted(APPROVED_ONCE)),
            ),
            models.CheckConstraint(
                name="blocked_is_never_decided", condition=~Q(tier="blocked") | Q(state="blocked")
            ),
            models.CheckConstraint(
                name="nothing_waits_without_a_clock",
                condition=~Q(state="pending") | Q(held=True) | Q(next_step_at__isnull=False),
            ),
            models.CheckConstraint(
                name="only_pending_is_held", condition=Q(held=False) | Q(state="pending")
            ),
        ]
        indexes = [
            models.Index(
                fields=["team", "tier_rank", "due_at", "id"],
                condition=Q(state="pending"),
                name="action_inbox",
            ),
            models.Index(
                fields=["assignee", "tier_rank", "due_at", "id"],
                condition=Q(state="pending"),
                name="action_inbox_of_person",
            ),
            models.Index(
                fields=["workflow", "tier_rank", "due_at", "id"],
                condition=Q(state="pending"),
                name="action_inbox_of_workflow",
            ),
            models.Index(
                fields=["team", "tier_rank", "due_at", "id"],
                condition=Q(state="pending", step__gt=0),
                name="action_inbox_escalated",
            ),
            models.Index(
                fields=["pool", "tier_rank", "due_at", "id"],
                condition=Q(state="pending", pool__isnull=False),
                name="action_inbox_of_pool",
            ),
            models.Index(
                fields=["action_type", "batch_key", "shape", "due_at", "id"],
                condition=Q(state="pending", tier="batch_review"),
                name="action_in_batch",
            ),
            models.Index(
                fields=["team", "subject_id", "id"],
                condition=~Q(subject_id=""),
                name="action_of_subject",
            ),
            models.Index(
                fields=["next_step_at"],
                condition=Q(state="pending", held=False),
                name="action_next_step",
            ),
            models.Index(
                fields=["workflow", "agent", "tier_rank", "id"],
                condition=Q(state="approved"),
                name="action_releasable",
            ),
            models.Index(
                fields=["approval_ends_at"],
                condition=Q(state="approved"),
                name="action_approval_ends",
            ),
            models.Index(
                fields=["not_after"],
                condition=Q(state__in=["approved", "pending"], not_after__isnull=False),
                name="action_not_after",
            ),
            models.Index(fields=["agent", "id"], name="action_of_agent"),
            models.Index(fields=["team", "created_at"], name="action_in_team"),
            models.Index(fields=["action_type", "created_at"], name="action_of_type"),
            models.Index(fields=["workflow", "changed_at"], name="action_changed_in_workflow"),
            models.Index(fields=["team", "run_id"], name="action_of_run"),
            models.Index(
                fields=["agent"], condition=Q(state="pending"), name="action_waiting_of_agent"
            ),
            models.Index(fields=["action_type", "payload_digest"], name="action_of_same_content"),
            GinIndex(fields=["search_text"], opclasses=["gin_trgm_ops"], name="action_search"),
        ]

    def __str__(self) -> str:
        return f"{self.id} {self.state}"

    @property
    def stream(self) -> str:
        """The name of its stream in the record."""
        return f"action:{self.id}"

    @property
    def is_only_accepted(self) -> bool:
        """Whether an approval ends it: a draft or a piece of advice, which no agent carries out."""
        return self.mode == "draft_only" or self.authority == "advisory"

    @property
    def stages(self) -> list[dict[str, Any]]:
        stages: list[dict[str, Any]] = self.frozen["stages"]
        return stages


class Content(models.Model):
    """What one revision of an action says, as the agent sent it, and how it was judged.

    `salt` and `seal` make the payload's digest in the record unguessable and erasable.
    `circumstances` are the facts that it was judged by and that did not come with the request.
    """

    action = models.ForeignKey(Action, on_delete=models.PROTECT, related_name="contents")
    revision = models.PositiveIntegerField()
    payload = models.JSONField()
    before = models.JSONField(null=True)
    impact = models.JSONField(null=True)
    signals = models.JSONField(default=dict)
    evidence = models.JSONField(default=list)
    trace = models.JSONField(null=True)
    handoff = models.JSONField(default=dict)
    preconditions = models.JSONField(default=list)
    payload_digest = models.CharField(max_length=71)
    salt = models.BinaryField(max_length=16)
    seal = models.CharField(max_length=71)
    circumstances = models.JSONField(default=dict)
    findings = models.JSONField(default=list)
    computed_impact = models.JSONField(null=True)
    policy_revision = models.CharField(max_length=71)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["action", "revision"], name="content_of_revision"),
        ]

    def __str__(self) -> str:
        return f"{self.action_id} revision {self.revision}"


class Dependency(models.Model):
    """An action waits until the one that it depends on is done."""

    action = models.ForeignKey(Action, on_delete=models.PROTECT, related_name="waits_for")
    on = models.ForeignKey(Action, on_delete=models.PROTECT, related_name="waited_for_by")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["action", "on"], name="dependency_once"),
            models.CheckConstraint(
                name="nothing_depends_on_itself", condition=~Q(action=models.F("on"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action_id} waits for {self.on_id}"
