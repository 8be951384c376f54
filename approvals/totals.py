"""Adds up what earlier actions come to, for the cumulative limits of a policy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import reduce
from operator import or_
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count, DecimalField, Expression, F, Func, Q, Sum, TextField, Value
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.db.models.functions import Abs, Cast, Lower
from django.db.models.lookups import Exact, IsNull

from agents_registry.policy import pointers
from agents_registry.policy.cumulative import COUNT
from agents_registry.policy.impact import as_text
from agents_registry.policy.shapes import Cumulative
from approvals.models import Action, Content, Purpose
from approvals.states import APPROVED_ONCE, State

COUNTED = sorted({State.PENDING, State.CHANGES_REQUESTED, *APPROVED_ONCE} - {State.ROLLED_BACK})
"""What was done, or may still be. Whatever ended otherwise no longer counts."""

FIGURE = DecimalField(max_digits=40, decimal_places=9)
UNKNOWN: dict[str, Any] = {"value": None, "count": None}
LOCK = r"""
SELECT pg_advisory_xact_lock(place) FROM (
    SELECT DISTINCT hashtextextended(lower(regexp_replace(key, '\s+', '', 'g')), 0) AS place
    FROM unnest(%s::text[]) AS key ORDER BY place
) AS places"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Whom and what an action is about; `action` is its id where it is stored already."""

    action_type: int
    agent: int | UUID
    subject: Mapping[str, Any]
    payload: Any
    action: UUID | None = None


def case_of(action: Action, content: Content) -> Case:
    """The case of one revision of a stored action."""
    return Case(
        action_type=action.action_type_id,
        agent=action.agent_id,
        subject={"type": action.subject_type, "id": action.subject_id},
        payload=content.payload,
        action=action.pk,
    )


def hold(limits: Sequence[Cumulative], case: Case) -> None:
    """Until the transaction ends, nobody else adds to the same sums: of many at once, each sees
    the one before. The locks are taken in one order, so that nobody waits in a circle."""
    if not limits:
        return
    keys = [(limit, _key(limit, case)) for limit in limits]
    places = [
        f"cumulative/{case.action_type}/{limit.id}/{key}" for limit, key in keys if key is not None
    ]
    with connection.cursor() as cursor:
        cursor.execute(LOCK, [places])


def before(limits: Sequence[Cumulative], case: Case, *, at: datetime) -> dict[str, Any]:
    """What the live actions of the windows that end with `at` come to, without the case's own.

    By the id of the limit: `{"value": "123.45", "count": 3}`; `value` is None where a part of the
    sum is not known. One query for all limits, none without any.
    """
    known = {
        number: limit
        for number, limit in enumerate(limits)
        if limit.window is not None and _key(limit, case) is not None
    }
    sums = _sums(known, case, at) if known else {}
    return {
        limit.id: _total(limit, sums, number) if number in known else UNKNOWN
        for number, limit in enumerate(limits)
    }


def _sums(known: Mapping[int, Cumulative], case: Case, at: datetime) -> dict[str, Any]:
    same = {number: _same(limit, case, at) for number, limit in known.items()}
    rows = Content.objects.filter(
        action__action_type=case.action_type,
        action__purpose=Purpose.LIVE,
        action__state__in=COUNTED,
        action__created_at__lte=at,
        revision=F("action__revision"),
    ).exclude(action=case.action)
    figures: dict[str, Any] = {}
    for number, limit in known.items():
        figure = _figure(limit.metric)
        ours, unread = _in_currency(limit, figure)
        figures[f"count_{number}"] = Count("pk", filter=same[number] & ours)
        figures[f"unread_{number}"] = Count("pk", filter=same[number] & unread)
        if figure is not None:
            figures[f"sum_{number}"] = Sum(Abs(figure), filter=same[number] & ours)
    return rows.filter(reduce(or_, same.values())).aggregate(**figures)


def _total(limit: Cumulative, sums: Mapping[str, Any], number: int) -> dict[str, Any]:
    count = sums[f"count_{number}"]
    total = Decimal(count) if limit.metric == COUNT else sums[f"sum_{number}"] or Decimal(0)
    known = not sums[f"unread_{number}"]
    return {"value": as_text(total.normalize()) if known else None, "count": count}


def _key(limit: Cumulative, case: Case) -> str | None:
    """Whose sum it is, as text; None where the action does not say."""
    match limit.per:
        case "type":
            return ""
        case "agent":
            return str(case.agent)
        case "subject":
            kind, name = case.subject.get("type"), case.subject.get("id")
            return f"{kind}/{name}" if name else None
    try:
        (found,) = pointers.find(case.payload, pointers.steps(limit.per))
    except (LookupError, ValueError):
        return None
    if isinstance(found, bool) or not isinstance(found, str | int):
        return None
    return str(found) if str(found).strip() else None


def _same(limit: Cumulative, case: Case, at: datetime) -> Q:
    """Matches the actions of the window that are added up with this one."""
    assert limit.window is not None
    within = Q(action__created_at__gt=at - limit.window)
    match limit.per:
        case "type":
            return within
        case "agent":
            return within & Q(action__agent=case.agent)
        case "subject":
            kind, name = case.subject.get("type"), case.subject["id"]
            return (
                within
                & _alike(F("action__subject_type"), kind or "")
                & _alike(F("action__subject_id"), name)
            )
    steps = [Value(step) for step in pointers.steps(limit.per)]
    there = Func("payload", *steps, function="jsonb_extract_path_text", output_field=TextField())
    return within & _alike(there, _key(limit, case) or "")


def _alike(there: Expression | F, here: str) -> Q:
    """The same but for capitals and spaces: “DE89 3704” is paid like “de893704”."""
    return Q(Exact(_plain(there), _plain(Value(here, output_field=TextField()))))


def _plain(text: Expression | F) -> Lower:
    spaces, nothing, everywhere = Value(r"\s+"), Value(""), Value("g")
    return Lower(
        Func(
            text,
            spaces,
            nothing,
            everywhere,
            function="regexp_replace",
            output_field=TextField(),
        )
    )


def _figure(metric: str) -> Expression | None:
    """What one action adds, as it was computed when it was judged; None where it adds itself."""
    if metric == COUNT:
        return None
    if metric in {"affected", "spend_delta"}:
        said = KeyTextTransform(metric, "computed_impact")
    else:
        said = KeyTextTransform(metric, KeyTransform("metrics", "computed_impact"))
    return Cast(said, FIGURE)


def _in_currency(limit: Cumulative, figure: Expression | None) -> tuple[Q, Q]:
    """Matches what is added up, and what may belong to the sum and cannot be read.

    Another currency has a sum of its own; one that is not known could be any.
    """
    if figure is None:
        return Q(), Q(pk__in=[])
    unread = Q(IsNull(figure, True))
    if limit.currency is None:
        return Q(), unread
    currency = KeyTextTransform("currency", "computed_impact")
    ours = Q(Exact(currency, Value(limit.currency, output_field=TextField())))
    return ours, (ours & unread) | Q(IsNull(currency, True))
