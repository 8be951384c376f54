"""The commands for agents: a token to sign in with, and recorded actions staged over HTTP."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from agents_registry.models import Agent, AgentToken, Workflow
from approvals import recorded
from approvals.models import Action
from tests import factories
from tests.api.client import AgentClient

SAMPLE = Path(settings.BASE_DIR, "examples", "recorded.jsonl")
READS = {
    "find_user_id_by_email",
    "find_user_id_by_name_zip",
    "get_user_details",
    "get_order_details",
    "get_product_details",
    "calculate",
}


def run(name: str, *words: str, **options: Any) -> str:
    out = StringIO()
    call_command(name, *words, stdout=out, **options)
    return out.getvalue()


@pytest.mark.django_db
def test_issue_token_prints_a_token_that_opens_and_nothing_else(agent: Agent) -> None:
    token = run("issue_token", agent.slug).strip()
    assert token.startswith("rq_")
    assert len(token.split()) == 1
    assert AgentClient(token).get("/me").json()["agent"]["slug"] == agent.slug


@pytest.mark.django_db
def test_issue_token_gives_the_scopes_and_days_asked_for(agent: Agent) -> None:
    run("issue_token", agent.slug, "--scopes", "read, check", "--days", "7")
    token = AgentToken.objects.get()
    assert token.scopes == ["check", "read"]
    assert (token.expires_at - token.created_at).days == 7


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["nobody"], "no agent nobody"),
        (["twin"], "--team"),
        (["twin", "--team", "one", "--scopes", "all"], "The scopes are"),
        (["twin", "--team", "one", "--days", "0"], "days"),
    ],
)
def test_issue_token_says_what_is_wrong(words: list[str], says: str) -> None:
    for slug in ("one", "two"):
        factories.create_agent(factories.create_team(slug), "twin")
    with pytest.raises(CommandError, match=says):
        run("issue_token", *words)
    assert not AgentToken.objects.exists()


def retail(agent: Agent, workflow: Workflow, lines: list[dict[str, Any]]) -> None:
    """Lists the sample's tools: reads run alone, the rest wait for a person."""
    for tool in {line["action"] for line in lines}:
        make = factories.create_read_type if tool in READS else factories.create_action_type
        make(workflow, tool)
    workflow.action_types.update(payload_schema={"type": "object"})


@pytest.mark.django_db(transaction=True)
def test_replay_stages_the_sample_once_and_tells_the_tiers(
    server: str, agent: Agent, workflow: Workflow
) -> None:
    lines = [json.loads(row) for row in SAMPLE.read_text().splitlines()]
    retail(agent, workflow, lines)
    words = [str(SAMPLE), "--agent", agent.slug, "--workflow", workflow.slug, "--url", server]
    told = run("replay", *words)
    assert "12 of 12 staged." in told
    cells = [row.split("│") for row in told.splitlines()]
    rows = {row[1].strip(): [cell.strip() for cell in row[2:-1]] for row in cells if len(row) > 2}
    assert rows["read"] == ["6", "0", "6"]
    assert rows["money, irreversible"] == ["0", "3", "3"]
    tiers = {action.action_type.key: action.tier for action in Action.objects.all()}
    assert {key for key, tier in tiers.items() if tier == "autonomous"} == READS
    assert run("replay", *words) == told
    assert Action.objects.count() == len(lines)


@pytest.mark.django_db(transaction=True)
def test_replay_tells_what_was_refused(server: str, agent: Agent, workflow: Workflow) -> None:
    out = StringIO()
    words = [str(SAMPLE), "--agent", agent.slug, "--workflow", workflow.slug, "--url", server]
    with pytest.raises(CommandError, match="12 were refused"):
        call_command("replay", *words, stdout=out)
    assert "unknown_action_type" in out.getvalue()
    assert "0 of 12 staged." in out.getvalue()


@pytest.mark.django_db(transaction=True)
def test_replay_says_when_the_token_does_not_open(server: str) -> None:
    with pytest.raises(CommandError, match="answered 401"):
        run("replay", str(SAMPLE), "--agent", "x", "--url", server, "--token", "rq_x_y")


@pytest.mark.parametrize(
    ("text", "says"),
    [("{}\n{", "Line 1 lacks case_id"), ("\n\n{", "Line 3 is not JSON"), ("[]", "Line 1 lacks")],
)
def test_a_line_that_is_no_recorded_action_is_named(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        list(recorded.lines(text.splitlines()))


def test_a_recording_fills_what_a_person_needs() -> None:
    line = json.loads(SAMPLE.read_text().splitlines()[3])
    body = recorded.submission(line, "retail")
    assert body["idempotency_key"] == "recorded lamp#3"
    assert body["run_id"] == "lamp"
    assert body["summary"] == "Exchange delivered items for others of the same product"
    assert body["handoff"]["trigger"].startswith("Marta Ilves writes")
    assert body["before"]["status"] == "delivered"
    assert body["trace"]["recorded"]["case"] == "lamp#3"
    assert body["evidence"][0] == {
        "title": "order record RS-1042",
        "excerpt": "status: delivered\nowner: marta_ilves\nowner_is_requester: true\n"
        "total_paid: 84.4\ncurrency: USD",
        "source": "recording",
    }
    assert body["evidence"][1]["url"] == "https://mail.example/threads/8841"
    assert "label" not in json.dumps(body)
