"""Taking an action, giving it back, and handing it to another pool, from the forms of its page."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, QueryDict
from django.views.decorators.http import require_POST

from agents_registry.current_team import person_of
from agents_registry.models import Pool
from approvals import addressing
from approvals.errors import Conflict, Invalid
from approvals.models import Action
from approvals.views import action as action_page
from approvals.views.decide import seen_of
from approvals.views.requests import PageRequest

Verb = Callable[..., Action]


@login_required
@require_POST
def claim(request: PageRequest, action_id: UUID) -> HttpResponse:
    """Who has it on the page is in the form: what somebody took meanwhile is not taken blindly."""
    holder = _line(request.POST, "take_from")[:150]
    return _done(request, action_id, addressing.claim, "You have it now.", take_from=holder)


@login_required
@require_POST
def give_back(request: PageRequest, action_id: UUID) -> HttpResponse:
    return _done(request, action_id, addressing.give_back, "It waits with its pool again.")


@login_required
@require_POST
def hand_to_pool(request: PageRequest, action_id: UUID) -> HttpResponse:
    slug, comment = _line(request.POST, "pool"), _line(request.POST, "comment")
    action = action_page.find(person_of(request), action_id)
    pool = Pool.objects.filter(team=action.team_id, slug=slug[:50]).first()
    if pool is None:
        refusal = Invalid("Choose a pool. Nothing was changed.", code="pool_missing")
        return action_page.refused(request, action_id, refusal)
    done = f"It waits with {pool} now."
    return _done(request, action_id, addressing.hand_to_pool, done, pool=pool, comment=comment)


def _done(
    request: PageRequest, action_id: UUID, verb: Verb, words: str, **details: Any
) -> HttpResponse:
    """The same action again, with what was done, or with why it was not."""
    try:
        verb(
            action_id=action_id,
            person=person_of(request),
            seen=seen_of(request.POST),
            **details,
        )
    except (Conflict, Invalid) as refusal:
        return action_page.refused(request, action_id, refusal)
    messages.info(request, words)
    return action_page.go_to(request, action_id)


def _line(post: QueryDict, name: str) -> str:
    return str(post.get(name, "")).replace("\x00", "").strip()[:2000]
