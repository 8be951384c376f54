"""The views that a person kept, beside the filter of the inbox."""

from dataclasses import dataclass

from django.urls import reverse

from agents_registry.models import Person, Team
from approvals.models import SavedView


@dataclass(frozen=True, slots=True)
class Kept:
    """One of them; `now` where it is what stands here."""

    id: int
    name: str
    url: str
    now: bool


@dataclass(frozen=True, slots=True)
class Saved:
    """`here` is the query of the list that stands here: what would be kept."""

    here: str
    views: list[Kept]


def saved(person: Person, team: Team, here: str) -> Saved:
    views = SavedView.objects.filter(person=person, team=team)
    return Saved(
        here,
        [
            Kept(view.pk, view.name, f"{reverse('inbox')}?{view.query}", view.query == here)
            for view in views
        ],
    )
