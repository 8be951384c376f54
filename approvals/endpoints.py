"""Keeps the webhooks of agents: where each is called, its secret, and what was tried."""

from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from agents_registry.changes import rights
from agents_registry.changes.rights import Right
from agents_registry.models import Agent, Person
from approvals.channels import check_not_too_often
from approvals.delivery import call_bodies, call_sending, hooks, outward
from approvals.delivery.call_results import GIVEN_UP
from approvals.errors import Conflict, Invalid, Missing
from approvals.models import Call, CallState, Endpoint
from ledger import clock, record

LONGEST_ADDRESS = 2000
BOTH_SIGN = timedelta(hours=24)
"""For which the secret before a new one signs as well."""

MOST_TESTS, MOST_RESENDS = 5, 30
"""By one person, within a minute."""

MOST_AT_ONCE = 1000
"""Calls that were given up, made again by one press: the newest of them."""

LATELY = 2 * GIVEN_UP
"""For which calls are looked at at all: what waited, and as long again after it was given up."""


GAVE_UP = Q(state=CallState.GAVE_UP, action__isnull=False)
"""Calls about actions that are tried no more: a test that failed is not one of them."""

SWITCHED_OFF = "The webhook is switched off. Nothing was sent. Switch it on first."


def of(agent: Agent) -> Endpoint | None:
    return Endpoint.objects.filter(agent=agent).first()


def may_keep(person: Person, agent: Agent) -> bool:
    """Who may connect the agent, as long as it is not archived."""
    may = rights.may(person, Right.CONNECT, team=agent.team, workflow=None)
    return may and agent.archived_at is None


@transaction.atomic
def keep(*, agent: Agent, address: str, actor: Person) -> Endpoint:
    """Where the agent is called from now on; nowhere with an empty address.

    The first time it makes the secret. What waits for the old address goes to the new one. Raises
    PermissionDenied, and Invalid for an address to which nothing may be sent.
    """
    address = _checked(address)
    _check(agent, actor)
    now = clock.now()
    made = {"secret": hooks.new_secret(), "created_at": now}
    endpoint, _ = Endpoint.objects.select_for_update().get_or_create(agent=agent, defaults=made)
    if endpoint.address == address:
        return endpoint
    waiting = endpoint.calls.filter(state=CallState.QUEUED, address=endpoint.address)
    if address:
        waiting.update(address=address)
    else:
        waiting.update(state=CallState.DROPPED, ended_at=now)
    endpoint.address, endpoint.last_error = address, ""
    endpoint.disabled_at = endpoint.failing_since = None
    endpoint.save()
    _tell("endpoint.kept", endpoint, actor)
    return endpoint


@transaction.atomic
def reveal(*, agent: Agent, actor: Person) -> str:
    """The secret that signs, for whoever may connect the agent; the record says who looked."""
    endpoint = _locked(agent, actor)
    _tell("endpoint.secret_shown", endpoint, actor)
    return endpoint.secret


@transaction.atomic
def rotate(*, agent: Agent, actor: Person) -> Endpoint:
    """A new secret. The one before it signs beside it for BOTH_SIGN, and no older one does."""
    endpoint = _locked(agent, actor)
    endpoint.old_secret, endpoint.old_secret_until = endpoint.secret, clock.now() + BOTH_SIGN
    endpoint.secret = hooks.new_secret()
    endpoint.save(update_fields=["secret", "old_secret", "old_secret_until"])
    _tell("endpoint.secret_rotated", endpoint, actor)
    return endpoint


@transaction.atomic
def switch_on(*, agent: Agent, actor: Person) -> int:
    """Calls it again, and at once with what waits; how many calls that is.

    It has its days again, as if it had not failed before.
    """
    endpoint = _locked(agent, actor)
    endpoint.disabled_at, endpoint.failing_since = None, None
    endpoint.save(update_fields=["disabled_at", "failing_since"])
    _tell("endpoint.switched_on", endpoint, actor)
    waiting = endpoint.calls.filter(state=CallState.QUEUED, address=endpoint.address)
    return waiting.update(due_at=clock.now())


def send_test(*, agent: Agent, actor: Person) -> None:
    """Calls it at once about nothing, which can take half a minute. It is tried this once; also
    where it is switched off, and that changes nothing about it. Raises Conflict with what went
    wrong."""
    check_not_too_often("endpoint-test", actor, MOST_TESTS)
    _made(_test(agent=agent, actor=actor), "The test did not arrive.")


def resend(*, agent: Agent, call_id: UUID, actor: Person) -> None:
    """Makes a call once more, at once and under the id that it had, and says how things stand now.

    Raises Missing for one that is no call of the agent, Conflict with what went wrong.
    """
    check_not_too_often("endpoint-resend", actor, MOST_RESENDS)
    _made(_call(agent=agent, call_id=call_id, actor=actor), "It was sent again, in vain.")


@transaction.atomic
def resend_given_up(*, agent: Agent, actor: Person) -> int:
    """Queues the newest MOST_AT_ONCE calls that were given up LATELY; how many that is.

    Each keeps its id, says how things stand now, or is dropped where that is no news any more, and
    goes to where the agent is called now. Pressed twice it finds none the second time. Raises
    Conflict where the webhook is switched off.
    """
    check_not_too_often("endpoint-resend", actor, MOST_RESENDS)
    endpoint = _locked(agent, actor)
    if endpoint.disabled_at:
        raise Conflict(SWITCHED_OFF)
    lately = endpoint.calls.filter(GAVE_UP, created_at__gte=clock.now() - LATELY)
    if not endpoint.address:
        lately = lately.exclude(action__callback_url="")
    newest = lately.order_by("-created_at", "-pk").values_list("pk", flat=True)[:MOST_AT_ONCE]
    calls = Call.objects.filter(pk__in=list(newest))
    calls.filter(action__callback_url="").update(address=endpoint.address)
    count = calls.update(state=CallState.QUEUED, due_at=clock.now(), ended_at=None)
    if count:
        _tell("endpoint.all_resent", endpoint, actor, calls=count)
    return count


def _made(call: Call, in_vain: str) -> None:
    if trouble := call_sending.send_now(call).trouble:
        raise Conflict(f"{in_vain} {trouble.words}")


@transaction.atomic
def _test(*, agent: Agent, actor: Person) -> Call:
    endpoint = _locked(agent, actor)
    if not endpoint.address:
        raise Conflict("There is no address yet. Nothing was sent. Give it one first.")
    now = clock.now()
    call = Call(
        endpoint=endpoint,
        address=endpoint.address,
        kind=call_bodies.TEST,
        state=CallState.GAVE_UP,
        due_at=now,
        created_at=now,
        ended_at=now,
    )
    call.key = f"test:{call.pk}"
    call.save(force_insert=True)
    return call


@transaction.atomic
def _call(*, agent: Agent, call_id: UUID, actor: Person) -> Call:
    endpoint = _locked(agent, actor)
    call = Call.objects.filter(pk=call_id, endpoint=endpoint).first()
    if call is None:
        raise Missing("There is no such call of this agent.")
    if endpoint.disabled_at and call.address == endpoint.address:
        raise Conflict(SWITCHED_OFF)
    _tell("endpoint.resent", endpoint, actor, call=str(call.pk))
    return call


def _locked(agent: Agent, actor: Person) -> Endpoint:
    """The endpoint as it is now, for whoever may change it."""
    _check(agent, actor)
    endpoint = Endpoint.objects.select_for_update(of=("self",)).filter(agent=agent).first()
    if endpoint is None:
        raise Conflict("There is no webhook yet. Nothing was done. Give it an address first.")
    return endpoint


def _check(agent: Agent, actor: Person) -> None:
    """Whoever writes the agent's stream waits for each other."""
    rights.check(actor, Right.CONNECT, team=agent.team, workflow=None)
    if Agent.objects.select_for_update().get(pk=agent.pk).archived_at is not None:
        raise Conflict("The agent is archived. Nothing was done. Bring it back first.")


def _checked(address: str) -> str:
    address = address.strip()
    if len(address) > LONGEST_ADDRESS:
        raise Invalid("This address is too long. Nothing was kept.", code="address_too_long")
    if address:
        outward.check_address(address)
    return address


def _tell(type: str, endpoint: Endpoint, actor: Person, **facts: str | int) -> None:
    """The record says who did what to it, and neither its address nor its secret."""
    record.append(
        scope=str(endpoint.agent.team_id),
        stream=f"agent:{endpoint.agent_id}",
        type=type,
        actor=f"person:{actor.pk}",
        body={"endpoint": endpoint.pk, "called": bool(endpoint.address), **facts},
    )
