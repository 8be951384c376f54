"""How any verdict is taken: by whom, on what, written down once, and what becomes of it."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from agents_registry.models import Person
from approvals import timetable, transitions
from approvals.errors import Conflict, Missing
from approvals.models import APPROVING, Action, Decision, Verdict
from approvals.permissions import check_can_decide
from approvals.settling import settle_seconds
from approvals.states import Mover, State
from approvals.transitions import Seen
from ledger import clock


def to_decide(action_id: UUID, person: Person, seen: Seen) -> Action:
    """The action as the page showed it, if this person may decide it.

    Missing, PermissionDenied, or Conflict when it is no longer what the page showed.
    """
    action = (
        Action.objects.select_related(
            "agent", "action_type", "workflow__pool", "workflow__workflow_owner"
        )
        .filter(pk=action_id, team__members=person)
        .first()
    )
    if action is None:
        raise Missing("There is no such action in your teams.")
    if action.state != State.PENDING or Seen.of(action) != seen:
        raise Conflict("This changed while you looked. Nothing was decided.", code="changed")
    check_can_decide(person, action)
    return action


def write_down(action: Action, person: Person, verdict: Verdict, **details: Any) -> Decision:
    """Writes the verdict down; Conflict when this person has decided this revision before."""
    try:
        with transaction.atomic():
            return Decision.objects.create(
                action=action,
                revision=action.revision,
                person=person,
                verdict=verdict,
                created_at=clock.now(),
                **{"payload_digest": action.payload_digest, **details},
            )
    except IntegrityError as error:
        raise Conflict("You decided this already.", code="decided_already") from error


def approved(action: Action, decision: Decision, seen: Seen, approved: str, seal: str) -> None:
    """Counts the approval; at the last one needed the action is approved, or accepted where
    nothing may be executed."""
    if not _is_enough(action, decision, seen, seal):
        return
    if action.mode == "draft_only" or action.authority == "advisory":
        move(action, decision, State.ACCEPTED, seen, payload=seal)
        return
    now = decision.created_at
    move(
        action,
        decision,
        State.APPROVED,
        seen,
        payload=seal,
        changes={
            "approved_digest": approved,
            "approved_seal": seal,
            "release_id": uuid4(),
            "releasable_from": now + timedelta(seconds=settle_seconds(action)),
            "approval_ends_at": timetable.life_end(action.frozen, now),
        },
    )


def _is_enough(action: Action, decision: Decision, seen: Seen, seal: str) -> bool:
    """Whether the approvals of exactly this content are as many as its type asks for.

    Writing the event takes the row first, so of two who approve at once the second counts both.
    Approvals of other content do not count: an edit begins anew.
    """
    if action.approvals_needed == 1:
        return True
    transitions.advance(
        action=action,
        actor=f"person:{decision.person_id}",
        event="action.approval_counted",
        changes={},
        body={"decision": decision.pk, "verdict": decision.verdict, "payload": seal},
        seen=seen,
    )
    given = approvals_of(action).filter(payload_digest=decision.payload_digest).count()
    return given >= action.approvals_needed


def approvals_of(action: Action) -> QuerySet[Decision]:
    """The approvals of the current revision that nobody took back."""
    return action.decisions.filter(
        revision=action.revision,
        verdict__in=APPROVING,
        undone_at__isnull=True,
    )


def move(
    action: Action,
    decision: Decision,
    to: State,
    seen: Seen,
    *,
    payload: str = "",
    changes: dict[str, Any] | None = None,
) -> None:
    words = {"comment": decision.comment, "patch": decision.patch, "checked": decision.checked}
    transitions.move(
        action=action,
        to=to,
        mover=Mover.PERSON,
        actor=f"person:{decision.person_id}",
        seen=seen,
        body={
            "decision": decision.pk,
            "verdict": decision.verdict,
            "reason": decision.reason,
            "cause": decision.cause,
            **({"payload": payload} if payload else {}),
        },
        sealed=words,
        changes={**(changes or {}), "decided_at": decision.created_at},
    )
