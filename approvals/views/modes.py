"""The page of a lowered mode, and the form that brings it back."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_POST

from agents_registry import modes
from agents_registry.current_team import person_of, teams_seen_by
from agents_registry.models import Downgrade
from agents_registry.modes import StaysDown
from agents_registry.policy.findings import Mode
from agents_registry.words import MODES
from approvals.pages import modes as pages


@login_required
def show(request: HttpRequest, downgrade_id: UUID) -> HttpResponse:
    page = pages.page(_find(request, downgrade_id), person_of(request))
    return render(request, "registry/downgrade.html", {"page": page})


@login_required
@require_POST
def restore(request: HttpRequest, downgrade_id: UUID) -> HttpResponse:
    """Ends the review with a note. What was typed is kept where it is refused."""
    downgrade, person = _find(request, downgrade_id), person_of(request)
    note = request.POST.get("note", "").replace("\x00", "")
    to = request.POST.get("to", "")
    try:
        if to not in set(Mode):
            raise StaysDown("Choose what it is from now on.", code="mode_missing")
        modes.restore(downgrade=downgrade, to=Mode(to), person=person, note=note)
    except StaysDown as refusal:
        downgrade = _find(request, downgrade_id)
        page = pages.page(downgrade, person, refusal=refusal.detail, typed=note, to=to)
        status = 409 if refusal.code == "reviewed_already" else 422
        return render(request, "registry/downgrade.html", {"page": page}, status=status)
    page = pages.page(_find(request, downgrade_id), person)
    mode = MODES[downgrade.action_type.mode]
    messages.info(request, f"Reviewed. {page.type_name} is {mode.lower()} from now on.")
    return HttpResponseRedirect(page.type_url, status=303)


def _find(request: HttpRequest, downgrade_id: UUID) -> Downgrade:
    """The downgrade, or Http404 for one of another team."""
    return get_object_or_404(
        Downgrade.objects.select_related("action_type__workflow", "reviewer", "lifted_by"),
        pk=downgrade_id,
        action_type__workflow__team__in=teams_seen_by(person_of(request)),
    )
