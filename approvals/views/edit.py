"""Edit and approve: the form, its check without deciding, and the verdict."""

from dataclasses import replace
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from agents_registry.current_team import person_of
from approvals import review
from approvals.errors import Conflict, Invalid, Refused
from approvals.judging import BUILT_IN
from approvals.models import Action, Content
from approvals.pages import edit as pages
from approvals.pages.edit import Draft
from approvals.permissions import check_can_decide
from approvals.states import State
from approvals.views import action as action_page
from approvals.views.decide import seen_of
from approvals.views.requests import PageRequest


@login_required
def edit(request: PageRequest, action_id: UUID) -> HttpResponse:
    """The form; posted with `check`, `add` or `remove` it only looks, else it decides."""
    person = person_of(request)
    action = action_page.find(person, action_id)
    if action.state != State.PENDING and request.method == "GET":
        return HttpResponseRedirect(reverse("action", args=[action.pk]))
    check_can_decide(person, action)
    if action.action_type.key in BUILT_IN:
        raise PermissionDenied("This is answered, not edited.")
    content = Content.objects.get(action=action, revision=action.revision)
    if request.method != "POST":
        return _show(request, action, content, Draft(content.payload))
    draft = pages.draft_from(action, content, request.POST)
    if "check" in request.POST:
        return _show(request, action, content, draft)
    if "add" in request.POST or "remove" in request.POST:
        return _show(request, action, content, replace(draft, errors={}))
    return _decide(request, action, content, draft)


def _decide(request: PageRequest, action: Action, content: Content, draft: Draft) -> HttpResponse:
    if draft.errors:
        return _show(request, action, content, draft, status=422)
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
    view = request.GET.get("view", "mine")
    page = pages.page(action, content, person_of(request), draft, view=view, refusal=refusal)
    return render(request, _template(request), {"edit": page}, status=status)


def _template(request: PageRequest) -> str:
    if not request.htmx:
        return "edit.html"
    only_diff = "check" in request.POST
    return "edit.html#diff" if only_diff else "edit.html#form_fields"


def _status(refusal: Refused) -> int:
    return 409 if isinstance(refusal, Conflict) else 422
