"""Whom an action concerns as it stands now: who is asked or reminded, and whose open work it is."""

from collections.abc import Iterable, Iterator, Mapping
from uuid import UUID

from agents_registry.away import away_now
from approvals.models import Action, FollowUp, FollowUpKind, Notice, NoticeKind
from approvals.notices.news import News
from approvals.states import State

ASKS = {
    "action.staged",
    "action.revised",
    "action.escalated",
    "action.reassigned",
    "action.claimed",
    "action.given_back",
    "action.handed_to_pool",
    "action.handed_on",
    "action.held",
    "action.rejudged",
    "action.recalled",
    "action.decision_undone",
    "action.world_changed",
    "action.approval_lapsed",
}
"""What may bring an action to somebody who has not heard of it."""

REMINDED = "action.reminded"
FOUND_BY_PEOPLE = {
    FollowUpKind.MISTAKE: {"action.mistake_reported"},
    FollowUpKind.CHECK_FAILED: {"action.spot_checked"},
}


def waiting(news: Mapping[str, News]) -> list[Action]:
    """The pending actions among these that wait with a pool, or with somebody who is there."""
    rows = Action.objects.filter(pk__in=news, state=State.PENDING)
    found = list(rows.select_related("workflow__pool", "action_type"))
    away = away_now({action.assignee_id for action in found if action.assignee_id})
    return [action for action in found if action.assignee_id not in away]


def asked(actions: Iterable[Action], news: Mapping[str, News]) -> Iterator[Notice]:
    """It waits, or is held, and may be new to whom it waits for; not to who brought it there."""
    for action in actions:
        happened = news[str(action.pk)]
        by = happened.actor_of(ASKS)
        if not happened.has(ASKS) or (by is not None and by == action.assignee_id):
            continue
        if action.held:
            yield _notice(action, NoticeKind.HELD, f"held:{action.pk}:{action.revision}", by)
        else:
            key = f"asked:{action.pk}:{action.revision}:{action.step}"
            yield _notice(action, NoticeKind.ASKED, key, by)


def reminded(
    actions: Iterable[Action], news: Mapping[str, News], told: Iterable[Notice]
) -> Iterator[Notice]:
    """It still waits; nothing for whom was told in this very turn that it does."""
    fresh = {notice.action_id for notice in told if notice.follow_up_id is None}
    for action in actions:
        is_due = news[str(action.pk)].has({REMINDED}) and not action.held and action.reminded
        if is_due and action.pk not in fresh:
            key = f"reminded:{action.pk}:{action.revision}:{action.step}:{action.reminded}"
            yield _notice(action, NoticeKind.REMINDED, key, None)


def open_work(news: Mapping[str, News]) -> Iterator[Notice]:
    """Open work has somebody whose it is; not news to who found what is wrong themselves."""
    opened = FollowUp.objects.filter(
        action__in=[UUID(name) for name in news], closed_at__isnull=True, assignee__isnull=False
    )
    found = list(opened.select_related("action"))
    away = away_now({item.assignee_id for item in found if item.assignee_id})
    for item in found:
        found_by = news[str(item.action_id)].actor_of(
            FOUND_BY_PEOPLE.get(FollowUpKind(item.kind), set())
        )
        if item.assignee_id not in away and item.assignee_id != found_by:
            yield Notice(
                team_id=item.action.team_id,
                person_id=item.assignee_id,
                kind=NoticeKind.FOLLOW_UP,
                key=f"follow_up:{item.pk}:{item.assignee_id}",
                action=item.action,
                follow_up=item,
            )


def _notice(action: Action, kind: NoticeKind, key: str, by: int | None) -> Notice:
    """To its addressee, else to the pool that it waits with."""
    pool_id = None if action.assignee_id else action.pool_id or action.workflow.pool_id
    about = {"revision": action.revision, "step": action.step, "reminded": action.reminded}
    return Notice(
        team_id=action.team_id,
        person_id=action.assignee_id,
        pool_id=pool_id,
        kind=kind,
        key=key,
        action=action,
        about=about if by is None else {**about, "by": by},
    )
