"""What people decided, and who is looking at what."""

from django.db import models
from django.db.models import Q

from agents_registry.models import ActionType, Person
from approvals.models.actions import Action


class Verdict(models.TextChoices):
    APPROVED = "approved"
    EDITED = "edited"
    REJECTED = "rejected"
    CHANGES_REQUESTED = "changes_requested"
    TAKEN_OVER = "taken_over"
    ANSWERED = "answered"
    ESCALATED = "escalated"
    REASSIGNED = "reassigned"


APPROVING = (Verdict.APPROVED, Verdict.EDITED)
"""As staged, or with an edit: both let the action be done."""

DECIDING = (
    Verdict.APPROVED,
    Verdict.EDITED,
    Verdict.REJECTED,
    Verdict.CHANGES_REQUESTED,
    Verdict.TAKEN_OVER,
    Verdict.ANSWERED,
)


class Reason(models.TextChoices):
    """What is wrong with a rejected action."""

    WRONG_FACTS = "wrong_facts", "Facts are wrong"
    WRONG_TARGET = "wrong_target", "Wrong customer or moment"
    TONE = "tone", "Tone"
    POLICY = "policy", "Against our policy"
    NOT_USEFUL = "not_useful", "Not useful"


class Cause(models.TextChoices):
    """Where the mistake came from."""

    SOURCE = "source", "A source was wrong or old"
    PROMPT = "prompt", "The agent's instructions"
    SEGMENT = "segment", "The segment was wrong"
    WRONG_WORKFLOW = "wrong_workflow", "It does not belong in this workflow"


class Decision(models.Model):
    """One person's verdict on one revision. `patch` (RFC 6902) leads from the agent's payload to
    `edited_payload`; the agent's own is never overwritten."""

    action = models.ForeignKey(Action, on_delete=models.PROTECT, related_name="decisions")
    revision = models.PositiveIntegerField()
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="decisions")
    on_behalf_of = models.ForeignKey(
        Person,
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
        help_text="Whose right it was, where only a delegate's was used.",
    )
    verdict = models.CharField(max_length=20, choices=Verdict.choices)
    reason = models.CharField(max_length=20, choices=Reason.choices, blank=True)
    cause = models.CharField(max_length=20, choices=Cause.choices, blank=True)
    comment = models.TextField(blank=True)
    checked = models.JSONField(default=list)
    patch = models.JSONField(null=True)
    edited_payload = models.JSONField(null=True)
    payload_digest = models.CharField(max_length=71)
    answer = models.JSONField(null=True)
    act = models.UUIDField(null=True, help_text="The act in which it was taken with others.")
    created_at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["action", "revision", "person"],
                condition=Q(verdict__in=[v.value for v in DECIDING], undone_at__isnull=True),
                name="one_decision_per_person_and_revision",
            ),
        ]
        indexes = [models.Index(fields=["person", "created_at"], name="decision_of_person")]

    def __str__(self) -> str:
        return f"{self.verdict} by {self.person_id}"


class BatchDefect(models.Model):
    """A defect that the random sample of a batch showed: what was staged in it up to `found_at`
    is reviewed one by one."""

    action_type = models.ForeignKey(ActionType, on_delete=models.PROTECT, related_name="+")
    batch_key = models.CharField(max_length=200, blank=True)
    shape = models.CharField(max_length=16, blank=True)
    decision = models.OneToOneField(Decision, on_delete=models.PROTECT, related_name="defect")
    found_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(
                fields=["action_type", "batch_key", "shape", "found_at"], name="defect_of_batch"
            )
        ]

    def __str__(self) -> str:
        return f"{self.batch_key} of {self.action_type_id} at {self.found_at}"


class Viewing(models.Model):
    """Somebody has an action open; it counts for a minute after `seen_at`."""

    action = models.ForeignKey(Action, on_delete=models.CASCADE, related_name="viewings")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    since = models.DateTimeField()
    seen_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["action", "person"], name="viewing_once"),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} looks at {self.action_id}"
