"""Makes a team, empty but for its first manager."""

import re

from django.db import transaction

from agents_registry.changes.saving import save
from agents_registry.models import Membership, Person, Role, Team
from agents_registry.permissions import check_is_administrator
from agents_registry.spec.shape import SLUG


class CannotFound(Exception):
    """What is wrong with the name, in words."""


@transaction.atomic
def found(*, slug: str, name: str, manager: str, actor: Person) -> Team:
    """Adds the team, by an administrator. `manager` is a username: who goes on from here.

    Raises PermissionDenied, or CannotFound that says what to do.
    """
    check_is_administrator(actor)
    if not re.fullmatch(SLUG, slug):
        raise CannotFound("Write a short name of small letters, digits and dashes.")
    if not name.strip():
        raise CannotFound("Write the team's name.")
    if Team.objects.filter(slug=slug).exists():
        raise CannotFound(f"There is a team {slug} already.")
    person = Person.objects.filter(username=manager, is_active=True).first()
    if person is None:
        raise CannotFound(f"There is no active account {manager}.")
    team = Team(slug=slug)
    save(row=team, changes={"name": name.strip()}, actor=actor)
    save(row=Membership(team=team, person=person), changes={"role": Role.MANAGER}, actor=actor)
    return team
