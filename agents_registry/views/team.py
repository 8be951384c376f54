"""The team's page, putting its rows away, its agents' tokens, and letting people in."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import PasswordResetConfirmView
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse, reverse_lazy
from django.views.decorators.http import require_POST

from agents_registry import archiving, connecting, founding, invitations
from agents_registry.archiving import Archivable, StillInUse
from agents_registry.connecting import CannotIssue
from agents_registry.current_team import choose, person_of, team_of, teams_on
from agents_registry.forms.screens import form_of, screen_of
from agents_registry.founding import CannotFound
from agents_registry.invitations import CannotInvite
from agents_registry.models import Agent, AgentToken, Person, Team, Workflow
from agents_registry.pages import team as team_page
from agents_registry.pages.beside import Given
from agents_registry.views import editing


@login_required
def show(request: HttpRequest) -> HttpResponse:
    page = team_page.page(team_of(request), person_of(request))
    return render(request, "registry/team.html", {"team": page})


@login_required
@require_POST
def found(request: HttpRequest) -> HttpResponse:
    """A new team, with who manages it; the administrator's next page is about it."""
    try:
        team = founding.found(
            slug=_text(request, "slug"),
            name=_text(request, "name"),
            manager=_text(request, "manager"),
            actor=person_of(request),
        )
    except CannotFound as refusal:
        messages.warning(request, f"{refusal} No team was made.")
    else:
        choose(request, str(team.pk))
        messages.success(request, f"{team} is there. Its manager goes on from here.")
    return HttpResponseRedirect(reverse("team"), status=303)


@login_required
@require_POST
def archive(request: HttpRequest, section: str, name: str) -> HttpResponse:
    """Puts the team, a workflow or an agent away, or brings it back."""
    row = _archivable(team_of(request), section, name)
    away, actor = request.POST.get("away") != "no", person_of(request)
    verb = archiving.archive if away else archiving.unarchive
    try:
        verb(row=row, actor=actor, reason=_text(request, "reason"))
    except StillInUse as refusal:
        messages.warning(request, str(refusal))
    else:
        messages.success(request, f"{row} is archived." if away else f"{row} is back.")
    return HttpResponseRedirect(_page_of(row), status=303)


@login_required
@require_POST
def issue(request: HttpRequest, slug: str) -> HttpResponse:
    """A new token, in the answer itself: it is stored nowhere, so no other page could show it."""
    agent = get_object_or_404(Agent, team=team_of(request), slug=slug)
    days = _text(request, "days")
    try:
        token = connecting.issue(
            agent=agent,
            person=person_of(request),
            scopes=request.POST.getlist("scopes"),
            days=int(days) if days.isdecimal() and len(days) < 6 else 0,
            test="test" in request.POST,
        )
    except CannotIssue as refusal:
        messages.warning(request, f"{refusal} No token was made.")
        return HttpResponseRedirect(_page_of(agent), status=303)
    given = Given(
        "The token is made",
        f"Give it to {agent} now: it is shown this once, and nobody can look it up later.",
        "Token",
        token,
    )
    return _row_with(request, "agents", slug, given)


@login_required
@require_POST
def revoke(request: HttpRequest, token_id: int) -> HttpResponse:
    """Ends a token of one of the team's agents."""
    tokens = AgentToken.objects.select_related("agent__team")
    token = get_object_or_404(tokens, pk=token_id, agent__team__in=teams_on(request))
    connecting.revoke(token=token, person=person_of(request))
    messages.success(request, "Revoked. It is refused from now on.")
    return HttpResponseRedirect(_page_of(token.agent), status=303)


@login_required
@require_POST
def invite(request: HttpRequest, username: str) -> HttpResponse:
    """The link under which somebody new chooses a password, in the answer itself."""
    team = team_of(request)
    person = get_object_or_404(Person, teams=team, username=username)
    try:
        path = invitations.link(team=team, person=person, actor=person_of(request))
    except CannotInvite as refusal:
        messages.warning(request, f"{refusal} No link was made.")
        return HttpResponseRedirect(reverse("team_row", args=["people", username]), status=303)
    given = Given(
        "The link is made",
        f"Send it to {person}: whoever opens it chooses the password. It works once.",
        "Link",
        request.build_absolute_uri(path),
    )
    return _row_with(request, "people", username, given)


class Welcome(PasswordResetConfirmView):
    """Somebody new chooses a password; Django checks the link and uses it up."""

    template_name = "registration/welcome.html"
    success_url = reverse_lazy("login")


def _row_with(request: HttpRequest, section: str, name: str, given: Given) -> HttpResponse:
    screen = screen_of(team_of(request), person_of(request), section, name)
    return editing.show(request, screen, form_of(screen), given=given)


def _archivable(team: Team, section: str, name: str) -> Archivable:
    match section:
        case "team":
            return team
        case "workflows":
            return get_object_or_404(Workflow, team=team, slug=name)
        case "agents":
            return get_object_or_404(Agent, team=team, slug=name)
    raise Http404("This cannot be archived.")


def _page_of(row: Archivable) -> str:
    match row:
        case Workflow():
            return reverse("registry_workflow", args=[row.slug])
        case Agent():
            return reverse("team_row", args=["agents", row.slug])
    return reverse("team")


def _text(request: HttpRequest, name: str) -> str:
    return str(request.POST.get(name, "")).replace("\x00", "").strip()[:2000]
