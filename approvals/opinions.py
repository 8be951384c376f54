"""Takes down what another agent thinks of a pending action. It can only make a person look."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from agents_registry.models import Agent
from agents_registry.policy.findings import Effect, Finding, Tier
from approvals import rejudging
from approvals.answers import instant
from approvals.errors import Conflict, Missing
from approvals.models import Action, Opinion
from approvals.states import State
from ledger import clock, record

GIVEN = "action.opinion_given"


@dataclass(frozen=True, slots=True)
class Given:
    """A stored opinion; `repeated`: it was there already."""

    opinion: Opinion
    repeated: bool


def pending_for(checker: Agent) -> QuerySet[Action]:
    """What waits in the workflows that the checker is let into, but for its own actions."""
    return Action.objects.filter(
        team=checker.team_id, workflow__in=checker.workflows.all(), state=State.PENDING
    ).exclude(agent=checker)


@transaction.atomic
def give(
    *,
    checker: Agent,
    action_id: UUID,
    revision: int,
    concern: Decimal,
    words: str,
    raise_to: str = "",
) -> Given:
    """Stores the checker's opinion on one revision; the same again changes nothing.

    `concern` is from 0 to 1. `raise_to` takes the tier up, where it lies lower: never down, and
    nothing is decided by it. Missing for what it may not check, Conflict (not_pending, changed,
    opinion_differs, own_action).
    """
    action = _to_check(checker, action_id)
    said = {"concern": concern.quantize(Decimal("0.001")), "words": words, "raise_to": raise_to}
    known = Opinion.objects.filter(action=action, revision=revision, checker=checker).first()
    if known:
        return _again(known, said)
    _check(action, checker, revision)
    opinion = Opinion.objects.create(
        action=action, revision=revision, checker=checker, created_at=clock.now(), **said
    )
    _tell(opinion)
    if raise_to and Tier(raise_to) > Tier(action.tier):
        _raise(opinion)
    return Given(opinion, repeated=False)


def said_of(opinion: Opinion) -> dict[str, Any]:
    """JSON: the opinion as it was given."""
    return {
        "action_id": str(opinion.action_id),
        "revision": opinion.revision,
        "concern": float(opinion.concern),
        "words": opinion.words,
        "raise_to": opinion.raise_to or None,
        "tier": opinion.action.tier,
        "at": instant(opinion.created_at),
    }


def _to_check(checker: Agent, action_id: UUID) -> Action:
    """The action, its row held, if the checker is let into its workflow."""
    own = Q(agent=checker)
    action = (
        Action.objects.select_for_update(of=("self",))
        .select_related("workflow", "action_type", "agent")
        .filter(own | Q(workflow__in=checker.workflows.all()), pk=action_id, team=checker.team_id)
        .first()
    )
    if action is None:
        raise Missing("There is no such action in the workflows of this agent.")
    return action


def _check(action: Action, checker: Agent, revision: int) -> None:
    if action.agent_id == checker.pk:
        raise Conflict(
            "It is this agent's own action. Its opinion was not noted. Let another agent check it.",
            code="own_action",
        )
    if action.state != State.PENDING:
        raise Conflict(
            f"It is {action.state}: nobody decides it any more. The opinion was not noted.",
            code="not_pending",
        )
    if action.revision != revision:
        raise Conflict(
            f"It is at revision {action.revision}. The opinion was not noted: read it again.",
            code="changed",
        )


def _again(known: Opinion, said: dict[str, Any]) -> Given:
    if any(getattr(known, name) != value for name, value in said.items()):
        raise Conflict(
            "This agent has said what it thinks of this revision. The first opinion counts.",
            code="opinion_differs",
        )
    return Given(known, repeated=True)


def _tell(opinion: Opinion) -> None:
    action = opinion.action
    record.append(
        scope=str(action.team_id),
        stream=action.stream,
        type=GIVEN,
        actor=f"agent:{opinion.checker_id}",
        body={
            "opinion": opinion.pk,
            "revision": opinion.revision,
            "concern": str(opinion.concern),
            "raise_to": opinion.raise_to or None,
        },
        sealed={"comment": opinion.words},
    )


def _raise(opinion: Opinion) -> None:
    """What the checker asks for stands among the findings, without a word of its text."""
    action, tier = opinion.action, Tier(opinion.raise_to)
    finding = Finding(
        rule=f"opinion:{opinion.checker.slug}",
        effect=Effect.RAISE,
        tier=tier,
        because=f"{opinion.checker.name} checked it, claims a concern of {opinion.concern:.2f} "
        "and asks for this.",
        values={"concern": str(opinion.concern), "raise_to": str(tier)},
    )
    content = action.contents.get(revision=action.revision)
    rejudging.raise_tier(
        action=action, content=content, finding=finding, body={"opinion": opinion.pk}
    )
