"""Spot checks in the browser: what waits, one of them, and saving what a person found."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST

from agents_registry.current_team import person_of, team_of, teams_seen_by
from agents_registry.models import Person
from approvals import presence, rubric, spot_checks
from approvals.errors import Conflict, Invalid, Refused
from approvals.models import SpotCheck
from approvals.pages import action as action_pages
from approvals.pages import checks as pages
from approvals.pages.checks import Place
from approvals.views import action as action_page

VIEW = "checks"
LONGEST = 4000


@login_required
def show_list(request: HttpRequest) -> HttpResponse:
    """What waits for this person in the team of the page."""
    screen = pages.screen(person_of(request), team_of(request), _place(request))
    more = screen.next_place
    next_url = f"{reverse('checks')}?cursor={more.encode()}" if more else ""
    context = {"view": VIEW, "screen": screen, "next_url": next_url}
    return render(request, "checks.html", context)


@login_required
def show(request: HttpRequest, check_id: int) -> HttpResponse:
    """One check beside its action; opening it is noted, so that others see who has it open."""
    return _show(request, check_id)


@login_required
@require_POST
def save(request: HttpRequest, check_id: int) -> HttpResponse:
    """Saves it and goes on to the next open one; a refusal keeps what was typed."""
    person, typed = person_of(request), _typed(request.POST)
    try:
        made = spot_checks.check(
            check_id=check_id,
            person=person,
            ratings=typed["ratings"],
            comment=typed["comment"],
            cleanup_minutes=_minutes(typed["cleanup_minutes"]),
            roll_back=typed["roll_back"],
        )
    except (Conflict, Invalid) as refusal:
        return _show(request, check_id, typed=typed, refusal=refusal)
    messages.success(request, pages.saved_words(made, rollback_asked=typed["roll_back"]))
    following = pages.next_after(made, person, team_of(request))
    url = reverse("check", args=[following.pk]) if following else reverse("checks")
    return HttpResponseRedirect(url, status=303)


def _show(
    request: HttpRequest,
    check_id: int,
    *,
    typed: dict[str, Any] | None = None,
    refusal: Refused | None = None,
) -> HttpResponse:
    person = person_of(request)
    found = _find(person, check_id)
    action = action_page.find(person, found.action_id)
    presence.note(action=action, person=person)
    error = refusal.detail if refusal else ""
    context = {
        "view": VIEW,
        "page": action_pages.page(action, person),
        "check": pages.check(found, action, person, typed=typed, error=error),
    }
    status = (409 if refusal.status == 409 else 422) if refusal else 200
    return render(request, "check.html", context, status=status)


def _find(person: Person, check_id: int) -> SpotCheck:
    seen = SpotCheck.objects.filter(team__in=teams_seen_by(person)).select_related("checked_by")
    found = seen.filter(pk=check_id).first()
    if found is None:
        raise Http404("There is no such spot check in your teams.")
    return found


def _typed(post: QueryDict) -> dict[str, Any]:
    return {
        "ratings": {each.key: post.get(each.key, "") for each in rubric.CRITERIA},
        "comment": post.get("comment", "").replace("\x00", "").strip()[:LONGEST],
        "cleanup_minutes": post.get("cleanup_minutes", "").strip(),
        "roll_back": "roll_back" in post,
    }


def _minutes(said: str) -> int:
    """None at all where nothing is said; −1, which the verb refuses, where it is no number."""
    if not said:
        return 0
    return int(said) if said.isdecimal() and len(said) < 10 else -1


def _place(request: HttpRequest) -> Place | None:
    try:
        return Place.decode(request.GET["cursor"]) if "cursor" in request.GET else None
    except Invalid:
        return None
