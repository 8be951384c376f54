"""The page of channels that work or do not, and its two buttons."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST

from agents_registry.current_team import person_of, team_of
from agents_registry.words import counted
from approvals import channel_care
from approvals.errors import Conflict
from approvals.pages import channels as pages


@login_required
def show(request: HttpRequest) -> HttpResponse:
    """One's own, and the team's for whoever looks after them."""
    page = pages.screen(person_of(request), team_of(request))
    return render(request, "channels.html", {"page": page})


@login_required
@require_POST
def again(request: HttpRequest, channel_id: int) -> HttpResponse:
    person, team = person_of(request), team_of(request)
    waiting = channel_care.try_again(channel_id=channel_id, person=person, team=team)
    messages.success(
        request,
        f"{counted(waiting, 'message')} will be tried within seconds."
        if waiting
        else "It is on. Nothing waits for it.",
    )
    return _back()


@login_required
@require_POST
def test(request: HttpRequest, channel_id: int) -> HttpResponse:
    """Sends at once, and says what came of it."""
    person, team = person_of(request), team_of(request)
    try:
        channel_care.test(channel_id=channel_id, person=person, team=team)
    except Conflict as refusal:
        messages.warning(request, refusal.detail)
    else:
        messages.success(request, "The test was taken. Look whether it is there.")
    return _back()


def _back() -> HttpResponse:
    return HttpResponseRedirect(reverse("channels"), status=303)
