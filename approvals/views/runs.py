"""Runs in the browser: the newest ones, and one of them as a page or as JSON."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from agents_registry.current_team import person_of, team_of, teams_on
from agents_registry.models import Team
from approvals import runs
from approvals.pages import run as run_pages
from approvals.pages import runs as pages
from approvals.runs import Run

VIEW = "runs"


@login_required
def show_list(request: HttpRequest) -> HttpResponse:
    """The newest runs of the team of the page."""
    place = pages.Place.decode(request.GET.get("before", ""))
    screen = pages.page(team_of(request), person_of(request), place)
    return render(request, "runs.html", {"view": VIEW, "runs": screen})


@login_required
def show(request: HttpRequest) -> HttpResponse:
    """The run `?run=…` of the team `?team=…`, or of the team of the page."""
    run, team = _find(request)
    page = run_pages.page(run, team, person_of(request))
    return render(request, "run.html", {"view": VIEW, "run": page})


@login_required
def download(request: HttpRequest) -> HttpResponse:
    """The same run as JSON, for a file."""
    run, _ = _find(request)
    headers = {"Content-Disposition": 'attachment; filename="run.json"'}
    return JsonResponse(runs.document(run), headers=headers, json_dumps_params={"indent": 2})


def _find(request: HttpRequest) -> tuple[Run, Team]:
    asked = request.GET.get("team")
    teams = {team.slug: team for team in teams_on(request)}
    team = teams.get(asked) if asked else team_of(request)
    run = runs.of_team(team, request.GET.get("run", "").replace("\x00", "")) if team else None
    if team is None or run is None:
        raise Http404("There is no such run in your teams.")
    return run, team
