"""What an agent may learn of people's verdicts, in an order that never skips one."""

from datetime import datetime, timedelta
from itertools import takewhile

from django.db import connection

from agents_registry.models import Agent
from approvals import four_eyes
from approvals.models import DECIDING, Decision
from approvals.settling import settle_seconds

MARGIN = timedelta(seconds=1)
"""More than lies between reading the clock for a decision and writing its row."""

OLDEST_WRITER = """
    SELECT coalesce(min(xact_start), clock_timestamp()) FROM pg_stat_activity
    WHERE backend_xid IS NOT NULL AND datname = current_database() AND pid <> pg_backend_pid()
"""


def learned(*, agent: Agent, after: int, limit: int) -> list[Decision]:
    """Verdicts on the agent's actions behind the id `after`, the oldest first.

    It ends before the first that may still be undone while it settles, and before any that a
    transaction under way could still precede: ids are drawn before they are committed.
    """
    begun = _oldest_writer()
    given = Decision.objects.filter(
        action__agent=agent, id__gt=after, verdict__in=DECIDING, undone_at__isnull=True
    )
    rows = (
        four_eyes.told(given)
        .select_related("person", "action__workflow", "action__action_type")
        .order_by("id")[:limit]
    )
    return list(takewhile(lambda decision: _settled_at(decision) < begun, rows))


def _settled_at(decision: Decision) -> datetime:
    return decision.created_at + MARGIN + timedelta(seconds=settle_seconds(decision.action))


def _oldest_writer() -> datetime:
    """When the oldest transaction began that has written something and is not over."""
    with connection.cursor() as cursor:
        cursor.execute(OLDEST_WRITER)
        begun: datetime = cursor.fetchone()[0]
    return begun
