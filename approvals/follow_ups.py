"""Open work after the fact: what failed, is unknown, blocked or sent back, until somebody closes
it."""

from datetime import datetime

from agents_registry import roles
from agents_registry.models import Person
from approvals import timetable
from approvals.models import Action, FollowUp, FollowUpKind
from ledger import clock

GIVEN = "1 business day"
ANSWERS_TO = {
    FollowUpKind.FAILED: "workflow_owner",
    FollowUpKind.UNKNOWN: "system_owner",
    FollowUpKind.BLOCKED: "risk_owner",
    FollowUpKind.ROLLBACK_FAILED: "system_owner",
    FollowUpKind.CHECK_FAILED: "workflow_owner",
    FollowUpKind.MISTAKE: "workflow_owner",
    FollowUpKind.NOT_AS_APPROVED: "system_owner",
    FollowUpKind.HALTED: "workflow_owner",
    FollowUpKind.ROLLBACK_ASKED: "system_owner",
    FollowUpKind.PHANTOM_ROLLBACK: "system_owner",
}


def open_for(*, action: Action, kind: str, due: datetime | None = None) -> FollowUp:
    """Opens the work for the role that answers for it, a business day from now or by `due`."""
    role = ANSWERS_TO.get(FollowUpKind(kind))
    now = clock.now()
    return FollowUp.objects.create(
        action=action,
        kind=kind,
        assignee=roles.answerable(action.workflow, role) if role else None,
        due_at=due or timetable.due_within(action.frozen, GIVEN, now),
        created_at=now,
    )


def close_open(
    *, action: Action, kind: str, reason: str, by: Person | None = None, choice: str = ""
) -> None:
    """Closes the work because what it waited for happened, or because somebody did it."""
    FollowUp.objects.filter(action=action, kind=kind, closed_at__isnull=True).update(
        closed_at=clock.now(), closed_reason=reason, closed_by=by, choice=choice
    )
