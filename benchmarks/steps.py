"""How fast four sweepers take a hundred thousand due steps, against the least SQL that leaves the
same rows."""

import hashlib
import json
import multiprocessing
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from django.db import connection

from approvals import deadlines
from approvals.models import Action
from approvals.models.actions import new_id
from benchmarks.trials import columns_of
from ledger import record
from ledger.models import Event
from reviewqueue.celery import look_for_garbage_less
from tests.factories import create_action, create_desk

STEPS, SWEEPERS, ROUNDS = 100_000, 4, 4
AT_ONCE = 5_000
FLOOR_AT_ONCE = 1_000


def measure(steps: int = STEPS) -> Iterator[tuple[str, str]]:
    """In turns, a quarter each time, so that whatever else the machine does falls on both."""
    floor, swept, taken = 0.0, 0.0, Counter[int]()
    for _ in range(ROUNDS):
        raw, own = create_waiting(steps // ROUNDS), create_waiting(steps // ROUNDS)
        floor += _timed(raw, _floor)
        swept += _timed(own, sweep_until_nothing_is_due)
        taken += times_taken(own)
    told = ", ".join(f"{often:,} done {times} ×" for times, often in sorted(taken.items()))
    yield (f"{steps:,} due steps in raw SQL, {SWEEPERS} processes", f"{floor:.1f} s")
    yield (f"{steps:,} due steps, {SWEEPERS} sweepers", f"{swept:.1f} s, {told}")
    yield ("sweep / raw SQL", f"{swept / floor:.2f}, promised at most 2")


def create_waiting(steps: int) -> Action:
    """As many actions of one desk, each with its event, none of them due; one of them."""
    agent, _, refund = create_desk()
    pattern = create_action(agent, refund)
    columns = columns_of(Action, but={"id"})
    for first in range(1, steps, AT_ONCE):
        ids = [new_id() for _ in range(min(AT_ONCE, steps - first))]
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO approvals_action (id, {columns}) SELECT new.id, {columns} "
                "FROM approvals_action AS old, unnest(%s::uuid[]) AS new(id) WHERE old.id = %s",
                [ids, pattern.pk],
            )
        Event.objects.bulk_create(_staged(pattern, f"action:{pk}") for pk in ids)
    return pattern


def make_all_due(pattern: Action) -> None:
    """Within the last hour, in no order of their ids."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE approvals_action SET due_at = late.at, next_step_at = late.at FROM (SELECT id, "
            "now() - random() * interval '1 hour' AS at FROM approvals_action "
            "WHERE workflow_id = %s) AS late WHERE approvals_action.id = late.id",
            [pattern.workflow_id],
        )


def at_the_same_time(work: Callable[[Any], None]) -> float:
    """Seconds from the moment at which every process is ready until the last one is done."""
    connection.close()
    look_for_garbage_less()
    forked = multiprocessing.get_context("fork")
    ready = forked.Barrier(SWEEPERS + 1)
    crew = [forked.Process(target=work, args=(ready,)) for _ in range(SWEEPERS)]
    for process in crew:
        process.start()
    ready.wait()
    begun = time.perf_counter()
    for process in crew:
        process.join()
    seconds = time.perf_counter() - begun
    assert not any(process.exitcode for process in crew)
    return seconds


def times_taken(pattern: Action) -> Counter[int]:
    """Of how many actions the step was taken how often: by the record, and by the rows."""
    actions = Action.objects.filter(workflow=pattern.workflow_id)
    told = Event.objects.filter(scope=str(pattern.team_id), type="action.escalated")
    by_stream = Counter(told.values_list("stream", flat=True))
    assert len(by_stream) == actions.filter(step=1).count(), "a step without its event"
    left = actions.count() - len(by_stream)
    return Counter(by_stream.values()) + Counter({0: left})


def sweep_until_nothing_is_due(ready: Any) -> None:
    connection.ensure_connection()
    ready.wait()
    while deadlines.sweep_steps():
        pass


def _timed(pattern: Action, work: Callable[[Any], None]) -> float:
    make_all_due(pattern)
    with connection.cursor() as cursor:
        for table in ("approvals_action", "ledger_event", "ledger_unread"):
            cursor.execute(f"VACUUM ANALYZE {table}")
        cursor.execute("CHECKPOINT")
    return at_the_same_time(work)


def _staged(pattern: Action, stream: str) -> Event:
    content = b"{}"
    return Event(
        scope=str(pattern.team_id),
        stream=stream,
        seq=1,
        type="action.staged",
        actor=f"agent:{pattern.agent_id}",
        at=pattern.created_at,
        content=content,
        leaf=hashlib.sha256(content).digest(),
    )


# The floor: what is written, and what has to be known for that, by a program that knows nothing
# of calendars, ladders or people.

CLAIM = """
SELECT id, team_id, revision, payload_digest, policy_revision, step, next_step_at,
  frozen -> 'stages' -> (step + 1) ->> 'within'
FROM approvals_action WHERE state = 'pending' AND NOT held AND next_step_at <= clock_timestamp()
ORDER BY next_step_at LIMIT %s FOR UPDATE SKIP LOCKED
"""
HEADS = """
SELECT DISTINCT ON (stream) stream, seq, leaf FROM ledger_event
WHERE stream = ANY(%s) ORDER BY stream, seq DESC
"""
ADVANCE = """
UPDATE approvals_action AS now SET step = was.step + 1, reminded = 0, assignee_id = %(asked)s,
  pool_id = NULL, due_at = was.due, next_step_at = was.due, changed_at = %(at)s
FROM unnest(%(ids)s::uuid[], %(revisions)s::int[], %(digests)s::text[], %(policies)s::text[],
  %(steps)s::int[], %(seen)s::timestamptz[], %(dues)s::timestamptz[])
  AS was(id, revision, digest, policy, step, next_step_at, due)
WHERE now.id = was.id AND now.state = 'pending' AND now.revision = was.revision
  AND now.payload_digest = was.digest AND now.policy_revision = was.policy
  AND now.step = was.step AND now.next_step_at = was.next_step_at
RETURNING now.id
"""
TELL = """
WITH told AS (
  INSERT INTO ledger_event (scope, stream, seq, type, actor, at, content, leaf)
  SELECT scope, stream, seq, 'action.escalated', %s, %s, content, leaf
  FROM unnest(%s::text[], %s::text[], %s::int[], %s::bytea[], %s::bytea[])
    AS new(scope, stream, seq, content, leaf)
  RETURNING id
)
INSERT INTO ledger_unread (follower, event_id) SELECT 'notices', id FROM told
"""


def _floor(ready: Any) -> None:
    params = connection.get_connection_params()
    known = {"host", "port", "user", "password", "dbname"}
    address = {name: value for name, value in params.items() if name in known}
    with psycopg.connect(**address) as raw:
        ready.wait()
        while _floor_batch(raw):
            pass


def _floor_batch(raw: "psycopg.Connection[Any]") -> int:
    with raw.transaction(), raw.cursor() as cursor:
        rows = cursor.execute(CLAIM, [FLOOR_AT_ONCE]).fetchall()
        if rows:
            at = datetime.now(UTC)
            _advance(cursor, rows, at)
            _tell(cursor, rows, at)
    return len(rows)


def _advance(cursor: Any, rows: list[Any], at: datetime) -> None:
    names = ("ids", "_", "revisions", "digests", "policies", "steps", "seen", "within")
    columns = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
    dues = [at + timedelta(hours=int(within.split()[0])) for within in columns["within"]]
    cursor.execute(ADVANCE, {**columns, "asked": 1, "dues": dues, "at": at})
    assert cursor.rowcount == len(rows)


def _tell(cursor: Any, rows: list[Any], at: datetime) -> None:
    streams = [f"action:{row[0]}" for row in rows]
    found = cursor.execute(HEADS, [streams]).fetchall()
    heads = {stream: (seq, leaf) for stream, seq, leaf in found}
    said = [_event(row, at, *heads[f"action:{row[0]}"]) for row in rows]
    cursor.execute(TELL, [deadlines.CLOCK, at, *map(list, zip(*said, strict=True))])


def _event(row: Any, at: datetime, seq: int, leaf: bytes) -> tuple[Any, ...]:
    scope, stream = str(row[1]), f"action:{row[0]}"
    said = {
        "v": record.FORMAT,
        "at": at.isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "seq": seq + 1,
        "prev": leaf.hex(),
        "scope": scope,
        "stream": stream,
        "type": "action.escalated",
        "actor": deadlines.CLOCK,
        "body": {"revision": row[2], "step": row[5] + 1, "to": "person:1"},
    }
    content = json.dumps(said, sort_keys=True, separators=(",", ":")).encode()
    return scope, stream, seq + 1, content, hashlib.sha256(b"\x00" + content).digest()
