"""Metrics over time: what was read in which window."""

from django.db import models
from django.db.models import F, Q

from agents_registry.models import Workflow


class Reading(models.Model):
    """The value of a workflow's metric in one window: reported by an agent, or computed here.

    `source` is `computed` or `agent:<slug>`. A window begins at `window_start` and ends just
    before `window_end`.
    """

    workflow = models.ForeignKey(Workflow, on_delete=models.PROTECT, related_name="readings")
    metric = models.CharField(max_length=80)
    source = models.CharField(max_length=80)
    window_start = models.DateTimeField()
    window_end = models.DateTimeField()
    value = models.DecimalField(max_digits=38, decimal_places=12)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workflow", "metric", "source", "window_end", "window_start"],
                name="one_reading_per_window",
            ),
            models.CheckConstraint(
                name="window_has_a_length", condition=Q(window_end__gt=F("window_start"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.metric} of {self.workflow_id} until {self.window_end}"
