"""Takes from a form what people want remembered about a subject, and takes it back."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from agents_registry.current_team import person_of
from approvals import guidance
from approvals.errors import Conflict, Invalid
from approvals.views.afterwards import refused, typed
from approvals.views.requests import PageRequest

NO_NUMBER = 0
"""What typed days come to that are no number: out of range, and said so."""


@login_required
@require_POST
def leave(request: PageRequest, action_id: UUID) -> HttpResponse:
    """Leaves guidance about the subject of this action."""
    try:
        guidance.leave(
            action_id=action_id,
            person=person_of(request),
            words=typed(request.POST, "guidance"),
            everywhere=typed(request.POST, "where") == "everywhere",
            days=_days(typed(request.POST, "days")),
        )
    except (Conflict, Invalid) as refusal:
        return refused(request, action_id, "guidance", refusal)
    messages.info(request, "Left for next time.")
    return HttpResponseRedirect(reverse("action", args=[action_id]), status=303)


@login_required
@require_POST
def take_back(request: PageRequest, guidance_id: int) -> HttpResponse:
    """Takes it back, and returns to the action on whose page it stood."""
    try:
        left = guidance.take_back(guidance_id=guidance_id, person=person_of(request))
        messages.info(request, "Taken back: nobody is told of it any more.")
        began_at = left.action_id
    except Conflict as refusal:
        messages.error(request, refusal.detail)
        began_at = None
    return HttpResponseRedirect(_came_from(request, began_at), status=303)


def _came_from(request: PageRequest, began_at: UUID | None) -> str:
    try:
        return reverse("action", args=[UUID(typed(request.POST, "action"))])
    except ValueError:
        return reverse("action", args=[began_at]) if began_at else reverse("inbox")


def _days(said: str) -> int | None:
    if not said:
        return None
    return int(said) if said.isascii() and said.isdigit() and len(said) < 10 else NO_NUMBER
