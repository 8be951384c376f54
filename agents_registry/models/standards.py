"""Standards: rules that a team sets for all of its workflows, or for those that inherit them."""

from django.db import models

from agents_registry.models.people import Team


class Standard(models.Model):
    """A named set of rules that workflows inherit, tighten locally and never loosen.

    `everywhere`: every workflow of the team inherits it; else those that list it. `rules`:
    `{"verbs", "mode", "confidence_line", "confidence_tier", "floors", "thresholds", "cumulative",
    "stop_rules", "required_inputs", "again"}`, each optional, as `agents_registry.standards` reads
    them.
    """

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="standards")
    slug = models.SlugField()
    name = models.CharField(max_length=120)
    purpose = models.TextField(blank=True)
    everywhere = models.BooleanField(default=False)
    rules = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "slug"], name="standard_in_team")]
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.name
