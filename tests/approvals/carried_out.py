"""Takes a pending action through approval, lease and outcome, as an agent would."""

from agents_registry.models import Agent, Person
from approvals import outcome, release, review
from approvals.models import Action
from tests.factories import seen


def carried_out(agent: Agent, action: Action, person: Person, status: str = "succeeded") -> Action:
    """Approved by the person, taken, and reported as succeeded or failed."""
    review.approve(action_id=action.pk, person=person, seen=seen(action), checked=["x"])
    taken = release.lease(agent=agent, action_id=action.pk)
    return outcome.report(
        agent=agent, action_id=action.pk, lease_id=taken.lease.pk, status=status, body_digest="d"
    )
