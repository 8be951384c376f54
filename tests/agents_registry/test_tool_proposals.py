"""Tools that nobody has shown before: what acts never runs alone, and what plainly reads does."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents_registry.importing import tools, words
from agents_registry.importing.proposals import Kind, Proposal, propose

CORPUS: dict[str, list[dict[str, Any]]] = json.loads(
    Path(__file__).with_name("tool_corpus.json").read_text(encoding="utf-8")
)
"""Made-up tools, each judged by hand: `reads`, `sensitive` (also a read) and `acts`."""

HINTS: list[dict[str, bool]] = [
    {},
    {"readOnlyHint": True},
    {"readOnlyHint": True, "destructiveHint": False, "idempotentHint": True},
]
STRICT = {"blast_radius": "high", "reversibility": "irreversible", "mode": "approval_gated"}


def proposed(
    name: str, description: str = "", fields: dict[str, Any] | None = None, **hints: bool
) -> Proposal:
    """What an MCP tool is proposed as; `fields` are the schemas of its properties."""
    schema = {"type": "object", "properties": fields or {}}
    about = {"name": name, "description": description, "inputSchema": schema}
    (tool,) = tools.read([{**about, "annotations": hints}])
    return propose(tool)


def of_corpus(tool: dict[str, Any], **hints: bool) -> Proposal:
    fields = {field: {"type": "string"} for field in tool["fields"]}
    return proposed(tool["name"], tool["description"], fields, **hints)


def runs_alone(proposal: Proposal) -> bool:
    return proposal.row["mode"] == "auto_executed"


@pytest.mark.parametrize("hints", HINTS, ids=str)
@pytest.mark.parametrize("kind", ["acts", "sensitive"])
def test_nothing_that_acts_or_is_sensitive_runs_alone(kind: str, hints: dict[str, bool]) -> None:
    """Also where its maker says that it only reads."""
    alone = [tool["name"] for tool in CORPUS[kind] if runs_alone(of_corpus(tool, **hints))]
    assert alone == []


@pytest.mark.parametrize("hints", HINTS, ids=str)
def test_nine_of_ten_plain_reads_run_alone(hints: dict[str, bool]) -> None:
    wait = [tool["name"] for tool in CORPUS["reads"] if not runs_alone(of_corpus(tool, **hints))]
    assert len(wait) <= len(CORPUS["reads"]) / 10, wait


def test_whatever_waits_is_as_strict_as_can_be() -> None:
    for tool in [*CORPUS["acts"], *CORPUS["sensitive"]]:
        row = of_corpus(tool).row
        assert {name: row[name] for name in STRICT} == STRICT, tool["name"]


def test_a_sensitive_read_stays_a_read_and_is_looked_at_first() -> None:
    made = proposed("get_medical_record", "Gets a medical record.")
    assert (made.row["verb"], made.kind) == ("read", Kind.ODD)
    assert made.because == "what it reads is sensitive: medical"


@pytest.mark.parametrize(
    "description",
    [
        "Gets one row. This does not send or delete anything.",
        "Gets one row. Use get_row before delete_row.",
        "Read-only; never modifies anything. Gets one row.",
        "Gets one row, for example before you delete it.",
        "Gets one row without changing it.",
        "Gets rows that were cancelled, or that are sent when somebody pays.",
        "Gets one row.\n\nArgs:\n    row: which one to delete afterwards",
    ],
)
def test_what_is_denied_or_about_something_else_keeps_no_read_waiting(description: str) -> None:
    assert runs_alone(proposed("get_row", description))


@pytest.mark.parametrize(
    ("description", "because"),
    [
        ("Gets one row and deletes it.", "“deletes”"),
        ("Get one row, then send it to its owner.", "“send”"),
        ("Gets one row, creating it where there is none.", "“creating”"),
        ("Gets one row. It also updates the counter.", "“updates”"),
        ("Gets one row. The row will be removed.", "“removed”"),
        ("Gets one row. A message is sent to its owner.", "“sent”"),
        ("Book a table.", "“book”"),
        ("Does not only get one row. Deletes it too.", "“deletes”"),
    ],
)
def test_what_it_states_of_itself_makes_it_wait(description: str, because: str) -> None:
    made = proposed("get_row", description, readOnlyHint=True)
    assert not runs_alone(made)
    assert because in made.because


def test_a_field_that_may_choose_an_act_makes_it_wait() -> None:
    def choosing(*choices: str) -> Proposal:
        fields = {"action": {"type": "string", "enum": list(choices)}}
        return proposed("get_rows", "Gets rows.", fields, readOnlyHint=True)

    assert runs_alone(choosing("list", "get_one"))
    assert "may be “delete”" in choosing("list", "delete").because


@pytest.mark.parametrize("field", ["sql", "confirm", "dry_run", "output_path", "script"])
def test_a_field_that_only_acts_have_makes_it_wait(field: str) -> None:
    made = proposed("get_rows", "Gets rows.", {field: {}}, readOnlyHint=True)
    assert f"it takes a field “{field}”" in made.because


def operation(method: str, path: str, **about: Any) -> Proposal:
    description = {"openapi": "3.1.0", "paths": {path: {method: about}}}
    (tool,) = tools.read(description)
    return propose(tool)


@pytest.mark.parametrize(
    ("method", "path", "about"),
    [
        ("get", "/orders/{id}", {"operationId": "getOrder", "summary": "One order"}),
        ("get", "/orders", {"summary": "All orders"}),
        ("get", "/orders/{id}/refunds", {"operationId": "listRefunds"}),
        ("post", "/orders/search", {"operationId": "searchOrders", "summary": "Search orders"}),
    ],
)
def test_an_operation_that_reads_runs_alone(method: str, path: str, about: Any) -> None:
    assert runs_alone(operation(method, path, **about))


@pytest.mark.parametrize(
    ("method", "path", "about"),
    [
        ("get", "/logout", {}),
        ("get", "/newsletter/unsubscribe", {"summary": "Leave the list"}),
        ("get", "/orders/{id}/cancel", {"operationId": "ordersById"}),
        ("get", "/confirm/{token}", {"operationId": "emailLink"}),
        ("post", "/graphql", {"operationId": "query", "summary": "Query anything"}),
        ("post", "/orders", {"operationId": "listOrders", "summary": "List orders"}),
        ("post", "/orders/search", {"operationId": "orders", "summary": "Sends orders"}),
        ("delete", "/orders/{id}", {"operationId": "getOrder"}),
    ],
)
def test_an_operation_that_may_act_waits(method: str, path: str, about: Any) -> None:
    assert not runs_alone(operation(method, path, **about))


def test_the_hints_that_led_to_a_draft_are_still_heard_when_it_is_confirmed() -> None:
    def confirmed(made: Proposal, **edited: str) -> Proposal:
        from_store = {**made.as_row(accepted=False), **edited}
        return Proposal(made.key, from_store, "", made.kind).of_draft(from_store)

    read = proposed("orders_overview", "All orders", readOnlyHint=True)
    assert runs_alone(confirmed(read))
    assert not runs_alone(confirmed(read, verb="write"))
    assert not runs_alone(confirmed(read, blast_radius="high"))
    acts = proposed("delete_order", "Deletes an order.")
    harmless = {"verb": "read", "blast_radius": "low", "reversibility": "reversible"}
    assert not runs_alone(confirmed(acts, **harmless))


def test_the_tables_hold_no_word_of_two_minds() -> None:
    acting = set(words.VERBS)
    assert not acting & words.READS
    assert not acting & words.PERHAPS
    for some in (words.ALSO_NOUNS, words.THINGS, words.MILD):
        assert some <= acting


@given(st.sampled_from([tool["name"] for tool in CORPUS["acts"]]), st.text(max_size=60))
def test_no_description_makes_an_act_of_this_name_a_read(name: str, description: str) -> None:
    """Where the name says that it acts, no words and no hint take that back."""
    said = "its name" in proposed(name).because
    assert not (said and runs_alone(proposed(name, description, readOnlyHint=True)))
