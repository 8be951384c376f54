"""What people want remembered about a subject: left beside deciding, and taken back."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q, QuerySet

from agents_registry.models import OWNER_ROLES, Agent, Person, Role, Team, Workflow
from agents_registry.permissions import role_in
from approvals.answers import instant
from approvals.errors import Conflict, Invalid, Missing
from approvals.models import Action, Guidance
from approvals.rights import right_of
from ledger import clock, record

LEFT = "action.guidance_left"
TAKEN_BACK = "action.guidance_taken_back"
LONGEST = 2000
MOST = 20
"""Pieces of guidance that stand about one subject at the same time."""

MOST_DAYS = 3650


@transaction.atomic
def leave(
    *,
    action_id: UUID,
    person: Person,
    words: str,
    everywhere: bool = False,
    days: int | None = None,
) -> Guidance:
    """Leaves guidance about the action's subject, for its workflow or for all of the team.

    It stands until somebody takes it back, or for so many days. Missing, PermissionDenied, Invalid
    (words_missing, words_too_long, days_out_of_range), Conflict (no_subject, too_much_guidance).
    """
    action = _held(action_id, person)
    _check_can_guide(person, action)
    words = words.strip()
    _check_words(words, days)
    _check_subject(action)
    now = clock.now()
    guidance = Guidance.objects.create(
        team_id=action.team_id,
        subject_type=action.subject_type,
        subject_id=action.subject_id,
        workflow=None if everywhere else action.workflow,
        words=words,
        person=person,
        action=action,
        created_at=now,
        ends_at=now + timedelta(days=days) if days else None,
    )
    _tell(guidance, LEFT, person, sealed={"comment": words}, everywhere=everywhere, days=days)
    return guidance


@transaction.atomic
def take_back(*, guidance_id: int, person: Person) -> Guidance:
    """Takes it back; by whoever may leave some there. Missing, PermissionDenied, Conflict."""
    known = Guidance.objects.filter(pk=guidance_id, team__members=person).first()
    if known is None or known.action_id is None:
        raise Missing("There is no such guidance in your teams.")
    action = _held(known.action_id, person)
    _check_can_guide(person, action)
    guidance = Guidance.objects.get(pk=guidance_id)
    if guidance.withdrawn_at is not None:
        raise Conflict("Somebody took it back already. Nothing else was done.", code="taken_back")
    guidance.withdrawn_at, guidance.withdrawn_by = clock.now(), person
    guidance.save(update_fields=["withdrawn_at", "withdrawn_by"])
    _tell(guidance, TAKEN_BACK, person)
    return guidance


def can_guide(person: Person, action: Action) -> bool:
    """Whoever may decide in its workflow, its owners, and the managers; never an auditor."""
    role = role_in(person, action.team_id)
    if role is None or role == Role.AUDITOR:
        return False
    named = Q(pool__people=person)
    for owner in OWNER_ROLES:
        named |= Q(**{owner: person})
    workflow = Workflow.objects.filter(named, pk=action.workflow_id)
    return role == Role.MANAGER or workflow.exists() or right_of(person, action) is not None


def about(action: Action) -> QuerySet[Guidance]:
    """What stands about the action's subject where it was staged, the newest first."""
    here = Q(workflow=None) | Q(workflow=action.workflow_id)
    return _standing(action.team, action.subject_type, action.subject_id).filter(here)


def for_agent(agent: Agent, subject_type: str, subject_id: str) -> QuerySet[Guidance]:
    """What an agent is told about a subject: what stands in its workflows, or in all."""
    here = Q(workflow=None) | Q(workflow__in=agent.workflows.all())
    return _standing(agent.team, subject_type, subject_id).filter(here)


def said_of(guidance: Guidance) -> dict[str, Any]:
    """JSON: the words as they were left, and where they hold; not who left them."""
    return {
        "words": guidance.words,
        "workflow": guidance.workflow.slug if guidance.workflow else None,
        "at": instant(guidance.created_at),
        "ends_at": instant(guidance.ends_at),
    }


def _standing(team: Team, subject_type: str, subject_id: str) -> QuerySet[Guidance]:
    if not subject_id:
        return Guidance.objects.none()
    lasting = Q(ends_at=None) | Q(ends_at__gt=clock.now())
    about = Guidance.objects.filter(
        team=team, subject_type=subject_type, subject_id=subject_id, withdrawn_at__isnull=True
    )
    return about.filter(lasting).select_related("workflow", "person").order_by("-id")


def _held(action_id: UUID, person: Person) -> Action:
    """The action, its row held, if this person is of its team."""
    action = (
        Action.objects.select_for_update(of=("self",))
        .select_related("action_type", "workflow", "team")
        .filter(pk=action_id, team__members=person)
        .first()
    )
    if action is None:
        raise Missing("There is no such action in your teams.")
    return action


def _check_can_guide(person: Person, action: Action) -> None:
    if not can_guide(person, action):
        raise PermissionDenied(
            f"Guidance is left by whoever decides in {action.workflow}, its owners and the "
            "managers. Nothing was changed. Ask one of them."
        )


def _check_words(words: str, days: int | None) -> None:
    if not words:
        raise Invalid("Write what is to be remembered. Nothing was left yet.", code="words_missing")
    if len(words) > LONGEST:
        raise Invalid(
            f"Nothing was left yet: say it in {LONGEST} characters, this has {len(words)}.",
            code="words_too_long",
        )
    if days is not None and not 1 <= days <= MOST_DAYS:
        raise Invalid(
            f"Nothing was left yet: let it hold for 1 to {MOST_DAYS} days, or leave that empty.",
            code="days_out_of_range",
        )


def _check_subject(action: Action) -> None:
    if not action.subject_id:
        raise Conflict(
            "The agent does not say whom it is about. Nothing was left. Leave it at an action "
            "that has a subject.",
            code="no_subject",
        )
    if _standing(action.team, action.subject_type, action.subject_id).count() >= MOST:
        raise Conflict(
            f"{MOST} pieces of guidance stand about it. Nothing was left. Take one back first.",
            code="too_much_guidance",
        )


def _tell(
    guidance: Guidance,
    event: str,
    person: Person,
    sealed: dict[str, str] | None = None,
    **facts: Any,
) -> None:
    record.append(
        scope=str(guidance.team_id),
        stream=f"action:{guidance.action_id}",
        type=event,
        actor=f"person:{person.pk}",
        body={"guidance": guidance.pk, **facts},
        sealed=sealed,
    )
