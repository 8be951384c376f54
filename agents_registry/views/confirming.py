"""Lets the risk owner confirm the drafted action types of a workflow, many at once."""

from collections.abc import Iterable

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from agents_registry import confirming, words
from agents_registry.confirming import Confirmed, Conflict, Refused
from agents_registry.current_team import person_of, team_of
from agents_registry.models import Workflow
from agents_registry.pages import confirming as pages
from agents_registry.pages.workflows import of_team, url_of
from agents_registry.permissions import check_is_risk_owner
from agents_registry.spec.problems import Problem

NO_REASON = "Say in a sentence why: it stands in the record beside each of them."
NOTHING_CHOSEN = "Nothing was chosen: every one of them is left as a draft."


@login_required
def show(request: HttpRequest, slug: str) -> HttpResponse:
    """Everybody of the team sees it; the risk owner chooses and saves."""
    workflow = get_object_or_404(of_team(team_of(request)), slug=slug)
    if request.method == "POST":
        check_is_risk_owner(person_of(request), workflow)
        return _confirm(request, workflow)
    return _page(request, workflow)


def _confirm(request: HttpRequest, workflow: Workflow) -> HttpResponse:
    """A refusal of any kind keeps what was chosen."""
    reason = request.POST.get("reason", "").strip()
    choices = pages.choices(request.POST, request.POST.getlist("key"), workflow)
    if not reason or set(choices.values()) <= {confirming.Choice.DRAFT}:
        return _page(request, workflow, NO_REASON if not reason else NOTHING_CHOSEN, status=422)
    try:
        confirmed = confirming.confirm(
            workflow=workflow,
            choices=choices,
            base=request.POST.get("base", ""),
            actor=person_of(request),
            reason=reason,
        )
    except Conflict as conflict:
        return _page(request, workflow, str(conflict), status=409)
    except Refused as refusal:
        wrong = "Nothing was confirmed."
        return _page(request, workflow, wrong, refusal.problems, status=422)
    except PermissionDenied as refusal:
        return _page(request, workflow, f"Nothing was confirmed. {refusal}", status=422)
    messages.success(request, _said(confirmed))
    return HttpResponseRedirect(_next(workflow), status=303)


def _said(confirmed: Confirmed) -> str:
    done = words.counted(len(confirmed.done), "action type")
    if not confirmed.asked:
        return f"{done} confirmed."
    asked = words.counted(len(confirmed.asked), "action type")
    return f"{done} confirmed, {asked} to be signed by a second person."


def _next(workflow: Workflow) -> str:
    """What is left, as long as something is."""
    left = confirming.waiting(workflow)
    return reverse("registry_confirm", args=[workflow.slug]) if left else url_of(workflow)


def _page(
    request: HttpRequest,
    workflow: Workflow,
    wrong: str = "",
    problems: Iterable[Problem] = (),
    *,
    status: int = 200,
) -> HttpResponse:
    posted = {name: str(value) for name, value in request.POST.items()}
    page = pages.page(workflow, person_of(request), posted=posted, wrong=wrong, problems=problems)
    return render(request, "registry/confirm.html", {"page": page}, status=status)
