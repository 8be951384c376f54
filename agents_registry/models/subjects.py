"""Who answers for an account or customer, as a team imported it from where it keeps that."""

from django.db import models

from agents_registry.models.people import Person, Team


class SubjectPerson(models.Model):
    """One person of a subject, e.g. the `account_lead` of account `acme`."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="subject_people")
    subject_type = models.CharField(max_length=80)
    subject_id = models.CharField(max_length=200)
    relation = models.SlugField(max_length=40)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["team", "subject_type", "subject_id", "relation"],
                name="one_person_of_a_kind_per_subject",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person} is {self.relation} of {self.subject_id}"
