"""An incident in the browser: found, previewed, and undone or rehearsed."""

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from agents_registry.current_team import person_of, team_of, teams_on
from agents_registry.models import Team
from approvals import rollbacks
from approvals.errors import Invalid
from approvals.pages import rollbacks as pages
from approvals.rollbacks import Act
from approvals.views.afterwards import typed

VIEW = "rollbacks"


@login_required
def show(request: HttpRequest) -> HttpResponse:
    """What belongs to the incident of the query, and what of it can be undone."""
    return _page(request)


@login_required
def ask(request: HttpRequest) -> HttpResponse:
    """Asks for the rollback of what is chosen."""
    return _act(request, rollbacks.ask_each, drilled=False)


@login_required
def drill(request: HttpRequest) -> HttpResponse:
    """Rehearses it."""
    return _act(request, rollbacks.drill_each, drilled=True)


def _act(request: HttpRequest, verb: Callable[..., Act], *, drilled: bool) -> HttpResponse:
    if request.method != "POST":
        return _back(request)
    reason = typed(request.POST, "reason")
    try:
        act = verb(ids=_ids(request), person=person_of(request), reason=reason)
    except Invalid as refusal:
        return _page(request, reason=reason, error=refusal.detail, status=422)
    messages.info(request, pages.done_words(act, drilled=drilled))
    return _back(request)


def _back(request: HttpRequest) -> HttpResponse:
    """To the incident; also whoever comes to the address of a refused form without its form."""
    _, said = pages.read(request.GET.dict(), _team(request), person_of(request))
    return HttpResponseRedirect(f"{reverse('rollbacks')}?{pages.place_of(said)}", status=303)


def _page(
    request: HttpRequest, *, reason: str = "", error: str = "", status: int = 200
) -> HttpResponse:
    person = person_of(request)
    incident, said = pages.read(request.GET.dict(), _team(request), person)
    if "agent" in request.GET and not incident.is_named:
        error = error or pages.NOTHING_NAMED
    page = pages.page(incident, said, person, reason=reason, error=error)
    context = {"view": VIEW, "incident": page}
    return render(request, "rollbacks.html", context, status=status)


def _team(request: HttpRequest) -> Team:
    """The one that a link names, else that of the page."""
    named = {team.slug: team for team in teams_on(request)}
    return named.get(request.GET.get("team", "")) or team_of(request)


def _ids(request: HttpRequest) -> list[UUID]:
    """What is chosen, each once; what is no id is left out."""
    ids = dict.fromkeys(request.POST.getlist("id")[: rollbacks.MOST + 1])
    return [UUID(each) for each in ids if _is_id(each)]


def _is_id(said: str) -> bool:
    try:
        UUID(said)
    except ValueError:
        return False
    return True
