"""Takes from a form what people ask for and say about an action afterwards."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST

from agents_registry.current_team import person_of
from approvals import mistakes, rollback, taken_over, usage
from approvals.errors import Conflict, Invalid, Refused
from approvals.pages import action as pages
from approvals.pages.reports import reported_words
from approvals.views import action as action_page
from approvals.views.inbox import place_of
from approvals.views.requests import PageRequest


@dataclass(frozen=True, slots=True)
class Turned:
    """Which form was refused, and why: its page shows the words beside what was typed."""

    form: str
    words: str


@login_required
@require_POST
def ask_rollback(request: PageRequest, action_id: UUID) -> HttpResponse:
    """Asks the agent to undo it, with a reason."""
    reason = typed(request.POST, "rollback_reason")
    try:
        rollback.ask(action_id=action_id, person=person_of(request), reason=reason)
    except (Conflict, Invalid) as refusal:
        return refused(request, action_id, "rollback", refusal)
    return _done(request, action_id, "Asked. The page says how the rollback went.")


@login_required
@require_POST
def drill(request: PageRequest, action_id: UUID) -> HttpResponse:
    """Rehearses that, and goes to what would be staged."""
    reason = typed(request.POST, "rollback_reason")
    try:
        staged = rollback.drill(action_id=action_id, person=person_of(request), reason=reason)
    except (Conflict, Invalid) as refusal:
        return refused(request, action_id, "rollback", refusal)
    return _done(request, staged.pk, "Rehearsed. This would be staged; nothing is done of it.")


@login_required
@require_POST
def report_mistake(request: PageRequest, action_id: UUID) -> HttpResponse:
    """Takes a report from somebody who sees the action."""
    told = reported(request.POST)
    try:
        mistake = mistakes.report(action_id=action_id, person=person_of(request), **told)
    except (Conflict, Invalid) as refusal:
        return refused(request, action_id, "report", refusal)
    return _done(request, action_id, reported_words(mistake))


@login_required
@require_POST
def note_done(request: PageRequest, action_id: UUID) -> HttpResponse:
    """Takes down what was done about what was taken over."""
    text = typed(request.POST, "done")
    try:
        taken_over.note_done(action_id=action_id, person=person_of(request), text=text)
    except (Conflict, Invalid) as refusal:
        return refused(request, action_id, "done", refusal)
    return _done(request, action_id, "Noted.")


@login_required
@require_POST
def mark_used(request: PageRequest, action_id: UUID) -> HttpResponse:
    """Takes down whether an accepted draft was used."""
    used = typed(request.POST, "used")
    try:
        usage.mark(action_id=action_id, person=person_of(request), used=used)
    except (Conflict, Invalid) as refusal:
        return refused(request, action_id, "used", refusal)
    return _done(request, action_id, "Noted.")


def typed(post: QueryDict, name: str) -> str:
    return str(post.get(name, "")).replace("\x00", "").strip()


def reported(post: QueryDict) -> dict[str, Any]:
    """A report as its form gives it; minutes that are no number come out as below zero."""
    minutes = typed(post, "cleanup_minutes") or "0"
    whole = minutes.isascii() and minutes.isdigit() and len(minutes) < 10
    return {
        "what": typed(post, "what"),
        "severity": typed(post, "severity"),
        "cleanup_minutes": int(minutes) if whole else -1,
        "roll_back": "roll_back" in post,
    }


def refused(request: PageRequest, action_id: UUID, form: str, refusal: Refused) -> HttpResponse:
    """The page as it is now, with the words at the form and what was typed in it."""
    person = person_of(request)
    context = {
        "page": pages.page(action_page.find(person, action_id), person),
        "turned": Turned(form, refusal.detail),
        "place": place_of(request.GET),
    }
    status = 409 if isinstance(refusal, Conflict) else 422
    return render(request, "action.html", context, status=status)


def _done(request: PageRequest, action_id: UUID, words: str) -> HttpResponse:
    messages.info(request, words)
    return HttpResponseRedirect(reverse("action", args=[action_id]), status=303)
