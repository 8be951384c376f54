"""Importing tools: whatever is not clearly a harmless read waits for people."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given, settings
from hypothesis import strategies as st

from agents_registry.importing import proposals, tools
from agents_registry.importing.proposals import Proposal, propose
from agents_registry.models import ActionType, Person, Role, Workflow
from agents_registry.pages.workflows import least_tier_of
from agents_registry.policy.findings import Tier
from agents_registry.policy.floors import AUTHORITY_LEVELS, BUILT_IN, VERBS
from ledger.models import Event
from tests import factories
from tests.agents_registry.documents import create_admin

READ = {"readOnlyHint": True}
CORPUS = json.loads(Path(__file__).with_name("tool_corpus.json").read_text(encoding="utf-8"))
SAMPLE = {kind: found[::12] for kind, found in CORPUS.items()}
MANY = {
    "tools": [
        {
            "name": tool["name"],
            "description": tool["description"],
            "inputSchema": {
                "type": "object",
                "properties": {field: {} for field in tool["fields"]},
            },
        }
        for found in SAMPLE.values()
        for tool in found
    ]
}
"""A dozen of made-up reads and a dozen that act, which nobody has said anything else about."""


def proposal(
    name: str, description: str = "", fields: tuple[str, ...] = (), **hints: Any
) -> Proposal:
    """What an MCP tool with these hints is proposed as."""
    schema = {"type": "object", "properties": {field: {"type": "string"} for field in fields}}
    about = {"name": name, "description": description, "inputSchema": schema, "annotations": hints}
    (tool,) = tools.read({"tools": [about]})
    return propose(tool)


@pytest.mark.parametrize(
    ("name", "description", "hints"),
    [
        ("get_order", "Get the status and details of an order.", {}),
        ("crm.contacts-list", "Lists contacts.", {}),
        ("findUserByEmail", "Find a user. An error is returned when there is none.", {}),
        ("orders_overview", "All orders of a customer", READ),
        ("search_deleted_items", "Search items that were deleted.", {}),
    ],
)
def test_a_harmless_read_is_proposed_to_run_alone(
    name: str, description: str, hints: dict[str, bool]
) -> None:
    row = proposal(name, description, **hints).row
    assert (row["verb"], row["authority_level"], row["mode"]) == (
        "read",
        "read_only",
        "auto_executed",
    )
    assert (row["blast_radius"], row["reversibility"]) == ("low", "reversible")
    assert "confidence_line" not in row


@pytest.mark.parametrize(
    ("made", "because"),
    [
        (proposal("delete_everything", "Gives a list.", **READ), "taken for “delete”"),
        (proposal("get_data", "Deletes old rows and returns the rest.", **READ), "“deletes”"),
        (proposal("get_or_create_user", "", **READ), "its name says “or create”"),
        (proposal("list_rows", "Lists rows.", ("sql",), **READ), "a field “sql”"),
        (proposal("read_file", "", readOnlyHint=True, destructiveHint=True), "destructive"),
        (proposal("list_users", "", readOnlyHint=False), "not marked as read-only"),
        (proposal("orders_overview", "All orders"), "nothing says that it only reads"),
        (proposal("frobnicate", "Frobnicates.", **READ), "not known whether “frobnicate”"),
        (proposal("checkOutCart", "", **READ), "“check out”"),
    ],
)
def test_whatever_speaks_against_a_read_makes_it_wait_for_people(
    made: Proposal, because: str
) -> None:
    assert because in made.because
    assert made.row["verb"] != "read"
    assert (made.row["blast_radius"], made.row["reversibility"], made.row["mode"]) == (
        "high",
        "irreversible",
        "approval_gated",
    )


@pytest.mark.parametrize(
    ("name", "verb", "level"),
    [
        ("draft_reply", "draft", "draft_generation"),
        ("suggest_discount", "recommend", "recommendation"),
        ("tag_account", "tag", "system_write_back"),
        ("create_ticket", "create_task", "task_creation"),
        ("update_contact", "write", "system_write_back"),
        ("assign_lead", "route", "system_write_back"),
        ("sendEmail", "send", "external_message"),
        ("invite_guest", "invite", "external_message"),
        ("subscribe_contact", "enrol", "external_message"),
        ("grant_access", "grant", "customer_impacting_decision"),
        ("issue.refund", "refund", "customer_impacting_decision"),
        ("cancel_order", "cancel", "customer_impacting_decision"),
        ("github_delete_branch", "delete", "customer_impacting_decision"),
        ("payInvoice", "commit", "customer_impacting_decision"),
    ],
)
def test_the_verb_is_guessed_from_the_name_and_the_level_from_the_verb(
    name: str, verb: str, level: str
) -> None:
    row = proposal(name).row
    assert (row["verb"], row["authority_level"]) == (verb, level)


def test_an_open_world_raises_the_level_and_a_price_is_a_change_of_terms() -> None:
    assert proposal("update_page", openWorldHint=True).row["authority_level"] == "external_message"
    assert proposal("update_price").row["changes_terms"] is True
    assert proposal("get_price").row["changes_terms"] is False
    assert proposal("update_page", idempotentHint=True).row["idempotent"] is True


def test_a_declared_effect_counts_more_than_the_words_and_less_than_the_name() -> None:
    def declared(name: str, effect: str) -> dict[str, Any]:
        about = {"description": "Will not change anything.", "schema": {}, "effect": effect}
        return propose(tools.read({name: about})[0]).row

    assert declared("think", "read")["mode"] == "auto_executed"
    assert declared("delete_row", "read")["verb"] == "delete"
    assert declared("get_credit", "money")["authority_level"] == "customer_impacting_decision"
    assert declared("hand_over", "send")["verb"] == "send"
    assert declared("get_order", "write")["mode"] == "approval_gated"
    assert declared("orders", "sideways")["mode"] == "approval_gated"


def test_the_functions_of_other_makers_are_read() -> None:
    schema = {"type": "object", "properties": {"id": {"type": "string"}}}
    nested = {"type": "function", "function": {"name": "get_a", "parameters": schema}}
    flat = {"type": "function", "name": "get_b", "parameters": schema}
    other = {"name": "get_c", "input_schema": schema}
    answer = {"jsonrpc": "2.0", "id": 1, "result": {"tools": [nested, flat, other]}}
    for content in ([nested, flat, other], answer):
        read = tools.read(content)
        assert [tool.name for tool in read] == ["get_a", "get_b", "get_c"]
        assert all(tool.schema == schema for tool in read)


def openapi() -> dict[str, Any]:
    line = {"type": "object", "properties": {"n": {"type": "integer"}}}
    order = {
        "type": "object",
        "properties": {
            "lines": {"type": "array", "items": {"$ref": "#/components/schemas/Line"}},
        },
    }
    body = {"application/json": {"schema": {"$ref": "#/components/schemas/Order"}}}
    return {
        "openapi": "3.1.0",
        "paths": {
            "/orders/{id}": {
                "parameters": [{"$ref": "#/components/parameters/Id"}],
                "get": {"operationId": "getOrder", "summary": "One order"},
                "put": {
                    "operationId": "replaceOrder",
                    "requestBody": {"required": True, "content": body},
                },
                "delete": {},
            }
        },
        "components": {
            "parameters": {
                "Id": {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
            },
            "schemas": {"Order": order, "Line": line, "Other": {}},
        },
    }


def test_the_operations_of_an_openapi_description_are_read() -> None:
    made = {made.key: made.row for made in map(propose, tools.read(openapi()))}
    assert {key: row["verb"] for key, row in made.items()} == {
        "getOrder": "read",
        "replaceOrder": "write",
        "delete__orders_id": "delete",
    }
    schema = made["replaceOrder"]["payload_schema"]
    assert schema["required"] == ["id", "body"]
    assert schema["properties"]["body"] == {"$ref": "#/$defs/Order"}
    assert set(schema["$defs"]) == {"Order", "Line"}


@pytest.mark.parametrize(
    "content", [None, 7, "text", [], {}, {"tools": []}, [{"title": "no name"}], {"a": {"b": 1}}]
)
def test_what_is_no_list_of_tools_is_refused_in_a_sentence(content: Any) -> None:
    with pytest.raises(ValueError, match=r"\."):
        tools.read(content)


JSON = st.recursive(
    st.none() | st.booleans() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=6,
)


@settings(max_examples=60, deadline=None)
@given(
    name=st.text(min_size=1, max_size=12),
    rest=st.dictionaries(
        st.sampled_from(["description", "title", "inputSchema", "annotations", "parameters"]), JSON
    ),
)
def test_no_tool_however_odd_breaks_the_import(name: str, rest: dict[str, Any]) -> None:
    try:
        (tool,) = tools.read([{"name": name, **rest}])
    except ValueError:
        return
    row = propose(tool).row
    assert row["verb"] in VERBS
    assert row["authority_level"] in AUTHORITY_LEVELS


# The command

TOOLS = {
    "tools": [
        {"name": "get_ticket", "inputSchema": {"type": "object"}, "annotations": READ},
        {
            "name": "close_ticket",
            "description": "Closes a ticket.",
            "inputSchema": {"type": "object", "properties": {"id": {"type": "string"}}},
        },
    ]
}


def import_tools(folder: Path, *words: str, content: Any = TOOLS) -> str:
    file, out = folder / "tools.json", io.StringIO()
    file.write_text(json.dumps(content))
    call_command("registry", "import-tools", str(file), "--workflow", "desk", *words, stdout=out)
    return out.getvalue()


def stored() -> dict[str, tuple[str, bool]]:
    rows = ActionType.objects.filter(workflow__slug="desk").exclude(key__in=("ask", "escalate"))
    return {row.key: (row.mode, row.confirmed) for row in rows}


@pytest.fixture
def kim(db: None) -> Person:
    """A member of the only team, in an installation that has an administrator."""
    create_admin()
    return factories.create_person("kim", team=factories.create_team("crew"))


def test_a_new_workflow_is_made_with_one_person_as_all_four_owners(
    tmp_path: Path, kim: Person
) -> None:
    said = import_tools(tmp_path, "--agent", "desk-agent", "--as", "kim")
    workflow = Workflow.objects.get(slug="desk")
    assert set(workflow.owners().values()) == {kim}
    assert list(workflow.pool.people.all()) == [kim]
    assert [agent.slug for agent in workflow.agents.all()] == ["desk-agent"]
    assert stored() == {"get_ticket": ("draft_only", False), "close_ticket": ("draft_only", False)}
    assert "its name is taken for “cancel”" in said


def test_with_nothing_confirmed_nothing_runs_alone(tmp_path: Path, kim: Person) -> None:
    """Whatever the tools are: each is draft-only, and a person decides every one."""
    import_tools(tmp_path, "--as", "kim", content=MANY)
    workflow = Workflow.objects.get(slug="desk")
    drafted = workflow.action_types.exclude(key__in=BUILT_IN)
    assert drafted.count() == len(MANY["tools"])
    assert {(row.mode, row.confirmed) for row in drafted} == {("draft_only", False)}
    assert all(Tier(least_tier_of(row, workflow)) >= Tier.MANDATORY for row in drafted)


def test_accepted_as_proposed_no_tool_that_acts_runs_alone(tmp_path: Path, kim: Person) -> None:
    import_tools(tmp_path, "--accept", "--as", "kim", content=MANY)
    workflow = Workflow.objects.get(slug="desk")
    alone = {
        row.key
        for row in workflow.action_types.filter(confirmed=True)
        if Tier(least_tier_of(row, workflow)) < Tier.MANDATORY
    }
    assert alone == {proposals.key_of(tool["name"]) for tool in SAMPLE["reads"]}


def test_accepting_confirms_the_proposals_in_the_persons_name(tmp_path: Path, kim: Person) -> None:
    import_tools(tmp_path, "--accept", "--as", "kim")
    assert stored() == {
        "get_ticket": ("auto_executed", True),
        "close_ticket": ("approval_gated", True),
    }
    signed = Event.objects.filter(type="action_type.changed", actor=f"person:{kim.pk}")
    assert signed.count() == 2


def test_drafts_are_looked_at_first_and_accepted_later(tmp_path: Path, kim: Person) -> None:
    import_tools(tmp_path, "--as", "kim")
    ActionType.objects.filter(key="get_ticket").update(verb="write", name="Edited")
    import_tools(tmp_path, "--accept", "--as", "kim")
    assert set(stored().values()) == {("approval_gated", True)}
    assert ActionType.objects.get(key="get_ticket").name == "Edited"
    assert "lists all of them already" in import_tools(tmp_path, "--accept", "--as", "kim")


def test_what_is_listed_already_stays_as_it_is(tmp_path: Path, kim: Person) -> None:
    import_tools(tmp_path, "--accept", "--as", "kim")
    ActionType.objects.filter(key="get_ticket").update(mode="draft_only")
    more = {"tools": [*TOOLS["tools"], {"name": "list_desks", "inputSchema": {}}]}
    import_tools(tmp_path, "--as", "kim", content=more)
    assert stored()["get_ticket"] == ("draft_only", True)
    assert stored()["list_desks"] == ("draft_only", False)


def test_somebody_who_is_not_the_risk_owner_accepts_nothing(tmp_path: Path, kim: Person) -> None:
    import_tools(tmp_path, "--as", "kim")
    factories.create_person("lou", team=kim.teams.get(), role=Role.MANAGER)
    with pytest.raises(CommandError, match="wait for somebody else: 2"):
        import_tools(tmp_path, "--accept", "--as", "lou")
    assert set(stored().values()) == {("draft_only", False)}


def test_without_a_name_the_administrator_owns_it_and_a_new_team_is_made(
    tmp_path: Path, db: None
) -> None:
    admin = create_admin()
    import_tools(tmp_path, "--team", "brand-new")
    workflow = Workflow.objects.get(slug="desk")
    assert workflow.team.slug == "brand-new"
    assert set(workflow.owners().values()) == {admin}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ({"tools": [{"name": "a b"}, {"name": "a_b"}]}, "share the key a_b"),
        ({"tools": [{"name": "a", "inputSchema": {"$ref": "https://x.example"}}]}, "Problems: 1"),
        ({"nothing": True}, "neither an MCP"),
    ],
)
def test_what_cannot_be_imported_changes_nothing(
    tmp_path: Path, kim: Person, content: Any, sentence: str
) -> None:
    with pytest.raises(CommandError, match=sentence):
        import_tools(tmp_path, content=content)
    assert not Workflow.objects.exists()


def test_a_file_nested_without_end_is_refused(tmp_path: Path, kim: Person) -> None:
    file = tmp_path / "deep.json"
    file.write_text("[" * 100_000)
    with pytest.raises(CommandError):
        call_command("registry", "import-tools", str(file), "--workflow", "desk")
