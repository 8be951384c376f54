"""What people decide about many like actions in one act; each decision is recorded singly."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from agents_registry.models import Person
from agents_registry.words import counted
from approvals import batch_samples, four_eyes, release, review, transitions, verdicts
from approvals.batch_samples import Batch
from approvals.errors import Conflict, Invalid, Missing
from approvals.lots import Lot
from approvals.models import Action, Decision, Reason, Verdict
from approvals.permissions import still_counts, why_not_each
from approvals.rights import OWN, rights_of
from approvals.states import Mover, State
from approvals.transitions import Seen
from ledger import clock


@dataclass(frozen=True, slots=True)
class Act:
    """What one act decided, and what it left because it had changed since the page was made."""

    id: UUID
    decided: tuple[UUID, ...]
    left: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class Undone:
    """How many decisions of an act were taken back, and for how many it was too late."""

    undone: int
    too_late: int


@transaction.atomic
def approve(
    *,
    person: Person,
    batch: Batch,
    seen: Mapping[UUID, Seen],
    as_of: datetime | None = None,
    comment: str = "",
) -> Act:
    """Approves those of `seen` that still are what the page showed.

    The lot is what stood in the batch at `as_of`. Invalid while one to be looked at closely was
    not opened (`not_opened`), or while one that was drawn is not in the choice (`drawn_left_out`);
    Conflict when nothing is left to decide (`changed`, `single_review`).
    """
    _lock(person, seen)
    lot = Lot.of(batch, person, as_of)
    chosen = _chosen(lot, batch, seen)
    _check_looked_at(lot, seen)
    decisions = _write_down(chosen, person, Verdict.APPROVED, comment=comment)
    moves = [
        verdicts.last_approval(
            action,
            decision,
            Seen.of(action),
            lot.contents[action.pk].payload_digest,
            lot.contents[action.pk].seal,
        )
        for action, decision in zip(chosen, decisions, strict=True)
    ]
    transitions.move_all([move for move in moves if move])
    return _act(chosen, decisions, seen)


@transaction.atomic
def reject(
    *,
    person: Person,
    batch: Batch,
    seen: Mapping[UUID, Seen],
    reason: str,
    cause: str = "",
    comment: str = "",
) -> Act:
    """Rejects them with a reason code. What was drawn at random among them is a defect of the
    batch: the rest of it is reviewed one by one."""
    if reason not in Reason.values:
        raise Invalid("Choose why you reject them. Nothing was rejected.", code="reason_missing")
    _lock(person, seen)
    lot = Lot.of(batch, person)
    chosen = _chosen(lot, batch, seen)
    decisions = _write_down(
        chosen, person, Verdict.REJECTED, reason=reason, cause=cause, comment=comment
    )
    pairs = list(zip(chosen, decisions, strict=True))
    for action, decision in pairs:
        if action.pk in lot.drawn:
            batch_samples.record(decision, batch)
    transitions.move_all(
        [
            verdicts.move_by(action, decision, State.REJECTED, Seen.of(action))
            for action, decision in pairs
        ]
    )
    return _act(chosen, decisions, seen)


@transaction.atomic
def undo(*, act: UUID, person: Person) -> Undone:
    """Takes back what one act of this person decided, as far as it is not too late for it."""
    own = Decision.objects.filter(act=act, person=person, action__team__members=person)
    actions = _held(own.values_list("action_id", flat=True))
    if not actions:
        raise Missing("There is no such act of yours.")
    decisions = {decision.action_id: decision for decision in own}
    closed = why_not_each(person, actions)
    standing = [
        action
        for action in actions
        if review.stands(decisions[action.pk], action)
        and (action.pk not in closed or still_counts(decisions[action.pk], action))
    ]
    actor = f"person:{person.pk}"
    for action in standing:
        if action.state == State.PENDING:
            decision = decisions[action.pk]
            verdicts.withdraw(action, decision, four_eyes.TAKEN_BACK, actor=actor)
    decided = [action for action in standing if action.state != State.PENDING]
    release.reopen_all(actions=decided, mover=Mover.PERSON, actor=actor, event="decision_undone")
    return Undone(len(standing), len(actions) - len(standing))


def _held(ids: Iterable[UUID]) -> list[Action]:
    """The actions, their rows taken in the order in which everybody takes them."""
    rows = Action.objects.select_for_update(of=("self",)).filter(pk__in=list(ids))
    return list(rows.select_related("action_type", "workflow").order_by("pk"))


def _lock(person: Person, seen: Mapping[UUID, Seen]) -> None:
    """Holds the rows, always in the same order, so that two who decide at once wait for each
    other; the second then finds what the first has left."""
    if not seen:
        raise Invalid("Choose at least one. Nothing was decided.", code="nothing_chosen")
    if len(seen) > batch_samples.MOST:
        raise Invalid("At most 500 are decided in one act. Nothing was decided.", code="too_many")
    rows = Action.objects.select_for_update(of=("self",)).filter(
        pk__in=list(seen), team__members=person
    )
    if not list(rows.order_by("pk").values_list("pk", flat=True)):
        raise Missing("There is no such batch in your teams.")


def _chosen(lot: Lot, batch: Batch, seen: Mapping[UUID, Seen]) -> list[Action]:
    """Those of the choice that are as the page showed them; PermissionDenied where one of them is
    not this person's to decide."""
    chosen = [action for action in lot.actions if seen.get(action.pk) == Seen.of(action)]
    for action in chosen:
        if action.pk in lot.closed:
            raise PermissionDenied(lot.closed[action.pk])
    if chosen:
        return sorted(chosen, key=lambda action: action.pk)
    if batch_samples.defect_of(batch):
        raise Conflict(
            "One of the sample was found wrong, so these are reviewed one by one. "
            "Nothing was decided.",
            code="single_review",
        )
    raise Conflict("All of these changed while you looked. Nothing was decided.", code="changed")


def _check_looked_at(lot: Lot, seen: Mapping[UUID, Seen]) -> None:
    """The random sample speaks for the lot, so none of it is taken out unseen; what only stands
    out may be taken out and decided later."""
    if missing := lot.drawn - seen.keys():
        raise Invalid(
            f"{counted(len(missing), 'action')} drawn at random {_are(missing)} not in your "
            "choice. Nothing was approved. Decide it by itself first, or take it back in.",
            code="drawn_left_out",
        )
    if unopened := (lot.close & seen.keys()) - lot.opened:
        raise Invalid(
            f"{len(unopened)} of those to look at closely {_are(unopened)} not opened yet. "
            "Nothing was approved. Open them first.",
            code="not_opened",
        )


def _are(actions: frozenset[UUID]) -> str:
    return "is" if len(actions) == 1 else "are"


def _write_down(
    actions: Sequence[Action], person: Person, verdict: Verdict, **details: Any
) -> list[Decision]:
    act, now = uuid4(), clock.now()
    rights = rights_of(person, actions)
    try:
        with transaction.atomic():
            return Decision.objects.bulk_create(
                Decision(
                    action=action,
                    revision=action.revision,
                    person=person,
                    on_behalf_of=rights.get(action.pk, OWN).on_behalf_of,
                    verdict=verdict,
                    payload_digest=action.payload_digest,
                    act=act,
                    created_at=now,
                    **details,
                )
                for action in actions
            )
    except IntegrityError as error:
        raise Conflict(
            "You decided one of these in another window. Nothing was decided here.",
            code="decided_already",
        ) from error


def _act(chosen: Sequence[Action], decisions: Sequence[Decision], seen: Mapping[UUID, Seen]) -> Act:
    act = decisions[0].act
    assert act is not None
    decided = tuple(action.pk for action in chosen)
    return Act(act, decided, tuple(seen.keys() - set(decided)))
