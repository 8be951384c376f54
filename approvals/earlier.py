"""What was decided before about the same subject, and whether a rejected action comes again."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, QuerySet

from agents_registry.current_team import teams_seen_by
from agents_registry.models import Person
from approvals import diffs, repeats, totals
from approvals.diffs import Change
from approvals.models import DECIDING, Action, Content, Decision, Verdict
from approvals.querysets import in_teams_of
from approvals.states import State
from ledger import clock

MOST = 5
MOST_WAITING = 100
AGAIN = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Past:
    """An action that people decided, with the verdict that stands."""

    action: Action
    decision: Decision


@dataclass(frozen=True, slots=True)
class Again:
    """The rejected action that this one repeats, and in what it differs from that."""

    past: Past
    changes: list[Change]


@dataclass(frozen=True, slots=True)
class Earlier:
    """What this person may know of the same subject; `waiting` counts others, 100 at most."""

    decided: list[Past]
    again: Again | None
    waiting: int


def earlier(action: Action, content: Content, person: Person) -> Earlier:
    """At most seven queries, however much there is. Nothing of an action that is pending: whoever
    decides it next does so without knowing what others said."""
    about = _about(action, person)
    return Earlier(
        decided=_decided(about.order_by("-id"))[:MOST],
        again=_again(action, content, person) if action.state == State.PENDING else None,
        waiting=about.filter(state=State.PENDING)[:MOST_WAITING].count(),
    )


def _about(action: Action, person: Person) -> QuerySet[Action]:
    """The other actions on the same subject, as far as this person may look at them."""
    if not action.subject_id:
        return Action.objects.none()
    return _others(action, person).filter(
        subject_type=action.subject_type, subject_id=action.subject_id
    )


def _others(action: Action, person: Person) -> QuerySet[Action]:
    return in_teams_of(person).filter(team=action.team_id).exclude(pk=action.pk)


def _decided(actions: QuerySet[Action], **verdict: Any) -> list[Past]:
    """The first of them with a verdict of a person that stands."""
    standing = Decision.objects.filter(undone_at__isnull=True, verdict__in=DECIDING, **verdict)
    latest = Prefetch("decisions", standing.select_related("person").order_by("pk"), "standing")
    found = (
        actions.exclude(state=State.PENDING)
        .filter(Exists(standing.filter(action=OuterRef("pk"))))
        .select_related("action_type")
        .prefetch_related(latest)[:MOST]
    )
    return [Past(each, each.standing[-1]) for each in found]


def _again(action: Action, content: Content, person: Person) -> Again | None:
    """The last rejected action of the same type with the same subject or the same content."""
    same = repeats.same(
        totals.case_of(action, content), team=action.team_id, payload_digest=action.payload_digest
    )
    rejected = (
        same.filter(team__in=teams_seen_by(person), state=State.REJECTED)
        .filter(decided_at__gte=clock.now() - AGAIN)
        .order_by("-decided_at")
    )
    found = _decided(rejected, verdict=Verdict.REJECTED)
    return Again(found[0], _differences(found[0].action, content)) if found else None


def _differences(rejected: Action, content: Content) -> list[Change]:
    if rejected.payload_digest == content.payload_digest:
        return []
    said = Content.objects.get(action=rejected, revision=rejected.revision).payload
    found = diffs.field_changes(said, content.payload, versions=True)
    return [change for change in found if change.kind != "same"]
