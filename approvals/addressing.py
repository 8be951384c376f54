"""Who works on a pending action: somebody takes it, gives it back, or hands it to another pool.
That moves the work, never the right to decide it."""

from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q
from django.utils.timezone import localtime

from agents_registry.away import away_now
from agents_registry.models import OWNER_ROLES, Person, Pool, Role
from agents_registry.permissions import role_in
from approvals import transitions
from approvals.addressees import Addressee
from approvals.errors import Conflict, Invalid, Missing
from approvals.known import Known
from approvals.models import Action
from approvals.permissions import can_decide, check_can_decide, owns
from approvals.states import State
from approvals.transitions import Seen


@transaction.atomic
def claim(*, action_id: UUID, person: Person, seen: Seen, take_from: str = "") -> Action:
    """The person has it from now on, whoever else may decide it too.

    `take_from` is the username of who had it on the page: what somebody else has is taken only
    knowingly, else Conflict says who. Taking what one has already changes nothing.
    """
    action = _waiting(action_id, person, seen)
    check_can_decide(person, action)
    check_is_there(person)
    holder = action.assignee
    if holder == person:
        return action
    if holder and holder.username != take_from:
        raise Conflict(f"{holder} has it. You did not take it.", code="somebody_has_it")
    _move(action, person, "claimed", Addressee(person, action.pool), {"from": _name(holder)})
    return action


@transaction.atomic
def give_back(*, action_id: UUID, person: Person, seen: Seen) -> Action:
    """Nobody in particular has it any more: it waits with its pool again.

    For whoever has it, an owner of the workflow, or a manager.
    """
    action = _waiting(action_id, person, seen)
    if action.assignee is None:
        raise Conflict("It is with the pool already. Nothing was changed.", code="with_the_pool")
    if not may_give_back(person, action):
        raise PermissionDenied("Only who has it, an owner of the workflow or a manager does this.")
    if not anybody_decides(pool_of(action), action):
        raise Conflict(
            f"Nobody in {pool_of(action)} may decide it, so it stays with {action.assignee}.",
            code="pool_cannot_decide",
        )
    back = Addressee(None, action.pool)
    _move(action, person, "given_back", back, {"from": _name(action.assignee)})
    return action


@transaction.atomic
def hand_to_pool(
    *, action_id: UUID, person: Person, seen: Seen, pool: Pool, comment: str = ""
) -> Action:
    """It waits with another pool, of which somebody may decide it already."""
    action = _waiting(action_id, person, seen)
    check_can_decide(person, action)
    if pool not in other_pools(action):
        raise Invalid(
            f"{pool} cannot have it: nobody in it may decide it, or it is there already. "
            "Nothing was changed. Choose another pool.",
            code="pool_cannot_decide",
        )
    to = Addressee(None, None if pool == action.workflow.pool else pool)
    _move(action, person, "handed_to_pool", to, {"pool": pool.slug}, comment=comment)
    return action


def check_is_there(person: Person) -> None:
    """Conflict for who is away: what they have is handed on at once."""
    if absence := away_now([person.pk]).get(person.pk):
        raise Conflict(
            f"{person} is away until {localtime(absence.ends_at):%-d %b %Y}, so it would be handed "
            "on at once. Nothing was changed. Call the absence off, or choose somebody else.",
            code="is_away",
        )


def may_give_back(person: Person, action: Action) -> bool:
    """Whether it is theirs to give back: they have it, or they answer for the workflow."""
    role = role_in(person, action.team_id)
    if action.assignee_id is None or role in {None, Role.AUDITOR}:
        return False
    return action.assignee_id == person.pk or role == Role.MANAGER or owns(person, action)


def pool_of(action: Action) -> Pool:
    """The pool that it waits with, or would if nobody in particular had it."""
    return action.pool or action.workflow.pool


def other_pools(action: Action) -> list[Pool]:
    """The pools that the work can go to: the workflow's own, and those that its signers or its
    chain name, as long as somebody in them may decide it."""
    whos = [*action.signers, *(stage["who"] for stage in action.stages)]
    slugs = [who.partition(":")[2] for who in whos if who.startswith("pool:")]
    if not slugs and action.pool_id is None:
        return []
    named = Q(pk=action.workflow.pool_id) | Q(team=action.team_id, slug__in=slugs)
    pools = Pool.objects.filter(named).exclude(pk=pool_of(action).pk).order_by("name")
    return [pool for pool in pools if anybody_decides(pool, action)]


def anybody_decides(pool: Pool, action: Action) -> bool:
    """Whether one of its active people may decide it as things are."""
    people = Person.objects.filter(pools=pool, is_active=True)
    people = people.filter(_may_be_named(action)).distinct()
    return any(can_decide(person, action) for person in people)


def _may_be_named(action: Action) -> Q:
    """Everybody whom the rule could let through, and few others: the rule itself is asked of
    these only, not of a whole pool one by one."""
    workflow, known = action.workflow, Known.of([action])
    whos = [*action.signers, *(stage["who"] for stage in action.stages[1 : action.step + 1])]
    names = [who.partition(":")[2] for who in whos]
    asked = (*whos, "approval_owner", "workflow_owner")
    people = {each.person for who in asked for each in known.candidates(action, who)}
    people |= {away.delegate for away in known.roster.away.values() if away.delegate}
    people |= {*workflow.owners().values(), *filter(None, [action.assignee])}
    return (
        Q(pools=workflow.pool_id)
        | Q(pools__team=action.team_id, pools__slug__in=names)
        | Q(pk__in=[person.pk for person in people])
        | Q(username__in=names)
        | Q(memberships__team=action.team_id, memberships__role=Role.MANAGER)
    )


def _waiting(action_id: UUID, person: Person, seen: Seen) -> Action:
    """The pending action as the page showed it, locked before it is read: of two who take it one
    is first, and the other sees who."""
    list(Action.objects.select_for_update().filter(pk=action_id).values("pk"))
    action = (
        Action.objects.select_related("workflow__pool", "assignee", "pool")
        .select_related(*(f"workflow__{role}" for role in OWNER_ROLES))
        .filter(pk=action_id, team__members=person)
        .first()
    )
    if action is None:
        raise Missing("There is no such action in your teams.")
    if action.state != State.PENDING or Seen.of(action) != seen:
        raise Conflict(
            "This changed while you looked. Nothing was changed.", code="changed", seen=seen
        )
    return action


def _move(
    action: Action,
    person: Person,
    event: str,
    to: Addressee,
    body: dict[str, Any],
    *,
    comment: str = "",
) -> None:
    transitions.advance(
        action=action,
        actor=f"person:{person.pk}",
        event=f"action.{event}",
        changes=to.columns(),
        body={"to": to.for_record(), **body},
        sealed={"comment": comment},
    )


def _name(person: Person | None) -> str:
    return f"person:{person.pk}" if person else ""
