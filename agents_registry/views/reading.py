"""The registry's read-only pages: a team's workflows, one of them, one of its action types."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from agents_registry.current_team import person_of, team_of
from agents_registry.models import Workflow
from agents_registry.pages import action_types as type_pages
from agents_registry.pages import workflows as workflow_pages
from agents_registry.pages.data_map import data_map


@login_required
def workflows(request: HttpRequest) -> HttpResponse:
    team, person = team_of(request), person_of(request)
    lines = workflow_pages.lines(team)
    context = {
        "workflows": [line for line in lines if not line.archived],
        "archived": [line for line in lines if line.archived],
        "new_url": workflow_pages.new_url(team, person),
    }
    return render(request, "registry/index.html", context)


@login_required
def data(request: HttpRequest) -> HttpResponse:
    return render(request, "registry/data_map.html", {"map": data_map(team_of(request))})


@login_required
def workflow(request: HttpRequest, slug: str) -> HttpResponse:
    page = workflow_pages.page(_find(request, slug), person_of(request))
    return render(request, "registry/workflow.html", {"workflow": page})


@login_required
def action_type(request: HttpRequest, slug: str, key: str) -> HttpResponse:
    """A retired type has its page too: actions of the past lead here."""
    found = _find(request, slug)
    row = get_object_or_404(found.action_types.select_related("chain", "send_window"), key=key)
    page = type_pages.page(row, found, person_of(request))
    return render(request, "registry/action_type.html", {"type": page})


def _find(request: HttpRequest, slug: str) -> Workflow:
    """The workflow, or Http404 for one of another team."""
    return get_object_or_404(workflow_pages.of_team(team_of(request)), slug=slug)
