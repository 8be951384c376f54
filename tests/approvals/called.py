"""What the tests of calls to agents share: endpoints, what happens to actions, and time."""

from datetime import timedelta
from typing import Any

from agents_registry.models import Agent
from approvals import review
from approvals.delivery import call_sending, calls
from approvals.models import Action, Call, Endpoint
from ledger import clock
from tests.approvals.queued import SECRET
from tests.factories import create_action, reviewer_of, seen


def create_endpoint(agent: Agent, address: str, **fields: Any) -> Endpoint:
    known = {"address": address, "secret": SECRET, "created_at": clock.now()}
    return Endpoint.objects.create(agent=agent, **{**known, **fields})


def hear() -> None:
    """One turn of the follower after another, until nothing is new."""
    while calls.call():
        pass


def reject(action: Action) -> None:
    person = reviewer_of(action.workflow)
    review.reject(action_id=action.pk, person=person, seen=seen(action), reason="tone")


def approve(action: Action) -> None:
    person = reviewer_of(action.workflow)
    review.approve(action_id=action.pk, person=person, seen=seen(action), checked=["all"])


def queue(agent: Agent, count: int = 1, **fields: Any) -> list[Call]:
    """So many calls of an agent with an endpoint, each about an action that was rejected."""
    refund = agent.workflows.get().action_types.get(key="refund")
    actions = [create_action(agent, refund, **fields) for _ in range(count)]
    for action in actions:
        reject(action)
    hear()
    return list(Call.objects.filter(action__in=actions).order_by("created_at"))


def send_later(by: timedelta) -> int:
    with clock.simulated(clock.now() + by):
        return call_sending.send_due()


def send_until_none_waits() -> int:
    """Turn after turn, as if each time the next try had come; how many calls were made."""
    made = 0
    while True:
        waiting = Call.objects.filter(state="queued", endpoint__disabled_at=None)
        if not waiting.update(due_at=clock.now()):
            return made
        made += call_sending.send_due()


def kinds() -> list[str]:
    """What calls there are, in the order in which it happened."""
    return list(Call.objects.order_by("created_at", "key").values_list("kind", flat=True))


def states(agent: Agent) -> list[str]:
    rows = Call.objects.filter(endpoint__agent=agent).order_by("created_at", "key")
    return list(rows.values_list("state", flat=True))
