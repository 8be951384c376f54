"""Measures what the system knows by itself, for each window that has ended: shares and volume."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import structlog
from django.db.models import Count, DateTimeField, DurationField, F, Func, Q, QuerySet, Value

from agents_registry.models import Workflow
from agents_registry.policy import windows
from agents_registry.policy.windows import WindowRule
from approvals import readings
from approvals.errors import Conflict
from approvals.models import (
    Action,
    Decision,
    Lease,
    LeaseEnd,
    Mistake,
    Purpose,
    Reading,
    Severity,
    SpotCheck,
    Verdict,
)
from approvals.states import State
from ledger import clock
from ledger.models import Event

log = structlog.get_logger(__name__)

CLOCK = "system:windows"
CAUGHT_UP = 6
"""How many ended windows are looked at: after a longer silence, the older ones have no reading."""

GRACE = timedelta(minutes=1)
"""A window is counted so long after its end: what was written at its end is stored by then."""

A_MONDAY = datetime(1970, 1, 5, tzinfo=UTC)
"""Where windows are counted from: hours begin with the hour, days at midnight, weeks on Monday."""

VERDICTS = [
    verdict for verdict in Verdict if verdict not in {"escalated", "reassigned", "answered"}
]
HARM = [Severity.HARMFUL, Severity.SEVERE]
ROLLED_BACK = [State.ROLLBACK_REQUESTED, State.ROLLED_BACK, State.ROLLBACK_FAILED]

_looked_at: dict[tuple[UUID, str], tuple[WindowRule, datetime]] = {}
"""Up to which window this process has looked. Forgetting it costs a second look, no more."""


@dataclass(frozen=True, slots=True)
class Span:
    """The time in which cases of some action types are counted, in windows of one length."""

    workflow: Workflow
    action_types: list[int]
    since: datetime
    until: datetime
    window: timedelta

    def starts(self) -> Iterator[datetime]:
        start = self.since
        while start < self.until:
            yield start
            start += self.window


Counted = dict[datetime, tuple[int, int]]
"""By the start of a window: how many of how many cases."""


def sweep_windows() -> int:
    """Reads every computed rule's windows that ended since the last look; how many were read.

    Each is read once, however many sweepers there are.
    """
    workflows = Workflow.objects.filter(archived_at__isnull=True).exclude(window_thresholds=[])
    return sum(_swept(workflow) for workflow in workflows.select_related("team"))


def last_end(rule: WindowRule, now: datetime) -> datetime:
    """The end of the last window of the rule that is over."""
    assert rule.window is not None
    return A_MONDAY + (now - A_MONDAY) // rule.window * rule.window


def _swept(workflow: Workflow) -> int:
    """One workflow's rules; a fault in one workflow never holds up the others."""
    try:
        rules = windows.parse(workflow.window_thresholds)
        return sum(_measured(workflow, rule) for rule in rules if rule.computed)
    except Exception:
        log.exception("measuring_failed", workflow=str(workflow.pk))
        return 0


def _measured(workflow: Workflow, rule: WindowRule) -> int:
    end = last_end(rule, clock.now() - GRACE)
    if _looked_at.get((workflow.pk, rule.id)) == (rule, end):
        return 0
    done = sum(_take(workflow, rule, *found) for found in _unread(workflow, rule, end))
    _looked_at[workflow.pk, rule.id] = rule, end
    return done


def _unread(workflow: Workflow, rule: WindowRule, end: datetime) -> list[tuple[datetime, Decimal]]:
    """The windows up to `end` that have no reading yet, the oldest first, with their values."""
    assert rule.window is not None
    types = [action_type.pk for action_type in readings.targets(workflow, rule)]
    span = Span(workflow, types, end - CAUGHT_UP * rule.window, end, rule.window)
    read = Reading.objects.filter(
        workflow=workflow, source=rule.read_as, window_end__range=(span.since, end)
    ).values_list("window_start", flat=True)
    counted, known = COUNTS[rule.metric](span), set(read)
    values = [(start, _value(rule, *counted.get(start, (0, 0)))) for start in span.starts()]
    return [(start, value) for start, value in values if value is not None and start not in known]


def _value(rule: WindowRule, part: int, cases: int) -> Decimal | None:
    """The share, or the plain number of a volume; None where too few cases say nothing."""
    if rule.metric not in windows.SHARES:
        return Decimal(cases)
    return min(Decimal(1), Decimal(part) / cases) if cases >= max(1, rule.least) else None


def _take(workflow: Workflow, rule: WindowRule, start: datetime, value: Decimal) -> bool:
    assert rule.window is not None
    try:
        taken = readings.take(
            workflow=workflow,
            metric=rule.metric,
            source=rule.read_as,
            window_start=start,
            window_end=start + rule.window,
            value=value,
            actor=CLOCK,
        )
    except Conflict:
        return False
    return not taken.repeated


def _volume(span: Span) -> Counted:
    """How many actions were staged."""
    staged = Action.objects.filter(
        workflow=span.workflow, action_type__in=span.action_types, purpose=Purpose.LIVE
    )
    return _binned(span, staged, "created_at", part=Q())


def _errors(span: Span) -> Counted:
    """To the leases that ended, those whose agent reported a failure, or nothing at all, and what
    people found wrong in the window, whenever it was done."""
    bad = Q(end=LeaseEnd.RAN_OUT) | Q(outcome__status=State.FAILED)
    ended = _binned(span, _of(span, Lease.objects.all()), "ended_at", part=bad)
    found = Counter(start for start, _ in _found_wrong(span))
    return {start: (part + found[start], cases) for start, (part, cases) in ended.items()}


def _found_wrong(span: Span) -> set[tuple[datetime, UUID]]:
    """The start of a window, and an action that a check or a mistake spoke against in it, once.

    What its agent had reported as failed is not an error twice.
    """
    checks = SpotCheck.objects.filter(passed=False)
    mistakes = Mistake.objects.filter(severity__in=HARM)
    found = [(checks, "checked_at"), (mistakes, "created_at")]
    return {
        (row["start"], row["action"])
        for rows, at in found
        for row in _in_windows(
            span,
            _about(span, rows).exclude(action__outcomes__status=State.FAILED),
            at,
        ).values("start", "action")
    }


def _failed_checks(span: Span) -> Counted:
    """Of the spot checks that people made, those that failed."""
    made = _about(span, SpotCheck.objects.all())
    return _binned(span, made, "checked_at", part=Q(passed=False))


def _rejections(span: Span) -> Counted:
    """Of the verdicts that people gave and did not take back, those that reject."""
    given = Decision.objects.filter(verdict__in=VERDICTS, undone_at__isnull=True)
    return _binned(span, _of(span, given), "created_at", part=Q(verdict=Verdict.REJECTED))


def _rollbacks(span: Span) -> Counted:
    """To the outcomes that were reported, the actions whose rollback was asked for."""
    reported = _of(span, Lease.objects.filter(end=LeaseEnd.REPORTED))
    done = _binned(span, reported, "ended_at", part=Q())
    asked = _asked_back(span)
    return {start: (asked.get(start, 0), cases) for start, (_, cases) in done.items()}


def _asked_back(span: Span) -> dict[datetime, int]:
    actions = Action.objects.filter(
        workflow=span.workflow,
        action_type__in=span.action_types,
        state__in=ROLLED_BACK,
        changed_at__gte=span.since,
    )
    asked = Event.objects.filter(
        stream__in=[action.stream for action in actions.only("pk").iterator()],
        type="action.rollback_requested",
    )
    rows = _in_windows(span, asked, "at").annotate(cases=Count("stream", distinct=True))
    return {row["start"]: row["cases"] for row in rows}


COUNTS: dict[str, Callable[[Span], Counted]] = {
    "volume": _volume,
    "error_rate": _errors,
    "rejection_rate": _rejections,
    "rollback_rate": _rollbacks,
    "check_failure_rate": _failed_checks,
}


def _of(span: Span, rows: QuerySet[Any]) -> QuerySet[Any]:
    """Those about the actions that something happened to: that moves an action's `changed_at`,
    which the index knows."""
    return _about(span, rows).filter(action__changed_at__gte=span.since)


def _about(span: Span, rows: QuerySet[Any]) -> QuerySet[Any]:
    """Those about the actions of the span, however old these are."""
    return rows.filter(
        action__workflow=span.workflow,
        action__action_type__in=span.action_types,
        action__purpose=Purpose.LIVE,
    )


def _binned(span: Span, rows: QuerySet[Any], at: str, *, part: Q) -> Counted:
    counts = _in_windows(span, rows, at).annotate(
        part=Count("pk", filter=part) if part else Count("pk"), cases=Count("pk")
    )
    return {row["start"]: (row["part"], row["cases"]) for row in counts}


def _in_windows(span: Span, rows: QuerySet[Any], at: str) -> QuerySet[Any, dict[str, Any]]:
    """The rows of the span, grouped by the start of their window."""
    window = Func(
        Value(span.window, output_field=DurationField()),
        F(at),
        Value(A_MONDAY, output_field=DateTimeField()),
        function="date_bin",
        output_field=DateTimeField(),
    )
    within = {f"{at}__gte": span.since, f"{at}__lt": span.until}
    grouped: QuerySet[Any, dict[str, Any]] = (
        rows.filter(**within).annotate(start=window).order_by().values("start")
    )
    return grouped
