"""The views of the inbox that a person keeps under a name."""

from django.db import models

from agents_registry.models import Person, Team


class SavedView(models.Model):
    """A filter of the inbox: `query` is the query string that its address carries."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="saved_views")
    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=1000)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "team", "name"], name="view_named_once"),
        ]
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
