"""How the inbox's first page fares when the queue grows a hundredfold."""

import statistics
import time
from collections.abc import Iterator
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from approvals.models import Action, Content
from approvals.models.actions import new_id
from tests.factories import create_action, create_desk, reviewer_of

SMALL, LARGE, ROUNDS = 1_000, 100_000, 60


def measure() -> Iterator[tuple[str, str]]:
    agent, workflow, refund = create_desk()
    pattern = create_action(agent, refund)
    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(reviewer_of(workflow))
    figures = {}
    for size in (SMALL, LARGE):
        fill(pattern, size)
        figures[size] = _page(client)
        queries, p50 = figures[size]
        yield (f"inbox first page, {size:,} pending", f"{queries} queries, p50 {p50:.1f} ms")
    yield ("inbox p50, large / small", f"{figures[LARGE][1] / figures[SMALL][1]:.2f}")


def fill(pattern: Action, size: int) -> None:
    """Copies one pending action until there are `size`, spread over four days of deadlines."""
    content = Content.objects.get(action=pattern)
    missing = size - Action.objects.filter(agent=pattern.agent).count()
    with connection.cursor() as cursor:
        for first in range(0, missing, 5_000):
            _copy(cursor, pattern, content, min(5_000, missing - first))
        cursor.execute("ANALYZE")


def _copy(cursor: Any, pattern: Action, content: Content, count: int) -> None:
    ids = [new_id() for _ in range(count)]
    columns = [f.column for f in Action._meta.concrete_fields if f.column != "id"]
    changed = {
        "due_at": "due_at - interval '1 day' + random() * interval '4 days'",
        "tier_rank": "(random() < 0.5)::int",
    }
    values = ", ".join(changed.get(str(column), f'"{column}"') for column in columns)
    names = ", ".join(f'"{column}"' for column in columns)
    cursor.execute(
        f"INSERT INTO approvals_action (id, {names}) SELECT new.id, {values} "
        "FROM approvals_action AS old, unnest(%s::uuid[]) AS new(id) WHERE old.id = %s",
        [ids, pattern.pk],
    )
    parts = [f.column for f in Content._meta.concrete_fields if f.column not in {"id", "action_id"}]
    names = ", ".join(f'"{column}"' for column in parts)
    cursor.execute(
        f"INSERT INTO approvals_content (action_id, {names}) SELECT new.id, {names} "
        "FROM approvals_content AS old, unnest(%s::uuid[]) AS new(id) WHERE old.id = %s",
        [ids, content.pk],
    )


def _page(client: Client) -> tuple[int, float]:
    client.get("/inbox/")
    with CaptureQueriesContext(connection) as captured:
        client.get("/inbox/")
        queries = len(captured)
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        response = client.get("/inbox/")
        times.append((time.perf_counter() - start) * 1000)
        assert response.status_code == 200
    return queries, statistics.median(times)
