"""The ownership page, the stop button and turning on again."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from agents_registry import current_team
from agents_registry.current_team import person_of, team_of
from agents_registry.models import Stop, StopKind
from agents_registry.pages import workflows as workflow_pages
from approvals import stopping
from approvals.errors import Conflict, Invalid
from approvals.pages import words
from ledger import clock
from oversight import heat, touched
from oversight.operating_model import operating_model
from oversight.ownership import ownership

DEFAULT_PERIOD = "7d"


@login_required
def show(request: HttpRequest) -> HttpResponse:
    person, team, now = person_of(request), team_of(request), clock.now()
    context = {
        "ownership": ownership(team, person),
        "as_of_words": words.at(now, person),
        "matrix": heat.matrix(team, _period(request), now),
        "periods": {name: title for name, (title, _) in heat.PERIODS.items()},
    }
    return render(request, "ownership.html", context)


@login_required
def matrix(request: HttpRequest) -> HttpResponse:
    """The heat map alone, which the page asks for again and again."""
    found = heat.matrix(team_of(request), _period(request), clock.now())
    return render(request, "matrix.html", {"matrix": found})


@login_required
def model(request: HttpRequest, slug: str) -> HttpResponse:
    """The one-page operating model of a workflow; 404 for one of another team."""
    workflow = get_object_or_404(
        workflow_pages.of_team(team_of(request)).select_related("team"), slug=slug
    )
    sheet = operating_model(workflow, person_of(request), clock.now())
    return render(request, "operating_model.html", {"model": sheet})


def _period(request: HttpRequest) -> str:
    asked = request.GET.get("period", "")
    return asked if asked in heat.PERIODS else DEFAULT_PERIOD


@login_required
@require_POST
def stop(request: HttpRequest) -> HttpResponse:
    """Stops an agent, a workflow, an action type or a system, with a reason."""
    post = request.POST
    try:
        if post.get("kind") not in StopKind.values:
            raise Invalid("Choose what to stop.")
        stopping.stop(
            team=team_of(request),
            kind=StopKind(post["kind"]),
            target=post.get("target", "").replace("\x00", ""),
            reason=post.get("reason", "").replace("\x00", ""),
            person=person_of(request),
        )
    except (Conflict, Invalid) as refusal:
        messages.warning(request, refusal.detail)
    else:
        messages.info(request, "Stopped. Nothing is released from now on.")
    return HttpResponseRedirect(reverse("ownership") + "#stop", status=303)


@login_required
def stopped(request: HttpRequest, stop_id: UUID) -> HttpResponse:
    """One stop, and what agents did under it before: the list for whoever cleans up."""
    found = get_object_or_404(Stop.objects.select_related("by", "lifted_by"), pk=stop_id,
                              team=team_of(request))  # fmt: skip
    page = touched.page(found, person_of(request), request.GET)
    return render(request, "stop.html", {"page": page})


@login_required
@require_POST
def resume(request: HttpRequest, stop_id: UUID) -> HttpResponse:
    """Turns it back on, with a note of what changed."""
    note = request.POST.get("note", "").replace("\x00", "")
    try:
        stopping.resume(stop_id=stop_id, person=person_of(request), note=note)
    except (Conflict, Invalid) as refusal:
        messages.warning(request, refusal.detail)
    else:
        messages.info(request, "Turned on. Waiting deadlines moved on by the time it stood still.")
    return HttpResponseRedirect(reverse("ownership") + "#stop", status=303)


@login_required
@require_POST
def switch_team(request: HttpRequest) -> HttpResponse:
    """Goes to another of one's teams."""
    current_team.choose(request, request.POST.get("team", ""))
    return HttpResponseRedirect(reverse("inbox"), status=303)
