"""Lets people edit the rows of the registry: a form, its refusals, and what became of it."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from agents_registry import editing, new_workflows
from agents_registry.current_team import person_of, team_of
from agents_registry.forms import kinds
from agents_registry.forms.rows import RowForm
from agents_registry.forms.screens import Screen, form_of, reshaped, screen_of
from agents_registry.forms.screens import new_workflow as new_workflow_screen
from agents_registry.pages import beside
from agents_registry.pages import editing as pages
from agents_registry.pages.beside import Given
from agents_registry.pages.editing import Crumb, Notice

TEMPLATE = "registry/edit_row.html"


@login_required
def team(request: HttpRequest) -> HttpResponse:
    """What holds for the whole team."""
    return _answer(request, screen_of(team_of(request), person_of(request), "team", ""))


@login_required
def row(request: HttpRequest, section: str, name: str) -> HttpResponse:
    """A person, pool, calendar, chain or agent of the team."""
    return _answer(request, _screen(request, section, name))


@login_required
def new_row(request: HttpRequest, section: str) -> HttpResponse:
    return _answer(request, _screen(request, section, ""))


@login_required
def workflow(request: HttpRequest, slug: str) -> HttpResponse:
    """Everything about a workflow but its action types."""
    return _answer(request, screen_of(team_of(request), person_of(request), "workflows", slug))


@login_required
def new_workflow(request: HttpRequest) -> HttpResponse:
    """A workflow from nothing, or from the preset that the address names."""
    preset = request.GET.get("preset", "")
    return _answer(request, new_workflow_screen(team_of(request), person_of(request), preset))


def _screen(request: HttpRequest, section: str, name: str) -> Screen:
    if section not in kinds.OF_TEAM:
        raise Http404("A team has no such rows.")
    return screen_of(team_of(request), person_of(request), section, name)


def _answer(request: HttpRequest, screen: Screen) -> HttpResponse:
    if request.method != "POST":
        return show(request, screen, form_of(screen))
    if "add" in request.POST or "remove" in request.POST:
        return show(request, screen, reshaped(screen, request.POST))
    return _save(request, screen)


def _save(request: HttpRequest, screen: Screen) -> HttpResponse:
    """Saves what was posted; a refusal of any kind keeps what was typed."""
    screen.check_may_edit()
    form = form_of(screen, request.POST)
    name = form.name_of_new(screen.taken) if screen.new else screen.name
    if not form.is_valid():
        return show(request, screen, form, checked=True, status=422)
    try:
        edited = _write(screen, name, form)
    except editing.Refused as refused:
        form.blame(refused.problems)
        return show(request, screen, form, checked=True, status=422)
    except editing.Conflict as conflict:
        return _conflict(request, screen, str(conflict))
    except PermissionDenied as denied:
        notice = Notice("You may not do this. Nothing was saved.", str(denied))
        return show(request, screen, form, notice=notice, status=403)
    messages.success(request, pages.done_words(edited))
    return HttpResponseRedirect(_back(screen), status=303)


def _write(screen: Screen, name: str, form: RowForm) -> editing.Edited:
    team, row, reason = screen.team, form.row(), form.cleaned_data["reason"]
    if screen.new and screen.section == "workflows":
        return new_workflows.make(
            team=team,
            slug=name,
            row=row,
            actor=screen.person,
            reason=reason,
            preset=screen.preset,
        )
    return editing.edit(
        team=team,
        place=screen.place_of(name),
        row=row,
        actor=screen.person,
        reason=reason,
        base=form.cleaned_data["base"],
    )


def _conflict(request: HttpRequest, screen: Screen, what: str) -> HttpResponse:
    """What was typed, over the row as it is now: saving once more goes over that one."""
    data = request.POST.copy()
    data["base"] = screen.base
    form = form_of(screen, data)
    notice = Notice(
        what,
        "What you typed is still in the form. Saving it now goes over what stands there since.",
        pages.differences(form),
    )
    return show(request, screen, form, notice=notice, status=409)


def show(
    request: HttpRequest,
    screen: Screen,
    form: RowForm,
    *,
    checked: bool = False,
    notice: Notice | None = None,
    given: Given | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page of one row. What is `given` is shown this once and kept by no cache."""
    page = pages.page(
        form,
        screen.section,
        title=screen.title,
        crumbs=_crumbs(screen),
        right=screen.right,
        may_edit=screen.may_edit,
        new=screen.new,
        checked=checked,
        notice=notice,
    )
    context: dict[str, Any] = {"row": page, "given": given, **beside.of(screen)}
    response = render(request, TEMPLATE, context, status=status)
    if given:
        response["Cache-Control"] = "no-store"
    return response


def _crumbs(screen: Screen) -> list[Crumb]:
    last = ("", screen.title)
    if screen.section != "workflows":
        return [(reverse("team"), "Team"), last]
    above = [(reverse("registry"), "Registry")]
    if screen.workflow:
        above.append((reverse("registry_workflow", args=[screen.name]), screen.workflow.name))
        last = ("", "Edit")
    return [*above, last]


def _back(screen: Screen) -> str:
    if screen.section == "workflows":
        slug = screen.name
        return reverse("registry_workflow", args=[slug]) if slug else reverse("registry")
    return reverse("team") + (f"#h-{screen.section}" if screen.section != "team" else "")
