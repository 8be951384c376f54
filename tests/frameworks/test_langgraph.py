"""A LangGraph graph that asks with Agent Inbox's HumanInterrupt, resumed by the running product."""

from collections.abc import Callable
from concurrent.futures import Future
from operator import add
from typing import Annotated, Any, TypedDict

import httpx
import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Send, interrupt

from tests.frameworks import snippets
from tests.frameworks.mailing import CHANGED, REFUSED, Decide, Desk, Soon
from tests.frameworks.product import Product

Beside = Callable[[Callable[[], Any]], Future[Any]]


class State(TypedDict):
    mails: list[dict[str, str]]
    answers: Annotated[list[dict[str, Any]], add]


@pytest.fixture
def desk(product: Product, api: httpx.Client, decide: Decide, soon: Soon) -> Desk:
    return Desk(product, api, decide, soon)


def request(mail: dict[str, str], **config: bool) -> dict[str, Any]:
    """A HumanInterrupt."""
    everything = {"allow_accept": True, "allow_edit": True, "allow_respond": True}
    return {
        "action_request": {"action": "send_email", "args": mail},
        "config": {**everything, "allow_ignore": True, **config},
        "description": "They asked for news.",
    }


def obey(desk: Desk, mail: dict[str, str], answer: dict[str, Any]) -> None:
    """What a graph does with a HumanResponse."""
    if answer["type"] == "accept":
        desk.sent.append(mail)
    elif answer["type"] == "edit":
        assert answer["args"]["action"] == "send_email"
        desk.sent.append(answer["args"]["args"])


def start(desk: Desk, graph: StateGraph[Any], mails: list[dict[str, str]], beside: Beside) -> Any:
    run = snippets.under("LangGraph and Agent Inbox", desk.product).run
    config = {"configurable": {"thread_id": desk.domain}}
    state = {"mails": mails, "answers": []}
    return beside(lambda: run(graph.compile(InMemorySaver()), state, config))


def test_a_list_in_one_interrupt_is_approved_edited_and_rejected(
    desk: Desk, beside: Beside
) -> None:
    def ask(state: State) -> dict[str, Any]:
        answers = interrupt([request(mail) for mail in state["mails"]])
        for mail, answer in zip(state["mails"], answers, strict=True):
            obey(desk, mail, answer)
        return {"answers": answers}

    graph = StateGraph(State)
    graph.add_node("ask", ask)
    graph.add_edge(START, "ask")
    graph.add_edge("ask", END)
    running = start(desk, graph, desk.three(), beside)
    ids = desk.decide_three_ways()
    answers = running.result(60)["answers"]
    desk.assert_done(ids)
    changed = {"action": "send_email", "args": desk.mail("bob", CHANGED)}
    assert answers == [
        {"type": "accept", "args": None},
        {"type": "edit", "args": changed},
        {"type": "response", "args": REFUSED},
    ]


def test_branches_that_stop_side_by_side_go_on_each_with_its_own_answer(
    desk: Desk, beside: Beside
) -> None:
    def ask(mail: dict[str, str]) -> dict[str, Any]:
        answer = interrupt([request(mail, allow_respond=False)])[0]
        obey(desk, mail, answer)
        return {"answers": [answer]}

    graph = StateGraph(State)
    graph.add_node("ask", ask)
    graph.add_conditional_edges(START, lambda state: [Send("ask", m) for m in state["mails"]])
    graph.add_edge("ask", END)
    running = start(desk, graph, desk.three(), beside)
    ids = desk.decide_three_ways()
    answers = running.result(60)["answers"]
    desk.assert_done(ids)
    assert [answer["type"] for answer in answers] == ["accept", "edit", "ignore"]
