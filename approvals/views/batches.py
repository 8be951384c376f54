"""Batches: their list, one of them, and the act that decides it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST

from agents_registry.current_team import person_of, team_of, teams_seen_by
from agents_registry.models import ActionType, Person
from agents_registry.words import counted
from approvals import batches
from approvals.batch_samples import Batch
from approvals.batches import Act
from approvals.errors import Conflict, Invalid, Missing, Refused
from approvals.models import Cause, Verdict
from approvals.pages import batch as pages
from approvals.pages import batches as lists
from approvals.pages.batch_table import Chosen
from approvals.transitions import Seen
from approvals.views.requests import PageRequest
from ledger import clock

KEPT = ("reason", "cause", "comment", "show")
DONE = {Verdict.APPROVED: "Approved", Verdict.REJECTED: "Rejected"}


@login_required
def index(request: PageRequest) -> HttpResponse:
    """The batches that this person can decide."""
    page = lists.page(person_of(request), team_of(request))
    return render(request, "batches.html", {"page": page, "view": "batches"})


@login_required
def show(request: PageRequest, action_type_id: int, shape: str) -> HttpResponse:
    """One batch as it is now."""
    return _page(request, _batch(request, action_type_id, shape))


@login_required
@require_POST
def pick(request: PageRequest, action_type_id: int, shape: str) -> HttpResponse:
    """What the choice comes to, with nothing decided: the bar for htmx, else the page."""
    return _page(request, _batch(request, action_type_id, shape), chosen=_chosen(request.POST))


@login_required
@require_POST
def decide(request: PageRequest, action_type_id: int, shape: str) -> HttpResponse:
    """One verdict on all that is chosen. A refusal shows the batch with the boxes as they were."""
    batch = _batch(request, action_type_id, shape)
    chosen = _chosen(request.POST)
    try:
        verdict, verb, said = _verb(request.POST, chosen)
        act = verb(person=person_of(request), batch=batch, seen=chosen.seen, **said)
    except (Conflict, Invalid) as refusal:
        return _page(request, batch, chosen=chosen, refusal=refusal)
    except Missing as missing:
        raise Http404(missing.detail) from missing
    _tell(request, verdict, act)
    following = pages.address(batch) if pages.is_left(batch) else reverse("batches")
    return HttpResponseRedirect(following, status=303)


@login_required
@require_POST
def undo(request: PageRequest, act: UUID) -> HttpResponse:
    """Takes an act back as far as that is possible, and says how far."""
    try:
        done = batches.undo(act=act, person=person_of(request))
    except Missing as missing:
        raise Http404(missing.detail) from missing
    words = f"{counted(done.undone, 'decision')} taken back."
    if done.too_late:
        words += f" For {done.too_late} it was too late: an agent has taken them."
        messages.warning(request, words)
    else:
        messages.info(request, words)
    return HttpResponseRedirect(reverse("batches"), status=303)


def _batch(request: PageRequest, action_type_id: int, shape: str) -> Batch:
    key = request.GET.get("key", "").replace("\x00", "")
    return Batch(action_type_id, key[:200], shape)


def _type(batch: Batch, person: Person) -> ActionType:
    """Http404 for a type of another team."""
    action_type = (
        ActionType.objects.select_related("workflow")
        .filter(pk=batch.action_type_id, workflow__team__in=teams_seen_by(person))
        .first()
    )
    if action_type is None:
        raise Http404("There is no such batch in your teams.")
    return action_type


def _page(
    request: PageRequest,
    batch: Batch,
    *,
    chosen: Chosen | None = None,
    refusal: Refused | None = None,
) -> HttpResponse:
    person = person_of(request)
    page = pages.page(
        batch,
        _type(batch, person),
        person,
        chosen=chosen,
        refusal=refusal,
        all_columns=request.GET.get("columns") == "all",
    )
    status = 200
    if refusal:
        status = 409 if refusal.status == 409 else 422
    template = "batch.html#bar" if request.htmx else "batch.html"
    return render(request, template, {"page": page, "view": "batches"}, status=status)


def _chosen(post: QueryDict) -> Chosen:
    """What the form says was chosen, seen and typed."""
    return Chosen(
        seen=dict(map(_seen, post.getlist("take"))),
        as_of=_instant(post.get("as_of", "")),
        typed={name: post.get(name, "") for name in KEPT},
    )


def _seen(box: str) -> tuple[UUID, Seen]:
    try:
        action_id, revision, digest, policy_revision = box.split(" ")
        return UUID(action_id), Seen(int(revision), digest, policy_revision)
    except ValueError as error:
        raise Http404("This form is not whole. Load the page again.") from error


def _instant(said: str) -> datetime:
    try:
        instant = datetime.fromisoformat(said)
    except ValueError:
        return clock.now()
    return instant if instant.tzinfo else clock.now()


def _verb(post: QueryDict, chosen: Chosen) -> tuple[Verdict, Callable[..., Act], dict[str, Any]]:
    comment = chosen.typed["comment"].replace("\x00", "").strip()
    match post.get("verdict"):
        case Verdict.APPROVED:
            return Verdict.APPROVED, batches.approve, {"as_of": chosen.as_of}
        case Verdict.REJECTED:
            cause = chosen.typed["cause"]
            said = {"reason": chosen.typed["reason"], "comment": comment}
            said["cause"] = cause if cause in Cause.values else ""
            return Verdict.REJECTED, batches.reject, said
    raise Invalid("Choose what to decide.", code="verdict_missing")


def _tell(request: PageRequest, verdict: Verdict, act: Act) -> None:
    words = f"{DONE[verdict]}: {counted(len(act.decided), 'action')}"
    if act.left:
        words += f". {counted(len(act.left), 'other')} changed while you looked: not decided"
    messages.success(request, words, extra_tags=reverse("batch_undo", args=[act.id]))
