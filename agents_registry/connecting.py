"""Lets people give agents their tokens and take them back."""

from collections.abc import Iterable

from django.db import transaction

from agents_registry import tokens
from agents_registry.changes import rights
from agents_registry.changes.rights import Right
from agents_registry.models import Agent, AgentToken, Person, Scope

LONGEST_DAYS = 3650


class CannotIssue(Exception):
    """Why no token was made, in words."""


@transaction.atomic
def issue(
    *, agent: Agent, person: Person, scopes: Iterable[str], days: int, test: bool = False
) -> str:
    """A new token's text, shown this once. Raises PermissionDenied or CannotIssue."""
    rights.check(person, Right.CONNECT, team=agent.team, workflow=None)
    if Agent.objects.select_for_update().get(pk=agent.pk).archived_at is not None:
        raise CannotIssue("The agent is archived. Bring it back first.")
    asked = set(scopes)
    if not asked or asked.difference(Scope.values):
        raise CannotIssue("Choose what the token may be used for.")
    if not 1 <= days <= LONGEST_DAYS:
        raise CannotIssue(f"A token lasts 1 to {LONGEST_DAYS} days.")
    actor = f"person:{person.pk}"
    return tokens.issue(agent=agent, actor=actor, scopes=asked, days=days, test=test)


@transaction.atomic
def revoke(*, token: AgentToken, person: Person) -> None:
    """Ends the token at once. Raises PermissionDenied."""
    rights.check(person, Right.CONNECT, team=token.agent.team, workflow=None)
    tokens.revoke(token=token, actor=f"person:{person.pk}")


def may_connect(person: Person, agent: Agent) -> bool:
    return rights.may(person, Right.CONNECT, team=agent.team, workflow=None)
