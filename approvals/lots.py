"""One lot of a batch as the page and the verbs see it: who may decide which, and what has to be
looked at closely."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Self
from uuid import UUID

from django.db.models import F

from agents_registry.models import Person
from approvals import alike, batch_samples, ruled_out
from approvals.alike import Alike
from approvals.batch_samples import Batch
from approvals.models import DECIDING, Action, Content, Decision, Viewing
from approvals.payloads import in_schema_order
from approvals.permissions import why_not_each

MOST_OUTLIERS = 5
DECIDED = "You approved it already. It waits for somebody else."


@dataclass(frozen=True, slots=True, kw_only=True)
class Lot:
    """At most 500 like actions, the most urgent first, as one person finds them.

    `closed` holds why this person cannot decide some of them, in words. `drawn` (the random
    sample) and `outliers` leave these out; `opened` are those whose present content the person
    has had on screen.
    """

    actions: Sequence[Action]
    contents: dict[UUID, Content]
    closed: dict[UUID, str]
    differences: Alike
    low: dict[int, Decimal]
    drawn: frozenset[UUID]
    outliers: frozenset[UUID]
    opened: frozenset[UUID]

    @classmethod
    def of(cls, batch: Batch, person: Person, as_of: datetime | None = None) -> Self:
        """The lot of this moment, or of what had been staged at `as_of`."""
        ids = batch_samples.members(batch, as_of=as_of)
        actions = list(_whole(ids))
        contents = _contents(ids)
        closed = {
            **_ruled_out(actions),
            **why_not_each(person, actions),
            **_decided(person, ids),
        }
        differences = alike.compare([_row(contents[action.pk], action) for action in actions])
        line = actions[0].action_type.confidence_line if actions else None
        low = alike.below(line, [action.confidence for action in actions])
        outliers = _outliers(actions, differences, low)
        return cls(
            actions=actions,
            contents=contents,
            closed=closed,
            differences=differences,
            low=low,
            drawn=frozenset(batch_samples.drawn(ids) - closed.keys()),
            outliers=frozenset(outliers - closed.keys()),
            opened=opened_by(person, ids),
        )

    @property
    def close(self) -> frozenset[UUID]:
        """Those to be looked at closely."""
        return self.drawn | self.outliers


def _whole(ids: Iterable[UUID]) -> Iterable[Action]:
    rows = Action.objects.filter(pk__in=list(ids)).select_related("action_type", "agent")
    return rows.select_related("workflow").order_by("due_at", "id")


def _contents(ids: Iterable[UUID]) -> dict[UUID, Content]:
    found = Content.objects.filter(action__in=list(ids), revision=F("action__revision"))
    return {content.action_id: content for content in found}


def _row(content: Content, action: Action) -> Any:
    return alike.row(
        in_schema_order(action.action_type.payload_schema, content.payload), content.before
    )


def _outliers(actions: Sequence[Action], differences: Alike, low: dict[int, Decimal]) -> set[UUID]:
    strongest = alike.standing_out(*(column.odd for column in differences.differs), low)
    return {actions[at].pk for at in strongest[:MOST_OUTLIERS]}


def _ruled_out(actions: Sequence[Action]) -> dict[UUID, str]:
    """Those whose approval the library that they came from would get as a rejection."""
    asked = ruled_out.of_each(actions)
    limits = {
        action.pk: asked[action.pk].against_approval_of(action.payload_digest)
        for action in actions
        if action.pk in asked
    }
    return {pk: limit.in_a_table for pk, limit in limits.items() if limit}


def _decided(person: Person, ids: Iterable[UUID]) -> dict[UUID, str]:
    """Those that this person has approved, and that wait for another approval."""
    own = Decision.objects.filter(
        person=person,
        action__in=list(ids),
        revision=F("action__revision"),
        verdict__in=DECIDING,
        undone_at__isnull=True,
    )
    return dict.fromkeys(own.values_list("action_id", flat=True), DECIDED)


def opened_by(person: Person, ids: Iterable[UUID]) -> frozenset[UUID]:
    """Those whose present content this person has had on screen."""
    looked = Viewing.objects.filter(
        person=person,
        action__in=list(ids),
        action__contents__revision=F("action__revision"),
        action__contents__created_at__lte=F("seen_at"),
    )
    return frozenset(looked.values_list("action_id", flat=True))
