"""Workflows with their four named owners, and the action types that make up their action space."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models

from agents_registry.models.agents import Agent
from agents_registry.models.people import Person, Pool, Team
from agents_registry.models.standards import Standard
from agents_registry.models.timing import Calendar, EscalationChain

OWNER_ROLES = ("workflow_owner", "system_owner", "risk_owner", "approval_owner")
DEPUTIES = {role: role.replace("owner", "deputy") for role in OWNER_ROLES}
"""The column of whoever stands in for each owner who is away without a delegate."""


class OnStop(models.TextChoices):
    HOLD = "hold"
    REFUSE = "refuse"


class AfterStep(models.TextChoices):
    """What becomes of the actions that depend on one that came to nothing."""

    HALT = "halt", "Stop what depends on it and hand over"
    GO_ON = "go_on", "Go on, with its part marked as missing"


class Workflow(models.Model):
    """A piece of work that agents do, and the people who answer for it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="workflows")
    slug = models.SlugField()
    name = models.CharField(max_length=120)
    purpose = models.TextField(blank=True)
    workflow_owner = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    system_owner = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    risk_owner = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    approval_owner = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    workflow_deputy = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, related_name="+"
    )
    system_deputy = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    risk_deputy = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    approval_deputy = models.ForeignKey(
        Person, on_delete=models.PROTECT, null=True, related_name="+"
    )
    pool = models.ForeignKey(Pool, on_delete=models.PROTECT, related_name="workflows")
    calendar = models.ForeignKey(Calendar, on_delete=models.PROTECT, related_name="workflows")
    chain = models.ForeignKey(EscalationChain, on_delete=models.PROTECT, related_name="workflows")
    sla = models.CharField(max_length=40, default="1 business day")
    agents = models.ManyToManyField(Agent, related_name="workflows", blank=True)
    when_stopped = models.CharField(max_length=8, choices=OnStop.choices, default=OnStop.HOLD)
    after_failed_step = models.CharField(
        max_length=8, choices=AfterStep.choices, default=AfterStep.HALT
    )
    after_rejected_step = models.CharField(
        max_length=8, choices=AfterStep.choices, default=AfterStep.HALT
    )
    step_retries = models.PositiveSmallIntegerField(
        default=0, help_text="How often a failed step is staged anew before that."
    )
    standards = models.ManyToManyField(Standard, related_name="workflows", blank=True)
    window_thresholds = models.JSONField(default=list)
    trigger = models.TextField(blank=True, help_text="What sets the agents to work.")
    evaluation = models.TextField(blank=True, help_text="How its work is evaluated.")
    failure_modes = models.JSONField(default=list, help_text="How it can go wrong, in sentences.")
    success_metric = models.TextField(blank=True)
    pause_when = models.TextField(blank=True, help_text="When to press the stop button.")
    runbook = models.CharField(max_length=500, blank=True, help_text="Where the runbook is.")
    archived_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "slug"], name="workflow_in_team")]
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def owners(self) -> dict[str, Person]:
        return {role: getattr(self, role) for role in OWNER_ROLES}


class ActionType(models.Model):
    """One entry of a workflow's action space. What is not listed cannot be staged.

    The columns from `verb` to `loosened` are its own part of the policy document that
    `agents_registry.policy` judges by (`policy_document()` in `agents_registry.revisions`);
    standards add theirs.
    """

    workflow = models.ForeignKey(Workflow, on_delete=models.PROTECT, related_name="action_types")
    key = models.CharField(max_length=80)
    name = models.CharField(max_length=120, blank=True)
    description = models.TextField(blank=True)
    sentence = models.TextField(
        blank=True, help_text="What will happen, e.g. “Refund {amount} to {customer}”."
    )
    payload_schema = models.JSONField(default=dict)

    verb = models.CharField(max_length=16)
    authority_level = models.CharField(max_length=32)
    authority = models.CharField(max_length=8, default="binding")
    blast_radius = models.CharField(max_length=4, default="high")
    reversibility = models.CharField(max_length=12, default="irreversible")
    mode = models.CharField(max_length=16, default="draft_only")
    confirmed = models.BooleanField(default=False)
    changes_terms = models.BooleanField(default=False)
    confidence_line = models.DecimalField(max_digits=4, decimal_places=3, null=True)
    confidence_tier = models.CharField(max_length=16, default="mandatory")
    thresholds = models.JSONField(default=list)
    stop_rules = models.JSONField(default=list)
    cumulative = models.JSONField(default=list)
    impact = models.JSONField(null=True)
    required_inputs = models.JSONField(default=list)
    waives = models.JSONField(default=list)
    again = models.JSONField(
        default=dict, help_text="What is found when the same was done, or rejected, before."
    )
    loosened = models.JSONField(default=list)

    idempotent = models.BooleanField(default=False)
    rollback_path = models.TextField(blank=True)
    rollback = models.JSONField(
        null=True,
        help_text="The type that undoes this one, and where each part of its payload comes from.",
    )
    matches = models.JSONField(
        default=list, help_text="Where the after-state has to say what was approved."
    )
    systems = models.JSONField(default=dict, help_text='{"reads": […], "writes": […]}')
    data_classes = ArrayField(models.CharField(max_length=40), default=list)
    handoff = models.JSONField(default=dict, help_text="Defaults for the parts of a handoff.")
    sla = models.CharField(max_length=40, blank=True, help_text="Empty: the workflow's.")
    chain = models.ForeignKey(
        EscalationChain, on_delete=models.PROTECT, null=True, related_name="+"
    )
    send_window = models.ForeignKey(
        Calendar,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text="Released only while this calendar works; empty: at any time.",
    )
    settle_seconds = models.PositiveSmallIntegerField(null=True)
    approval_life = models.CharField(max_length=40, default="5 business days")
    approval_lives = models.JSONField(
        default=dict, help_text='Where it is another in a tier: {"mandatory": "1 business day"}.'
    )
    approvals_needed = models.PositiveSmallIntegerField(default=1)
    spot_check_rate = models.DecimalField(
        max_digits=4,
        decimal_places=3,
        null=True,
        help_text="The share that is looked at afterwards; empty: that of the tier.",
    )
    checks = models.JSONField(default=list, help_text="What the reviewer is asked to have checked.")
    retired_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workflow", "key"], name="action_type_in_workflow"),
            models.CheckConstraint(
                name="unconfirmed_is_draft_only",
                condition=models.Q(confirmed=True) | models.Q(mode="draft_only"),
            ),
        ]
        ordering = ["key"]

    def __str__(self) -> str:
        return self.name or self.key
