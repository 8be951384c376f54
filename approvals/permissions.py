"""Who may decide an action: one rule for the page, the button and the verb."""

from django.core.exceptions import PermissionDenied
from django.db.models import Q

from agents_registry.models import OWNER_ROLES, Membership, Person, Role, Workflow
from agents_registry.words import who
from approvals.models import Action


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


def check_can_sign(person: Person, action: Action, signers: list[str]) -> None:
    """Whom a finding names signs, also where only an edit brought that finding about."""
    if not Workflow.objects.filter(_signing(person, signers), pk=action.workflow_id).exists():
        raise PermissionDenied(f"With this content only {_named_words(signers)} decides it.")


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


def _named_words(signers: list[str]) -> str:
    return " or ".join(f"the {who(signer)}" for signer in signers)


def _signing(person: Person, signers: list[str]) -> Q:
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
    """By name: whom the policy asks to sign, else pool and approval owner; and the addressee that
    escalation reached."""
    named = Q(pool__people=person) | Q(approval_owner=person)
    if action.signers:
        named = _signing(person, action.signers)
    if Workflow.objects.filter(named, pk=action.workflow_id).exists():
        return True
    auditor = Membership.objects.filter(person=person, team=action.team_id, role=Role.AUDITOR)
    escalated = Action.objects.filter(pk=action.pk, assignee=person, step__gt=0)
    return escalated.exists() and not auditor.exists()
