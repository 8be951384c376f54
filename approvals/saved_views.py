"""The views of the inbox that a person keeps: an address under a name."""

from django.db import transaction

from agents_registry.models import Person, Team
from approvals.errors import Invalid
from approvals.models import SavedView

MOST = 20
LONGEST_NAME = 60
LONGEST_QUERY = 1000


@transaction.atomic
def keep(*, person: Person, team: Team, name: str, query: str) -> SavedView:
    """Keeps the view under the name, in the place of another of that name.

    `query` is that of its address, with the known filters alone.
    """
    name = " ".join(name.replace("\x00", "").split())
    if not name or len(name) > LONGEST_NAME:
        raise Invalid(
            f"A name has 1 to {LONGEST_NAME} characters. Nothing was kept.", code="name_invalid"
        )
    if len(query) > LONGEST_QUERY:
        raise Invalid(
            "This filter is too long to keep. Nothing was kept. Search for less.",
            code="query_too_long",
        )
    Person.objects.select_for_update().get(pk=person.pk)
    own = SavedView.objects.filter(person=person, team=team)
    if not own.filter(name=name).exists() and own.count() >= MOST:
        raise Invalid(
            f"You keep {MOST} views already. Nothing was kept. Remove one first.",
            code="too_many_views",
        )
    view, _ = SavedView.objects.update_or_create(
        person=person, team=team, name=name, defaults={"query": query}
    )
    return view


def forget(*, person: Person, view_id: int) -> str:
    """Removes one of one's own views, if it is there; its name, or empty."""
    view = SavedView.objects.filter(person=person, pk=view_id).first()
    if view is None:
        return ""
    view.delete()
    return view.name
