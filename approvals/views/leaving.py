"""Takes a person out of a team, and says what became of what waited for them."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_POST

from agents_registry import words
from agents_registry.current_team import person_of, team_of
from agents_registry.models import Person
from approvals import leaving
from approvals.errors import Conflict


@login_required
@require_POST
def leave(request: HttpRequest, username: str) -> HttpResponse:
    """Their open work goes to the next named person, what they own to whom the form names."""
    team, post = team_of(request), request.POST
    person = get_object_or_404(Person, teams=team, username=username)
    successor = post.get("successor", "").replace("\x00", "")
    try:
        moved = leaving.leave(
            team=team,
            person=person,
            actor=person_of(request),
            reason=post.get("reason", "").replace("\x00", "").strip()[:2000],
            successor=Person.objects.filter(username=successor, teams=team).first(),
        )
    except Conflict as refusal:
        messages.warning(request, f"{refusal.detail} Nothing was changed.")
        url = reverse("team_row", args=["people", username])
        return HttpResponseRedirect(url, status=303)
    open_work = f" {words.counted(moved, 'open case')} went to somebody else." if moved else ""
    messages.success(request, f"{person} is no longer in this team.{open_work}")
    return HttpResponseRedirect(reverse("team"), status=303)
