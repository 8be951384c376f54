"""Orders releasing against stopping: one gate per team, shared by releases, closed by a stop."""

from uuid import UUID

from django.db import connection


def enter(team_id: UUID) -> None:
    """Waits while a stop is being written; held until the caller's transaction ends."""
    _lock("pg_advisory_xact_lock_shared", team_id)


def close(team_id: UUID) -> None:
    """Waits for releases that are under way, and keeps new ones out until the transaction ends."""
    _lock("pg_advisory_xact_lock", team_id)


def _lock(function: str, team_id: UUID) -> None:
    key = int.from_bytes(team_id.bytes[:8], "big", signed=True)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {function}(%s)", [key])
