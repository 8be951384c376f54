"""One run on one page: what was staged, read, called, decided and done in it."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from agents_registry.models import ActionType, Agent, Membership, Person, Role, Workflow
from approvals import outcome, release, review, runs, traces
from approvals.models import Action, Dependency
from approvals.pages.claimed import parts
from tests.factories import (
    create_action,
    create_desk,
    create_person,
    seen,
)

pytestmark = pytest.mark.django_db
RUN = "run-17"


def create_step(agent: Agent, action_type: ActionType, **fields: Any) -> Action:
    return create_action(agent, action_type, **{"run_id": RUN, **fields})


def page_of(client: Client, run_id: str = RUN, **more: str) -> Any:
    return client.get(f"/runs/one?{urlencode({'run': run_id, **more})}")


def text_of(client: Client, run_id: str = RUN) -> str:
    return str(page_of(client, run_id).content.decode())


CALL = {"name": "crm.contract", "arguments": {"id": "KR-2207"}, "result": {"status": "active"}}


def test_the_page_gathers_what_was_called_read_decided_and_done(
    agent: Agent, refund: ActionType, reviewer: Person, signed_in: Client
) -> None:
    action = create_step(
        agent,
        refund,
        trace={"model": "m-1", "tool_calls": [CALL], "retrieval": ["helpdesk thread 8812"]},
    )
    create_step(agent, refund, run_id="another", payload=payload("Z-9"))
    review.approve(action_id=action.pk, person=reviewer, seen=seen(action), checked=["x"])
    taken = release.lease(agent=agent, action_id=action.pk)
    outcome.report(
        agent=agent, action_id=action.pk, lease_id=taken.lease.pk, status="succeeded",
        body_digest="d", after={"paid": "120"}, cost={"usd": "0.28"},
    )  # fmt: skip
    page = text_of(signed_in)
    for said in (
        "m-1", "crm.contract", "KR-2207", "helpdesk thread 8812", "staged revision 1",
        f"{reviewer} approved it", "took it (lease 1)", "reports: done", "paid", "0.28",
        f"/actions/{action.pk}/",
    ):  # fmt: skip
        assert said in page, said
    assert "Z-9" not in page


def test_the_actions_own_page_leads_to_its_run(
    agent: Agent, refund: ActionType, signed_in: Client
) -> None:
    action = create_step(agent, refund, run_id="run/1?x=ü")
    page = signed_in.get(f"/actions/{action.pk}/").content.decode()
    query = urlencode({"run": "run/1?x=ü", "team": action.team.slug}).replace("&", "&amp;")
    assert f'href="/runs/one?{query}"' in page
    assert page_of(signed_in, "run/1?x=ü", team=action.team.slug).status_code == 200


def test_what_agents_wrote_is_inert(agent: Agent, refund: ActionType, signed_in: Client) -> None:
    evil = "<img src=x onerror=alert(1)>\u202e"
    create_step(
        agent, refund, run_id=f"r {evil}", trace={"model": evil, "tool_calls": [{"name": evil}]}
    )
    page = text_of(signed_in, f"r {evil}")
    assert "<img" not in page
    assert '<span class="tok">U+202E</span>' in page
    title = page.partition("<title>")[2].partition("</title>")[0]
    assert "img" not in title


@pytest.mark.parametrize(
    "trace",
    [
        {"tool_calls": "one text"},
        {"tool_calls": {"name": "x"}},
        {"tool_calls": [None, 3, "call", ["a"], {"function": {"name": "f", "arguments": "{"}}]},
        {"retrieval": [None, 1.5, {"no": "title"}, [["deep"]]], "model": {"an": "object"}},
        {"tool_calls": [{"name": {"not": "text"}, "args": 0}], "retrieval": {"title": 3}},
    ],
)
def test_a_strange_trace_is_shown_and_fails_nothing(
    trace: dict[str, Any], agent: Agent, refund: ActionType, signed_in: Client
) -> None:
    create_step(agent, refund, trace=trace)
    assert page_of(signed_in).status_code == 200
    assert signed_in.get(f"/runs/one.json?run={RUN}").status_code == 200


@pytest.mark.parametrize(
    ("said", "name", "arguments", "result"),
    [
        ({"name": "f", "args": {"a": 1}, "output": "x"}, "f", {"a": 1}, "x"),
        ({"tool": "f", "input": [1], "response": 0}, "f", [1], 0),
        ({"id": "1", "function": {"name": "f", "arguments": "{}"}}, "f", "{}", None),
        ("just words", "", "just words", None),
    ],
)
def test_tool_calls_are_read_in_the_shapes_that_frameworks_send(
    said: Any, name: str, arguments: Any, result: Any
) -> None:
    call = traces.read({"tool_calls": [said]}).calls[0]
    assert (call.name, call.arguments, call.result) == (name, arguments, result)


def test_what_was_told_at_an_earlier_step_is_not_told_again(
    agent: Agent, refund: ActionType, signed_in: Client
) -> None:
    again = {"name": "crm.note", "arguments": {"id": "later"}}
    create_step(agent, refund, trace={"tool_calls": [CALL]})
    create_step(agent, refund, trace={"tool_calls": [CALL, again]})
    page = text_of(signed_in)
    assert page.count("KR-2207") == 1
    assert page.count("crm.note") == 1
    assert "1 more as told above." in page


def test_a_long_value_is_cut_here_and_says_so(
    agent: Agent, refund: ActionType, signed_in: Client
) -> None:
    create_step(agent, refund, trace={"tool_calls": [{"name": "f", "result": "y" * 5000}]})
    page = text_of(signed_in)
    assert "y" * 2000 in page
    assert "y" * 2001 not in page
    assert "(3000 characters more)" in page


def test_a_step_says_what_it_waits_for(agent: Agent, refund: ActionType, signed_in: Client) -> None:
    first, second = create_step(agent, refund), create_step(agent, refund)
    elsewhere = create_step(agent, refund, run_id="another")
    Dependency.objects.create(action=second, on=first)
    Dependency.objects.create(action=second, on=elsewhere)
    page = text_of(signed_in)
    assert "Waits for step 1" in page
    assert "Waits for an action of another run" in page


def test_what_rehearses_an_undoing_is_not_said_to_undo_it(
    agent: Agent, refund: ActionType, signed_in: Client
) -> None:
    first = create_step(agent, refund)
    undoes = create_step(agent, refund, payload=payload("A-2"))
    drill = create_step(agent, refund, payload=payload("A-3"))
    Action.objects.filter(pk=undoes.pk).update(rolls_back=first)
    Action.objects.filter(pk=drill.pk).update(rolls_back=first, purpose="eval")
    page = text_of(signed_in)
    assert page.count("Rolls back step 1") == 1
    assert page.count("Rehearses to roll back step 1") == 1


def test_a_plain_object_is_told_in_lines_and_a_deep_one_whole() -> None:
    plain, deep = {"tag": "expansion", "minutes": 2}, {"of": {"tag": "x"}}
    (_, told), (_, whole) = parts({"plain": plain, "deep": deep}.items())
    assert [piece.text for piece in told] == ["tag: expansion\nminutes: 2"]
    assert [piece.text for piece in whole] == ['{"of": {"tag": "x"}}']


def test_open_work_of_a_step_stands_on_the_page(
    agent: Agent, refund: ActionType, reviewer: Person, workflow: Workflow, signed_in: Client
) -> None:
    action = create_step(agent, refund)
    review.approve(action_id=action.pk, person=reviewer, seen=seen(action), checked=["x"])
    taken = release.lease(agent=agent, action_id=action.pk)
    outcome.report(
        agent=agent, action_id=action.pk, lease_id=taken.lease.pk, status="failed",
        body_digest="d", error="no such order",
    )  # fmt: skip
    page = text_of(signed_in)
    assert f"failed: waits for {workflow.workflow_owner}" in page
    assert "no such order" in page


def test_what_people_decide_on_their_own_stays_hidden_here_too(
    agent: Agent, refund: ActionType, reviewer: Person, workflow: Workflow, client: Client
) -> None:
    refund.approvals_needed = 2
    refund.save()
    action, other = create_step(agent, refund), workflow.pool.people.order_by("pk")[1]
    review.approve(
        action_id=action.pk, person=other, seen=seen(action), checked=["x"], comment="sure"
    )
    for person in (
        reviewer,
        workflow.risk_owner,
        create_person(team=workflow.team, role=Role.AUDITOR),
    ):
        client.force_login(person)
        page = text_of(client)
        assert "approved it" not in page
        assert "sure" not in page
        told = client.get(f"/runs/one.json?run={RUN}").json()
        assert told["actions"][0]["decision"] is None
    client.force_login(other)
    assert f"{other} approved it" in text_of(client)


def test_another_teams_run_is_not_there(
    agent: Agent, refund: ActionType, stranger: Person, client: Client
) -> None:
    action = create_step(agent, refund)
    client.force_login(stranger)
    for address in ("/runs/one", "/runs/one.json"):
        for team in ("", action.team.slug):
            query = urlencode({"run": RUN, **({"team": team} if team else {})})
            assert client.get(f"{address}?{query}").status_code == 404
    assert RUN not in client.get("/runs/").content.decode()


@pytest.mark.parametrize("query", ["", "run=", "run=nothing", "run=a%00b", "run=run-17&team=%00"])
def test_a_run_that_is_none_is_not_there(query: str, signed_in: Client) -> None:
    assert signed_in.get(f"/runs/one?{query}").status_code == 404


def test_runs_of_two_teams_with_one_name_are_told_apart(
    agent: Agent, refund: ActionType, reviewer: Person, signed_in: Client
) -> None:
    there, workflow, other_refund = create_desk()
    Membership.objects.create(team=workflow.team, person=reviewer, role=Role.MEMBER)
    here = create_step(agent, refund)
    elsewhere = create_step(there, other_refund)
    for own, foreign in ((here, elsewhere), (elsewhere, here)):
        page = page_of(signed_in, team=own.team.slug).content.decode()
        assert f"/actions/{own.pk}/" in page
        assert f"/actions/{foreign.pk}/" not in page


def queries(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


def test_a_longer_run_takes_no_more_queries(
    agent: Agent, refund: ActionType, reviewer: Person, signed_in: Client
) -> None:
    def grow() -> None:
        action = create_step(agent, refund, trace={"tool_calls": [CALL]})
        review.reject(
            action_id=action.pk, person=reviewer, seen=seen(action),
            reason="wrong_facts", comment="no", cause="",
        )  # fmt: skip
        create_step(agent, refund)

    grow()
    addresses = (f"/runs/one?run={RUN}", f"/runs/one.json?run={RUN}", "/runs/")
    for address in addresses:
        queries(signed_in, address)
    few = [queries(signed_in, address) for address in addresses]
    for _ in range(4):
        grow()
    assert [queries(signed_in, address) for address in addresses] == few


def test_of_a_very_long_run_the_first_ones_are_shown(
    agent: Agent, refund: ActionType, signed_in: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "MOST", 2)
    for _ in range(3):
        create_step(agent, refund)
    page = text_of(signed_in)
    assert "actions of the run are shown" in page
    assert "Step 2" in page
    assert "Step 3" not in page


def test_a_trace_is_a_link_where_the_installation_says_whereto(
    agent: Agent, refund: ActionType, signed_in: Client, settings: Any
) -> None:
    trace_id = "4bf92f3577b34da6a3ce929d0e0e4736"
    action = create_step(agent, refund, trace={"trace_id": trace_id.upper()})
    assert action.trace_id == trace_id
    assert f"<code>{trace_id}</code>" in text_of(signed_in)
    settings.TRACE_URL = "https://traces.example.com/{trace_id}?x"
    assert f'href="https://traces.example.com/{trace_id}?x"' in text_of(signed_in)


@pytest.mark.parametrize(
    "said", [None, 7, "", "0" * 32, "xyz", "4bf92f3577b34da6a3ce929d0e0e47", ["4"]]
)
def test_what_is_no_trace_id_is_none(said: Any) -> None:
    assert traces.trace_id({"trace_id": said}) == ""


def test_the_newest_runs_come_first_each_once_over_all_pages(
    agent: Agent, refund: ActionType, signed_in: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("approvals.pages.runs.PAGE", 2)
    for name in ("one", "two", "three", "one", "four", "two"):
        create_step(agent, refund, run_id=name)
    create_step(agent, refund, run_id="")
    found, address = [], "/runs/"
    while address:
        page = signed_in.get(address).context["runs"]
        found += ["".join(span.text for span in row.run_id) for row in page.rows]
        address = page.next_url
    assert found == ["two", "four", "one", "three"]


def test_the_list_says_how_far_each_run_came(
    agent: Agent, refund: ActionType, reviewer: Person, signed_in: Client
) -> None:
    action = create_step(agent, refund)
    create_step(agent, refund)
    review.approve(action_id=action.pk, person=reviewer, seen=seen(action), checked=["x"])
    page = signed_in.get("/runs/").content.decode()
    assert "2 actions" in page
    assert "1 approved" in page
    assert "1 pending" in page


def test_the_json_says_the_same(agent: Agent, refund: ActionType, signed_in: Client) -> None:
    create_step(agent, refund, trace={"tool_calls": [CALL]})
    answer = signed_in.get(f"/runs/one.json?run={RUN}")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    told = json.loads(answer.content)
    assert told["actions"][0]["tool_calls"][0]["arguments"] == {"id": "KR-2207"}
    assert told["agents"] == [agent.slug]


def test_nobody_who_is_not_signed_in_reads_a_run(client: Client) -> None:
    for address in ("/runs/", "/runs/one?run=x", "/runs/one.json?run=x"):
        assert client.get(address).status_code == 302


def payload(order: str) -> dict[str, Any]:
    return {"order": order, "amount": 120, "currency": "USD"}
