"""The page of what waits to be signed, and signing, declining and taking back."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from agents_registry import editing
from agents_registry.current_team import person_of, team_of
from agents_registry.models import ChangeRequest
from agents_registry.pages import change_requests as pages


@login_required
def show(request: HttpRequest) -> HttpResponse:
    return _show(request)


@login_required
@require_POST
def sign(request: HttpRequest, request_id: UUID) -> HttpResponse:
    """Signs, and shows what came of it; what cannot be done any more goes on waiting."""
    asked = _find(request, request_id)
    try:
        edited = editing.sign(request_id=asked.pk, person=person_of(request), note=_note(request))
    except editing.Conflict as conflict:
        return _show(request, str(conflict), status=409)
    except editing.Refused as refused:
        return _show(request, f"It makes no sense any more. {refused}", status=409)
    said = "Signed. It now waits for a second person." if edited.request else "Signed, and done."
    messages.success(request, said)
    return _back()


@login_required
@require_POST
def decline(request: HttpRequest, request_id: UUID) -> HttpResponse:
    asked = _find(request, request_id)
    try:
        editing.decline(request_id=asked.pk, person=person_of(request), note=_note(request))
    except editing.Conflict as conflict:
        return _show(request, str(conflict), status=409)
    messages.success(request, "Declined. Nothing was changed.")
    return _back()


@login_required
@require_POST
def withdraw(request: HttpRequest, request_id: UUID) -> HttpResponse:
    asked = _find(request, request_id)
    try:
        editing.withdraw(request_id=asked.pk, person=person_of(request))
    except editing.Conflict as conflict:
        return _show(request, str(conflict), status=409)
    messages.success(request, "Taken back. Nothing was changed.")
    return _back()


def _show(request: HttpRequest, trouble: str = "", status: int = 200) -> HttpResponse:
    page = pages.page(team_of(request), person_of(request))
    return render(
        request, "registry/requests.html", {"page": page, "trouble": trouble}, status=status
    )


def _back() -> HttpResponse:
    return HttpResponseRedirect(reverse("requests"), status=303)


def _find(request: HttpRequest, request_id: UUID) -> ChangeRequest:
    """The request, or Http404 for one of another team."""
    return get_object_or_404(ChangeRequest, pk=request_id, team=team_of(request))


def _note(request: HttpRequest) -> str:
    return request.POST.get("note", "").replace("\0", "").strip()[:2000]
