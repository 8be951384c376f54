"""A checker reads what waits and says what it thinks: a person may have to look, nothing more."""

from typing import Any

import pytest
from django.test import Client

from agents_registry.models import ActionType, Agent, Person, Scope, Workflow
from approvals import batches, review
from approvals.models import Action, Content, Opinion
from ledger import record
from ledger.models import Event
from tests import factories
from tests.api.client import AgentClient, pointers, problem
from tests.approvals.batched import (
    create_title_type,
    lot_of,
    open_all,
    stage_many,
)

pytestmark = pytest.mark.django_db

SCHEMA = {
    "type": "object",
    "properties": {
        "order": {"type": "string"},
        "iban": {"type": "string", "x-sensitive": True},
        "amount": {"type": "number"},
    },
}
PAYLOAD = {"order": "A-1", "iban": "DE89370400440532013000", "amount": 20}


@pytest.fixture
def payout(refund: ActionType) -> ActionType:
    """Something small that people decide in batches, with a part that is nobody's business."""
    return factories.create_action_type(
        refund.workflow,
        "payout",
        sentence="Pay {amount} to {iban}",
        payload_schema=SCHEMA,
        verb="write",
        authority_level="system_write_back",
        blast_radius="low",
        reversibility="reversible",
        impact={"affected": {"const": 1}, "high_affected": 10},
    )


@pytest.fixture
def waiting(agent: Agent, payout: ActionType) -> Action:
    staged = factories.create_action(
        agent,
        payout,
        payload=PAYLOAD,
        before={"iban": PAYLOAD["iban"], "balance": 1},
        trace={"prompt": f"Pay to {PAYLOAD['iban']}, please"},
    )
    assert staged.tier == "batch_review"
    return staged


@pytest.fixture
def checker(agent: Agent, workflow: Workflow) -> Agent:
    checker = factories.create_agent(agent.team, "second-look")
    workflow.agents.add(checker)
    return checker


@pytest.fixture
def checks(checker: Agent) -> AgentClient:
    return AgentClient(factories.create_token(checker, scopes=[Scope.CHECK]))


def opinion(**fields: Any) -> dict[str, Any]:
    return {"revision": 1, "concern": 0.8, "words": "The IBAN is new.", **fields}


def post(client: AgentClient, action: Action, **fields: Any) -> Any:
    return client.post(f"/actions/{action.pk}/opinions", opinion(**fields))


def now(action: Action) -> Action:
    return Action.objects.get(pk=action.pk)


def test_a_checker_lists_what_waits_without_what_is_sensitive(
    checks: AgentClient, waiting: Action
) -> None:
    page = checks.get(f"/actions?state=pending&workflow={waiting.workflow.slug}")
    (row,) = page.json()["results"]
    assert (row["id"], row["sentence"]) == (str(waiting.pk), "Pay 20 to •••")
    assert PAYLOAD["iban"] not in page.content.decode()


def test_a_checker_reads_one_without_what_is_sensitive(
    checks: AgentClient, waiting: Action
) -> None:
    answer = checks.get(f"/actions/{waiting.pk}")
    assert answer.json()["payload"] == {**PAYLOAD, "iban": "•••"}
    assert answer.json()["before"] == {"iban": "•••", "balance": 1}
    assert answer.json()["trace"] == {"prompt": "Pay to •••, please"}
    assert PAYLOAD["iban"] not in answer.content.decode()


def test_a_checker_sees_what_is_pending_and_nothing_else(
    checks: AgentClient, waiting: Action, reviewer: Person
) -> None:
    problem(checks.get("/actions"), 403, "permission_denied")
    problem(checks.get("/actions?state=approved"), 403, "permission_denied")
    review.approve(
        action_id=waiting.pk, person=reviewer, seen=factories.seen(waiting), checked=["all"]
    )
    assert checks.get("/actions?state=pending").json()["results"] == []
    problem(checks.get(f"/actions/{waiting.pk}"), 404, "not_found")
    problem(post(checks, waiting), 409, "not_pending")


def test_a_checker_sees_only_workflows_that_it_is_let_into(
    checks: AgentClient, checker: Agent, waiting: Action
) -> None:
    checker.workflows.clear()
    assert checks.get("/actions?state=pending").json()["results"] == []
    problem(checks.get(f"/actions/{waiting.pk}"), 404, "not_found")
    problem(post(checks, waiting), 404, "not_found")
    assert not Opinion.objects.exists()


def test_another_teams_actions_are_not_there(checks: AgentClient, waiting: Action) -> None:
    agent, _, action_type = factories.create_desk()
    theirs = factories.create_action(agent, action_type)
    problem(checks.get(f"/actions/{theirs.pk}"), 404, "not_found")
    problem(post(checks, theirs), 404, "not_found")


def test_pages_go_on_with_the_cursor(checks: AgentClient, agent: Agent, payout: ActionType) -> None:
    staged = [factories.create_action(agent, payout, payload=PAYLOAD) for _ in range(3)]
    first = checks.get("/actions?state=pending&limit=2").json()
    second = checks.get(f"/actions?state=pending&limit=2&cursor={first['next']}").json()
    found = [row["id"] for row in first["results"] + second["results"]]
    assert found == [str(each.pk) for each in reversed(staged)]
    assert second["next"] is None


def test_an_opinion_alone_changes_nothing(checks: AgentClient, waiting: Action) -> None:
    answer = post(checks, waiting)
    assert answer.status_code == 201
    assert (answer.json()["concern"], answer.json()["tier"]) == (0.8, "batch_review")
    assert (now(waiting).tier, now(waiting).state) == ("batch_review", "pending")


def test_an_opinion_can_take_the_tier_up(checks: AgentClient, waiting: Action) -> None:
    assert post(checks, waiting, raise_to="mandatory").json()["tier"] == "mandatory"
    action = now(waiting)
    assert (action.tier, action.tier_rank, action.state) == ("mandatory", 0, "pending")
    finding = Content.objects.get(action=action).findings[0]
    assert (finding["rule"], finding["tier"]) == ("opinion:second-look", "mandatory")
    assert "IBAN" not in finding["because"]
    event = Event.objects.get(stream=action.stream, type="action.rejudged")
    assert record.body_of(event)["was"]["tier"] == "batch_review"


def test_what_a_checker_raised_is_not_approved_with_its_batch(
    checks: AgentClient, agent: Agent, workflow: Workflow, reviewer: Person
) -> None:
    """Also where the page with the batch was opened before."""
    batch = stage_many(agent, create_title_type(workflow), 12)
    page = lot_of(batch)
    raised = next(iter(page))
    post(checks, Action.objects.get(pk=raised), raise_to="mandatory")
    open_all(reviewer, page)
    act = batches.approve(person=reviewer, batch=batch, seen=page)
    assert act.left == (raised,)
    assert Action.objects.get(pk=raised).state == "pending"


def test_no_opinion_takes_the_tier_down_or_decides(
    checks: AgentClient, agent: Agent, waiting: Action, action: Action
) -> None:
    assert action.tier == "mandatory"
    assert post(checks, action, concern=0, raise_to="batch_review").status_code == 201
    assert (now(action).tier, now(action).state) == ("mandatory", "pending")
    for tier in ("autonomous", "spot_check", "blocked"):
        answer = post(checks, waiting, raise_to=tier)
        assert ("/raise_to", "invalid_choice") in pointers(problem(answer, 400, "invalid"))


def test_the_same_again_changes_nothing_and_the_first_one_counts(
    checks: AgentClient, waiting: Action
) -> None:
    first = post(checks, waiting, raise_to="mandatory")
    again = post(checks, waiting, raise_to="mandatory")
    assert (again.status_code, again.json()) == (200, first.json())
    problem(post(checks, waiting, concern=0.1), 409, "opinion_differs")
    assert Opinion.objects.count() == 1
    assert Event.objects.filter(type="action.opinion_given").count() == 1


def test_an_opinion_is_about_the_revision_that_was_read(
    checks: AgentClient, waiting: Action
) -> None:
    problem(post(checks, waiting, revision=2), 409, "changed")


def test_nobody_checks_what_they_staged_themselves(agent: Agent, waiting: Action) -> None:
    own = AgentClient(factories.create_token(agent, scopes=[Scope.CHECK]))
    problem(post(own, waiting), 409, "own_action")
    assert own.get("/actions?state=pending").json()["results"] == []


def test_its_words_are_kept_out_of_the_event(checks: AgentClient, waiting: Action) -> None:
    post(checks, waiting)
    event = Event.objects.get(type="action.opinion_given")
    assert b"IBAN" not in bytes(event.content)
    assert record.body_of(event)["comment"] == "The IBAN is new."


def test_the_reviewer_sees_it_as_a_claim(
    checks: AgentClient, waiting: Action, signed_in: Client
) -> None:
    post(checks, waiting, words="<b>new</b> IBAN", raise_to="mandatory")
    page = signed_in.get(f"/actions/{waiting.pk}/").content.decode()
    assert "What checkers claim" in page
    assert "&lt;b&gt;new&lt;/b&gt; IBAN" in page
    assert "A checker asked for a closer look" in page
