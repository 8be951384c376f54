"""The walls: what a token may not do, and what belongs to somebody else."""

from typing import Any

import pytest
from django.test import Client

from agents_registry import tokens
from agents_registry.models import Agent, AgentToken, Person, Scope, Workflow
from approvals.models import Action
from ledger import clock
from tests import factories
from tests.api.client import API, AgentClient, problem

pytestmark = pytest.mark.django_db

NEEDS: list[tuple[str, str, Scope]] = [
    ("POST", "/actions", Scope.STAGE),
    ("POST", "/actions/batch", Scope.STAGE),
    ("POST", "/actions/check", Scope.STAGE),
    ("POST", "/actions/{id}/revise", Scope.STAGE),
    ("POST", "/actions/{id}/withdraw", Scope.STAGE),
    ("GET", "/actions", Scope.READ),
    ("GET", "/actions/{id}", Scope.READ),
    ("GET", "/decisions", Scope.READ),
    ("GET", "/me", Scope.READ),
    ("GET", "/subjects/account/kestrel/history", Scope.READ),
    ("GET", "/evaluation-set?workflow=refunds", Scope.READ),
    ("POST", "/actions/{id}/results", Scope.REPORT),
    ("POST", "/actions/{id}/release", Scope.RELEASE),
    ("POST", "/actions/release", Scope.RELEASE),
    ("POST", "/actions/{id}/outcome", Scope.REPORT),
    ("POST", "/actions/{id}/rollback", Scope.REPORT),
]
OF_ONE_ACTION = [(method, path) for method, path, _ in NEEDS if "{id}" in path]


def call(client: AgentClient, method: str, path: str, action: Action, body: Any = None) -> Any:
    path = path.format(id=action.pk)
    return client.get(path) if method == "GET" else client.post(path, body)


@pytest.mark.parametrize(("method", "path", "scope"), NEEDS)
def test_each_call_needs_its_one_scope(
    agent: Agent, action: Action, method: str, path: str, scope: Scope
) -> None:
    others = [other for other in Scope if other != scope]
    without = AgentClient(factories.create_token(agent, scopes=others))
    problem(call(without, method, path, action), 403, "permission_denied")
    only = AgentClient(factories.create_token(agent, scopes=[scope]))
    assert call(only, method, path, action).status_code not in {401, 403}


def test_taking_in_the_same_call_needs_the_scope_to_release(agent: Agent, action: Action) -> None:
    client = AgentClient(factories.create_token(agent, scopes=[Scope.STAGE]))
    body = {"workflow": "w", "action_type": "t", "payload": {}, "take": True}
    problem(client.post("/actions", body), 403, "permission_denied")
    problem(client.post("/actions/batch", {"actions": [body]}), 403, "permission_denied")


@pytest.mark.parametrize(("method", "path"), OF_ONE_ACTION)
@pytest.mark.parametrize("near", [True, False], ids=["colleague", "other team"])
def test_anothers_action_is_not_there(
    agent: Agent, workflow: Workflow, action: Action, method: str, path: str, near: bool
) -> None:
    if near:
        other = factories.create_agent(agent.team)
        workflow.agents.add(other)
    else:
        other = factories.create_desk()[0]
    stranger = AgentClient(factories.create_token(other))
    bodies = {
        "revise": {"payload": {}},
        "outcome": {"lease_id": str(action.pk), "status": "succeeded"},
        "rollback": {"status": "succeeded"},
        "results": {"kind": "replied", "at": "2026-11-20T09:00:00Z"},
    }
    body = bodies.get(path.rpartition("/")[2])
    problem(call(stranger, method, path, action, body), 404, "not_found")
    assert Action.objects.get(pk=action.pk).state == "pending"


def test_a_list_shows_an_agents_own_actions_only(
    api: AgentClient, agent: Agent, workflow: Workflow, action: Action
) -> None:
    colleague = factories.create_agent(agent.team)
    workflow.agents.add(colleague)
    assert len(api.get("/actions").json()["results"]) == 1
    other = AgentClient(factories.create_token(colleague))
    assert other.get("/actions").json()["results"] == []


@pytest.mark.parametrize("token", ["x", "rq_", "rq_a_b", "rq_ä_b", "rq_" + "a" * 300, " ", "rq__"])
def test_a_token_that_is_none_does_not_open(db: None, token: str) -> None:
    response = AgentClient(token).get("/me")
    problem(response, 401, "authentication_failed")
    assert response["WWW-Authenticate"].startswith("Bearer")


def test_without_a_token_nothing_opens(db: None) -> None:
    problem(AgentClient("").get("/me"), 401, "not_authenticated")
    response = Client().get(f"{API}/me", headers={"Authorization": "Basic cml0YTpkZW1v"})
    problem(response, 401, "authentication_failed")


def test_a_token_that_ended_or_was_revoked_does_not_open(agent: Agent, token: str) -> None:
    assert AgentClient(token).get("/me").status_code == 200
    kept = AgentToken.objects.get()
    tokens.revoke(token=kept, actor="person:test")
    problem(AgentClient(token).get("/me"), 401, "authentication_failed")
    AgentToken.objects.update(revoked_at=None, expires_at=clock.now())
    problem(AgentClient(token).get("/me"), 401, "authentication_failed")


def test_a_signed_in_person_is_nobody_to_the_api(signed_in: Client, reviewer: Person) -> None:
    assert reviewer.is_authenticated
    problem(signed_in.get(f"{API}/me"), 401, "not_authenticated")


def test_a_token_opens_no_page(token: str, action: Action) -> None:
    response = Client().get(f"/actions/{action.pk}/", headers={"Authorization": f"Bearer {token}"})
    assert response.status_code == 302
    assert response["Location"].startswith("/login/")
