"""One action on one screen, and where a person goes after a verdict."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.vary import vary_on_headers
from django_htmx.http import HttpResponseClientRedirect, push_url, trigger_client_event

from agents_registry.current_team import person_of
from agents_registry.models import Person
from approvals import presence
from approvals.errors import Refused
from approvals.models import Action, Decision, FollowUp
from approvals.pages import action as pages
from approvals.pages import inbox
from approvals.querysets import in_teams_of
from approvals.views.inbox import asked_by
from approvals.views.requests import PageRequest

KEPT = ("comment", "reason", "cause", "to", "verdict")


@login_required
@vary_on_headers("HX-Request")
def show(request: PageRequest, action_id: UUID) -> HttpResponse:
    """The action as it is now; opening it is noted, so that others see who has it open."""
    person = person_of(request)
    action = find(person, action_id)
    presence.note(action=action, person=person)
    page = pages.page(
        action,
        person,
        view=request.GET.get("view", "mine"),
        since_last=request.GET.get("since") == "last",
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
        refusal=refusal,
        typed=typed,
    )
    return _render(request, page, status=409 if refusal.status == 409 else 422)


def next_after(request: PageRequest, decision: Decision) -> HttpResponse:
    """Tells what was done and goes on to the next action of the view, or back to the list."""
    action = Action.objects.select_related("action_type").get(pk=decision.action_id)
    undo = reverse("undo", args=[decision.pk]) if decision.verdict in pages.CAN_BE_UNDONE else ""
    messages.success(request, pages.done_words(decision, action), extra_tags=undo)
    asked = asked_by(request)
    following = inbox.neighbour(asked, action)
    if following is None:
        return _go(request, f"{reverse('inbox')}?view={asked.view}")
    if not request.htmx:
        return _go(request, f"{reverse('action', args=[following.pk])}?view={asked.view}")
    response = _swap(request, following.pk)
    return trigger_client_event(response, "decided", {"id": str(action.pk)})


def go_to(request: PageRequest, action_id: UUID) -> HttpResponse:
    """To the page of this action; in place where htmx asked."""
    if request.htmx:
        return _swap(request, action_id)
    return _go(request, reverse("action", args=[action_id]))


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
        .select_related("agent", "team", "action_type", "workflow__pool", "assignee")
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
    return push_url(response, f"{reverse('action', args=[action_id])}?view={view}")


def _render(request: PageRequest, page: pages.Page, status: int = 200) -> HttpResponse:
    template = "action.html#detail" if request.htmx else "action.html"
    return render(request, template, {"page": page}, status=status)


def _go(request: PageRequest, url: str) -> HttpResponse:
    """On to another page: 303 for a form, a redirect that htmx carries out for htmx."""
    if request.htmx:
        return HttpResponseClientRedirect(url)
    return HttpResponseRedirect(url, status=303)
