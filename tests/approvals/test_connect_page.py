"""The connect page: a token, lines to paste, the last calls, and what every code means."""

import json
import re
from html import unescape
from typing import Any

import pytest
from django.test import Client

from agents_registry import rates
from agents_registry.models import ActionType, Agent, AgentToken, Person, Role, Workflow
from agents_registry.rates import Counter
from approvals import call_log
from approvals.api.codes import CODES
from approvals.models import Action
from approvals.pages import pasteable
from tests import factories
from tests.api.client import AgentClient

pytestmark = pytest.mark.django_db

WORKING = ["stage", "release", "report", "read"]


@pytest.fixture
def url(agent: Agent) -> str:
    return f"/team/agents/{agent.slug}/connect/"


@pytest.fixture
def connecting(client: Client, workflow: Workflow) -> Client:
    client.force_login(workflow.system_owner)
    return client


@pytest.fixture
def api(agent: Agent) -> AgentClient:
    return AgentClient(factories.create_token(agent))


def issue(client: Client, url: str, **fields: Any) -> Any:
    return client.post(url, {"scopes": WORKING, "days": "90", **fields})


def blocks(html: str) -> list[str]:
    """The lines to paste, as a browser copies them."""
    return [
        unescape(each) for each in re.findall(r"<pre class=\"paste\"[^>]*>(.*?)</pre>", html, re.S)
    ]


def calls_of(client: Client, url: str) -> list[Any]:
    found: list[Any] = client.get(url).context["connect"].calls
    return found


# The token


def test_a_token_is_made_here_shown_once_and_stands_in_the_lines(
    connecting: Client, url: str, agent: Agent
) -> None:
    response = issue(connecting, url)
    token = response.context["connect"].given.secret
    html = response.content.decode()
    assert f"export REVIEW_QUEUE_TOKEN={token}" in html
    assert response["Cache-Control"] == "no-store"
    assert AgentClient(token).get("/me").json()["agent"]["slug"] == agent.slug
    assert token not in connecting.get(url).content.decode()


def test_a_token_for_tests_is_marked_wherever_it_stands(
    connecting: Client, url: str, agent: Agent
) -> None:
    token = issue(connecting, url, test="yes").context["connect"].given.secret
    assert AgentClient(token).get("/me").json()["token"]["test"] is True
    assert "for tests</span>" in connecting.get(url).content.decode()
    assert "for tests</span>" in connecting.get(f"/team/agents/{agent.slug}/").content.decode()


def test_the_answer_that_made_a_token_has_the_lines_of_the_chosen_type(
    connecting: Client, url: str, workflow: Workflow, refund: ActionType
) -> None:
    factories.create_read_type(workflow)
    chosen = f"{url}?type={workflow.slug}/refund"
    page = connecting.get(chosen).context["connect"]
    assert page.tokens.issue_url == chosen
    page = issue(connecting, page.tokens.issue_url, test="yes").context["connect"]
    assert page.lines.name == "Refund"
    assert page.given.title == "The token is made, for tests only"


def test_without_a_scope_none_is_made_and_it_is_said_why(
    connecting: Client, url: str, agent: Agent
) -> None:
    response = connecting.post(url, {"days": "90"}, follow=True)
    assert "Choose what the token may be used for. No token was made." in response.content.decode()
    assert not AgentToken.objects.filter(agent=agent).exists()


def test_who_may_not_connect_sees_everything_but_the_form(
    client: Client, url: str, agent: Agent, reviewer: Person
) -> None:
    client.force_login(reviewer)
    html = client.get(url).content.decode()
    assert "Lines to paste" in html
    assert "Issue a token</button>" not in html
    assert "A system owner or a manager issues them." in html
    assert issue(client, url).status_code == 403
    assert not AgentToken.objects.filter(agent=agent).exists()


def test_another_teams_agent_is_not_there(client: Client, url: str, stranger: Person) -> None:
    client.force_login(stranger)
    assert client.get(url).status_code == 404


# The lines


def test_the_lines_are_for_this_very_workflow_and_type(
    connecting: Client, url: str, workflow: Workflow, refund: ActionType
) -> None:
    factories.create_read_type(workflow)
    page = connecting.get(url).context["connect"]
    assert [choice.name for choice in page.choices] == ["Look up an order", "Refund"]
    chosen = connecting.get(f"{url}?type={workflow.slug}/refund").context["connect"]
    assert chosen.lines.name == "Refund"
    assert '"action_type": "refund"' in chosen.lines.first[2].lines


def test_the_lines_begin_with_what_the_agent_may_carry_out_itself(
    connecting: Client, url: str, workflow: Workflow, refund: ActionType
) -> None:
    first = factories.create_read_type(workflow)
    assert connecting.get(url).context["connect"].lines.name == "Look up an order"
    ActionType.objects.filter(pk=first.pk).update(mode="draft_only")
    assert connecting.get(url).context["connect"].lines.name == "Refund"


def test_the_client_is_installed_from_the_clone_and_from_nowhere_else(
    connecting: Client, url: str, refund: ActionType
) -> None:
    (line,) = [each for each in blocks(connecting.get(url).content.decode()) if "pip" in each]
    assert line.split("#")[0].split() == ["pip", "install", "./clients/python"]


@pytest.mark.parametrize("chosen", ["", "nothing", "a/b", "<script>", "x" * 5000])
def test_whatever_is_asked_for_there_is_a_page(connecting: Client, url: str, chosen: str) -> None:
    assert connecting.get(url, {"type": chosen}).status_code == 200


def test_an_agent_without_a_workflow_is_told_what_is_missing(
    connecting: Client, url: str, agent: Agent
) -> None:
    agent.workflows.clear()
    assert "No workflow lists this agent yet" in connecting.get(url).content.decode()


def test_what_a_type_does_not_say_for_the_handoff_stands_in_the_lines(refund: ActionType) -> None:
    whole = pasteable.body_for("w", "refund", {}, refund.handoff)
    assert "handoff" not in whole
    bare = pasteable.body_for("w", "refund", {}, {"trigger": "a customer wrote"})
    assert set(bare["handoff"]) == {"decision_asked", "next_steps"}


def test_where_no_payload_fits_the_page_says_so(
    connecting: Client, url: str, refund: ActionType
) -> None:
    schema = {"type": "object", "not": {"type": "object"}}
    ActionType.objects.filter(pk=refund.pk).update(payload_schema=schema)
    assert "The payload may not fit" in connecting.get(url).content.decode()


def test_how_long_a_new_one_waits_is_said(connecting: Client, url: str, action: Action) -> None:
    html = connecting.get(url).content.decode()
    assert "1 action waits for a person in this workflow, 1 of this agent." in html
    assert "no wait can be foretold" in html
    Agent.objects.filter(pk=action.agent_id).update(most_pending=500)
    html = connecting.get(url).content.decode()
    said = "1 action waits for a person in this workflow, 1 of this agent, which may have 500 "
    assert f"{said}waiting at once." in html


def test_text_of_others_stays_text(
    connecting: Client, url: str, refund: ActionType, agent: Agent
) -> None:
    said = "'; rm -rf / #<script>alert(1)</script>\nEND\n$(id)`id`"
    schema = {"type": "object", "properties": {"a": {"const": said}}, "required": ["a"]}
    ActionType.objects.filter(pk=refund.pk).update(payload_schema=schema)
    html = connecting.get(url).content.decode()
    assert "<script>alert" not in html
    written = next(block for block in blocks(html) if block.startswith("cat >"))
    heredoc = written.split("<<'END'\n")[1].split("\nEND\n")[0]
    assert json.loads(heredoc)["payload"] == {"a": said}


# What became of the last calls


def test_the_last_ten_calls_are_told_the_newest_first(
    connecting: Client, url: str, agent: Agent, api: AgentClient
) -> None:
    for _ in range(11):
        api.get("/me")
    api.get("/actions/0193a1b2-0000-7000-8000-000000000001")
    calls = calls_of(connecting, url)
    assert [call.status for call in calls] == [404] + [200] * 9
    assert (calls[0].method, calls[0].code) == ("GET", "not_found")
    assert calls[0].path[0].text == "/api/v1/actions/0193a1b2-0000-7000-8000-000000000001"
    assert rates.counter().redis.llen(f"calls:{agent.pk}") == 10


def test_a_refused_call_says_what_to_do_and_where_to_read_on(
    connecting: Client, url: str, api: AgentClient, refund: ActionType
) -> None:
    api.stage({"workflow": refund.workflow.slug, "action_type": "refund", "payload": {}}, key="k")
    (call,) = calls_of(connecting, url)
    assert (call.status, call.code) == (400, "payload_invalid")
    assert call.advice == "Mend the places that errors points at."
    assert call.code_url == "/codes/#payload_invalid"
    html = connecting.get(url).content.decode()
    assert call.advice in html


def test_what_no_scope_covers_and_what_comes_too_often_is_told_too(
    connecting: Client, url: str, agent: Agent, settings: Any
) -> None:
    reading = AgentClient(factories.create_token(agent, scopes=["read"]))
    reading.stage({}, key="k")
    settings.API_RATE_PER_MINUTE = 0
    reading.get("/me")
    assert [call.code for call in calls_of(connecting, url)] == ["throttled", "permission_denied"]


def test_of_a_batch_the_first_fault_is_told(connecting: Client, url: str, api: AgentClient) -> None:
    api.post("/actions/batch", {"actions": [{"workflow": "none"}]})
    (call,) = calls_of(connecting, url)
    assert (call.status, call.code, call.bad) == (207, "invalid", True)


def test_nothing_that_was_sent_is_kept(
    connecting: Client, url: str, agent: Agent, api: AgentClient, refund: ActionType
) -> None:
    body = {"workflow": refund.workflow.slug, "action_type": "refund"}
    api.stage({**body, "payload": {"order": "secret-order"}}, key="secret-key")
    api.get("/actions?run_id=secret-run")
    api.get("/subjects/account/secret-subject/history")
    kept = b"".join(rates.counter().redis.lrange(f"calls:{agent.pk}", 0, -1))
    assert b"secret" not in kept
    assert kept.count(b"/api/v1/") == 3


def test_an_unknown_token_is_nobodys_call(connecting: Client, url: str) -> None:
    AgentClient("rq_abc_def").get("/me")
    AgentClient("").get("/me")
    assert calls_of(connecting, url) == []


def test_one_agents_calls_are_not_anothers(
    connecting: Client, url: str, workflow: Workflow
) -> None:
    other = factories.create_agent(workflow.team)
    AgentClient(factories.create_token(other)).get("/me")
    assert calls_of(connecting, url) == []


def test_while_redis_is_away_calls_pass_and_the_page_says_so(
    connecting: Client, url: str, api: AgentClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = Counter("redis://127.0.0.1:1/0")
    monkeypatch.setattr(call_log, "counter", lambda: nobody)
    assert api.get("/me").status_code == 200
    assert calls_of(connecting, url) is None
    assert "They cannot be looked up at the moment" in connecting.get(url).content.decode()


# Codes, and the ways here


def test_every_code_is_explained_at_its_own_place(client: Client, reviewer: Person) -> None:
    client.force_login(reviewer)
    html = client.get("/codes/").content.decode()
    assert [code for code in CODES if f'id="{code}"' not in html] == []


@pytest.mark.parametrize("place", ["/team/", "row"])
def test_other_pages_lead_here(connecting: Client, url: str, agent: Agent, place: str) -> None:
    page = f"/team/agents/{agent.slug}/" if place == "row" else place
    assert f'href="{url}"' in connecting.get(page).content.decode()


def test_a_new_team_is_led_here_until_its_agent_can_call(client: Client, agent: Agent) -> None:
    client.force_login(factories.create_person(team=agent.team, role=Role.MANAGER))
    steps = client.get("/team/").context["team"].steps
    assert (steps[-1].done, steps[-1].url) == (False, f"/team/agents/{agent.slug}/connect/")
    factories.create_token(agent)
    assert client.get("/team/").context["team"].steps == []
