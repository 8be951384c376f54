"""Who may decide an action: one rule for the page, the button and the verb."""

from collections.abc import Collection, Iterable
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db.models import F, Q

from agents_registry.models import OWNER_ROLES, Membership, Person, Role, Workflow
from agents_registry.permissions import role_in
from agents_registry.words import who
from approvals.models import DECIDING, Action, Decision, SpotCheck
from approvals.rights import caused, right_of, rights_of

NO_ROLLBACK = (
    "Only an owner, a manager, or whoever decided it asks for rollback. Nothing was asked. "
    "Report a mistake: the workflow owner learns of it."
)


def check_can_decide(person: Person, action: Action) -> None:
    """The workflow's pool and its approval owner decide, whoever escalation added, and whoever
    stands in for one of them who is away.

    Never an auditor, a manager only where they are named, and nobody what they themselves caused.
    Rights are read from the database at this moment: inside the deciding transaction, that is what
    counts.
    """
    if refusal := _barred(person, action, role_in(person, action.team_id)):
        raise PermissionDenied(refusal)
    if right_of(person, action) is None:
        raise PermissionDenied(_not_named(action))


def check_can_sign(person: Person, action: Action, signers: Collection[str]) -> None:
    """Whom a finding names signs, also where only an edit brought that finding about.

    Where it brings nobody new to sign, whoever may decide the action may decide the edit too: so
    does the person whom escalation reached.
    """
    if right_of(person, action, signers) is None:
        raise PermissionDenied(f"With this content only {_named_words(signers)} decides it.")


def on_behalf_of(person: Person, action: Action, signers: Collection[str] = ()) -> Person | None:
    """Whose right this person uses, where they have none of their own to decide it."""
    right = right_of(person, action, signers)
    return right.on_behalf_of if right else None


def still_counts(decision: Decision, action: Action, signers: Collection[str] = ()) -> bool:
    """Whether who gave it may still decide the action, and sign this content.

    What was decided on behalf of somebody stands while that person could decide it, also once they
    are back.
    """
    person, stood_for = decision.person, decision.on_behalf_of
    if _may_sign(person, action, signers):
        return True
    if stood_for is None or _barred(person, action, role_in(person, action.team_id)):
        return False
    return _may_sign(stood_for, action, signers)


def why_not(person: Person, action: Action) -> str:
    """Why this person may not decide it, in words; empty when they may."""
    try:
        check_can_decide(person, action)
    except PermissionDenied as refusal:
        return str(refusal)
    return ""


def why_not_each(person: Person, actions: Iterable[Action]) -> dict[UUID, str]:
    """Why this person may not decide some of them, in a number of queries that does not grow."""
    actions = list(actions)
    role = {team: role_in(person, team) for team in {action.team_id for action in actions}}
    barred = {action.pk: _barred(person, action, role[action.team_id]) for action in actions}
    rights = rights_of(person, [action for action in actions if not barred[action.pk]])
    said = {
        action.pk: barred[action.pk] or ("" if action.pk in rights else _not_named(action))
        for action in actions
    }
    return {pk: why for pk, why in said.items() if why}


def can_decide(person: Person, action: Action) -> bool:
    return not why_not(person, action)


def _barred(person: Person, action: Action, role: str | None) -> str:
    """Why they may not, whatever they are named as; empty where nothing is against it."""
    if role is None:
        return "You are not in the team of this action."
    if role == Role.AUDITOR:
        return "Auditors look at everything and decide nothing."
    if caused(person, action):
        return "You asked for this yourself, so somebody else decides it."
    return ""


def _may_sign(person: Person, action: Action, signers: Collection[str]) -> bool:
    barred = _barred(person, action, role_in(person, action.team_id))
    return not barred and right_of(person, action, signers) is not None


def _not_named(action: Action) -> str:
    deciders = "the reviewer pool or the approval owner"
    if action.signers:
        deciders = _named_words(action.signers)
    return f"Only {deciders} of {action.workflow} decides this."


def _named_words(signers: Collection[str]) -> str:
    return " or ".join(f"the {who(signer)}" for signer in signers)


def check_can_ask_for_rollback(person: Person, action: Action) -> None:
    """The four owners, a manager, whoever decided it, and whoever failed its spot check.

    Never an auditor: they change nothing, whatever else they are.
    """
    member = Membership.objects.filter(
        person=person, team=action.team_id, person__is_active=True
    ).first()
    if member is None:
        raise PermissionDenied("You are not in the team of this action.")
    if member.role == Role.AUDITOR or not (
        member.role == Role.MANAGER
        or owns(person, action)
        or _decided(person, action)
        or _found_wrong(person, action)
    ):
        raise PermissionDenied(NO_ROLLBACK)


def why_no_rollback(person: Person, action: Action) -> str:
    """Why this person may not ask for rollback, in words; empty when they may."""
    try:
        check_can_ask_for_rollback(person, action)
    except PermissionDenied as refusal:
        return str(refusal)
    return ""


def why_no_rollback_each(person: Person, actions: Collection[Action]) -> dict[UUID, str]:
    """The same for those of many that they may not, in a number of queries that does not grow."""
    teams = {action.team_id for action in actions}
    roles = Membership.objects.filter(person=person, team__in=teams, person__is_active=True)
    role = dict(roles.values_list("team_id", "role"))
    owned = set(
        Workflow.objects.filter(
            _owned_by(person), pk__in={action.workflow_id for action in actions}
        ).values_list("pk", flat=True)
    )
    decided = Decision.objects.filter(
        action__in=actions,
        person=person,
        revision=F("action__revision"),
        verdict__in=DECIDING,
        undone_at__isnull=True,
    )
    checked = SpotCheck.objects.filter(action__in=actions, checked_by=person, passed=False)
    known = {*decided.values_list("action", flat=True), *checked.values_list("action", flat=True)}
    return {
        action.pk: NO_ROLLBACK
        for action in actions
        if role.get(action.team_id) in {None, Role.AUDITOR}
        or not (
            role[action.team_id] == Role.MANAGER
            or action.workflow_id in owned
            or action.pk in known
        )
    }


def _owned_by(person: Person) -> Q:
    named = Q()
    for role in OWNER_ROLES:
        named |= Q(**{role: person})
    return named


def owns(person: Person, action: Action) -> bool:
    """Whether this person is one of the four owners of the action's workflow."""
    return Workflow.objects.filter(_owned_by(person), pk=action.workflow_id).exists()


def _decided(person: Person, action: Action) -> bool:
    """Whether a decision of theirs on what it says now still stands."""
    return action.decisions.filter(
        person=person, revision=action.revision, verdict__in=DECIDING, undone_at__isnull=True
    ).exists()


def _found_wrong(person: Person, action: Action) -> bool:
    return SpotCheck.objects.filter(action=action, checked_by=person, passed=False).exists()


def check_can_check(person: Person, action: Action) -> None:
    """The workflow's pool and its approval owner look at what was done without a person.

    Never an auditor, and nobody at what they themselves caused.
    """
    member = Membership.objects.filter(
        person=person, team=action.team_id, person__is_active=True
    ).first()
    if member is None:
        raise PermissionDenied("You are not in the team of this action.")
    if caused(person, action):
        raise PermissionDenied("You asked for this yourself, so somebody else checks it.")
    named = Q(pool__people=person) | Q(approval_owner=person)
    reviews = Workflow.objects.filter(named, pk=action.workflow_id).exists()
    if member.role == Role.AUDITOR or not reviews:
        raise PermissionDenied(
            f"Only the reviewer pool or the approval owner of {action.workflow} checks this."
        )


def why_no_check(person: Person, action: Action) -> str:
    """Why this person may not make its spot check, in words; empty when they may."""
    try:
        check_can_check(person, action)
    except PermissionDenied as refusal:
        return str(refusal)
    return ""
