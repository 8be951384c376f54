"""The notices of a person: the list, and how many of them are new."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from agents_registry.current_team import person_of
from approvals import noticing
from approvals.pages import notices, words
from approvals.pages.notices import Place

AHEAD_OF_TIME = ("X-Prefetch", "Sec-Purpose", "Purpose", "X-Moz")
"""Headers of requests for a page that nobody looks at yet."""


@login_required
@require_safe
def show(request: HttpRequest) -> HttpResponse:
    """One page of them, newest first; looking at the newest makes them all seen."""
    person = person_of(request)
    page = notices.page(person, Place.decode(request.GET.get("before", "")))
    if page.newest_at and request.method == "GET" and not _ahead_of_time(request):
        noticing.look(person=person, until=page.newest_at)
    return render(request, "notices.html", {"notices": page})


@login_required
@require_safe
def count(request: HttpRequest) -> HttpResponse:
    """What stands in the bell."""
    bell = words.capped(noticing.new_to(person_of(request)))
    return render(request, "bell.html", {"bell": bell})


def _ahead_of_time(request: HttpRequest) -> bool:
    return any(request.headers.get(name) for name in AHEAD_OF_TIME)
