"""Decides several chosen actions: each by its own verb, in its own transaction, as it was shown."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse

from agents_registry.current_team import person_of
from agents_registry.models import Person
from agents_registry.policy.findings import Tier
from approvals import review
from approvals.errors import Invalid, Refused
from approvals.lots import opened_by
from approvals.models import Decision, Verdict
from approvals.pages import action as action_pages
from approvals.pages import selection as pages
from approvals.querysets import in_teams_of
from approvals.release import UNDONE
from approvals.transitions import Seen
from approvals.views.decide import Verb, verb_of
from approvals.views.inbox import place_of
from approvals.views.requests import PageRequest

TOLD = "told_of_selection"
FROM_HERE = {Verdict.REJECTED, Verdict.CHANGES_REQUESTED, Verdict.REASSIGNED}


@login_required
def show(request: PageRequest) -> HttpResponse:
    """The chosen ones in a table, with what was just done with each."""
    if request.method == "POST":
        return _decide(request)
    ids = [pk for each in request.GET.getlist("id") if (pk := _id(each))]
    told = request.session.pop(TOLD, {})
    page = pages.page(person_of(request), ids, place=place_of(request.GET), told=told)
    return render(request, "selection.html", {"page": page, "view": "", "place": page.place})


def _decide(request: PageRequest) -> HttpResponse:
    """The verdict for each that is ticked, or the approval of one; then the table again."""
    post, person = request.POST, person_of(request)
    verb: Verb = review.approve
    words: dict[str, Any] = {}
    chosen = [str(post["approve"])] if "approve" in post else post.getlist("seen")[: pages.MOST]
    if "approve" not in post:
        try:
            verb, words = _verb(post, person)
        except Refused as refusal:
            return _back(request, {"": [f"{refusal.detail} Nothing was decided.", None]})
    told = {}
    for bound in chosen:
        if (seen := _seen(bound)) is not None:
            action_id, shown = seen
            told[str(action_id)] = _one(person, action_id, shown, verb, words)
    return _back(request, told or {"": ["None was chosen. Nothing was decided.", None]})


def _one(
    person: Person, action_id: UUID, seen: Seen, verb: Verb, words: dict[str, Any]
) -> list[Any]:
    """What was done with one, in words, and the decision if it can be taken back."""
    try:
        if verb is review.approve:
            _check_may_be_approved_here(person, action_id)
        decision = verb(action_id=action_id, person=person, seen=seen, **words)
    except Refused as refusal:
        return [refusal.detail, None]
    except PermissionDenied as refusal:
        return [f"{refusal} Nothing was decided.", None]
    return [f"{_done(decision)}.", decision.pk if decision.verdict in UNDONE else None]


def _done(decision: Decision) -> str:
    return action_pages.DONE[Verdict(decision.verdict)]


def _check_may_be_approved_here(person: Person, action_id: UUID) -> None:
    """Only what needs no word on what was checked, and only what this person has read whole."""
    action = in_teams_of(person).filter(pk=action_id).first()
    if action is None:
        return
    if action.tier != Tier.BATCH_REVIEW or action_id not in opened_by(person, [action_id]):
        raise Invalid("Approve it on its own page. Nothing was decided.", code="not_from_here")


def _verb(post: QueryDict, person: Person) -> tuple[Verb, dict[str, Any]]:
    """The verb with its words; each verdict's comment has a field of its own."""
    verdict = str(post.get("verdict", ""))
    if verdict not in FROM_HERE:
        raise Invalid("Choose what to decide.", code="verdict_missing")
    fields = post.copy()
    fields["comment"] = post.get(f"comment_{verdict}", "")
    return verb_of(fields, person)


def _seen(bound: str) -> tuple[UUID, Seen] | None:
    """The action and what its row showed of it; None for what is not whole."""
    parts = bound.split()
    if len(parts) != 4 or not parts[1].isdigit() or len(parts[1]) > 9:
        return None
    action_id = _id(parts[0])
    return (action_id, Seen(int(parts[1]), parts[2], parts[3])) if action_id else None


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _back(request: PageRequest, told: dict[str, list[Any]]) -> HttpResponse:
    request.session[TOLD] = told
    ids = [("id", pk) for each in request.POST.getlist("id") if (pk := _id(each))]
    url = f"{reverse('selection')}?{place_of(request.GET)}&{urlencode(ids[: pages.MOST])}"
    return HttpResponseRedirect(url, status=303)
