"""Takes reports of mistakes, from the team and from whom a link lets in, however late they come."""

from typing import Any
from uuid import UUID

from django.db import transaction

from agents_registry.models import Person
from approvals import follow_ups, rollback, why_links
from approvals.errors import Invalid, Missing
from approvals.models import Action, FollowUp, FollowUpKind, Mistake, Severity
from approvals.permissions import why_no_rollback
from approvals.querysets import in_teams_of
from ledger import clock, record

REPORTED = "action.mistake_reported"
LONGEST = 4000
MOST_MINUTES = 100_000


@transaction.atomic
def report(
    *,
    action_id: UUID,
    person: Person,
    what: str,
    severity: str,
    cleanup_minutes: int = 0,
    roll_back: bool = False,
    link: str = "",
) -> Mistake:
    """Writes the report down, and sees that the workflow owner has open work about the action.

    `link`: the signed part of the link that let the person in, where they are not of the team.
    `roll_back`: rollback is asked for at once where this person may ask, else the wish stands in
    the report. Missing for what they cannot see, Invalid for a report that is not whole.
    """
    action = _locked(action_id, person, link)
    _check(what, severity, cleanup_minutes)
    mistake = Mistake.objects.create(
        action=action,
        reporter=person,
        what=what.strip(),
        severity=severity,
        cleanup_minutes=cleanup_minutes,
        created_at=clock.now(),
    )
    asks = roll_back and not rollback.why_not_now(action) and not why_no_rollback(person, action)
    _tell(mistake, by_link=not _is_seen_by(person, action), wishes_rollback=roll_back and not asks)
    if not FollowUp.objects.filter(
        action=action, kind=FollowUpKind.MISTAKE, closed_at__isnull=True
    ).exists():
        follow_ups.open_for(action=action, kind=FollowUpKind.MISTAKE)
    if asks:
        rollback.ask(action_id=action.pk, person=person, reason=mistake.what)
    return mistake


def _locked(action_id: UUID, person: Person, link: str) -> Action:
    """The action, its row held, if this person sees it or the link opens it."""
    action = (
        Action.objects.select_for_update(of=("self",))
        .select_related("action_type", "workflow")
        .filter(pk=action_id)
        .first()
    )
    if action and (_is_seen_by(person, action) or _is_opened_by(link, action)):
        return action
    raise Missing("There is no such action in your teams.")


def _is_seen_by(person: Person, action: Action) -> bool:
    return in_teams_of(person).filter(pk=action.pk).exists()


def _is_opened_by(link: str, action: Action) -> bool:
    return bool(link) and why_links.read(link).action.pk == action.pk


def _check(what: str, severity: str, cleanup_minutes: int) -> None:
    if not what.strip():
        raise Invalid("Say what is wrong. Nothing was reported yet.", code="what_missing")
    if len(what) > LONGEST:
        raise Invalid(
            f"Nothing was reported yet: say it in {LONGEST} characters, this has {len(what)}.",
            code="what_too_long",
        )
    if severity not in Severity.values:
        raise Invalid("Choose how bad it is. Nothing was reported yet.", code="severity_missing")
    if not 0 <= cleanup_minutes <= MOST_MINUTES:
        raise Invalid(
            f"Give the minutes as a number up to {MOST_MINUTES}. Nothing was reported yet.",
            code="minutes_wrong",
        )


def _tell(mistake: Mistake, **facts: Any) -> None:
    action = mistake.action
    record.append(
        scope=str(action.team_id),
        stream=action.stream,
        type=REPORTED,
        actor=f"person:{mistake.reporter_id}",
        body={
            "mistake": mistake.pk,
            "severity": mistake.severity,
            "cleanup_minutes": mistake.cleanup_minutes,
            **facts,
        },
        sealed={"what": mistake.what},
    )
