"""What belongs to a batch, which of it are drawn to be looked at closely, and a defect in these."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Self
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.crypto import salted_hmac

from approvals import acceptance
from approvals.judging import BUILT_IN
from approvals.models import Action, BatchDefect, Decision, Verdict
from approvals.states import State
from approvals.transitions import Seen

TIER = "batch_review"
MOST = 500
"""How many are decided in one act at most."""

FEWEST = 2
DEFECTS = {
    Verdict.EDITED,
    Verdict.REJECTED,
    Verdict.CHANGES_REQUESTED,
    Verdict.TAKEN_OVER,
}


@dataclass(frozen=True, slots=True)
class Batch:
    """What like actions have in common."""

    action_type_id: int
    batch_key: str
    shape: str

    @classmethod
    def of(cls, action: Action) -> Self:
        return cls(action.action_type_id, action.batch_key, action.shape)


def pending_in(batch: Batch) -> QuerySet[Action]:
    """What waits in it, the most urgent first, also what is reviewed one by one."""
    return without_built_in(
        Action.objects.filter(
            state=State.PENDING,
            tier=TIER,
            action_type_id=batch.action_type_id,
            batch_key=batch.batch_key,
            shape=batch.shape,
        )
    ).order_by("due_at", "id")


def standing(actions: QuerySet[Action], *, before: Decision | None = None) -> QuerySet[Action]:
    """Those of them that can be decided together with their like.

    Not what was staged up to a standing defect of its batch, nor what a person has edited: that is
    no longer what it was like. `before`: as it was before this decision.
    """
    defects = BatchDefect.objects.filter(
        action_type=OuterRef("action_type"),
        batch_key=OuterRef("batch_key"),
        shape=OuterRef("shape"),
        found_at__gte=OuterRef("created_at"),
        decision__undone_at__isnull=True,
    )
    edits = Decision.objects.filter(
        action=OuterRef("pk"),
        revision=OuterRef("revision"),
        verdict=Verdict.EDITED,
        undone_at__isnull=True,
    )
    if before is not None:
        edits = edits.exclude(pk=before.pk)
    return actions.filter(~Exists(defects), ~Exists(edits))


def without_built_in(actions: QuerySet[Action]) -> QuerySet[Action]:
    return actions.exclude(action_type__key__in=BUILT_IN).exclude(shape="")


def members(
    batch: Batch, *, as_of: datetime | None = None, before: Decision | None = None
) -> dict[UUID, Seen]:
    """The lot: at most 500 that stand in it, the most urgent first, and what a decision on each is
    bound to. `as_of`: only what had been staged by then. `before`: as it was before this decision.
    """
    lot = standing(pending_in(batch), before=before)
    if as_of is not None:
        lot = lot.filter(created_at__lte=as_of)
    rows = lot.values_list("pk", "revision", "payload_digest", "policy_revision")[:MOST]
    return {pk: Seen(revision, digest, policy) for pk, revision, digest, policy in rows}


def drawn(lot: Iterable[UUID]) -> set[UUID]:
    """The random sample of a lot: those whose keyed hash is smallest.

    Without the installation's key nobody can tell beforehand which they are, and asking again
    draws the same. Empty for a lot of one: there is nothing to decide together.
    """
    ids = sorted(lot, key=_lottery)
    return set(ids[: acceptance.sample_size(len(ids))]) if len(ids) >= FEWEST else set()


def defect_of(batch: Batch) -> BatchDefect | None:
    """The last standing defect that the batch showed: what was staged up to then is reviewed one
    by one."""
    return (
        BatchDefect.objects.select_related("decision__person", "decision__action")
        .filter(
            action_type_id=batch.action_type_id,
            batch_key=batch.batch_key,
            shape=batch.shape,
            decision__undone_at__isnull=True,
        )
        .order_by("-found_at")
        .first()
    )


def note(decision: Decision, action: Action) -> None:
    """Writes down a defect: an action of the random sample that was not approved as it is.

    To be called while the action still is pending.
    """
    if action.tier != TIER or decision.verdict not in DEFECTS:
        return
    batch = Batch.of(action)
    if action.pk in drawn(members(batch, before=decision)):
        record(decision, batch)


def record(decision: Decision, batch: Batch) -> BatchDefect:
    return BatchDefect.objects.create(
        action_type_id=batch.action_type_id,
        batch_key=batch.batch_key,
        shape=batch.shape,
        decision=decision,
        found_at=decision.created_at,
    )


def _lottery(action_id: UUID) -> bytes:
    return salted_hmac("approvals.batch_samples", str(action_id), algorithm="sha256").digest()
