"""Connecting an agent: the page itself, a token made on it, and what every code means."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_http_methods, require_safe

from agents_registry import connecting
from agents_registry.connecting import CannotIssue
from agents_registry.current_team import person_of, team_of
from agents_registry.models import Agent
from approvals.pages import connect as pages


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def show(request: HttpRequest, slug: str) -> HttpResponse:
    """A post makes a token, which stands in this answer and nowhere else."""
    agent = get_object_or_404(
        Agent.objects.select_related("team"), team=team_of(request), slug=slug
    )
    chosen = request.GET.get("type", "")
    token = ""
    if request.method == "POST":
        try:
            token = _issue(request, agent)
        except CannotIssue as refusal:
            messages.warning(request, f"{refusal} No token was made.")
            return HttpResponseRedirect(request.get_full_path(), status=303)
    test = "test" in request.POST
    page = pages.page(agent, person_of(request), chosen=chosen, token=token, test=test)
    response = render(request, "connect.html", {"connect": page})
    response.headers["Cache-Control"] = "no-store"
    return response


@login_required
@require_safe
def codes(request: HttpRequest) -> HttpResponse:
    return render(request, "codes.html", {"codes": pages.codes()})


def _issue(request: HttpRequest, agent: Agent) -> str:
    days = request.POST.get("days", "")
    return connecting.issue(
        agent=agent,
        person=person_of(request),
        scopes=request.POST.getlist("scopes"),
        days=int(days) if days.isdecimal() and len(days) < 6 else 0,
        test="test" in request.POST,
    )
