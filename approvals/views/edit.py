"""Edit and approve: the form, its check without deciding, and the verdict."""

from dataclasses import replace
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from agents_registry.current_team import person_of
from agents_registry.policy.findings import Tier
from approvals import four_eyes, review, ruled_out
from approvals.errors import Conflict, Invalid, Refused
from approvals.judging import BUILT_IN
from approvals.models import Action, Content
from approvals.pages import edit as pages
from approvals.pages.edit import Draft, Start
from approvals.permissions import check_can_decide
from approvals.states import State
from approvals.views import action as action_page
from approvals.views import reauthenticate
from approvals.views.decide import seen_of
from approvals.views.inbox import place_of
from approvals.views.requests import PageRequest


@login_required
def edit(request: PageRequest, action_id: UUID) -> HttpResponse:
    """The form; posted with `check`, `add` or `remove` it only looks, else it decides."""
    person = person_of(request)
    action = action_page.find(person, action_id)
    decided = action.state != State.PENDING or four_eyes.own_approval(action, person)
    if decided and request.method == "GET":
        return _back(request, action)
    check_can_decide(person, action)
    if action.action_type.key in BUILT_IN:
        raise PermissionDenied("This is answered, not edited.")
    if request.method == "GET" and ruled_out.of(action).against_edit():
        return _back(request, action)
    content = Content.objects.get(action=action, revision=action.revision)
    start = _start(request, action, content)
    if request.method != "POST":
        return _show(request, action, content, Draft(start.payload))
    draft = pages.draft_from(action, start.payload, request.POST)
    if "check" in request.POST:
        return _show(request, action, content, draft)
    if "add" in request.POST or "remove" in request.POST:
        return _show(request, action, content, replace(draft, errors={}))
    return _decide(request, action, content, draft)


def _back(request: PageRequest, action: Action) -> HttpResponse:
    """To the action's page, which says why there is nothing to edit."""
    url = reverse("action", args=[action.pk])
    return HttpResponseRedirect(f"{url}?{place_of(request.GET)}")


def _start(request: PageRequest, action: Action, content: Content) -> Start:
    """Where the person began: with the version that their page showed."""
    version = request.GET.get("version", "")
    return Start(four_eyes.edited_as(action, content, version), version)


def _decide(request: PageRequest, action: Action, content: Content, draft: Draft) -> HttpResponse:
    if draft.errors:
        return _show(request, action, content, draft, status=422)
    tier = review.tier_of(action, content, draft.payload)
    if tier == Tier.MANDATORY and (question := reauthenticate.question(request, action)):
        return question
    try:
        decision = review.edit_and_approve(
            action_id=action.pk,
            person=person_of(request),
            seen=seen_of(request.POST),
            payload=draft.payload,
            checked=draft.checked,
            comment=draft.comment,
        )
    except (Conflict, Invalid) as refusal:
        return _show(request, action, content, draft, refusal, status=_status(refusal))
    return action_page.next_after(request, decision)


def _show(
    request: PageRequest,
    action: Action,
    content: Content,
    draft: Draft,
    refusal: Refused | None = None,
    status: int = 200,
) -> HttpResponse:
    came_from = {"view": request.GET.get("view", "mine"), "place": place_of(request.GET)}
    start = _start(request, action, content)
    person = person_of(request)
    page = pages.page(action, content, person, draft, start, **came_from, refusal=refusal)
    return render(request, _template(request), {"edit": page}, status=status)


def _template(request: PageRequest) -> str:
    if not request.htmx:
        return "edit.html"
    only_diff = "check" in request.POST
    return "edit.html#diff" if only_diff else "edit.html#form_fields"


def _status(refusal: Refused) -> int:
    return 409 if isinstance(refusal, Conflict) else 422
