"""Whether what a notice tells of still stands, and still with whom it was told."""

from collections.abc import Iterable, Mapping
from typing import Any

from agents_registry.models import Absence, ChangeRequest, Downgrade, Stop
from approvals.models import Action, Notice, NoticeKind
from approvals.states import State
from ledger import clock

OF_ACTIONS = {NoticeKind.ASKED, NoticeKind.REMINDED, NoticeKind.HELD}
NAMED = {
    NoticeKind.STOPPED: "stop",
    NoticeKind.DOWNGRADED: "downgrade",
    NoticeKind.SIGNATURE: "request",
    NoticeKind.DELEGATED: "absence",
}
"""Under which name `about` says the row that such a notice is about."""


def standing(notices: Iterable[Notice]) -> list[Notice]:
    """Those that are not over. Actions and open work as loaded; else a query for each kind."""
    found = list(notices)
    named = {kind: _ids(kind, found) for kind in NAMED}
    there = {kind: _in_force(kind, ids) for kind, ids in named.items() if ids}
    return [notice for notice in found if _stands(notice, there)]


def still_matters(notice: Notice) -> bool:
    """Whether what it tells of still stands, and still with whom it tells."""
    return bool(standing([notice]))


def _ids(kind: NoticeKind, notices: Iterable[Notice]) -> list[Any]:
    return [notice.about[NAMED[kind]] for notice in notices if notice.kind == kind]


def _in_force(kind: NoticeKind, ids: list[Any]) -> set[str]:
    """The ids of the rows that are still in force, as `about` writes them."""
    match kind:
        case NoticeKind.STOPPED:
            rows: Any = Stop.objects.filter(lifted_at__isnull=True)
        case NoticeKind.DOWNGRADED:
            rows = Downgrade.objects.filter(lifted_at__isnull=True)
        case NoticeKind.SIGNATURE:
            rows = ChangeRequest.objects.filter(ended_at__isnull=True)
        case _:
            rows = Absence.objects.filter(called_off_at__isnull=True, ends_at__gt=clock.now())
    return {str(pk) for pk in rows.filter(pk__in=ids).values_list("pk", flat=True)}


def _stands(notice: Notice, there: Mapping[NoticeKind, set[str]]) -> bool:
    kind = NoticeKind(notice.kind)
    if kind in OF_ACTIONS:
        return notice.action is not None and _waits(notice, notice.action)
    if kind == NoticeKind.FOLLOW_UP:
        work = notice.follow_up
        return bool(work and work.closed_at is None and work.assignee_id == notice.person_id)
    return kind not in NAMED or str(notice.about[NAMED[kind]]) in there[kind]


def _waits(notice: Notice, action: Action) -> bool:
    """Pending as it was told: the same revision and step, and the same addressee."""
    about = notice.about
    if action.state != State.PENDING or action.revision != about["revision"]:
        return False
    if notice.kind == NoticeKind.HELD or action.held:
        return notice.kind == NoticeKind.HELD and action.held and _is_for(notice, action)
    if notice.kind == NoticeKind.REMINDED and action.reminded != about["reminded"]:
        return False
    return action.step == about["step"] and _is_for(notice, action)


def _is_for(notice: Notice, action: Action) -> bool:
    """A pool's as well while one of it has what several have to approve."""
    if notice.person_id:
        return action.assignee_id == notice.person_id
    anybodys = action.assignee_id is None or action.approvals_needed > 1
    return anybodys and (action.pool_id or action.workflow.pool_id) == notice.pool_id
