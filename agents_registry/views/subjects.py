"""Shows who answers for which account or customer, takes in files of it, and removes it."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST

from agents_registry import subjects
from agents_registry.changes import rights
from agents_registry.changes.rights import Right
from agents_registry.current_team import person_of, team_of
from agents_registry.pages import subjects as pages
from agents_registry.spec.problems import Problem
from agents_registry.subjects import NotImported
from agents_registry.words import counted

MOST_BYTES = 64 * 1024 * 1024


@login_required
def show(request: HttpRequest) -> HttpResponse:
    """For who keeps it, and for auditors."""
    if not pages.may_see(person_of(request), team_of(request)):
        raise PermissionDenied("A workflow owner, a manager or an auditor may see this.")
    return _page(request)


@login_required
@require_POST
def import_file(request: HttpRequest) -> HttpResponse:
    """Takes the whole file in, or nothing of it and says what is wrong where."""
    team, person = team_of(request), person_of(request)
    rights.check(person, Right.OPERATE, team=team, workflow=None)
    file = request.FILES.get("file")
    try:
        if file is None or file.size is None or file.size > MOST_BYTES:
            wanted = "Choose a file of at most 64 MB."
            raise NotImported([Problem("The file", wanted)], 1)
        done = subjects.import_people(
            team=team,
            file=file,
            actor=person,
            replace="replace" in request.POST,
        )
    except NotImported as refused:
        return _page(request, refused)
    messages.success(request, pages.done_words(done))
    return HttpResponseRedirect(reverse("subjects"), status=303)


@login_required
@require_POST
def remove(request: HttpRequest) -> HttpResponse:
    """A relation of one subject, or of all subjects of that type where that is said."""
    whole, subject = "all" in request.POST, _said(request.POST.get("subject_id"))
    if not whole and not subject:
        raise Http404("Nothing was removed: no subject is named.")
    count = subjects.remove(
        team=team_of(request),
        actor=person_of(request),
        subject_type=_said(request.POST.get("subject_type")),
        relation=_said(request.POST.get("relation")),
        subject_id="" if whole else subject,
    )
    told = f"Removed {counted(count, 'person', 'people')}." if count else "It was gone already."
    messages.success(request, told)
    return HttpResponseRedirect(reverse("subjects"), status=303)


def _page(request: HttpRequest, refused: NotImported | None = None) -> HttpResponse:
    shown = pages.page(
        team_of(request),
        person_of(request),
        q=_said(request.GET.get("q")),
        after=_said(request.GET.get("after")),
        refused=refused,
    )
    status = 422 if refused else 200
    return render(request, "registry/subjects.html", {"subjects": shown}, status=status)


def _said(text: str | None) -> str:
    return (text or "").replace("\x00", "").strip()[:200]
