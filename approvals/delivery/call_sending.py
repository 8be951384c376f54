"""Calls agents: what is queued, and one call at once for whoever waits for what comes of it."""

from functools import partial

from django.db import transaction
from django.db.models import F

from approvals.delivery import call_bodies, call_claims, call_results, calls, hooks, turns
from approvals.delivery.call_claims import CallClaim
from approvals.delivery.claiming import LEASE
from approvals.delivery.turns import TURN, Attempt, Kind, Send
from approvals.models import Action, Call, CallState, Endpoint
from approvals.settling import seconds_left
from ledger import clock

GONE = frozenset({410})
"""What an agent's endpoint answers to be called no more. 404 also comes while it is deployed."""


def send_due(*, limit: int = 500, seconds: float = TURN) -> int:
    """A turn of calls alone; how many were made, or dropped."""
    return turns.send_due(CALLS, limit=limit, seconds=seconds)


def send_now(call: Call) -> Attempt:
    """Makes this one call at once, whatever became of it before, and under the same id; what came
    of it is written down like any other attempt."""
    claim = _in_hand(call)
    attempt = turns.send_now(_sender(claim, _action_of(call)))
    call_results.write_down(claim, attempt)
    return attempt


def _pack(claim: CallClaim) -> Send | None:
    call, action = claim.call, _action_of(claim.call)
    if action and calls.moved_on(call, action):
        call_results.dropped(claim)
        return None
    if action and (left := seconds_left(action, clock.now())):
        call_results.put_off(claim, left)
        return None
    return _sender(claim, action)


def _sender(claim: CallClaim, action: Action | None) -> Send:
    return partial(
        hooks.send,
        address=claim.call.address,
        secrets=secrets_of(claim.endpoint),
        message_id=claim.message,
        at=claim.at,
        body=call_bodies.body(claim.call, action),
        nobody=GONE,
    )


def secrets_of(endpoint: Endpoint) -> list[str]:
    """What signs now: the newest first, and for a while the one before it."""
    until = endpoint.old_secret_until
    old = [endpoint.old_secret] if until and until > clock.now() else []
    return [endpoint.secret, *old]


def _action_of(call: Call) -> Action | None:
    if call.action_id is None:
        return None
    found = Action.objects.select_related("workflow", "action_type__send_window", "agent")
    return found.get(pk=call.action_id)


@transaction.atomic
def _in_hand(call: Call) -> CallClaim:
    """Nobody else makes it meanwhile."""
    found = Call.objects.select_for_update(of=("self",)).select_related("endpoint__agent")
    call, now = found.get(pk=call.pk), clock.now()
    queued = {"due_at": now + LEASE} if call.state == CallState.QUEUED else {}
    Call.objects.filter(pk=call.pk).update(attempts=F("attempts") + 1, **queued)
    return CallClaim(
        call=call,
        endpoint=call.endpoint,
        attempts=call.attempts + 1,
        in_trouble=False,
        at=now,
    )


CALLS = Kind(
    begin=call_results.give_up_on_unreached,
    claim=call_claims.claim,
    pack=_pack,
    write_down=call_results.write_down,
)
