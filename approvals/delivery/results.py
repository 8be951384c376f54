"""Writes down what became of a message, and what follows for the channel it went over."""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import QuerySet

from agents_registry.models import Membership, Role
from approvals.delivery import pauses
from approvals.delivery.claiming import Claim
from approvals.delivery.not_taken import After, NotTaken
from approvals.models import Channel, Delivery, DeliveryState, Notice, NoticeKind
from approvals.notices import telling
from ledger import clock

FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(hours=6)
GIVEN_UP = timedelta(days=2)
"""After which nothing of a message is news any more."""

SWITCHED_OFF = timedelta(days=3)
"""For which a channel may fail and fail again."""

log = structlog.get_logger(__name__)


@transaction.atomic
def sent(claim: Claim) -> None:
    """It was taken: the channel works, so what failed over it and is in no hand is tried now."""
    now = clock.now()
    _queued(claim).update(state=DeliveryState.SENT, ended_at=now, last_error="")
    if claim.channel.last_error:
        Channel.objects.filter(pk=claim.channel.pk).update(failing_since=None, last_error="")
        waiting = Delivery.objects.filter(channel=claim.channel, state=DeliveryState.QUEUED)
        waiting.filter(message__isnull=False, last_error__gt="").update(due_at=now)


@transaction.atomic
def not_taken(claim: Claim, trouble: NotTaken) -> None:
    """It comes again after a pause, unless it is too old or was refused for good."""
    now = clock.now()
    log.warning("message not taken", channel=claim.channel.pk, why=trouble.words)
    newest = max(each.created_at for each in claim.deliveries)
    if trouble.after is After.GIVE_UP or newest <= now - GIVEN_UP:
        end = {"state": DeliveryState.GAVE_UP, "ended_at": now}
        _queued(claim).update(last_error=trouble.words, **end)
    else:
        again = now + pause_after(claim.attempts, claim.message)
        _queued(claim).update(last_error=trouble.words, due_at=again)
    _mark(claim.channel, trouble, now)


def dropped(claim: Claim, *, but: Collection[Delivery]) -> None:
    """All but these do not leave: their matter was over before they could."""
    if len(but) < len(claim.deliveries):
        over = _queued(claim).exclude(pk__in=[each.pk for each in but])
        over.update(state=DeliveryState.DROPPED, ended_at=clock.now())


def give_up_on_switched_off() -> None:
    """What has waited for GIVEN_UP over channels that are switched off waits no longer."""
    now = clock.now()
    Delivery.objects.filter(
        state=DeliveryState.QUEUED,
        due_at__lte=now - GIVEN_UP,
        channel__disabled_at__isnull=False,
    ).update(state=DeliveryState.GAVE_UP, ended_at=now)


def pause_after(attempts: int, message: UUID) -> timedelta:
    return pauses.after(attempts, message, first=FIRST_PAUSE, longest=LONGEST_PAUSE)


def _queued(claim: Claim) -> QuerySet[Delivery]:
    """Of the message, those that nobody has ended meanwhile."""
    pks = [each.pk for each in claim.deliveries]
    return Delivery.objects.filter(pk__in=pks, message=claim.message, state=DeliveryState.QUEUED)


def _mark(channel: Channel, trouble: NotTaken, now: datetime) -> None:
    """The channel fails; or, where it is to blame for days or nobody is there, is switched off."""
    found = Channel.objects.select_for_update(no_key=True)
    row = found.filter(pk=channel.pk, disabled_at__isnull=True).first()
    if row is None:
        return
    row.last_error = trouble.words
    if trouble.after is not After.OUR_FAULT:
        row.failing_since = row.failing_since or now
        failed_for = now - row.failing_since
        if trouble.after is After.SWITCH_OFF or failed_for >= SWITCHED_OFF:
            row.disabled_at = now
    row.save(update_fields=["last_error", "failing_since", "disabled_at"])
    if row.disabled_at:
        _tell(row, now)


def _tell(channel: Channel, now: datetime) -> None:
    """Whoever looks after the channel hears of it in the app, and over their other channels."""
    key = f"channel:{channel.pk}:{channel.failing_since:%Y-%m-%dT%H:%M:%S.%fZ}"
    about, kind = {"channel": channel.pk}, NoticeKind.CHANNEL_FAILED
    notices = [
        Notice(team=place.team, person=place.person, kind=kind, key=key, about=about)
        for place in _who_looks_after(channel)
    ]
    telling.keep(notices, at=now)


def _who_looks_after(channel: Channel) -> list[Membership]:
    """The person, in the first of their teams; of a pool, the managers of its team."""
    members = Membership.objects.filter(person__is_active=True).order_by("pk")
    members = members.select_related("team", "person")
    if channel.person_id:
        return list(members.filter(person=channel.person_id)[:1])
    return list(members.filter(team__pools=channel.pool_id, role=Role.MANAGER))
