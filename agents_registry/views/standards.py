"""The pages of a team's standards: all of them, and the form of one."""

import re
from collections.abc import Iterable
from dataclasses import replace

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.utils.text import slugify

from agents_registry import editing, presets
from agents_registry.changes import rights
from agents_registry.changes.rights import Right
from agents_registry.current_team import person_of, team_of
from agents_registry.pages import standard_forms as pages
from agents_registry.pages import standards as list_pages
from agents_registry.pages.standard_forms import Note, Screen, Typed
from agents_registry.rule_forms import reading
from agents_registry.rule_forms.reading import NotWhole
from agents_registry.rule_forms.rearranging import rearranged
from agents_registry.rule_forms.standard_fields import FORM
from agents_registry.spec import edits
from agents_registry.spec.export import stored
from agents_registry.spec.problems import Problem
from agents_registry.spec.rows import Place, Row, fill
from agents_registry.spec.shape import SLUG, STANDARD

TEMPLATE = "registry/edit_standard.html"
KEPT = "What you typed is still in the form."
CHANGED = Note("Nothing was saved.", f"{KEPT} Saving it again goes over what stands there since.")
NEEDS_REASON = "Say why, for whoever reads the record later."


@login_required
def show(request: HttpRequest) -> HttpResponse:
    """Every standard of the team, for everybody in it."""
    page = list_pages.page(team_of(request), person_of(request))
    return render(request, "registry/standards.html", {"page": page})


@login_required
def edit(request: HttpRequest, slug: str) -> HttpResponse:
    """The form of a standard; posted with `do` it is only rearranged, else saved."""
    return _serve(request, _screen(request, slug))


@login_required
def new(request: HttpRequest) -> HttpResponse:
    """The same for one that is not there yet, blank or with what the preset says."""
    return _serve(request, _screen(request, ""))


def _screen(request: HttpRequest, slug: str) -> Screen:
    """Everything that the form is about; 404 for what is not there, 403 for who may not edit."""
    team, person = team_of(request), person_of(request)
    whole = stored(team)
    preset = "" if slug else request.GET.get("preset", "")
    row = whole["standards"].get(slug) if slug else _beginning(preset)
    if row is None:
        raise Http404("There is no standard of that name in this team.")
    rights.check(person, Right.STANDARDIZE, team=team, workflow=None)
    return Screen(team, person, slug, row, whole, preset)


def _beginning(preset: str) -> Row | None:
    """The row with which a new standard begins; None where there is no such preset."""
    if preset and preset not in presets.names():
        return None
    said = presets.load(preset)["standards"] if preset else {"": {"name": ""}}
    row: Row = fill(next(iter(said.values())), STANDARD)
    return row


def _serve(request: HttpRequest, screen: Screen) -> HttpResponse:
    if request.method != "POST":
        return _show(request, screen, _unread(screen))
    try:
        typed = _typed(request, screen)
    except NotWhole as loss:
        return HttpResponseBadRequest(str(loss))
    if "do" in request.POST:
        draft, focus = rearranged(typed.draft, request.POST["do"])
        return _show(request, screen, replace(typed, draft=draft, focus=focus))
    return _save(request, screen, typed)


def _unread(screen: Screen) -> Typed:
    """Before anything is typed. The standard of a preset is called as the preset is."""
    base = _base(screen, screen.slug) if screen.slug else ""
    key = screen.slug or screen.preset
    return Typed(draft=reading.unread(screen.stored, FORM), key=key, base=base)


def _typed(request: HttpRequest, screen: Screen) -> Typed:
    """What was posted. A new standard's short name is made from its name where none is typed."""
    post = request.POST
    return Typed(
        draft=reading.read(post, screen.stored, FORM),
        key=screen.slug or post.get("key", "").strip(),
        base=post.get("base", ""),
        reason=" ".join(post.get("reason", "").replace("\0", "").split()),
    )


def _save(request: HttpRequest, screen: Screen, typed: Typed) -> HttpResponse:
    """Saves what was posted; a refusal of any kind keeps what was typed."""
    key = typed.key or slugify(str(typed.draft.row["name"]))[:50].strip("-_")
    errors = _errors(screen, key, typed)
    if errors or typed.draft.errors:
        return _show(request, screen, replace(typed, errors=errors), status=422)
    try:
        edited = editing.edit(
            team=screen.team,
            place=_place(key),
            row=typed.draft.row,
            actor=screen.person,
            reason=typed.reason,
            base=typed.base,
        )
    except editing.Conflict as conflict:
        typed = replace(typed, base=_base(screen, key))
        return _show(request, screen, typed, replace(CHANGED, title=str(conflict)), status=409)
    except PermissionDenied as denied:
        note = Note("You may not do this. Nothing was saved.", f"{denied} {KEPT}")
        return _show(request, screen, typed, note, status=403)
    except editing.Refused as refusal:
        typed = replace(typed, errors=_by_pointer(refusal.problems))
        return _show(request, screen, typed, status=422)
    tell = messages.warning if edited.request else messages.success
    tell(request, pages.saved_words(screen.team, key, edited))
    response = redirect("standards")
    response.status_code = 303
    return response


def _errors(screen: Screen, key: str, typed: Typed) -> dict[str, str]:
    """All that saving would refuse, by JSON Pointer."""
    errors = _key_errors(screen, key)
    if not typed.reason:
        errors[pages.REASON] = NEEDS_REASON
    place = _place(key or "standard")
    changed = edits.put(screen.whole, place, typed.draft.row)
    return errors | _by_pointer(edits.problems(screen.whole, changed, place))


def _key_errors(screen: Screen, key: str) -> dict[str, str]:
    if screen.slug:
        return {}
    if not re.fullmatch(SLUG, key):
        return {pages.KEY: "Small letters a-z, digits, - and _ only, at most 50."}
    if key in screen.whole["standards"]:
        return {pages.KEY: f"There is already one called {key}."}
    return {}


def _by_pointer(problems: Iterable[Problem]) -> dict[str, str]:
    errors: dict[str, str] = {}
    for problem in problems:
        known = errors.get(problem.place)
        errors[problem.place] = " ".join(filter(None, [known, problem.sentence]))
    return errors


def _place(key: str) -> Place:
    return ("standards", key)


def _base(screen: Screen, key: str) -> str:
    return editing.base_of(screen.team, _place(key))


def _show(
    request: HttpRequest, screen: Screen, typed: Typed, note: Note | None = None, status: int = 200
) -> HttpResponse:
    """The page, or of a rearranged form the form alone where that is asked for."""
    page = pages.page(screen, typed, note)
    part = "#form" if "HX-Request" in request.headers and "do" in request.POST else ""
    return render(request, f"{TEMPLATE}{part}", {"page": page}, status=status)
