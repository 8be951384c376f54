"""Carries over to an action what became of its rollback, and doubts what changed nothing."""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from agents_registry.models import Person
from approvals import follow_ups, transitions, undoing
from approvals.models import Action, Content, FollowUp, FollowUpKind, Outcome, Purpose
from approvals.settling import seconds_left
from approvals.states import Mover, State
from ledger import clock, record
from ledger.models import Event

BATCH = 200
CAME_TO_NOTHING = frozenset(
    {
        State.FAILED,
        State.REJECTED,
        State.EXPIRED,
        State.BLOCKED,
        State.WITHDRAWN,
        State.REVOKED,
    }
)
WITH_A_PERSON = frozenset({State.TAKEN_OVER, State.ACCEPTED, State.ANSWERED})
"""What is to undo it is in somebody's hands: only a person can say whether it was done."""

ALIVE = frozenset(
    {State.PENDING, State.CHANGES_REQUESTED, State.APPROVED, State.RELEASED, State.SUCCEEDED}
)
BY_ITSELF = "system:rollbacks"
MOVERS = {"agent": Mover.AGENT, "person": Mover.PERSON, "policy": Mover.POLICY}


def staged_for(action: Action) -> Action | None:
    """The newest action that was staged to undo this one in earnest, whatever became of it."""
    return action.rollbacks.filter(purpose=Purpose.LIVE).order_by("-pk").first()


@transaction.atomic
def settle(*, staged: Action) -> bool:
    """Carries over what became of an action that was staged to undo another one; whether there
    was anything to carry. The caller holds its row."""
    if staged.rolls_back_id is None or staged.purpose != Purpose.LIVE:
        return False
    rows = Action.objects.select_for_update(of=("self",))
    action = rows.select_related("action_type", "workflow").get(pk=staged.rolls_back_id)
    newest = staged_for(action)
    if newest is None or newest.pk != staged.pk or not _was_staged(action):
        return False
    return carry_over(staged, action)


def sweep() -> int:
    """One turn over what was staged to undo something and has ended; how many it took."""
    newer = Action.objects.filter(
        rolls_back=OuterRef("rolls_back"), purpose=Purpose.LIVE, pk__gt=OuterRef("pk")
    )
    watched = FollowUp.objects.filter(
        action=OuterRef("rolls_back"), kind=FollowUpKind.ROLLBACK_ASKED, closed_at__isnull=True
    )
    ended = Q(state__in=[State.SUCCEEDED, *CAME_TO_NOTHING])
    in_hand = Q(state__in=WITH_A_PERSON) & ~Exists(watched)
    found = Action.objects.filter(
        Q(ended | in_hand, rolls_back__state=State.ROLLBACK_REQUESTED)
        | Q(state__in=ALIVE, rolls_back__state=State.ROLLBACK_FAILED),
        ~Exists(newer),
        rolls_back__isnull=False,
        purpose=Purpose.LIVE,
    )
    return sum(_settle_one(pk) for pk in found.values_list("pk", flat=True)[:BATCH])


def reported(*, action: Action, succeeded: bool, after: Any) -> None:
    """What follows from an agent's own report on a rollback that it was asked for."""
    _close_watch(action, "reported")
    if not succeeded:
        follow_ups.open_for(action=action, kind=FollowUpKind.ROLLBACK_FAILED)
    else:
        _doubt(action, after, actor=f"agent:{action.agent_id}")


def settle_by_hand(*, action: Action, done: bool, person: Person, reason: str) -> None:
    """A person says whether it was undone. The caller holds its row."""
    transitions.move(
        action=action,
        to=State.ROLLED_BACK if done else State.ROLLBACK_FAILED,
        mover=Mover.PERSON,
        actor=f"person:{person.pk}",
        body={"why": "settled"},
        sealed={"reason": reason},
    )
    if not done:
        follow_ups.open_for(action=action, kind=FollowUpKind.ROLLBACK_FAILED)


@transaction.atomic
def _settle_one(pk: UUID) -> int:
    rows = Action.objects.select_for_update(of=("self",), skip_locked=True)
    staged = rows.filter(pk=pk).first()
    return int(staged is not None and settle(staged=staged))


def carry_over(staged: Action, action: Action) -> bool:
    """What became of it, if anything did; both rows are held. What a person may still take back
    is not carried over yet."""
    if staged.state in ALIVE and action.state == State.ROLLBACK_FAILED:
        _resume(staged, action)
    if action.state != State.ROLLBACK_REQUESTED or seconds_left(staged, clock.now()):
        return False
    if staged.state in WITH_A_PERSON:
        follow_ups.open_for(action=action, kind=FollowUpKind.ROLLBACK_ASKED)
        return True
    if staged.state != State.SUCCEEDED and staged.state not in CAME_TO_NOTHING:
        return False
    actor = _who_ended(staged)
    done = staged.state == State.SUCCEEDED
    transitions.move(
        action=action,
        to=State.ROLLED_BACK if done else State.ROLLBACK_FAILED,
        mover=MOVERS.get(actor.partition(":")[0], Mover.TIME),
        actor=actor,
        body={"by": str(staged.pk), "why": staged.state},
    )
    _close_watch(action, staged.state)
    if done:
        told = staged.outcomes.order_by("-created_at").first()
        _doubt(action, told.after if told else None, actor=actor)
    else:
        follow_ups.open_for(action=action, kind=FollowUpKind.ROLLBACK_FAILED)
    return True


def _asked(action: Action) -> Event:
    """The event of the last time that somebody asked."""
    asked = Event.objects.filter(stream=action.stream, type="action.rollback_requested")
    return asked.latest("seq")


def _was_staged(action: Action) -> bool:
    """Whether another action was staged then: its type may name another way by now."""
    return "by" in record.body_of(_asked(action))


def _resume(staged: Action, action: Action) -> None:
    """What was to undo it came to nothing and is tried once more: whoever asked still wants it."""
    transitions.move(
        action=action,
        to=State.ROLLBACK_REQUESTED,
        mover=Mover.PERSON,
        actor=_asked(action).actor,
        event="action.rollback_resumed",
        body={"by": str(staged.pk)},
    )
    follow_ups.close_open(action=action, kind=FollowUpKind.ROLLBACK_FAILED, reason="tried again")


def _who_ended(staged: Action) -> str:
    """The actor of the event that brought it into its state."""
    events = Event.objects.filter(stream=staged.stream).order_by("-seq").prefetch_related("sealed")
    return next(
        (event.actor for event in events if record.body_of(event).get("to") == staged.state),
        BY_ITSELF,
    )


def _doubt(action: Action, now: Any, *, actor: str) -> None:
    """Opens work where a rollback is reported done and nothing is as it was before."""
    content = Content.objects.get(action=action, revision=action.revision)
    done = Outcome.objects.filter(action=action).order_by("-created_at").first()
    if not undoing.is_unchanged(content.before, done.after if done else None, now):
        return
    record.append(
        scope=str(action.team_id),
        stream=action.stream,
        type="action.rollback_doubted",
        actor=BY_ITSELF,
        body={"reported_by": actor},
    )
    follow_ups.open_for(action=action, kind=FollowUpKind.PHANTOM_ROLLBACK)


def _close_watch(action: Action, reason: str) -> None:
    follow_ups.close_open(action=action, kind=FollowUpKind.ROLLBACK_ASKED, reason=reason)
