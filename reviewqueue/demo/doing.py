"""How the demo's agents carry out what was approved, and how their failures end."""

from datetime import timedelta
from functools import partial
from typing import Any

from approvals import closing, deadlines, outcome, release, rollback_ends
from approvals.errors import Conflict, Stopped
from approvals.models import Action, FollowUp
from approvals.release import Taken
from ledger import clock
from ledger.canonical import digest
from reviewqueue.demo import checking
from reviewqueue.demo.tale import Tale, working

FAILS, VANISHES = 0.04, 0.01
WHEN_STOPPED = timedelta(hours=5)
LEASE_OVER = timedelta(seconds=release.DEFAULT_LEASE_SECONDS + 10)


def take_soon(tale: Tale, action: Action, *, fate: str = "") -> None:
    """Plans the taking of an approved action. `fate`: succeeded, failed or unknown; else dice."""
    assert action.releasable_from is not None
    pause = timedelta(seconds=tale.chance.randint(2, 40))
    begins = max(clock.now(), action.releasable_from) + pause
    tale.timeline.at(begins, partial(_take, tale, action, fate))


def _take(tale: Tale, action: Action, fate: str) -> None:
    """Takes it, later where something is stopped; not at all where nothing may be done."""
    try:
        taken = release.lease(agent=action.agent, action_id=action.pk)
    except Stopped:
        again = partial(_take, tale, action, fate)
        tale.timeline.at(clock.now() + WHEN_STOPPED, again)
    except Conflict:
        return
    else:
        _carry_out(tale, action, taken, fate or _fate(tale, action))


def _fate(tale: Tale, action: Action) -> str:
    dice = tale.chance.random()
    if not action.action_type.systems["writes"] or dice >= FAILS + VANISHES:
        return "succeeded"
    return "unknown" if dice < VANISHES and not action.action_type.idempotent else "failed"


def _carry_out(tale: Tale, action: Action, taken: Taken, fate: str) -> None:
    done = clock.now() + timedelta(seconds=tale.chance.randint(3, 90))
    if fate == "unknown":
        lost = clock.now() + LEASE_OVER
        tale.timeline.at(lost, partial(_lose, tale, action))
        return
    failed = {"after": None, "error": _error(tale, action)}
    said = {"after": tale.afterwards.get(action.pk), "error": ""} if fate == "succeeded" else failed
    tale.timeline.at(done, partial(_report, tale, action, taken, fate, said))


def _report(tale: Tale, action: Action, taken: Taken, status: str, said: dict[str, Any]) -> None:
    body = {"lease_id": str(taken.lease.pk), "status": status, **said}
    outcome.report(
        agent=action.agent,
        action_id=action.pk,
        lease_id=taken.lease.pk,
        status=status,
        body_digest=digest(body),
        cost={"amount": f"0.{tale.chance.randint(1, 9):02}", "currency": "USD"},
        value={"minutes_saved": tale.chance.randint(2, 25)} if status == "succeeded" else None,
        occurred_at=clock.now(),
        **said,
    )
    checking.check_soon(tale, action)
    if status == "failed":
        _close_soon(tale, action)


def _lose(tale: Tale, action: Action) -> None:
    """The lease runs out without a word."""
    deadlines.sweep_leases()
    _close_soon(tale, action)


def _error(tale: Tale, action: Action) -> str:
    """What the system that the action writes to said."""
    words: dict[str, str] = tale.texts["failures"]
    known = (words[name] for name in action.action_type.systems["writes"] if name in words)
    return next(known, "The connection was closed without an answer.")


def _close_soon(tale: Tale, action: Action) -> None:
    """Its named person sees to it within a day; what fell yesterday is still open."""
    when = working(action, tale.chance.randint(40, 400))
    tale.timeline.at(when, partial(_close, tale, action))


def _close(tale: Tale, action: Action) -> None:
    follow_up = FollowUp.objects.select_related("assignee").get(
        action=action.pk, kind__in=["failed", "unknown"], closed_at__isnull=True
    )
    assert follow_up.assignee is not None
    if follow_up.kind == "unknown":
        choice = "it_was_done"
        reason = tale.texts["settled"][choice]
    else:
        end = tale.chance.choice(tale.texts["closings"])
        choice, reason = end["choice"], end["reason"]
    closing.close(
        follow_up_id=follow_up.pk, person=follow_up.assignee, choice=choice, reason=reason
    )
    if choice == "roll_back":
        undone = clock.now() + timedelta(minutes=2)
        tale.timeline.at(undone, partial(_roll_back, action))


def _roll_back(action: Action) -> None:
    """Its agent says so, where no other action is staged to undo it."""
    if rollback_ends.staged_for(action):
        return
    outcome.report_rollback(agent=action.agent, action_id=action.pk, succeeded=True, error="")
