"""The page behind a “why did this happen” link, and the report that can be made there."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_POST

from agents_registry.current_team import person_of
from approvals import mistakes, why_links
from approvals.errors import Invalid, Refused
from approvals.pages import why as pages
from approvals.pages.reports import reported_words
from approvals.views.afterwards import Turned, reported
from approvals.views.requests import PageRequest
from approvals.why_links import Expired


@login_required
@cache_control(private=True, no_store=True)
def show(request: PageRequest, signed: str) -> HttpResponse:
    """The action as whoever has the link may read it; signing in is all that it takes besides."""
    return _unlisted(_show(request, signed))


@login_required
@require_POST
@cache_control(private=True, no_store=True)
def report(request: PageRequest, signed: str) -> HttpResponse:
    """Takes a report from somebody whom the link lets in."""
    try:
        link = why_links.read(signed)
        told = reported(request.POST)
        mistake = mistakes.report(
            action_id=link.action.pk, person=person_of(request), link=signed, **told
        )
    except Invalid as refusal:
        return _unlisted(_show(request, signed, Turned("report", refusal.detail)))
    except Refused as refusal:
        return _unlisted(_gone(request, refusal))
    messages.info(request, reported_words(mistake))
    return HttpResponseRedirect(reverse("why", args=[signed]), status=303)


def _show(request: PageRequest, signed: str, turned: Turned | None = None) -> HttpResponse:
    try:
        link = why_links.read(signed)
    except Refused as refusal:
        return _gone(request, refusal)
    context = {"page": pages.page(link, signed, person_of(request)), "turned": turned}
    return render(request, "why.html", context, status=422 if turned else 200)


def _gone(request: PageRequest, refusal: Refused) -> HttpResponse:
    """What to do about a link that opens nothing."""
    context = {"expired": isinstance(refusal, Expired), "words": refusal.detail}
    return render(request, "why_gone.html", context, status=refusal.status)


def _unlisted(response: HttpResponse) -> HttpResponse:
    """No search engine keeps it."""
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response
