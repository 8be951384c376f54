"""Lets somebody whose account was just made choose their password, by a link that works once."""

from django.contrib.auth.tokens import default_token_generator
from django.db import transaction
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from agents_registry.changes import rights
from agents_registry.changes.rights import Right
from agents_registry.models import Membership, Person, Team
from ledger import record


class CannotInvite(Exception):
    """Why there is no link for this person, in words."""


def may_be_invited(person: Person, team: Team) -> bool:
    """Whether a link may be made: an open account of this team alone that nobody ever entered.

    A manager who could make one for any other account could enter as that person.
    """
    unused = not person.has_usable_password() and person.last_login is None
    teams = set(Membership.objects.filter(person=person).values_list("team_id", flat=True))
    return unused and person.is_active and not person.is_superuser and teams == {team.pk}


@transaction.atomic
def link(*, team: Team, person: Person, actor: Person) -> str:
    """The path under which the person chooses a password, for some days and once.

    Raises PermissionDenied, or CannotInvite.
    """
    rights.check(actor, Right.MANAGE, team=team, workflow=None)
    Team.objects.select_for_update().get(pk=team.pk)
    if not may_be_invited(person, team):
        raise CannotInvite(f"{person} has signed in already, or is in another team too.")
    record.append(
        scope=str(team.pk),
        stream=f"team:{team.pk}",
        type="person.invited",
        actor=f"person:{actor.pk}",
        body={"row": f"person:{person.pk}"},
    )
    name = urlsafe_base64_encode(force_bytes(person.pk))
    return reverse("welcome", args=[name, default_token_generator.make_token(person)])
