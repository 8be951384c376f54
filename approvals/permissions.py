"""Who may decide an action: one rule for the page, the button and the verb."""

from collections.abc import Collection

from django.core.exceptions import PermissionDenied
from django.db.models import Q

from agents_registry import roles
from agents_registry.models import OWNER_ROLES, Membership, Person, Pool, Role, Workflow
from agents_registry.words import who
from approvals.models import DECIDING, Action, SpotCheck


def check_can_decide(person: Person, action: Action) -> None:
    """The workflow's pool and its approval owner decide, and whoever escalation added.

    Never an auditor or manager as such, and nobody what they themselves caused. Rights are read
    from the database at this moment: inside the deciding transaction, that is what counts.
    """
    if not Membership.objects.filter(
        person=person, team=action.team_id, person__is_active=True
    ).exists():
        raise PermissionDenied("You are not in the team of this action.")
    if caused(person, action):
        raise PermissionDenied("You asked for this yourself, so somebody else decides it.")
    if not _named(person, action):
        raise PermissionDenied(f"Only {_deciders(action)} of {action.workflow} decides this.")


def check_can_sign(person: Person, action: Action, signers: Collection[str]) -> None:
    """Whom a finding names signs, also where only an edit brought that finding about.

    Where it brings nobody new to sign, whoever may decide the action may decide the edit too: so
    does the person whom escalation reached.
    """
    if not can_sign(person, action, signers):
        raise PermissionDenied(f"With this content only {_named_words(signers)} decides it.")


def can_sign(person: Person, action: Action, signers: Collection[str]) -> bool:
    if set(signers) <= set(action.signers):
        return True
    return Workflow.objects.filter(_signing(person, signers), pk=action.workflow_id).exists()


def why_not(person: Person, action: Action) -> str:
    """Why this person may not decide it, in words; empty when they may."""
    try:
        check_can_decide(person, action)
    except PermissionDenied as refusal:
        return str(refusal)
    return ""


def can_decide(person: Person, action: Action) -> bool:
    return not why_not(person, action)


def caused(person: Person, action: Action) -> bool:
    """Whether the action was staged at this person's request."""
    asked = action.requested_by.strip().lower()
    return bool(asked) and asked in {person.email.lower(), person.username.lower()}


def _deciders(action: Action) -> str:
    if action.signers:
        return _named_words(action.signers)
    return "the reviewer pool or the approval owner"


def _named_words(signers: Collection[str]) -> str:
    return " or ".join(f"the {who(signer)}" for signer in signers)


def _signing(person: Person, signers: Collection[str]) -> Q:
    """The workflow, if this person is one of those whom a finding named."""
    named = Q(pk__in=[])
    for signer in signers:
        kind, _, name = signer.partition(":")
        if signer in OWNER_ROLES:
            named |= Q(**{signer: person})
        elif kind == "pool":
            named |= Q(team__pools__slug=name, team__pools__people=person)
        elif kind == "person" and name == person.username:
            named |= Q(team__members=person)
        elif signer == "manager":
            named |= Q(team__memberships__person=person, team__memberships__role=Role.MANAGER)
    return named


def _named(person: Person, action: Action) -> bool:
    """By name: whom the policy asks to sign, else pool and approval owner; and everybody whom
    escalation reached."""
    named = Q(pool__people=person) | Q(approval_owner=person)
    if action.signers:
        named = _signing(person, action.signers)
    if Workflow.objects.filter(named, pk=action.workflow_id).exists():
        return True
    auditor = Membership.objects.filter(person=person, team=action.team_id, role=Role.AUDITOR)
    return _reached(person, action) and not auditor.exists()


def _reached(person: Person, action: Action) -> bool:
    """Whether escalation asked this person: it adds people, and moving the work removes none."""
    asked = Action.objects.filter(pk=action.pk, assignee=person, step__gt=0)
    so_far = [stage["who"] for stage in action.stages[1 : action.step + 1]]
    whos = [*so_far, "workflow_owner"] if action.held else so_far
    return asked.exists() or any(_is_asked(person, action.workflow, who) for who in whos)


def _is_asked(person: Person, workflow: Workflow, who: str) -> bool:
    """Whether a stage that names `who` asks this person now: alone, or as one of a pool."""
    kind, _, slug = who.partition(":")
    if kind == "pool":
        return Pool.objects.filter(team=workflow.team_id, slug=slug, people=person).exists()
    return roles.resolve(workflow, who) == person


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
        raise PermissionDenied(
            "Only an owner, a manager, or whoever decided it asks for rollback. Nothing was asked. "
            "Report a mistake: the workflow owner learns of it."
        )


def why_no_rollback(person: Person, action: Action) -> str:
    """Why this person may not ask for rollback, in words; empty when they may."""
    try:
        check_can_ask_for_rollback(person, action)
    except PermissionDenied as refusal:
        return str(refusal)
    return ""


def owns(person: Person, action: Action) -> bool:
    """Whether this person is one of the four owners of the action's workflow."""
    named = Q()
    for role in OWNER_ROLES:
        named |= Q(**{role: person})
    return Workflow.objects.filter(named, pk=action.workflow_id).exists()


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
