"""Writes down what became of a call to an agent, and what follows for its endpoint."""

from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import Q, QuerySet

from agents_registry.models import Agent, Person, Role
from approvals.delivery import pauses
from approvals.delivery.call_claims import REACHED, CallClaim, queued
from approvals.delivery.not_taken import After, NotTaken
from approvals.delivery.turns import Attempt
from approvals.models import Call, CallAttempt, CallState, Endpoint, Notice, NoticeKind
from approvals.notices import telling
from ledger import clock

FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(hours=8)
GIVEN_UP = timedelta(days=5)
"""After which a call is not tried again, and an endpoint that took nothing is switched off."""

AWAY = timedelta(minutes=5)
"""An endpoint that took nothing for so long was away: what failed meanwhile waits no longer."""

log = structlog.get_logger(__name__)


@transaction.atomic
def write_down(claim: CallClaim, attempt: Attempt) -> None:
    """The attempt, what the call comes to by it, and how the endpoint stands."""
    trouble = attempt.trouble
    CallAttempt.objects.create(
        call=claim.call,
        at=claim.at,
        status=attempt.status,
        milliseconds=attempt.milliseconds,
        error=trouble.words if trouble else "",
    )
    if trouble:
        _not_taken(claim, trouble)
    else:
        _taken(claim)


def dropped(claim: CallClaim) -> None:
    """It does not leave: what it would have said does not hold any more."""
    _still_queued(claim).update(state=CallState.DROPPED, ended_at=clock.now())


def put_off(claim: CallClaim, seconds: float) -> None:
    """It is not tried yet: what it says may still be undone for so many seconds."""
    due = clock.now() + timedelta(seconds=seconds)
    _still_queued(claim).update(due_at=due, attempts=claim.attempts - 1)


def give_up_on_unreached() -> None:
    """What has waited for GIVEN_UP for an endpoint that is switched off waits no longer."""
    now = clock.now()
    old = queued().filter(created_at__lte=now - GIVEN_UP, due_at__lte=now)
    old.exclude(REACHED).update(state=CallState.GAVE_UP, ended_at=now)


def _taken(claim: CallClaim) -> None:
    """The endpoint works; where it was away, what failed over it and is in no hand is tried now."""
    now = clock.now()
    end = {"state": CallState.SENT, "ended_at": now, "last_error": ""}
    Call.objects.filter(pk=claim.call.pk).update(**end)
    row = _endpoint(claim).exclude(last_error="", failing_since=None).first()
    if row is None:
        return
    if row.failing_since and row.failing_since <= now - AWAY:
        waiting = queued().filter(endpoint=row, address=row.address, last_error__gt="")
        waiting.update(due_at=now)
    row.failing_since, row.last_error = None, ""
    row.save(update_fields=["failing_since", "last_error"])


def _not_taken(claim: CallClaim, trouble: NotTaken) -> None:
    """It comes again after a pause, unless it is too old, or nobody is at its own address."""
    now = clock.now()
    log.warning("call not taken", endpoint=claim.endpoint.pk, why=trouble.words)
    Call.objects.filter(pk=claim.call.pk).update(last_error=trouble.words)
    if _is_over(claim, trouble, now):
        _still_queued(claim).update(state=CallState.GAVE_UP, ended_at=now)
    else:
        pause = pauses.after(
            claim.attempts, claim.message, first=FIRST_PAUSE, longest=LONGEST_PAUSE
        )
        _still_queued(claim).update(due_at=now + pause)
    _mark(claim, trouble, now)


def _is_over(claim: CallClaim, trouble: NotTaken, now: datetime) -> bool:
    nobody_there = trouble.after is After.SWITCH_OFF and claim.says_nothing
    too_old = claim.call.created_at <= now - GIVEN_UP
    return too_old or nobody_there or trouble.after is After.GIVE_UP


def _mark(claim: CallClaim, trouble: NotTaken, now: datetime) -> None:
    """It fails; or, where it took nothing for days or nobody is there, it is switched off."""
    row = _endpoint(claim).filter(disabled_at=None).first()
    if row is None:
        return
    row.last_error = trouble.words
    if trouble.after is not After.OUR_FAULT:
        row.failing_since = row.failing_since or now
        if trouble.after is After.SWITCH_OFF or now - row.failing_since >= GIVEN_UP:
            row.disabled_at = now
    row.save(update_fields=["last_error", "failing_since", "disabled_at"])
    if row.disabled_at:
        _tell(row, now)


def _endpoint(claim: CallClaim) -> QuerySet[Endpoint]:
    """Locked, if the call says something about it, and it still is where the call went."""
    if claim.says_nothing:
        return Endpoint.objects.none()
    found = Endpoint.objects.select_for_update(no_key=True)
    return found.filter(pk=claim.endpoint.pk, address=claim.call.address)


def _still_queued(claim: CallClaim) -> QuerySet[Call]:
    return queued().filter(pk=claim.call.pk)


def _tell(endpoint: Endpoint, now: datetime) -> None:
    """Whoever may mend it hears of it."""
    agent = Agent.objects.get(pk=endpoint.agent_id)
    about = {
        "endpoint": endpoint.pk,
        "agent": agent.slug,
        "name": f"The webhook of {agent}",
        "why": endpoint.last_error,
    }
    key = f"endpoint:{endpoint.pk}:{now:%Y-%m-%dT%H:%M:%S.%fZ}"
    kind = NoticeKind.CHANNEL_FAILED
    notices = [
        Notice(team_id=agent.team_id, person=person, kind=kind, key=key, about=about)
        for person in _who_sees_to_it(agent)
    ]
    telling.keep(notices, at=now)


def _who_sees_to_it(agent: Agent) -> list[Person]:
    """The system owners of its workflows, and the managers of its team."""
    manages = Q(memberships__team=agent.team_id, memberships__role=Role.MANAGER)
    owns = Q(pk__in=agent.workflows.values("system_owner"))
    return list(Person.objects.filter(manages | owns, is_active=True).distinct())
