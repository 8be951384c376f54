"""`/metrics`: what to watch an installation by, for Prometheus, counted when it is asked."""

import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest

from agents_registry.models import Stop
from approvals import sweep
from approvals.delivery.call_claims import REACHED
from approvals.models import Action, Call, CallState, Delivery, DeliveryState, Endpoint
from approvals.querysets import stopped
from approvals.states import State

CAP = 10_000
"""Nothing is counted further: a number at the cap says "at least so many"."""

A_DAY = timedelta(days=1)


@require_safe
def show(request: HttpRequest) -> HttpResponse:
    """The figures, to whoever knows METRICS_TOKEN; 404 where there is none."""
    if not settings.METRICS_TOKEN:
        raise Http404
    given = request.headers.get("Authorization", "")
    wanted = f"Bearer {settings.METRICS_TOKEN}"
    if not secrets.compare_digest(given.encode(), wanted.encode()):
        return HttpResponse(status=401, headers={"WWW-Authenticate": "Bearer"})
    return HttpResponse(generate_latest(_registry()), content_type=CONTENT_TYPE_LATEST)


def _registry() -> CollectorRegistry:
    registry, pulse = CollectorRegistry(), sweep.pulse()
    ages = Gauge(
        "review_queue_sweep_age_seconds",
        "Seconds since each periodic job was last done; missing where it never was.",
        ["job"],
        registry=registry,
    )
    for job, age in pulse.seconds().items():
        if age is not None:
            ages.labels(job).set(age)
    for name, (words, value) in _figures(pulse.at).items():
        Gauge(f"review_queue_{name}", words, registry=registry).set(value)
    return registry


Figures = Mapping[str, tuple[str, float]]


def _figures(at: datetime) -> Figures:
    return {**_actions(at), **_deliveries(at), **_calls(at)}


def _actions(at: datetime) -> Figures:
    pending = Action.objects.filter(state=State.PENDING)
    overdue = pending.filter(held=False, next_step_at__lte=at).exclude(stopped())
    oldest = overdue.order_by("next_step_at").values_list("next_step_at", flat=True)[:1]
    stops = Stop.objects.filter(lifted_at__isnull=True)
    return {
        "pending": (f"Actions that wait for a person, at most {CAP}.", _capped(pending)),
        "steps_overdue": (
            f"Steps that are due, at most {CAP}.",
            _capped(overdue),
        ),
        "oldest_step_seconds": ("How long the oldest of them has been due.", _age(oldest, at)),
        "stops_open": ("Stops in force.", stops.count()),
    }


def _deliveries(at: datetime) -> Figures:
    queued = Delivery.objects.filter(state=DeliveryState.QUEUED)
    due = queued.filter(due_at__lte=at)
    oldest = due.order_by("due_at").values_list("due_at", flat=True)[:1]
    given_up = Delivery.objects.filter(state=DeliveryState.GAVE_UP, ended_at__gt=at - A_DAY)
    return {
        "deliveries_queued": (f"Messages not sent yet, at most {CAP}.", _capped(queued)),
        "oldest_delivery_seconds": ("How long the oldest has been due.", _age(oldest, at)),
        "deliveries_given_up": ("Messages given up in the last 24 hours.", _capped(given_up)),
    }


def _calls(at: datetime) -> Figures:
    """What waits for a webhook that is switched off is counted, and is not late."""
    queued = Call.objects.filter(state=CallState.QUEUED)
    due = queued.filter(REACHED, due_at__lte=at)
    oldest = due.order_by("due_at").values_list("due_at", flat=True)[:1]
    given_up = Call.objects.filter(
        state=CallState.GAVE_UP, ended_at__gt=at - A_DAY, action__isnull=False
    )
    off = Endpoint.objects.filter(disabled_at__isnull=False)
    return {
        "calls_queued": (f"Calls to agents not made yet, at most {CAP}.", _capped(queued)),
        "oldest_call_seconds": ("How long the oldest of them has been due.", _age(oldest, at)),
        "calls_given_up": ("Calls to agents given up in the last 24 hours.", _capped(given_up)),
        "webhooks_off": ("Webhooks of agents that are switched off.", off.count()),
    }


def _capped(rows: QuerySet[Any]) -> int:
    return rows[:CAP].count()


def _age(instants: Iterable[datetime | None], at: datetime) -> float:
    """Seconds since the first of them; 0 where there is none."""
    return next(((at - each).total_seconds() for each in instants if each), 0.0)
