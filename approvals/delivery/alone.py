"""Lets one process of the whole installation do something at a time."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from django.conf import settings

CONNECT_SECONDS = 5


@contextmanager
def alone(name: str) -> Iterator[bool]:
    """Whether nobody else is at it; then nobody else is until the block ends, or its process dies.

    Over a connection of its own: no transaction is held open, and no pooler stands between.
    """
    with psycopg.connect(
        settings.DATABASE_DIRECT_URL, autocommit=True, connect_timeout=CONNECT_SECONDS
    ) as connection:
        asked = connection.execute("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", [name])
        row = asked.fetchone()
        yield bool(row and row[0])
