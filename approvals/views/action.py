"""One action on one screen, and where a person goes after a verdict."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.vary import vary_on_headers
from django_htmx.http import HttpResponseClientRedirect, push_url, reswap, trigger_client_event

from agents_registry.current_team import person_of
from agents_registry.models import Person
from approvals import presence, release
from approvals.errors import Refused
from approvals.models import Action, Decision, FollowUp
from approvals.pages import action as pages
from approvals.pages import inbox
from approvals.querysets import in_teams_of
from approvals.views.inbox import asked_by, place_of
from approvals.views.requests import PageRequest

PREFETCH = "X-Prefetch"
"""The header of a request for a page that nobody looks at yet."""

AHEAD = "X-Ahead"
"""The header of a verdict: the id of the action whose detail the page has at hand already."""

KEPT = ("comment", "reason", "cause", "to", "verdict")


@login_required
@vary_on_headers("HX-Request", PREFETCH)
def show(request: PageRequest, action_id: UUID) -> HttpResponse:
    """The action as it is now; opening it is noted, so that others see who has it open.

    Fetched ahead of time it is not open yet: `here` notes it when it is shown.
    """
    person = person_of(request)
    action = find(person, action_id)
    if not request.headers.get(PREFETCH):
        presence.note(action=action, person=person)
    page = pages.page(
        action,
        person,
        view=request.GET.get("view", "mine"),
        since_last=request.GET.get("since") == "last",
        version=request.GET.get("version", ""),
    )
    return _render(request, page)


def refused(request: PageRequest, action_id: UUID, refusal: Refused) -> HttpResponse:
    """The page as it is now, with why nothing was decided and what was typed."""
    person = person_of(request)
    typed = {name: request.POST.get(name, "") for name in KEPT}
    page = pages.page(
        find(person, action_id),
        person,
        view=request.GET.get("view", "mine"),
        version=request.POST.get("content_digest", ""),
        refusal=refusal,
        typed=typed,
    )
    return _render(request, page, status=409 if refusal.status == 409 else 422)


def next_after(request: PageRequest, decision: Decision) -> HttpResponse:
    """Tells what was done and goes on to the next action of the view, or back to the list."""
    action = decision.action
    undo = reverse("undo", args=[decision.pk]) if decision.verdict in release.UNDONE else ""
    messages.success(request, pages.done_words(decision, action), extra_tags=undo)
    asked = asked_by(request)
    following = inbox.neighbour(asked, action)
    if following is None:
        return _go(request, f"{reverse('inbox')}?{place_of(request.GET)}")
    if not request.htmx:
        return _go(request, _address(request, following))
    told = {"id": str(action.pk), "next": str(following)}
    if request.headers.get(AHEAD) == told["next"]:
        return trigger_client_event(_only_the_toast(request), "decided", told)
    return trigger_client_event(_swap(request, following), "decided", {"id": told["id"]})


def go_to(request: PageRequest, action_id: UUID) -> HttpResponse:
    """To the page of this action; in place where htmx asked."""
    if request.htmx:
        return _swap(request, action_id)
    return _go(request, _address(request, action_id))


def go_back(request: PageRequest, follow_up_id: int) -> HttpResponse:
    """To the action of open work that could not be closed."""
    follow_up = FollowUp.objects.filter(
        pk=follow_up_id, action__team__members=person_of(request)
    ).first()
    if follow_up is None:
        raise Http404("There is no such open work in your teams.")
    return go_to(request, follow_up.action_id)


def find(person: Person, action_id: UUID) -> Action:
    """The action with what its page reads, or Http404 for what is another team's."""
    action = (
        in_teams_of(person)
        .select_related("agent", "team", "action_type", "workflow__pool", "assignee", "pool")
        .select_related("workflow__workflow_owner", "workflow__system_owner")
        .select_related("workflow__risk_owner", "workflow__approval_owner")
        .filter(pk=action_id)
        .first()
    )
    if action is None:
        raise Http404("There is no such action in your teams.")
    return action


def _swap(request: PageRequest, action_id: UUID) -> HttpResponse:
    """The detail of another action in place of this one."""
    person, view = person_of(request), asked_by(request).view
    action = find(person, action_id)
    presence.note(action=action, person=person)
    response = _render(request, pages.page(action, person, view=view))
    return push_url(response, _address(request, action_id))


def _only_the_toast(request: PageRequest) -> HttpResponse:
    """For a page that has the next action's detail at hand and shows it by itself."""
    response = render(request, "action.html#told", {"place": place_of(request.GET)})
    return reswap(push_url(response, False), "none")


def _address(request: PageRequest, action_id: UUID) -> str:
    """Of an action's page, as reached from the list that this request came from."""
    return f"{reverse('action', args=[action_id])}?{place_of(request.GET)}"


def _render(request: PageRequest, page: pages.Page, status: int = 200) -> HttpResponse:
    template = "action.html#detail" if request.htmx else "action.html"
    context = {"page": page, "place": place_of(request.GET)}
    if request.headers.get(PREFETCH):
        context["messages"] = ()  # what was done is told on the page that somebody looks at
    return render(request, template, context, status=status)


def _go(request: PageRequest, url: str) -> HttpResponse:
    """On to another page: 303 for a form, a redirect that htmx carries out for htmx."""
    if request.htmx:
        return HttpResponseClientRedirect(url)
    return HttpResponseRedirect(url, status=303)
