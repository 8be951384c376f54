"""Takes down what came of an action for the business, as its agent reports it, however late."""

from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from django.db import transaction

from agents_registry.models import Agent
from agents_registry.policy.impact import as_text
from approvals.answers import instant
from approvals.errors import Conflict, Fault, Invalid, Missing
from approvals.models import Action, Result
from approvals.states import APPROVED_ONCE, State
from ledger import clock, record
from ledger.canonical import digest

REPORTED = "action.result_reported"
DONE = sorted({*APPROVED_ONCE, State.ACCEPTED, State.TAKEN_OVER, State.ANSWERED} - {State.APPROVED})
"""What something can have come of: it was taken, or people went on with it."""

MOST = 1000
"""Results of one action."""

PLACES = Decimal("0.000001")
LARGEST = Decimal(10) ** 14


@dataclass(frozen=True, slots=True)
class Reported:
    """A stored result; `repeated`: it was there already."""

    result: Result
    repeated: bool


@transaction.atomic
def report(
    *,
    agent: Agent,
    action_id: UUID,
    kind: str,
    at: datetime,
    value: Decimal | None = None,
    currency: str = "",
) -> Reported:
    """Stores one result; the same again changes nothing. No lease is asked for.

    Missing for another's action, Invalid (value_invalid), Conflict (not_done, too_many_results).
    """
    action = Action.objects.select_for_update().filter(pk=action_id, agent=agent).first()
    if action is None:
        raise Missing("This agent has no such action.")
    said = {"kind": kind, "value": _text(value), "currency": currency, "at": instant(at)}
    known = Result.objects.filter(action=action, digest=digest(said)).first()
    if known:
        return Reported(known, repeated=True)
    _check(action)
    result = Result.objects.create(
        action=action,
        kind=kind,
        value=None if value is None else _storable(value),
        currency=currency,
        at=at,
        digest=digest(said),
        created_at=clock.now(),
    )
    _tell(action, result, said)
    return Reported(result, repeated=False)


def said_of(result: Result) -> dict[str, Any]:
    """JSON: what the agent claims came of it, and when we learned of it."""
    return {
        "kind": result.kind,
        "value": None if result.value is None else as_text(result.value.normalize()),
        "currency": result.currency or None,
        "at": instant(result.at),
        "reported_at": instant(result.created_at),
    }


def _check(action: Action) -> None:
    if action.state not in DONE:
        raise Conflict(
            f"It is {action.state}: nothing was done that anything can have come of. Nothing was "
            "noted. Report what came of it once it is done.",
            code="not_done",
        )
    if action.results.count() >= MOST:
        raise Conflict(
            f"It has {MOST} results already. This one was not noted. Report sums instead.",
            code="too_many_results",
        )


def _storable(value: Decimal) -> Decimal:
    try:
        if value.is_finite() and abs(value) < LARGEST:
            return value.quantize(PLACES, rounding=ROUND_HALF_EVEN)
    except InvalidOperation:
        pass
    words = "It is no number that can be kept: it is below 10^14, with at most 6 decimal places."
    raise Invalid(words, code="value_invalid", faults=[Fault("/value", "value_invalid", words)])


def _text(value: Decimal | None) -> str | None:
    return None if value is None else as_text(_storable(value).normalize())


def _tell(action: Action, result: Result, said: dict[str, Any]) -> None:
    record.append(
        scope=str(action.team_id),
        stream=action.stream,
        type=REPORTED,
        actor=f"agent:{action.agent_id}",
        body={"result": result.pk},
        sealed={"result_said": said},
    )
