"""Keeping and removing a view of the inbox."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.views.decorators.http import require_POST
from django_htmx.http import HttpResponseClientRedirect

from agents_registry.current_team import person_of, team_of
from approvals import saved_views
from approvals.errors import Invalid
from approvals.views.inbox import place_of
from approvals.views.requests import PageRequest


@login_required
@require_POST
def keep(request: PageRequest) -> HttpResponse:
    """Keeps what the address shows: a script can have changed it since the page was made."""
    person, team = person_of(request), team_of(request)
    query, name = place_of(_query(request)), request.POST.get("name", "")
    try:
        view = saved_views.keep(person=person, team=team, name=name, query=query)
    except Invalid as refusal:
        messages.warning(request, refusal.detail)
    else:
        messages.success(request, f"Kept as “{view.name}”. It stands under “Views”.")
    return _back(request, query)


@login_required
@require_POST
def forget(request: PageRequest, view_id: int) -> HttpResponse:
    name = saved_views.forget(person=person_of(request), view_id=view_id)
    messages.info(request, f"“{name}” is removed." if name else "It was removed already.")
    return _back(request, place_of(_query(request)))


def _query(request: PageRequest) -> QueryDict:
    """Of the page that the form stands on."""
    if request.htmx and request.htmx.current_url_abs_path:
        return QueryDict(request.htmx.current_url_abs_path.partition("?")[2])
    return QueryDict(request.POST.get("query", ""))


def _back(request: PageRequest, query: str) -> HttpResponse:
    url = f"{reverse('inbox')}?{query}"
    if request.htmx:
        return HttpResponseClientRedirect(url)
    return HttpResponseRedirect(url, status=303)
