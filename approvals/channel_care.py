"""Says who looks after which channels, and lets them try again what failed."""

from django.db import transaction
from django.db.models import Q, QuerySet

from agents_registry.changes import rights
from agents_registry.models import Membership, Person, Team, Workflow
from approvals import channels
from approvals.errors import Missing
from approvals.models import Channel, ChannelKind, Delivery, DeliveryState
from ledger import clock

KEPT = Q(kind=ChannelKind.EMAIL) | ~Q(address="")
"""One that was removed has no address; a mailbox has that of its account."""

WORKS = Q(last_error="", disabled_at=None)
LOOKS_AFTER = {"manager", "system_owner", "admin"}


def looked_after_by(person: Person, team: Team) -> QuerySet[Channel]:
    """Their own channels, and those of pools that review a workflow of theirs. For a manager or a
    system owner of the team those of all its pools, and what does not work of its people's."""
    owned = Workflow.objects.filter(team=team, workflow_owner=person)
    own = Q(person=person) | Q(pool__in=owned.values("pool"))
    if looks_after(person, team):
        people = Membership.objects.filter(team=team).values("person")
        own |= Q(pool__team=team) | (Q(person__in=people) & ~WORKS)
    return Channel.objects.filter(KEPT & own)


def looks_after(person: Person, team: Team) -> bool:
    """Whether the team's channels are theirs to see to, and not their own alone."""
    return not LOOKS_AFTER.isdisjoint(rights.roles_of(person, team, None))


@transaction.atomic
def try_again(*, channel_id: int, person: Person, team: Team) -> int:
    """Switches it on, and everything that waits for it is due now; how many notices that is.

    It has its days again, as if it had not failed before. Missing for a channel that is not this
    person's to see to.
    """
    channel = _find(channel_id, person, team)
    Channel.objects.filter(pk=channel.pk).update(disabled_at=None, failing_since=None)
    waiting = Delivery.objects.filter(channel=channel, state=DeliveryState.QUEUED)
    return waiting.update(due_at=clock.now())


def test(*, channel_id: int, person: Person, team: Team) -> None:
    """Sends a few words now. Missing as above, Conflict with what went wrong."""
    channels.try_out(channel=_find(channel_id, person, team), actor=person)


def _find(channel_id: int, person: Person, team: Team) -> Channel:
    seen = looked_after_by(person, team).select_related("person", "pool")
    found = seen.filter(pk=channel_id).first()
    if found is None:
        raise Missing("There is no such channel of yours or of your team.")
    return found
