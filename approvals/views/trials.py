"""The page of a trial: how far it is, then what it found."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.vary import vary_on_headers

from agents_registry.current_team import person_of, teams_seen_by
from approvals.models import Trial
from approvals.pages import trial as pages
from approvals.views.requests import PageRequest


@login_required
@vary_on_headers("HX-Request")
def show(request: PageRequest, trial_id: UUID) -> HttpResponse:
    """Only the part that changes when htmx asks, each second until it is done."""
    person = person_of(request)
    trial = get_object_or_404(
        Trial.objects.select_related("author"), pk=trial_id, team__in=teams_seen_by(person)
    )
    template = "trial.html#trial" if request.htmx else "trial.html"
    return render(request, template, {"page": pages.page(trial, person)})
