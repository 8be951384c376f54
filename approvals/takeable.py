"""Every reason for which an approved action cannot be taken now, and from when on it can be."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from agents_registry import revisions, standards, stops
from agents_registry.calendars import Calendar
from agents_registry.models import ActionType, Standard, Workflow
from agents_registry.policy.findings import Mode
from approvals import windows
from approvals.errors import Conflict, Stopped
from approvals.models import APPROVING, Action, Decision
from approvals.settling import seconds_left
from approvals.states import State


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds of an action type at this moment, whatever it was at staging."""

    mode: Mode
    window: Calendar | None


def terms_now(action_type: ActionType, inherited: list[Standard] | None = None) -> Terms:
    return Terms(revisions.mode_of(action_type, inherited), window_of(action_type))


def terms_of(workflow: Workflow) -> dict[int, Terms]:
    """The terms of each action type, by its id, in a number of queries that does not grow."""
    inherited = standards.inherited(workflow)
    types = workflow.action_types.select_related("send_window")
    return {row.pk: terms_now(row, inherited) for row in types}


def window_of(action_type: ActionType) -> Calendar | None:
    """When what is of this type may be taken; None: at any time."""
    row = action_type.send_window
    return windows.read(row.document if row else None)


def releasable_at(action: Action, window: Calendar | None, now: datetime) -> datetime | None:
    """From when on the clock lets an action be taken: a past instant where that is now.

    None where it is not approved, or ends before its window opens.
    """
    if action.state != State.APPROVED:
        return None
    return windows.releasable_at(
        now,
        window,
        begins=(action.releasable_from, action.not_before),
        ends=(action.approval_ends_at, action.not_after),
    )


def check(action: Action, terms: Terms, now: datetime) -> None:
    """Every reason for which an action cannot be taken now, the first that holds.

    Of the mode of its type at this moment and of the action's own the stricter counts.
    """
    action_type, mode = action.action_type, terms.mode
    if action.purpose != "live":
        raise Conflict("It was staged to be looked at, never to be done.", code="not_live")
    if Mode.DRAFT_ONLY in (action.mode, mode):
        raise Conflict("It is draft-only: nothing of it may be executed.", code="draft_only")
    if action.state == State.RELEASED:
        raise Conflict("It is leased already.", code="leased")
    if action.state != State.APPROVED or seconds_left(action, now):
        raise Conflict("It is not approved.", code="not_approved")
    if action.mode == Mode.AUTO_EXECUTED != mode and _is_by_policy(action):
        raise Conflict("Its type no longer runs without a person.", code="not_approved")
    if stop := stops.stop_over(action.agent, action_type):
        owner = action_type.workflow.risk_owner
        raise Stopped(f"Stopped since {stop.at:%Y-%m-%d %H:%M} UTC. {owner} can turn it back on.")
    _check_time(action, terms.window, now)


def _check_time(action: Action, window: Calendar | None, now: datetime) -> None:
    """Where it can be taken later, `retry_at` among the facts of the refusal says from when."""
    end = min(filter(None, (action.approval_ends_at, action.not_after)))
    if end <= now:
        raise Conflict("The approval is past its end.", code="too_late")
    first = releasable_at(action, window, now)
    if first is None:
        raise Conflict(
            f"It ends at {end:%Y-%m-%dT%H:%M:%SZ}, before it may be taken. Nothing was taken. "
            "Stage it anew if it is still wanted.",
            code="too_late",
        )
    if first > now:
        raise Conflict(
            f"Not before {first:%Y-%m-%dT%H:%M:%SZ}. Nothing was taken. Ask again then.",
            code="too_early",
            retry_at=first,
        )


def _is_by_policy(action: Action) -> bool:
    return action.tier_rank > 1 and not approvals_of(action)


def can(action: Action, terms: Terms, now: datetime) -> bool:
    try:
        check(action, terms, now)
    except (Conflict, Stopped):
        return False
    return True


def is_open(terms: Terms, now: datetime) -> bool:
    """Whether anything of a type with these terms can be taken now."""
    return terms.mode != Mode.DRAFT_ONLY and windows.opens(now, terms.window) == now


def is_ready(now: datetime) -> Q:
    """What can be taken, as far as the database can tell, so that the rest hides nothing."""
    begun = Q(not_before__isnull=True) | Q(not_before__lte=now)
    not_over = Q(not_after__isnull=True) | Q(not_after__gt=now)
    lasts = Q(releasable_from__lte=now, approval_ends_at__gt=now)
    return begun & not_over & lasts


def approvals_of(action: Action) -> list[Decision]:
    """The approvals of exactly the approved content, the last first."""
    return list(
        action.decisions.select_related("person")
        .filter(
            revision=action.revision,
            verdict__in=APPROVING,
            undone_at__isnull=True,
            payload_digest=action.approved_digest,
        )
        .order_by("-id")
    )
