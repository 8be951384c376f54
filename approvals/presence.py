"""Notes who has an action open, so that two people do not work on it unknowingly."""

from datetime import timedelta

from agents_registry.models import Person
from approvals.models import Action, Viewing
from ledger import clock

LOOKING = timedelta(seconds=60)


def note(*, action: Action, person: Person) -> None:
    """This person has it open now; a look after a pause begins anew."""
    now = clock.now()
    fresh = Viewing.objects.filter(action=action, person=person)
    if fresh.filter(seen_at__gt=now - LOOKING).update(seen_at=now):
        return
    Viewing.objects.update_or_create(
        action=action, person=person, defaults={"since": now, "seen_at": now}
    )


def others(*, action: Action, person: Person) -> list[Viewing]:
    """The other people who have it open, the first one first."""
    looking = Viewing.objects.filter(action=action, seen_at__gt=clock.now() - LOOKING)
    return list(looking.exclude(person=person).select_related("person").order_by("since", "pk"))
