"""Takes a person's verdict from a form, bound to what the form's page showed."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, QueryDict
from django.views.decorators.http import require_POST

from agents_registry.current_team import person_of
from agents_registry.models import Person
from agents_registry.policy.findings import Tier
from approvals import closing, four_eyes, review
from approvals.errors import Conflict, Invalid, Missing
from approvals.models import Cause, Decision, Reason, Verdict
from approvals.pages.afterwards import too_late
from approvals.querysets import in_teams_of
from approvals.states import State
from approvals.transitions import Seen
from approvals.views import action as action_page
from approvals.views import reauthenticate
from approvals.views.requests import PageRequest

Verb = Callable[..., Decision]


@login_required
@require_POST
def decide(request: PageRequest, action_id: UUID) -> HttpResponse:
    """One verdict. A conflict shows the new content and keeps what was typed."""
    person, post = person_of(request), request.POST
    if question := _question(request, action_id):
        return question
    try:
        verb, words = verb_of(post, person)
        decision = verb(action_id=action_id, person=person, seen=seen_of(post), **words)
    except (Conflict, Invalid) as refusal:
        return action_page.refused(request, action_id, refusal)
    return action_page.next_after(request, decision)


@login_required
@require_POST
def undo(request: PageRequest, decision_id: int) -> HttpResponse:
    """Takes one's own decision back while that is possible, and says so when it is not."""
    try:
        action = review.undo(decision_id=decision_id, person=person_of(request))
    except Conflict as refusal:
        action_id = Decision.objects.values_list("action_id", flat=True).get(pk=decision_id)
        action = action_page.find(person_of(request), action_id)
        words, rollback_url = too_late(action, person_of(request))
        messages.warning(request, words or refusal.detail, extra_tags=rollback_url)
        return action_page.go_to(request, action_id)
    messages.info(request, "Taken back. It waits for a decision again.")
    return action_page.go_to(request, action.pk)


@login_required
@require_POST
def close_follow_up(request: PageRequest, follow_up_id: int) -> HttpResponse:
    """Ends open work with a choice and a reason."""
    try:
        follow_up = closing.close(
            follow_up_id=follow_up_id,
            person=person_of(request),
            choice=request.POST.get("choice", ""),
            reason=request.POST.get("reason", ""),
        )
    except (Conflict, Invalid) as refusal:
        messages.warning(request, refusal.detail)
        return action_page.go_back(request, follow_up_id)
    messages.info(request, "Closed.")
    return action_page.go_to(request, follow_up.action_id)


def seen_of(post: QueryDict) -> Seen:
    """What the form's page showed; Invalid when the form does not say."""
    revision = post.get("revision", "")
    if not revision.isdigit() or len(revision) > 9:
        raise Invalid("This form is not whole. Load the page again.", code="form_not_whole")
    return Seen(int(revision), post.get("digest", ""), post.get("policy_revision", ""))


def _question(request: PageRequest, action_id: UUID) -> HttpResponse | None:
    """The question for the password, where approving what the page showed is of the top tier."""
    approves = request.POST.get("verdict") == Verdict.APPROVED
    if not approves or reauthenticate.is_proved(request.session):
        return None
    pending = in_teams_of(person_of(request)).filter(pk=action_id, state=State.PENDING)
    action = pending.select_related("agent", "action_type", "workflow").first()
    if action is None:
        return None
    content = action.contents.get(revision=action.revision)
    payload = four_eyes.edited_as(action, content, request.POST.get("content_digest", ""))
    if review.tier_of(action, content, payload) != Tier.MANDATORY:
        return None
    return reauthenticate.question(request, action)


def verb_of(post: QueryDict, person: Person) -> tuple[Verb, dict[str, Any]]:
    """The verb that a form names, with its words; Invalid where something is missing."""
    comment = post.get("comment", "").replace("\x00", "").strip()
    match post.get("verdict"):
        case Verdict.APPROVED:
            shown = {"content_digest": post.get("content_digest", "")}
            return review.approve, {"checked": post.getlist("checked"), "comment": comment, **shown}
        case Verdict.REJECTED:
            codes = {"reason": _code(post, "reason", Reason), "cause": _cause(post)}
            return review.reject, {**codes, "comment": comment}
        case Verdict.CHANGES_REQUESTED:
            return review.ask_for_changes, {"comment": comment}
        case Verdict.TAKEN_OVER:
            return review.take_over, {"comment": comment}
        case Verdict.ANSWERED:
            return review.answer, {"text": comment}
        case Verdict.ESCALATED:
            return review.escalate, {"comment": comment}
        case Verdict.REASSIGNED:
            return review.reassign, {"to": _colleague(post, person), "comment": comment}
    raise Invalid("Choose what to decide.", code="verdict_missing")


def _code(post: QueryDict, name: str, codes: type[Reason]) -> str:
    code = str(post.get(name, ""))
    if code not in codes.values:
        raise Invalid("Choose why you reject it.", code=f"{name}_missing")
    return code


def _cause(post: QueryDict) -> str:
    cause = post.get("cause", "")
    return cause if cause in Cause.values else ""


def _colleague(post: QueryDict, person: Person) -> Person:
    shared = Person.objects.filter(is_active=True, teams__in=person.teams.all()).distinct()
    colleague = shared.filter(username=post.get("to", "")).first()
    if colleague is None:
        raise Missing("There is nobody of that name in your team.")
    return colleague
