"""When people are away and who acts for them meanwhile."""

from django.db import models
from django.db.models import F, Q

from agents_registry.models.people import Person


class Absence(models.Model):
    """A person is away from `starts_at` until `ends_at`; the delegate, if any, acts for them."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="absences")
    delegate = models.ForeignKey(Person, on_delete=models.PROTECT, null=True, related_name="+")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    note = models.CharField(max_length=200, blank=True)
    set_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    called_off_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="absence_ends_after_it_starts", condition=Q(ends_at__gt=F("starts_at"))
            ),
            models.CheckConstraint(
                name="nobody_is_their_own_delegate",
                condition=Q(delegate__isnull=True) | ~Q(delegate=F("person")),
            ),
        ]
        indexes = [
            models.Index(
                fields=["person", "ends_at"],
                condition=Q(called_off_at__isnull=True),
                name="absence_of_person",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person} is away"
