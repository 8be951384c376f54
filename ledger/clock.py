"""The one source of now: the database's clock, or a simulated one where history is told."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime

from django.db import connection
from django.db.models import DateTimeField, Expression, Value
from django.db.models.functions import Now

_simulated: ContextVar[datetime | None] = ContextVar("simulated_now", default=None)


def now() -> datetime:
    """The instant, in UTC, at which the database is asked; never the web server's own clock."""
    simulated = _simulated.get()
    if simulated is not None:
        return simulated
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        instant: datetime = cursor.fetchone()[0]
    return instant


def within_query() -> Expression:
    """The same instant inside a query, which saves asking for it first."""
    simulated = _simulated.get()
    return Now() if simulated is None else Value(simulated, DateTimeField())


@contextmanager
def simulated(instant: datetime) -> Iterator[None]:
    """Lets the verbs run at another instant: for tests, demo history and simulations only."""
    token = _simulated.set(instant)
    try:
        yield
    finally:
        _simulated.reset(token)
