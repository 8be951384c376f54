"""Puts teams, workflows and agents away: nothing new begins there, and the record stays."""

from django.db import transaction

from agents_registry import tokens
from agents_registry.changes import rights
from agents_registry.changes.rights import Right
from agents_registry.changes.rows import kind_of, name_of, stream_of, team_of, workflow_of
from agents_registry.models import Agent, Person, Team, Workflow
from ledger import clock, record

Archivable = Team | Workflow | Agent

RIGHTS = {Team: Right.MANAGE, Workflow: Right.MANAGE, Agent: Right.CONNECT}
"""What it takes to put such a row away, and to bring it back."""


class StillInUse(Exception):
    """What has to be put away first, in words."""


@transaction.atomic
def archive(*, row: Archivable, actor: Person, reason: str = "") -> bool:
    """Puts the row away; False when somebody did so already.

    Open work of a workflow goes on to its end. An agent's tokens end for good. Raises
    PermissionDenied, and StillInUse for a team that has a workflow in use.
    """
    _lock(row, actor)
    if row.archived_at is not None:
        return False
    if isinstance(row, Team):
        _check_nothing_runs(row)
    if isinstance(row, Agent):
        for token in row.tokens.filter(revoked_at__isnull=True):
            tokens.revoke(token=token, actor=f"person:{actor.pk}")
    row.archived_at = clock.now()
    row.save(update_fields=["archived_at"])
    _tell(row, "archived", actor, reason)
    return True


@transaction.atomic
def unarchive(*, row: Archivable, actor: Person, reason: str = "") -> bool:
    """Brings the row back as it was; False when it is not away. An agent needs a new token."""
    _lock(row, actor)
    if row.archived_at is None:
        return False
    row.archived_at = None
    row.save(update_fields=["archived_at"])
    _tell(row, "unarchived", actor, reason)
    return True


def may_archive(person: Person, row: Archivable) -> bool:
    """For the page: whether this person may put the row away or bring it back."""
    return rights.may(person, RIGHTS[type(row)], team=team_of(row), workflow=workflow_of(row))


def _lock(row: Archivable, actor: Person) -> None:
    """Reads the row afresh under its lock, for somebody who may."""
    type(row)._default_manager.select_for_update().get(pk=row.pk)
    row.refresh_from_db()
    rights.check(actor, RIGHTS[type(row)], team=team_of(row), workflow=workflow_of(row))


def _check_nothing_runs(team: Team) -> None:
    used = team.workflows.filter(archived_at__isnull=True)
    if names := ", ".join(used.values_list("name", flat=True)):
        raise StillInUse(f"Archive its workflows first. These are still in use: {names}.")


def _tell(row: Archivable, what: str, actor: Person, reason: str) -> None:
    record.append(
        scope=str(team_of(row).pk),
        stream=stream_of(row),
        type=f"{kind_of(row)}.{what}",
        actor=f"person:{actor.pk}",
        body={"row": name_of(row)},
        sealed={"reason": reason} if reason else None,
    )
