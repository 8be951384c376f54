"""How long it takes to look at 500 like actions, and to decide them in one act."""

import time
from collections.abc import Iterator

from django.test import Client

from agents_registry.models import Agent, Person, Workflow
from approvals import batches
from approvals.batch_samples import MOST, Batch
from approvals.lots import Lot
from approvals.pages.batch import address
from tests.approvals.batched import create_title_type, lot_of, open_all, stage_many
from tests.factories import create_desk, reviewer_of

PROMISED_SECONDS = 3


def measure() -> Iterator[tuple[str, str]]:
    agent, workflow, _ = create_desk()
    person = reviewer_of(workflow)
    for needed in (1, 2):
        batch = _stage(agent, workflow, needed)
        yield (f"page of a batch of {MOST}", _page(person, batch))
        yield (f"{MOST} approved in one act, {needed} to approve", _approved(person, batch))
    yield (f"{MOST} rejected in one act", _rejected(person, _stage(agent, workflow, 3)))


def _stage(agent: Agent, workflow: Workflow, needed: int) -> Batch:
    key = f"set_title_{needed}"
    return stage_many(agent, create_title_type(workflow, key, approvals_needed=needed), MOST)


def _page(person: Person, batch: Batch) -> str:
    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(person)
    client.get(address(batch))
    begun = time.perf_counter()
    response = client.get(address(batch))
    seconds = time.perf_counter() - begun
    assert response.status_code == 200
    return f"{seconds:.2f} s, {len(response.content) / 1024:.0f} KB"


def _approved(person: Person, batch: Batch) -> str:
    open_all(person, Lot.of(batch, person).close)
    lot = lot_of(batch)
    begun, worked = time.perf_counter(), time.process_time()
    act = batches.approve(person=person, batch=batch, seen=lot)
    return _said(len(act.decided), begun, worked)


def _rejected(person: Person, batch: Batch) -> str:
    lot = lot_of(batch)
    begun, worked = time.perf_counter(), time.process_time()
    act = batches.reject(person=person, batch=batch, seen=lot, reason="wrong_facts")
    return _said(len(act.decided), begun, worked)


def _said(decided: int, begun: float, worked: float) -> str:
    seconds, worked = time.perf_counter() - begun, time.process_time() - worked
    assert decided == MOST, decided
    return f"{seconds:.2f} s, {worked:.2f} s of its own work, promised {PROMISED_SECONDS} s"
