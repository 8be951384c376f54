"""Follows the record and queues the calls to agents: what was done with what they staged."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from approvals.delivery import hooks
from approvals.delivery.call_results import GIVEN_UP
from approvals.models import Action, Call, Endpoint, Purpose
from approvals.settling import settle_seconds
from ledger import clock, following
from ledger.models import Event

FOLLOWER = "calls"
SETTLES = {"action.approved", "action.rejected"}
UNDONE = "action.decision_undone"
TO_UNDO = "action.rollback_requested"
TOLD = {
    *SETTLES,
    "action.accepted",
    "action.changes_requested",
    "action.taken_over",
    "action.answered",
    "action.observed",
    "action.expired",
    "action.blocked",
    "action.revoked",
    "action.withdrawn",
    "action.recalled",
    "action.world_changed",
    UNDONE,
    "action.recall_requested",
    TO_UNDO,
}
"""What an agent is called about, where it was not the agent who did it."""

MOVED_ON = {
    *TOLD,
    "action.revised",
    "action.succeeded",
    "action.failed",
    "action.lease_ran_out",
    "action.rolled_back",
    "action.rollback_failed",
}
"""After which nothing that happened before is news: the later call says it, or the agent knows."""

NOT_FOR_AGENTS = {Purpose.SEEDED, Purpose.EVAL}
"""Planted cases, tests and drills: no agent waits for what becomes of them."""

PROPOSED = {"action.staged", "action.revised"}
AGENT, POLICY = "agent:", "policy:"


@transaction.atomic
def call(*, limit: int = 200) -> int:
    """Hears of up to `limit` events; how many. Each happening is one call, due when it settled.

    A few queries, however many events there are.
    """
    events = following.take(FOLLOWER, limit=limit)
    since = clock.now() - GIVEN_UP
    told = [event for event in events if event.type in TOLD and event.at > since]
    if news := _not_known(told):
        _queue(news)
    return len(events)


def moved_on(call: Call, action: Action) -> bool:
    """Whether something happened to the action since that makes this no news."""
    seq = int(call.key.rpartition("#")[2])
    later = Event.objects.filter(stream=action.stream, seq__gt=seq, type__in=MOVED_ON)
    return later.exists()


def _not_known(events: Sequence[Event]) -> list[Event]:
    """Without what the agent did itself, or learned in the answer to its own request."""
    others = [event for event in events if not event.actor.startswith(AGENT)]
    judged = [event.stream for event in others if event.actor.startswith(POLICY)]
    asked = Event.objects.filter(stream__in=judged, type__in=PROPOSED, actor__startswith=AGENT)
    answered = {(stream, seq + 1) for stream, seq in asked.values_list("stream", "seq")}
    return [
        event
        for event in others
        if not (event.actor.startswith(POLICY) and (event.stream, event.seq) in answered)
    ]


def _queue(events: Sequence[Event]) -> None:
    actions = _called_about(events)
    endpoints = _endpoints({action.agent_id for action in actions.values()})
    idle = {UNDONE: _never_told(actions), TO_UNDO: _undone_by_another(actions)}
    calls = [
        _call(event, action, endpoints[action.agent_id])
        for event in events
        if (action := actions.get(event.stream)) and action.pk not in idle.get(event.type, ())
    ]
    Call.objects.bulk_create(calls, ignore_conflicts=True)


def _called_about(events: Iterable[Event]) -> Mapping[str, Action]:
    """By stream, the actions whose agent has an address, or that have one of their own."""
    ids = [UUID(event.stream.partition(":")[2]) for event in events]
    somewhere = Q(agent__endpoint__address__gt="") | Q(callback_url__gt="")
    found = Action.objects.filter(somewhere, pk__in=ids).exclude(purpose__in=NOT_FOR_AGENTS)
    return {action.stream: action for action in found}


def _never_told(actions: Mapping[str, Action]) -> set[UUID]:
    """Those whose agent was told nothing of yet: it does not miss what was undone."""
    tried = Call.objects.filter(action__in=actions.values(), attempts__gt=0)
    return {action.pk for action in actions.values()} - set(tried.values_list("action", flat=True))


def _undone_by_another(actions: Mapping[str, Action]) -> set[UUID]:
    """Those that another action is staged to undo: the agent is called about that one."""
    staged = Action.objects.filter(rolls_back__in=actions.values(), purpose=Purpose.LIVE)
    return {pk for pk in staged.values_list("rolls_back", flat=True) if pk}


def _endpoints(agents: set[UUID]) -> dict[UUID, Endpoint]:
    """By agent; one without an address of its own gets the secret that signs its calls."""
    found = {each.agent_id: each for each in Endpoint.objects.filter(agent__in=agents)}
    if missing := agents - found.keys():
        now = clock.now()
        new = [
            Endpoint(agent_id=agent, secret=hooks.new_secret(), created_at=now) for agent in missing
        ]
        Endpoint.objects.bulk_create(new, ignore_conflicts=True)
        found |= {each.agent_id: each for each in Endpoint.objects.filter(agent__in=missing)}
    return found


def _call(event: Event, action: Action, endpoint: Endpoint) -> Call:
    return Call(
        endpoint=endpoint,
        action=action,
        address=action.callback_url or endpoint.address,
        kind=event.type,
        key=f"{event.stream}#{event.seq}",
        due_at=_settled(event, action),
        created_at=event.at,
    )


def _settled(event: Event, action: Action) -> datetime:
    """When nobody can undo it unnoticed any more."""
    if event.type not in SETTLES:
        return event.at
    return event.at + timedelta(seconds=settle_seconds(action))
