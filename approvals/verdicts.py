"""How any verdict is taken: by whom, on what, written down once, and what becomes of it."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction

from agents_registry.models import Person
from approvals import batch_samples, four_eyes, timetable, transitions
from approvals.errors import Conflict, Missing
from approvals.models import Action, Decision, Verdict
from approvals.permissions import check_can_decide, on_behalf_of, still_counts
from approvals.settling import settle_seconds
from approvals.states import Mover, State
from approvals.transitions import Move, Seen
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
        raise Conflict(
            "This changed while you looked. Nothing was decided.", code="changed", seen=seen
        )
    check_can_decide(person, action)
    return action


def write_down(
    action: Action,
    person: Person,
    verdict: Verdict,
    *,
    signers: Collection[str] = (),
    **details: Any,
) -> Decision:
    """Writes the verdict down; Conflict when this person has decided this revision before.

    `signers` are those whom an edit asks for.
    """
    try:
        with transaction.atomic():
            decision = Decision.objects.create(
                action=action,
                revision=action.revision,
                person=person,
                on_behalf_of=on_behalf_of(person, action, signers),
                verdict=verdict,
                created_at=clock.now(),
                **{"payload_digest": action.payload_digest, **details},
            )
    except IntegrityError as error:
        raise Conflict("You decided this already.", code="decided_already") from error
    batch_samples.note(decision, action)
    return decision


def approved(
    action: Action,
    decision: Decision,
    seen: Seen,
    approved: str,
    seal: str,
    signers: Collection[str] = (),
) -> None:
    """Counts the approval; at the last one needed the action is approved, or accepted where
    nothing may be executed. `signers`: who has to sign this content, if it is an edit."""
    if last := last_approval(action, decision, seen, approved, seal, signers):
        transitions.move_all([last])


def last_approval(
    action: Action,
    decision: Decision,
    seen: Seen,
    approved: str,
    seal: str,
    signers: Collection[str] = (),
) -> Move | None:
    """Counts the approval, and says where it moves the action; None while another is needed."""
    if not _is_enough(action, decision, seen, seal, signers):
        return None
    if action.is_only_accepted:
        return move_by(action, decision, State.ACCEPTED, seen, payload=seal)
    now = decision.created_at
    return move_by(
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
            "approval_ends_at": timetable.life_end(action.frozen, action.tier, now),
        },
    )


def _is_enough(
    action: Action, decision: Decision, seen: Seen, seal: str, signers: Collection[str]
) -> bool:
    """Whether the approvals of exactly this content are as many as its type asks for.

    Writing the event takes the row first, so of two who approve at once the second counts both.
    Approvals of other content do not count, nor of people who may not decide it any more.
    """
    if action.approvals_needed == 1:
        return True
    transitions.advance(
        action=action,
        actor=f"person:{decision.person_id}",
        event=four_eyes.COUNTED,
        changes=_unnoticed(action),
        body={
            "decision": decision.pk,
            "verdict": decision.verdict,
            "payload": seal,
            **for_whom(decision),
        },
        seen=seen,
    )
    others = four_eyes.others(action, decision)
    lapsed = [each for each in others if not still_counts(each, action, signers)]
    for gone in lapsed:
        withdraw(action, gone, four_eyes.LAPSED, actor="system:rights")
    return 1 + len(others) - len(lapsed) >= action.approvals_needed


def withdraw(action: Action, decision: Decision, event: str, *, actor: str) -> None:
    """Lets one of the approvals count no longer, while others are still to decide."""
    transitions.advance(
        action=action,
        actor=actor,
        event=event,
        changes=_unnoticed(action),
        body={"decision": decision.pk, "to": f"person:{decision.person_id}"},
    )
    decision.undone_at = clock.now()
    decision.save(update_fields=["undone_at"])


def _unnoticed(action: Action) -> dict[str, Any]:
    """What an approval on the way to enough changes on the action: not even when it changed, so
    that neither colleagues nor the agent see from outside that somebody approved."""
    return {"changed_at": action.changed_at}


def move(action: Action, decision: Decision, to: State, seen: Seen) -> None:
    transitions.move_all([move_by(action, decision, to, seen)])


def move_by(
    action: Action,
    decision: Decision,
    to: State,
    seen: Seen,
    *,
    payload: str = "",
    changes: dict[str, Any] | None = None,
) -> Move:
    """The move that a decision makes, with its words sealed."""
    words = {"comment": decision.comment, "patch": decision.patch, "checked": decision.checked}
    return Move(
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
            **for_whom(decision),
        },
        sealed=words,
        changes={**(changes or {}), "decided_at": decision.created_at},
    )


def for_whom(decision: Decision) -> dict[str, str]:
    """What an event says where the right was another's: `for` whom it was decided."""
    person = decision.on_behalf_of_id
    return {"for": f"person:{person}"} if person else {}
