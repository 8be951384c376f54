"""The editor of an action type: its form, what a draft would do, saving it and trying it at large.

It stands on this floor because it reads recorded actions.
"""

import re
from collections.abc import Iterable
from dataclasses import replace

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseBadRequest, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse

from agents_registry import editing, roles, standards
from agents_registry.changes import rights
from agents_registry.changes.rights import Right
from agents_registry.current_team import person_of, team_of
from agents_registry.models import ActionType
from agents_registry.pages import workflows
from agents_registry.policy.floors import BUILT_IN
from agents_registry.rule_forms import reading
from agents_registry.rule_forms.reading import NotWhole
from agents_registry.rule_forms.rearranging import rearranged
from agents_registry.spec import edits
from agents_registry.spec.export import stored
from agents_registry.spec.problems import Problem
from agents_registry.spec.rows import Place, Row, fill
from agents_registry.spec.shape import ACTION_TYPE, KEY
from approvals import trials
from approvals.errors import Refused
from approvals.pages import rules as pages
from approvals.pages.notes import Note
from approvals.pages.rules import Screen, Typed
from approvals.views.requests import PageRequest

TEMPLATE = "registry/edit_type.html"
TRIED_DAYS = 30
CHANGED = Note(
    key="conflict",
    css="warn",
    icon="warn",
    title="This changed while you looked. Nothing was saved.",
    body="What you typed is still in the form, and what it would change now stands beside it. "
    "Saving it again goes over what stands there since.",
)
NEEDS_REASON = "Say why, for whoever reads the revisions later."


@login_required
def edit(request: PageRequest, slug: str, key: str) -> HttpResponse:
    """The form of a listed type; posted with `do` or `check` it only looks, else it acts."""
    return _serve(request, _screen(request, slug, key))


@login_required
def new(request: PageRequest, slug: str) -> HttpResponse:
    """The same for a type that is not there yet."""
    return _serve(request, _screen(request, slug, None))


def _screen(request: PageRequest, slug: str, key: str | None) -> Screen:
    """Everything that the editor shows; 404 for what is not there, 403 for who may not edit."""
    team, person = team_of(request), person_of(request)
    workflow = get_object_or_404(workflows.of_team(team), slug=slug)
    listed = workflow.action_types.filter(retired_at__isnull=True).exclude(key__in=BUILT_IN)
    action_type = None if key is None else get_object_or_404(listed, key=key)
    rights.check(person, Right.TIGHTEN, team=team, workflow=workflow)
    whole = stored(team)
    return Screen(
        person=person,
        workflow=workflow,
        action_type=action_type,
        whole=whole,
        stored=_row(whole, slug, action_type),
        inherited=standards.inherited(workflow),
        holes=roles.vacant(workflow),
    )


def _row(whole: Row, slug: str, action_type: ActionType | None) -> Row:
    if action_type is None:
        row: Row = fill({}, ACTION_TYPE)
    else:
        row = whole["workflows"][slug]["action_types"][action_type.key]
    return row


def _serve(request: PageRequest, screen: Screen) -> HttpResponse:
    if request.method != "POST":
        return _show(request, screen, _unread(request, screen))
    try:
        typed = _typed(request, screen)
    except NotWhole as loss:
        return HttpResponseBadRequest(str(loss))
    if "do" in request.POST:
        draft, focus = rearranged(typed.draft, request.POST["do"])
        return _show(request, screen, replace(typed, draft=draft, focus=focus, errors={}))
    if "check" in request.POST:
        return _show(request, screen, typed)
    if typed.draft.errors or typed.errors:
        return _show(request, screen, typed, status=422)
    if "trial" in request.POST:
        return _start_trial(request, screen, typed)
    return _save(request, screen, typed)


def _unread(request: PageRequest, screen: Screen) -> Typed:
    key = screen.action_type.key if screen.action_type else ""
    base = _base(screen, key) if key else ""
    chosen = request.GET.get("sample", "")
    return Typed(draft=reading.unread(screen.stored), key=key, base=base, chosen=chosen)


def _typed(request: PageRequest, screen: Screen) -> Typed:
    """What was posted, and everything that is wrong with it."""
    post = request.POST
    draft = reading.read(post, screen.stored)
    key = screen.action_type.key if screen.action_type else post.get("key", "").strip()
    wrong = _key_errors(screen, key) or _problems(screen, key, draft.row)
    return Typed(
        draft=draft,
        key=key,
        base=post.get("base", ""),
        reason=" ".join(post.get("reason", "").replace("\0", "").split()),
        chosen=post.get("sample", ""),
        errors=wrong,
    )


def _key_errors(screen: Screen, key: str) -> dict[str, str]:
    if screen.action_type is not None:
        return {}
    if not re.fullmatch(KEY, key):
        return {pages.KEY: "Write a key of letters, digits and . : - _, at most 80 of them."}
    listed = screen.whole["workflows"][screen.workflow.slug]["action_types"]
    if key in listed or key in BUILT_IN:
        return {pages.KEY: "This workflow has an action type of this key already."}
    return {}


def _problems(screen: Screen, key: str, row: Row) -> dict[str, str]:
    """What saving would refuse, by JSON Pointer into the row."""
    place = _place(screen, key)
    changed = edits.put(screen.whole, place, row)
    return _by_pointer(edits.problems(screen.whole, changed, place))


def _by_pointer(problems: Iterable[Problem]) -> dict[str, str]:
    errors: dict[str, str] = {}
    for problem in problems:
        known = errors.get(problem.place)
        errors[problem.place] = " ".join(filter(None, [known, problem.sentence]))
    return errors


def _base(screen: Screen, key: str) -> str:
    return editing.base_of(screen.workflow.team, _place(screen, key))


def _place(screen: Screen, key: str) -> Place:
    return ("workflows", screen.workflow.slug, "action_types", key)


def _start_trial(request: PageRequest, screen: Screen, typed: Typed) -> HttpResponse:
    if screen.action_type is None:
        return HttpResponseBadRequest("A new type has no recorded actions yet.")
    try:
        trial = trials.start(
            team=screen.workflow.team,
            documents={str(screen.action_type.pk): pages.judged_by(screen, typed)},
            days=TRIED_DAYS,
            author=screen.person,
        )
    except Refused as refusal:
        return _show(request, screen, typed, _note(refusal.detail), status=409)
    return HttpResponseRedirect(reverse("trial", args=[trial.pk]), status=303)


def _save(request: PageRequest, screen: Screen, typed: Typed) -> HttpResponse:
    if not typed.reason:
        typed = replace(typed, errors={pages.REASON: NEEDS_REASON})
        return _show(request, screen, typed, status=422)
    try:
        edited = editing.edit(
            team=screen.workflow.team,
            place=_place(screen, typed.key),
            row=typed.draft.row,
            actor=screen.person,
            reason=typed.reason,
            base=typed.base,
        )
    except editing.Conflict:
        typed = replace(typed, base=_base(screen, typed.key))
        return _show(request, screen, typed, CHANGED, status=409)
    except PermissionDenied as denied:
        return _show(request, screen, typed, _note(str(denied)), status=403)
    except editing.Refused as refusal:
        typed = replace(typed, errors=_by_pointer(refusal.problems))
        return _show(request, screen, typed, status=422)
    tell = messages.warning if edited.request else messages.success
    tell(request, pages.saved_words(edited))
    return HttpResponseRedirect(screen.url_of(typed.key), status=303)


def _note(title: str) -> Note:
    return Note(
        key="refused",
        css="warn",
        icon="warn",
        title=title,
        body="Nothing was saved. What you typed is still in the form.",
    )


def _show(
    request: PageRequest,
    screen: Screen,
    typed: Typed,
    note: Note | None = None,
    status: int = 200,
) -> HttpResponse:
    page = pages.page(screen, typed, note)
    return render(request, _template(request), {"page": page}, status=status)


def _template(request: PageRequest) -> str:
    if not request.htmx:
        return TEMPLATE
    return f"{TEMPLATE}#form" if "do" in request.POST else f"{TEMPLATE}#look"
