"""How long a changed policy takes to be tried over a hundred thousand recorded actions."""

import resource
import time
from collections.abc import Iterator
from typing import Any

from django.db import connection

from agents_registry.models import ActionType
from agents_registry.revisions import policy_document
from approvals import trials
from approvals.models import Action, Content, Trial
from approvals.models.actions import new_id
from tests.factories import create_action, create_desk

RECORDED, PROMISED_SECONDS = 100_000, 30
PATTERNS = 20
AT_ONCE = 5_000


def measure() -> Iterator[tuple[str, str]]:
    agent, workflow, refund = create_desk()
    _make_rules(refund)
    patterns = [create_action(agent, refund, **_proposal(number)) for number in range(PATTERNS)]
    _fill(patterns, RECORDED)
    trial = trials.start(
        team=workflow.team,
        documents={str(refund.pk): _tightened(refund)},
        days=30,
        author=workflow.risk_owner,
    )
    begun, worked = time.perf_counter(), time.process_time()
    turns = 0
    while trials.run_next():
        turns += 1
    seconds, worked = time.perf_counter() - begun, time.process_time() - worked
    trial = Trial.objects.get(pk=trial.pk)
    assert (trial.state, trial.done) == ("done", RECORDED), (trial.state, trial.done)
    yield (
        f"policy tried over {RECORDED:,} actions, one process",
        f"{seconds:.1f} s in {turns} turns, {worked:.1f} s of its own work, "
        f"promised {PROMISED_SECONDS} s",
    )
    yield ("trial, the most memory that its process had", f"{_peak():.0f} MB")


def _make_rules(refund: ActionType) -> None:
    """A policy as a desk has one: a line, a threshold and four stop rules."""
    written = {
        "no_order": "!has(payload.order) || payload.order == ''",
        "something_missing": "size(signals.missing) > 0",
        "legal": "'legal' in signals.categories",
        "two_reasons": "evidence.exists(e, e.source == 'crm') && payload.amount > 900",
    }
    raised = {"raise_to": "mandatory"}
    refund.stop_rules = [
        {"id": name, "words": f"{name}.", "when": when, "effect": raised}
        for name, when in written.items()
    ]
    refund.thresholds = [
        {"metric": "spend_delta", "operator": ">", "limit": "200", "currency": "USD",
         "effect": raised}
    ]  # fmt: skip
    refund.save()


def _tightened(refund: ActionType) -> dict[str, Any]:
    document = policy_document(refund)
    thresholds = [{**document["thresholds"][0], "limit": "100"}]
    return {**document, "thresholds": thresholds, "loosened": [
        {"floor": "refund", "tier": "batch_review"},
        {"floor": "customer_impacting_decision", "tier": "batch_review"},
    ]}  # fmt: skip


def _proposal(number: int) -> dict[str, Any]:
    """Contents of about two kilobytes, amounts from 0 to 950."""
    evidence = {"title": "Order record", "excerpt": "delivered " * 30, "source": "crm"}
    return {
        "payload": {"order": f"A-{number}", "amount": 50 * number, "currency": "USD"},
        "before": {"order": f"A-{number}", "items": [{"item": "lamp", "price": 74.5}] * 3},
        "trace": {"model": "bench", "tool_calls": [{"name": "look_up", "system": "crm"}] * 4},
        "evidence": [evidence] * 3,
        "subject": {"type": "customer", "id": f"c-{number}", "label": "A customer"},
    }


def _fill(patterns: list[Action], count: int) -> None:
    """Copies the patterns in turn until there are `count`, spread over the last 29 days."""
    with connection.cursor() as cursor:
        for number, pattern in enumerate(patterns):
            share = len(range(number, count, len(patterns))) - 1
            for first in range(0, share, AT_ONCE):
                _copy(cursor, pattern, min(AT_ONCE, share - first))
        cursor.execute("ANALYZE")


def _copy(cursor: Any, pattern: Action, count: int) -> None:
    ids = [new_id() for _ in range(count)]
    columns = columns_of(Action, but={"id", "created_at"})
    cursor.execute(
        f"INSERT INTO approvals_action (id, created_at, {columns}) "
        f"SELECT new.id, created_at - random() * interval '29 days', {columns} "
        "FROM approvals_action AS old, unnest(%s::uuid[]) AS new(id) WHERE old.id = %s",
        [ids, pattern.pk],
    )
    columns = columns_of(Content, but={"id", "action_id"})
    cursor.execute(
        f"INSERT INTO approvals_content (action_id, {columns}) SELECT new.id, {columns} "
        "FROM approvals_content AS old, unnest(%s::uuid[]) AS new(id) WHERE old.action_id = %s",
        [ids, pattern.pk],
    )


def columns_of(model: type[Action] | type[Content], *, but: set[str]) -> str:
    names = (field.column for field in model._meta.concrete_fields)
    return ", ".join(f'"{name}"' for name in names if name not in but)


def _peak() -> float:
    """The most memory that this process has had so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
