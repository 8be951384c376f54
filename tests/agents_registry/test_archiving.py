"""Putting workflows, agents and teams away, their tokens, and letting new people in."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse

from agents_registry import archiving, connecting, tokens
from agents_registry.archiving import StillInUse
from agents_registry.connecting import CannotIssue
from agents_registry.models import ActionType, Agent, AgentToken, Person, Role, Workflow
from approvals import action_space, release, review
from approvals.errors import Missing
from approvals.models import Action
from ledger.models import Event
from tests import factories
from tests.agents_registry.html_forms import forms_of
from tests.api.client import AgentClient, problem


@pytest.fixture
def manager(workflow: Workflow) -> Person:
    return factories.create_person("mona", team=workflow.team, role=Role.MANAGER)


@pytest.fixture
def managing(client: Client, manager: Person) -> Client:
    client.force_login(manager)
    return client


def events() -> list[str]:
    return list(Event.objects.order_by("id").values_list("type", flat=True))


# A workflow


def test_an_archived_workflow_takes_nothing_new_in(
    manager: Person, workflow: Workflow, agent: Agent, refund: ActionType
) -> None:
    assert archiving.archive(row=workflow, actor=manager, reason="Replaced by returns.")
    with pytest.raises(Missing) as refusal:
        action_space.find(agent, factories.propose(refund))
    assert refusal.value.code == "unknown_workflow"
    assert events()[-1] == "workflow.archived"


def test_what_waits_in_an_archived_workflow_goes_on_to_its_end(
    manager: Person, workflow: Workflow, action: Action, reviewer: Person, agent: Agent
) -> None:
    archiving.archive(row=workflow, actor=manager)
    review.approve(
        action_id=action.pk, person=reviewer, seen=factories.seen(action), checked=["all"]
    )
    assert release.lease(action_id=action.pk, agent=agent)


def test_a_workflow_comes_back_as_it_was(
    manager: Person, workflow: Workflow, agent: Agent, refund: ActionType
) -> None:
    archiving.archive(row=workflow, actor=manager)
    assert not archiving.archive(row=workflow, actor=manager)
    assert archiving.unarchive(row=workflow, actor=manager)
    assert not archiving.unarchive(row=workflow, actor=manager)
    assert action_space.find(agent, factories.propose(refund)) == refund
    assert events()[-2:] == ["workflow.archived", "workflow.unarchived"]


@pytest.mark.parametrize("role", ["workflow_owner", "risk_owner", "system_owner"])
def test_only_a_manager_archives_a_workflow(workflow: Workflow, role: str) -> None:
    with pytest.raises(PermissionDenied, match="that takes the manager or admin"):
        archiving.archive(row=workflow, actor=getattr(workflow, role))
    assert events() == []


# An agent


def test_an_archived_agent_is_refused_at_once_and_needs_a_new_token(
    workflow: Workflow, agent: Agent
) -> None:
    api = AgentClient(factories.create_token(agent))
    assert api.get("/actions").status_code == 200
    archiving.archive(row=agent, actor=workflow.system_owner)
    problem(api.get("/actions"), 401, "authentication_failed")
    archiving.unarchive(row=agent, actor=workflow.system_owner)
    problem(api.get("/actions"), 401, "authentication_failed")
    assert events()[-3:] == ["token.revoked", "agent.archived", "agent.unarchived"]


def test_a_token_made_behind_its_back_does_not_let_an_archived_agent_in(
    workflow: Workflow, agent: Agent
) -> None:
    archiving.archive(row=agent, actor=workflow.system_owner)
    api = AgentClient(factories.create_token(agent))
    said = problem(api.get("/actions"), 401, "authentication_failed")
    assert "archived" in said["detail"]
    with pytest.raises(CannotIssue, match="archived"):
        connecting.issue(agent=agent, person=workflow.system_owner, scopes=["read"], days=1)


def test_a_reviewer_archives_no_agent(reviewer: Person, agent: Agent) -> None:
    with pytest.raises(PermissionDenied):
        archiving.archive(row=agent, actor=reviewer)


# A team


def test_a_team_is_archived_once_its_workflows_are(
    manager: Person, workflow: Workflow, agent: Agent
) -> None:
    api = AgentClient(factories.create_token(agent))
    with pytest.raises(StillInUse, match=workflow.name):
        archiving.archive(row=workflow.team, actor=manager)
    archiving.archive(row=workflow, actor=manager)
    archiving.archive(row=workflow.team, actor=manager)
    problem(api.get("/actions"), 401, "authentication_failed")
    archiving.unarchive(row=workflow.team, actor=manager)
    assert api.get("/actions").status_code == 200


# In the browser


def archive_form(client: Client, url: str) -> dict[str, list[str]]:
    """What the page's archive form would post, with the address that it goes to."""
    forms = forms_of(client.get(url).content.decode())
    ((action, form),) = [(a, f) for a, f in forms.items() if a.endswith("/archive")]
    return {"to": [action], **form}


def test_a_workflow_is_archived_and_brought_back_on_its_page(
    managing: Client, workflow: Workflow
) -> None:
    url = reverse("registry_edit", args=[workflow.slug])
    form = archive_form(managing, url)
    managing.post(form.pop("to")[0], {**form, "reason": "Nobody needs it."})
    workflow.refresh_from_db()
    assert workflow.archived_at is not None
    page = managing.get(url)
    assert not page.context["row"].may_edit
    assert "It is archived: bring it back to change it." in page.content.decode()
    assert managing.post(url, {"name": "Mine"}).status_code == 403
    form = archive_form(managing, url)
    managing.post(form.pop("to")[0], form)
    workflow.refresh_from_db()
    assert workflow.archived_at is None


def test_an_archived_workflow_stands_apart_in_the_list(
    managing: Client, manager: Person, workflow: Workflow
) -> None:
    archiving.archive(row=workflow, actor=manager)
    page = managing.get(reverse("registry"))
    assert page.context["workflows"] == []
    assert [line.name for line in page.context["archived"]] == [workflow.name]
    assert (
        "archived"
        in managing.get(reverse("registry_workflow", args=[workflow.slug])).content.decode()
    )


def test_a_token_is_shown_once_and_works(managing: Client, agent: Agent) -> None:
    url = reverse("team_row", args=["agents", agent.slug])
    forms = forms_of(managing.get(url).content.decode())
    issue = reverse("team_token_new", args=[agent.slug])
    assert forms[issue]["scopes"] == ["stage", "release", "report", "read"]
    response = managing.post(issue, {**forms[issue], "days": "7"})
    assert response["Cache-Control"] == "no-store"
    token = response.context["given"].secret
    assert token in response.content.decode()
    assert token not in managing.get(url).content.decode()
    proved = tokens.prove(token)
    assert proved is not None
    assert (proved.agent, (proved.expires_at - proved.created_at).days) == (agent, 7)


@pytest.mark.parametrize(
    "post", [{"days": "0", "scopes": "read"}, {"days": "x"}, {"days": "7"}, {"scopes": "all"}]
)
def test_a_token_for_nothing_or_for_ever_is_not_made(
    managing: Client, agent: Agent, post: dict[str, Any]
) -> None:
    response = managing.post(reverse("team_token_new", args=[agent.slug]), post)
    assert response.status_code == 303
    assert not AgentToken.objects.exists()


def test_a_token_is_revoked_by_who_connects_agents_and_by_nobody_else(
    client: Client, workflow: Workflow, agent: Agent, reviewer: Person, stranger: Person
) -> None:
    token = factories.create_token(agent)
    url = reverse("team_token_revoke", args=[agent.tokens.get().pk])
    for person, status in [(stranger, 404), (reviewer, 403), (workflow.system_owner, 303)]:
        assert tokens.prove(token) is not None
        client.force_login(person)
        assert client.post(url).status_code == status
    assert tokens.prove(token) is None


# Letting people in


@pytest.fixture
def newcomer(workflow: Workflow) -> Person:
    person = factories.create_person("kim", team=workflow.team)
    person.set_unusable_password()
    person.save()
    return person


def test_somebody_new_chooses_a_password_by_a_link_that_works_once(
    managing: Client, newcomer: Person
) -> None:
    response = managing.post(reverse("team_invite", args=["kim"]))
    link = response.context["given"].secret
    browser = Client()
    page = browser.get(link, follow=True)
    assert "Choose a password" in page.content.decode()
    address = page.redirect_chain[-1][0]
    new = {"new_password1": factories.PASSWORD, "new_password2": factories.PASSWORD}
    assert browser.post(address, new).status_code == 302
    assert browser.login(username="kim", password=factories.PASSWORD)
    assert "does not work any more" in Client().get(link, follow=True).content.decode()


def test_no_link_is_made_for_who_has_a_password_or_another_team(
    managing: Client, newcomer: Person, reviewer: Person
) -> None:
    factories.create_team().members.add(newcomer)
    for person in (reviewer, newcomer):
        response = managing.post(reverse("team_invite", args=[person.username]))
        assert response.status_code == 303, "a manager could enter as somebody of another team"
    assert "person.invited" not in events()


def test_only_a_manager_makes_a_link(client: Client, workflow: Workflow, newcomer: Person) -> None:
    client.force_login(workflow.workflow_owner)
    assert client.post(reverse("team_invite", args=["kim"])).status_code == 403


# Taking people out


def test_an_owner_leaves_when_somebody_takes_over(
    managing: Client, workflow: Workflow, action: Action
) -> None:
    owner, heir = workflow.risk_owner, workflow.system_owner
    Action.objects.filter(pk=action.pk).update(assignee=owner)
    url = reverse("team_row", args=["people", owner.username])
    leave = reverse("team_leave", args=[owner.username])
    form = forms_of(managing.get(url).content.decode())[leave]
    response = managing.post(leave, form)
    assert response["Location"] == url, "nobody was chosen, so nothing was done"
    assert workflow.team.members.filter(pk=owner.pk).exists()
    response = managing.post(leave, {**form, "successor": heir.username, "reason": "A new job."})
    assert response["Location"] == reverse("team")
    workflow.refresh_from_db()
    assert workflow.risk_owner == heir
    assert not workflow.team.members.filter(pk=owner.pk).exists()
    action.refresh_from_db()
    assert action.assignee_id != owner.pk


def test_only_a_manager_takes_somebody_out(
    client: Client, workflow: Workflow, reviewer: Person
) -> None:
    client.force_login(workflow.workflow_owner)
    url = reverse("team_row", args=["people", reviewer.username])
    leave = reverse("team_leave", args=[reviewer.username])
    assert leave not in forms_of(client.get(url).content.decode())
    assert client.post(leave, {}).status_code == 403
