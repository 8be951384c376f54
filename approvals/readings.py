"""Takes a metric's reading, and lowers the modes that it speaks against in the same transaction."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation

from django.db import connection, transaction
from django.db.models import F

from agents_registry import roles
from agents_registry.away import Roster
from agents_registry.models import ActionType, Downgrade, Workflow
from agents_registry.policy import windows
from agents_registry.policy.floors import BUILT_IN
from agents_registry.policy.windows import WindowRule
from approvals import downgrading
from approvals.errors import Conflict, Fault, Invalid
from approvals.models import Reading
from ledger import clock

LONGEST_WINDOW = timedelta(days=366)
PLACES = Decimal("1e-12")
LARGEST = Decimal(2**53)


@dataclass(frozen=True, slots=True)
class Taken:
    """A stored reading, and the modes that it lowered. `repeated`: it was there already."""

    reading: Reading
    changed: list[Downgrade]
    repeated: bool = False


@transaction.atomic
def take(
    *,
    workflow: Workflow,
    metric: str,
    source: str,
    window_start: datetime,
    window_end: datetime,
    value: Decimal,
    actor: str,
) -> Taken:
    """Stores the reading of one window; whatever it crosses goes down before this returns.

    `source`: `agent:<slug>`, or `computed:<rule id>`. The same reading again changes nothing and
    answers the same. Invalid (unknown_metric where the workflow lists no such metric of this
    source), Conflict reading_differs where this window was read with another value.
    """
    rules = _listed(workflow, metric, source)
    _check_window(window_start, window_end)
    value = _storable(value)
    _one_after_the_other(workflow)
    place = {"metric": metric, "source": source, "window_start": window_start}
    known = Reading.objects.filter(workflow=workflow, window_end=window_end, **place).first()
    if known is not None:
        return _again(known, value)
    reading = Reading.objects.create(
        workflow=workflow, window_end=window_end, value=value, at=clock.now(), **place
    )
    changed = [lowered for rule in rules for lowered in _apply(rule, reading, actor)]
    return Taken(reading, changed)


def targets(workflow: Workflow, rule: WindowRule) -> list[ActionType]:
    """The action types whose mode the rule lowers: those that it names, or all but the built-in."""
    types = workflow.action_types.exclude(key__in=BUILT_IN).select_related("workflow")
    return list(types.filter(key__in=rule.action_types) if rule.action_types else types)


def behind(downgrade: Downgrade) -> list[Reading]:
    """The readings that crossed the rule of a downgrade; none where the rule is gone."""
    workflow = downgrade.action_type.workflow
    rules = windows.parse(workflow.window_thresholds)
    rule = next((rule for rule in rules if rule.name == downgrade.rule), None)
    return _last(workflow, rule, until=downgrade.at) if rule else []


def _listed(workflow: Workflow, metric: str, source: str) -> list[WindowRule]:
    rules = [
        rule
        for rule in windows.parse(workflow.window_thresholds)
        if (rule.metric, rule.read_as) == (metric, source)
    ]
    if not rules:
        detail = "This workflow has no window threshold on this metric from this source."
        fault = Fault("/metric", "unknown_metric", detail)
        raise Invalid(detail, code="unknown_metric", faults=[fault])
    return rules


def _check_window(start: datetime, end: datetime) -> None:
    words = ""
    if end <= start:
        words = "A window ends after it begins."
    elif end - start > LONGEST_WINDOW:
        words = f"A window lasts at most {LONGEST_WINDOW.days} days."
    elif end > clock.now():
        words = "This window has not ended yet."
    if words:
        fault = Fault("/window_end", "window_invalid", words)
        raise Invalid(words, code="window_invalid", faults=[fault])


def _storable(value: Decimal) -> Decimal:
    """To twelve decimal places, as it is kept; Invalid for what is no number or too large."""
    try:
        if value.is_finite() and abs(value) < LARGEST:
            return value.quantize(PLACES, rounding=ROUND_HALF_EVEN)
    except InvalidOperation:
        pass
    words = "It is no number that can be kept: it is below 2^53, with at most 12 decimal places."
    raise Invalid(words, code="value_invalid", faults=[Fault("/value", "value_invalid", words)])


def _one_after_the_other(workflow: Workflow) -> None:
    """Of several readings at once, each sees those before it: a row of windows has no gap."""
    with connection.cursor() as cursor:
        key = f"readings/{workflow.pk}"
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [key])


def _again(known: Reading, value: Decimal) -> Taken:
    if known.value != value:
        raise Conflict(
            "This window was read with another value. The first one counts.",
            code="reading_differs",
        )
    changed = Downgrade.objects.filter(action_type__workflow=known.workflow_id, at=known.at)
    return Taken(known, list(changed.select_related("action_type", "reviewer")), repeated=True)


def _apply(rule: WindowRule, reading: Reading, actor: str) -> list[Downgrade]:
    """Lowers what the rule asks for, where the readings since its last review cross it."""
    workflow = reading.workflow
    found = [_lower(rule, reading, action_type, actor) for action_type in targets(workflow, rule)]
    return [lowered for lowered in found if lowered is not None]


def _lower(
    rule: WindowRule, reading: Reading, action_type: ActionType, actor: str
) -> Downgrade | None:
    workflow = reading.workflow
    since = _reviewed_at(rule, action_type)
    values = [each.value for each in _last(workflow, rule, since=since)]
    if not windows.crossed(rule, values):
        return None
    named = Roster({})
    reviewer = roles.resolve(workflow, rule.review, named)
    return downgrading.downgrade(
        action_type=action_type,
        to=rule.mode_to,
        rule=rule.name,
        because=windows.because(rule, values),
        reviewer=reviewer or roles.answerable(workflow, "risk_owner", named),
        actor=actor,
        at=reading.at,
    )


def _reviewed_at(rule: WindowRule, action_type: ActionType) -> datetime | None:
    """When this rule's last downgrade of the type was reviewed: what was read before has been
    looked at by a person, and is not held against the type again."""
    reviewed = action_type.downgrades.filter(rule=rule.name, lifted_at__isnull=False)
    return reviewed.order_by("-lifted_at").values_list("lifted_at", flat=True).first()


def _last(
    workflow: Workflow,
    rule: WindowRule,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[Reading]:
    """The readings of the last windows, as many as the rule looks at, in order of time."""
    readings = Reading.objects.filter(workflow=workflow, metric=rule.metric, source=rule.read_as)
    if rule.window:
        readings = readings.filter(window_end=F("window_start") + rule.window)
    if since:
        readings = readings.filter(at__gt=since)
    if until:
        readings = readings.filter(at__lte=until)
    return list(readings.order_by("-window_end", "-window_start")[: rule.windows])[::-1]
