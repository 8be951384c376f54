"""What an installation is watched by: figures for Prometheus, to whoever knows the token."""

from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from agents_registry.models import Agent, Person, StopKind, Workflow
from approvals import stopping, sweep
from approvals.models import (
    Action,
    Call,
    CallState,
    Channel,
    ChannelKind,
    Delivery,
    DeliveryState,
    Endpoint,
    Sweep,
)
from ledger import clock
from tests.factories import make_due

pytestmark = pytest.mark.django_db

TOKEN = "a-token-for-prometheus"


@pytest.fixture(autouse=True)
def token(settings: LazySettings) -> None:
    settings.METRICS_TOKEN = TOKEN


def figures() -> dict[str, float]:
    """By name, or name and job."""
    answer = Client().get("/metrics", headers={"authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    samples = [s for f in text_string_to_metric_families(answer.text) for s in f.samples]
    return {" ".join([s.name, *s.labels.values()]): s.value for s in samples}


def test_nobody_finds_it_where_no_token_is_set(settings: LazySettings) -> None:
    settings.METRICS_TOKEN = ""
    for headers in ({}, {"authorization": "Bearer "}):
        assert Client().get("/metrics", headers=headers).status_code == 404


@pytest.mark.parametrize("said", ["", "Bearer", "Bearer wrong", TOKEN, "Bearer ärger"])
def test_the_figures_need_the_token(said: str) -> None:
    answer = Client().get("/metrics", headers={"authorization": said} if said else {})
    assert (answer.status_code, answer.content) == (401, b"")


def test_it_tells_of_each_job_when_it_was_done() -> None:
    assert not [name for name in figures() if "sweep_age" in name]
    sweep.turn()
    Sweep.objects.filter(job="steps").update(finished_at=clock.now() - timedelta(hours=1))
    found = figures()
    assert found["review_queue_sweep_age_seconds steps"] >= 3600
    assert found["review_queue_sweep_age_seconds ends"] < 3600
    assert len([name for name in found if "sweep_age" in name]) == len(sweep.JOBS)


def test_it_counts_what_waits_and_what_is_late(action: Action, workflow: Workflow) -> None:
    found = figures()
    assert found["review_queue_pending"] == 1
    assert found["review_queue_steps_overdue"] == found["review_queue_oldest_step_seconds"] == 0
    make_due(action, by=timedelta(minutes=10))
    found = figures()
    assert found["review_queue_steps_overdue"] == 1
    assert found["review_queue_oldest_step_seconds"] >= 600


def test_what_is_stopped_is_not_late(action: Action, workflow: Workflow) -> None:
    make_due(action)
    stopping.stop(
        team=workflow.team,
        kind=StopKind.WORKFLOW,
        target=str(workflow.pk),
        reason="wrong prices",
        person=workflow.risk_owner,
    )
    found = figures()
    assert found["review_queue_steps_overdue"] == 0
    assert found["review_queue_stops_open"] == 1


def test_it_tells_of_messages_that_wait_and_that_were_given_up(reviewer: Person) -> None:
    now = clock.now()
    channel = Channel.objects.create(
        person=reviewer, kind=ChannelKind.EMAIL, address=reviewer.email, created_at=now
    )
    for state, due, ended in [
        (DeliveryState.QUEUED, now - timedelta(minutes=5), None),
        (DeliveryState.QUEUED, now + timedelta(hours=5), None),
        (DeliveryState.GAVE_UP, now - timedelta(days=2), now - timedelta(hours=1)),
        (DeliveryState.GAVE_UP, now - timedelta(days=4), now - timedelta(days=2)),
    ]:
        Delivery.objects.create(
            channel=channel, state=state, due_at=due, created_at=due, ended_at=ended
        )
    found = figures()
    assert found["review_queue_deliveries_queued"] == 2
    assert 300 <= found["review_queue_oldest_delivery_seconds"] < 3600
    assert found["review_queue_deliveries_given_up"] == 1


def test_it_tells_of_calls_to_agents_that_wait_and_that_were_given_up(agent: Agent) -> None:
    now = clock.now()
    webhook = Endpoint.objects.create(agent=agent, address="https://x.example/", created_at=now)
    for number, (state, due, ended) in enumerate(
        [
            (CallState.QUEUED, now - timedelta(minutes=5), None),
            (CallState.QUEUED, now + timedelta(hours=5), None),
            (CallState.GAVE_UP, now - timedelta(days=5), now - timedelta(days=2)),
        ]
    ):
        Call.objects.create(
            endpoint=webhook,
            address=webhook.address,
            key=str(number),
            state=state,
            due_at=due,
            created_at=due,
            ended_at=ended,
        )
    found = figures()
    assert (found["review_queue_calls_queued"], found["review_queue_calls_given_up"]) == (2, 0)
    assert 300 <= found["review_queue_oldest_call_seconds"] < 3600
    Endpoint.objects.update(disabled_at=now)
    found = figures()
    assert (found["review_queue_webhooks_off"], found["review_queue_oldest_call_seconds"]) == (1, 0)


def test_it_asks_a_fixed_number_of_questions(
    action: Action, django_assert_max_num_queries: object
) -> None:
    with django_assert_max_num_queries(16):  # type: ignore[operator]
        figures()
