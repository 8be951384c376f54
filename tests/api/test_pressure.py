"""Back-pressure: so many of an agent's actions may wait for people, and it is told how long."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from agents_registry.calendars import Calendar
from agents_registry.models import ActionType, Agent, Person, Workflow
from agents_registry.sla import ALWAYS
from agents_registry.spec.export import stored
from approvals import pressure, staging
from approvals.models import Action
from approvals.pressure import Pace, pace_of
from ledger import clock
from tests import factories
from tests.api.client import AgentClient, problem

pytestmark = pytest.mark.django_db

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri")
OFFICE = Calendar.from_document(
    {
        "time_zone": "UTC",
        "hours": {day: [["09:00", "17:00"]] for day in WEEKDAYS},
        "holidays": None,
        "days_off": [],
    }
)
FRIDAY_NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def capped(agent: Agent) -> Agent:
    """At most two of its actions wait for people."""
    Agent.objects.filter(pk=agent.pk).update(most_pending=2)
    return agent


def stage(api: AgentClient, body: dict[str, Any], *keys: str) -> list[int]:
    return [api.stage(body, key=key).status_code for key in keys]


def decided(action_id: str, at: datetime) -> None:
    """People decided it then, as far as the pace is concerned."""
    Action.objects.filter(pk=action_id).update(state="rejected", decided_at=at, changed_at=at)


def ids() -> list[str]:
    return [str(pk) for pk in Action.objects.order_by("id").values_list("pk", flat=True)]


def test_one_more_than_may_wait_is_refused_and_told_when_to_come_back(
    capped: Agent, api: AgentClient, body: dict[str, Any]
) -> None:
    assert stage(api, body, "a", "b") == [201, 201]
    response = api.stage(body, key="c")
    refused = problem(response, 429, "too_many_pending")
    assert "2 actions of this agent wait for people" in refused["detail"]
    assert "Nothing was staged" in refused["detail"]
    assert refused["expected_wait_seconds"] is None
    assert 55 <= int(response["Retry-After"]) <= 61
    assert refused["retry_at"] > refused["retry_at"][:10]
    assert Action.objects.count() == 2


def test_the_refused_key_is_not_used_up(
    capped: Agent, api: AgentClient, body: dict[str, Any]
) -> None:
    assert stage(api, body, "a", "b", "c") == [201, 201, 429]
    api.post(f"/actions/{ids()[0]}/withdraw")
    assert stage(api, body, "c") == [201]


def test_what_was_staged_is_answered_again_also_when_it_is_full(
    capped: Agent, api: AgentClient, body: dict[str, Any]
) -> None:
    assert stage(api, body, "a", "b", "c", "a") == [201, 201, 429, 201]


def test_what_needs_no_person_is_never_refused(
    capped: Agent, api: AgentClient, body: dict[str, Any], read_body: dict[str, Any]
) -> None:
    assert stage(api, body, "a", "b", "c") == [201, 201, 429]
    assert api.stage(read_body, key="d").json()["state"] == "approved"


def test_asking_may_i_is_never_refused(
    capped: Agent, api: AgentClient, body: dict[str, Any]
) -> None:
    stage(api, body, "a", "b")
    assert api.post("/actions/check", body).status_code == 200


def test_another_agent_is_not_held_up(
    capped: Agent, api: AgentClient, body: dict[str, Any], workflow: Workflow
) -> None:
    other = factories.create_agent(workflow.team)
    workflow.agents.add(other)
    assert stage(api, body, "a", "b", "c") == [201, 201, 429]
    assert stage(AgentClient(factories.create_token(other)), body, "a") == [201]


def test_tests_neither_count_nor_are_refused(
    capped: Agent, api: AgentClient, body: dict[str, Any]
) -> None:
    testing = AgentClient(factories.create_token(capped, test=True))
    assert stage(testing, body, "a", "b", "c") == [201, 201, 201]
    assert stage(api, body, "a", "b", "c") == [201, 201, 429]
    assert stage(testing, body, "d") == [201]


def test_what_is_not_live_does_not_count(
    capped: Agent, api: AgentClient, body: dict[str, Any]
) -> None:
    stage(api, body, "a", "b")
    Action.objects.filter(pk=ids()[0]).update(purpose="shadow")
    assert stage(api, body, "c", "d") == [201, 429]
    assert api.get("/me").json()["workflows"][0]["waiting"]["pending"] == 2


def test_in_a_batch_the_items_beyond_it_are_refused_alone(
    capped: Agent, api: AgentClient, body: dict[str, Any]
) -> None:
    items = [{**body, "idempotency_key": key} for key in "abc"]
    results = api.post("/actions/batch", {"actions": items}).json()["results"]
    assert [each["status"] for each in results] == [201, 201, 429]
    assert results[2]["problem"]["expected_wait_seconds"] is None
    assert results[2]["problem"]["retry_at"]


def test_what_was_sent_back_can_be_revised_also_when_it_is_full(
    capped: Agent, api: AgentClient, body: dict[str, Any]
) -> None:
    stage(api, body, "a", "b")
    first = ids()[0]
    Action.objects.filter(pk=first).update(state="changes_requested", next_step_at=None)
    assert stage(api, body, "c") == [201]
    assert api.post(f"/actions/{first}/revise", {"payload": body["payload"]}).status_code == 200


def test_what_people_stage_again_is_not_refused(
    capped: Agent, api: AgentClient, body: dict[str, Any]
) -> None:
    assert stage(api, body, "a", "b", "c") == [201, 201, 429]
    action = Action.objects.order_by("id")[0]
    again = staging.retry(action=action, actor="person:test")
    assert again.state == "pending"


def test_the_pace_of_the_last_day_says_how_long_a_new_one_waits(
    capped: Agent, api: AgentClient, body: dict[str, Any]
) -> None:
    Agent.objects.filter(pk=capped.pk).update(most_pending=6)
    stage(api, body, *"abcdef")
    now = clock.now()
    for action_id in ids()[:4]:
        decided(action_id, now - HOUR)
    assert api.get("/me").json()["workflows"][0]["waiting"] == {
        "pending": 2,
        "most": 6,
        "expected_wait_seconds": 3 * 6 * 3600,
    }
    Agent.objects.filter(pk=capped.pk).update(most_pending=2)
    response = api.stage(body, key="g")
    assert problem(response, 429, "too_many_pending")["expected_wait_seconds"] == 3 * 6 * 3600
    assert int(response["Retry-After"]) == 3600


def test_what_the_policy_approves_is_no_pace_of_people(
    agent: Agent, api: AgentClient, read_body: dict[str, Any]
) -> None:
    assert stage(api, read_body, "a", "b") == [201, 201]
    assert api.get("/me").json()["workflows"][0]["waiting"]["expected_wait_seconds"] is None


def test_me_asks_once_however_many_workflows_there_are(
    agent: Agent, api: AgentClient, django_assert_max_num_queries: Any
) -> None:
    for _ in range(3):
        factories.create_workflow(agent.team).agents.add(agent)
    workflows = agent.workflows.select_related("calendar")
    with django_assert_max_num_queries(3):
        found = pressure.queues(agent=agent, workflows=workflows, now=clock.now())
    assert len(found) == 4
    assert [each["waiting"]["pending"] for each in api.get("/me").json()["workflows"]] == [0] * 4


def test_an_agent_without_a_workflow_is_told_of_none(agent: Agent, api: AgentClient) -> None:
    agent.workflows.clear()
    assert api.get("/me").json()["workflows"] == []


def test_a_wait_skips_the_night_and_the_weekend() -> None:
    pace = Pace(decisions=8, worked=8 * HOUR, calendar=OFFICE)
    assert pace.until(2, FRIDAY_NOON) == 2 * HOUR
    monday = datetime(2026, 11, 23, 10, tzinfo=UTC)
    assert pace.until(6, FRIDAY_NOON) == monday - FRIDAY_NOON


def test_the_week_counts_where_nobody_decided_in_the_day() -> None:
    monday = datetime(2026, 11, 23, 9, tzinfo=UTC)
    assert pace_of(0, 40, OFFICE, monday) == Pace(40, 40 * HOUR, OFFICE)
    assert pace_of(0, 0, OFFICE, monday) is None


def test_who_decides_outside_working_hours_works_at_any_hour() -> None:
    sunday = datetime(2026, 11, 22, 12, tzinfo=UTC)
    assert pace_of(6, 6, OFFICE, sunday) == Pace(6, 24 * HOUR, ALWAYS)


def test_a_wait_beyond_ten_years_is_not_told() -> None:
    assert Pace(1, 24 * HOUR, ALWAYS).until(10_000, FRIDAY_NOON) is None


def test_how_many_may_wait_is_set_on_the_agents_page(agent: Agent, client: Client) -> None:
    manager: Person = factories.create_person(team=agent.team, role="manager")
    client.force_login(manager)
    url = f"/team/agents/{agent.slug}/"
    page = client.get(url).content.decode()
    assert "How many of its actions may wait for people" in page
    base = page.split('name="base" value="')[1].split('"')[0]
    posted = {"name": agent.name, "description": "", "reason": "", "base": base}
    refused = client.post(url, {**posted, "most_pending": "0"})
    assert refused.status_code == 422
    client.post(url, {**posted, "most_pending": "40"})
    assert Agent.objects.get(pk=agent.pk).most_pending == 40


def test_where_nothing_is_set_any_number_may_wait(agent: Agent, refund: ActionType) -> None:
    assert agent.most_pending is None
    assert stored(agent.team)["agents"][agent.slug]["most_pending"] is None
    assert [factories.create_action(agent, refund).state for _ in range(3)] == ["pending"] * 3


def test_how_many_may_wait_is_part_of_the_operating_model(agent: Agent) -> None:
    Agent.objects.filter(pk=agent.pk).update(most_pending=40)
    assert stored(agent.team)["agents"][agent.slug]["most_pending"] == 40
