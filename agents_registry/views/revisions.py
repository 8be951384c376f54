"""The revisions of an action type's policy, and undoing the last one."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from agents_registry import editing
from agents_registry.current_team import person_of, team_of
from agents_registry.models import ActionType, PolicyChange, Workflow
from agents_registry.pages import revisions as pages
from agents_registry.pages import workflows as workflow_pages


@login_required
def show(request: HttpRequest, slug: str, key: str) -> HttpResponse:
    workflow, action_type = _find(request, slug, key)
    page = pages.page(
        action_type,
        workflow,
        person_of(request),
        before=_number(request, "before"),
        older=_number(request, "older"),
        newer=_number(request, "newer"),
    )
    return render(request, "registry/revisions.html", {"page": page})


@login_required
@require_POST
def undo(request: HttpRequest, slug: str, key: str, change_id: int) -> HttpResponse:
    """Puts the policy before this change back, or asks for it; only the last can be undone."""
    _, action_type = _find(request, slug, key)
    change = get_object_or_404(PolicyChange, pk=change_id, action_type=action_type)
    reason = request.POST.get("reason", "").replace("\0", "").strip()[:2000]
    if not reason:
        messages.warning(request, "Say why, for whoever reads the revisions later.")
        return _back(slug, key)
    try:
        edited = editing.undo(change=change, actor=person_of(request), reason=reason)
    except editing.Conflict as conflict:
        messages.warning(request, str(conflict))
    except editing.Refused as refused:
        messages.warning(request, f"It cannot be put back as it was. {refused}")
    else:
        if edited.request:
            messages.info(request, "Nothing is changed yet: it waits to be signed.")
            return HttpResponseRedirect(reverse("requests"), status=303)
        messages.success(request, "Put back as it was.")
    return _back(slug, key)


def _back(slug: str, key: str) -> HttpResponse:
    return HttpResponseRedirect(reverse("revisions", args=[slug, key]), status=303)


def _find(request: HttpRequest, slug: str, key: str) -> tuple[Workflow, ActionType]:
    """The type with its workflow, or Http404 for one of another team."""
    workflow = get_object_or_404(
        workflow_pages.of_team(team_of(request)).select_related("team"), slug=slug
    )
    return workflow, get_object_or_404(workflow.action_types, key=key)


def _number(request: HttpRequest, name: str) -> int | None:
    said = request.GET.get(name, "")
    return int(said) if said.isdecimal() and len(said) < 16 else None
