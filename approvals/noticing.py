"""Knows which notices a person has not looked at yet."""

from datetime import datetime

from django.db.models import Q

from agents_registry.current_team import teams_seen_by
from agents_registry.models import Person
from approvals.models import Notice

MOST = 100
"""Beyond it nobody counts on: a person who has been away has thousands."""


def new_to(person: Person) -> int:
    """How many notices to the person or to their pools are newer than their last look: 0 to MOST.

    One query: a range of an index for the person, and one for each of their pools.
    """
    newer = Notice.objects.filter(
        created_at__gt=looked_at(person), team__in=teams_seen_by(person).values("pk")
    ).values("pk")
    by_name = newer.filter(person=person)[:MOST]
    by_pool = newer.filter(pool__people=person)[:MOST]
    return min(by_name.union(by_pool, all=True).count(), MOST)


def looked_at(person: Person) -> datetime:
    """Until when they have seen everything; what a pool heard before they came is not news."""
    return person.notices_seen_at or person.date_joined


def look(*, person: Person, until: datetime) -> None:
    """They have seen every notice until then; it never goes back."""
    earlier = Q(notices_seen_at=None) | Q(notices_seen_at__lt=until)
    if Person.objects.filter(earlier, pk=person.pk).update(notices_seen_at=until):
        person.notices_seen_at = until
