"""Draws a sample of what was done without a person, so that no agent can tell which, and takes
people's checks of it."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.crypto import salted_hmac

from agents_registry.models import Person, Team, Workflow
from agents_registry.policy import sampling
from agents_registry.policy.findings import Tier
from approvals import follow_ups, four_eyes, rollback, rubric, timetable
from approvals.errors import Conflict, Invalid, Missing
from approvals.models import Action, FollowUpKind, Purpose, SpotCheck
from approvals.permissions import check_can_check
from ledger import clock, record

GIVEN = "3 business days"
DRAWER = "system:spot_checks"
DRAWN, CHECKED = "action.drawn", "action.spot_checked"
_SCALE = 2**64


def draw(*, action: Action) -> None:
    """Puts the action on the list of spot checks where it is in the sample of its type.

    Called once it is done, in that transaction: succeeded or failed. It leaves no trace on the
    action itself, and the caller must not tell the agent. What people approved is never drawn.
    """
    rate = sampling.rate(Tier(action.tier), action.action_type.spot_check_rate)
    if action.purpose != Purpose.LIVE or not is_in_sample(action.pk, rate):
        return
    if four_eyes.approvals_of(action).exists():
        return
    now = clock.now()
    due_at = timetable.due_within(action.frozen, GIVEN, now)
    _, drawn = SpotCheck.objects.get_or_create(
        action=action, defaults={"team_id": action.team_id, "drawn_at": now, "due_at": due_at}
    )
    if drawn:
        _tell(action, DRAWN, DRAWER, {"rate": str(rate), "due_at": due_at.isoformat()})


def is_in_sample(action_id: UUID, rate: Decimal) -> bool:
    """Whether a keyed hash of the id falls under the rate: without the key nobody can foretell."""
    hashed = salted_hmac("approvals.spot_checks", str(action_id), algorithm="sha256").digest()
    return int.from_bytes(hashed[:8]) < rate * _SCALE


@transaction.atomic
def check(
    *,
    check_id: int,
    person: Person,
    ratings: Mapping[str, str],
    comment: str = "",
    cleanup_minutes: int = 0,
    roll_back: bool = False,
) -> SpotCheck:
    """Writes down what a person found; a failed check opens work, or asks for rollback at once.

    `ratings`: an answer of `rubric.Answer` for each criterion. Missing for another team's,
    PermissionDenied, Invalid for a check that is not whole, Conflict when somebody checked it
    first or rollback cannot be asked: then nothing is saved.
    """
    action = _action_of(check_id, person)
    check_can_check(person, action)
    passed = rubric.has_passed(ratings, cleanup_minutes)
    _refuse_unfinished(ratings, comment, cleanup_minutes, fails=not passed, roll_back=roll_back)
    made = _write(
        action,
        person,
        ratings={each.key: ratings[each.key] for each in rubric.CRITERIA},
        passed=passed,
        comment=comment,
        cleanup_minutes=cleanup_minutes,
    )
    if roll_back:
        rollback.ask(action_id=action.pk, person=person, reason=comment)
    elif not passed:
        follow_ups.open_for(action=action, kind=FollowUpKind.CHECK_FAILED)
    return made


def waiting_for(person: Person, team: Team) -> QuerySet[SpotCheck]:
    """The open checks that this person can make: of the workflows that they review, and not of
    what they asked for themselves."""
    named = Q(pool__people=person) | Q(approval_owner=person)
    own = Q(action__requested_by__iexact=person.username)
    if person.email:
        own |= Q(action__requested_by__iexact=person.email)
    return SpotCheck.objects.filter(
        team=team,
        checked_at__isnull=True,
        action__workflow__in=Workflow.objects.filter(named, team=team),
    ).exclude(own)


def _action_of(check_id: int, person: Person) -> Action:
    """The action of the check, its row held: events of one stream wait for each other."""
    action = (
        Action.objects.select_for_update(of=("self",))
        .select_related("action_type", "workflow__workflow_owner")
        .filter(spot_check__pk=check_id, team__members=person)
        .first()
    )
    if action is None:
        raise Missing("There is no such spot check in your teams.")
    return action


def _refuse_unfinished(
    ratings: Mapping[str, str], comment: str, cleanup_minutes: int, *, fails: bool, roll_back: bool
) -> None:
    if left := rubric.unanswered(ratings):
        names = ", ".join(criterion.name for criterion in left)
        raise Invalid(f"Not answered yet: {names}. Answer each of them.", code="not_answered")
    if not 0 <= cleanup_minutes <= rubric.MOST_MINUTES:
        raise Invalid(
            f"Give the minutes as a whole number up to {rubric.MOST_MINUTES:,}.",
            code="minutes_wrong",
        )
    if fails and not comment.strip():
        raise Invalid("It failed. Say what was wrong with it.", code="comment_missing")
    if roll_back and not fails:
        raise Invalid(
            "Nothing failed, so there is nothing to roll back. Rate what is wrong as a fail, or "
            "leave the rollback out.",
            code="nothing_failed",
        )


def _write(action: Action, person: Person, **found: Any) -> SpotCheck:
    """The first check counts; who comes second is told."""
    written = SpotCheck.objects.filter(action=action, checked_at__isnull=True).update(
        checked_by=person, checked_at=clock.now(), **found
    )
    if not written:
        raise Conflict(
            "Somebody checked this first. Your check was not saved. Read theirs below.",
            code="checked_already",
        )
    made = SpotCheck.objects.get(action=action)
    body = {
        "check": made.pk,
        "found": "passed" if made.passed else "failed",
        "ratings": made.ratings,
        "cleanup_minutes": made.cleanup_minutes,
    }
    _tell(action, CHECKED, f"person:{person.pk}", body, made.comment)
    return made


def _tell(
    action: Action, event: str, actor: str, body: Mapping[str, object], comment: str = ""
) -> None:
    record.append(
        scope=str(action.team_id),
        stream=action.stream,
        type=event,
        actor=actor,
        body=body,
        sealed={"comment": comment} if comment else {},
    )
