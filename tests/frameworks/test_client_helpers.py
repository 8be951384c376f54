"""The Python client with each framework: guarded tools, and one call around the run."""

import asyncio
import json
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any

import httpx
import pytest
from agent_framework import Agent as FrameworkAgent
from agent_framework import tool as framework_tool
from agents import Agent as OpenAIAgent
from agents import function_tool, set_tracing_disabled
from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware
from langchain_core.messages import AIMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import interrupt
from pydantic_ai import Agent, DeferredToolRequests
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart
from pydantic_ai.models.function import AgentInfo, FunctionModel
from review_queue import AsyncClient, Client, current_release
from review_queue import agent_framework as framework
from review_queue import langgraph as graphs
from review_queue import openai_agents as openai
from review_queue import pydantic_ai as pydantic

from tests.frameworks.mailing import CHANGED, REASON, REFUSED, Decide, Desk, Soon
from tests.frameworks.product import Product
from tests.frameworks.test_agent_framework import Scripted as ScriptedByFramework
from tests.frameworks.test_langchain import Scripted
from tests.frameworks.test_langgraph import State, request
from tests.frameworks.test_openai_agents import Scripted as ScriptedByOpenAI

Beside = Callable[[Callable[[], Any]], Future[Any]]
Send = Callable[[str, str, str], str]


@pytest.fixture
def desk(product: Product, api: httpx.Client, decide: Decide, soon: Soon) -> Desk:
    return Desk(product, api, decide, soon)


@pytest.fixture
def rq(product: Product) -> Iterator[Client]:
    with Client(product.url, product.token) as client:
        yield client


@pytest.fixture
def send_email(desk: Desk, rq: Client) -> Send:
    """The tool of every agent here."""

    @rq.guard(workflow="support")
    def send_email(to: str, subject: str, body: str) -> str:
        """Sends an e-mail."""
        assert current_release().payload == {"to": to, "subject": subject, "body": body}
        desk.sent.append({"to": to, "subject": subject, "body": body})
        return f"sent to {to}"

    return send_email


def chain(tool: Send, calls: list[dict[str, Any]]) -> Any:
    """A LangChain agent whose model makes these calls in one turn."""
    turn = AIMessage("", tool_calls=[{**call, "id": f"c-{n}"} for n, call in enumerate(calls)])
    return create_agent(
        Scripted(messages=iter([turn, AIMessage("All done.")])),
        tools=[tool],
        middleware=[HumanInTheLoopMiddleware({"send_email": True})],
        checkpointer=InMemorySaver(),
    )


def config_of(desk: Desk) -> dict[str, Any]:
    return {"configurable": {"thread_id": desk.domain}}


def calls_of(mails: list[dict[str, str]]) -> list[dict[str, Any]]:
    return [{"name": "send_email", "args": mail} for mail in mails]


def test_langchain(desk: Desk, rq: Client, send_email: Send, beside: Beside) -> None:
    agent = chain(send_email, calls_of(desk.three()))
    given = {"messages": [("user", "Write to them.")]}
    running = beside(lambda: graphs.run(rq, agent, given, config_of(desk), workflow="support"))
    ids = desk.decide_three_ways()
    assert running.result(60)["messages"][-1].content == "All done."
    desk.assert_done(ids)


def test_langchain_goes_on_where_it_was_after_a_restart(
    desk: Desk, rq: Client, send_email: Send, beside: Beside
) -> None:
    agent = chain(send_email, calls_of(desk.three()))
    agent.invoke({"messages": [("user", "Write to them.")]}, config_of(desk))
    runs = [
        beside(lambda: rq_run(desk, agent)),
        beside(lambda: desk.decide_three_ways()),
    ]
    result, ids = (each.result(60) for each in runs)
    assert result["messages"][-1].content == "All done."
    desk.assert_done(ids)


def rq_run(desk: Desk, agent: Any) -> Any:
    """As a process does it that knows nothing of the one before but the thread."""
    with Client(desk.product.url, desk.product.token) as rq:
        return graphs.run(rq, agent, None, config_of(desk), workflow="support")


def test_a_tool_that_fails_is_reported_as_failed(desk: Desk, rq: Client, beside: Beside) -> None:
    @rq.guard(workflow="support")
    def send_email(to: str, subject: str, body: str) -> str:
        """Sends an e-mail."""
        raise ConnectionError("no mail server")

    agent = chain(send_email, calls_of([desk.mail("ana")]))
    given = {"messages": [("user", "Write to her.")]}
    running = beside(lambda: graphs.run(rq, agent, given, config_of(desk), workflow="support"))
    (action,) = desk.waiting(1)
    desk.decide(action["id"], "approve")
    with pytest.raises(ConnectionError):
        running.result(60)
    assert desk.states([action["id"]]) == ["failed"]


def test_agent_inbox(desk: Desk, rq: Client, send_email: Send, beside: Beside) -> None:
    def ask(state: State) -> dict[str, Any]:
        answers = interrupt([request(mail) for mail in state["mails"]])
        for mail, answer in zip(state["mails"], answers, strict=True):
            if answer["type"] == "accept":
                send_email(**mail)
            elif answer["type"] == "edit":
                send_email(**answer["args"]["args"])
        return {"answers": answers}

    graph = StateGraph(State)
    graph.add_node("ask", ask)
    graph.add_edge(START, "ask")
    graph.add_edge("ask", END)
    compiled = graph.compile(InMemorySaver())
    given = {"mails": desk.three(), "answers": []}
    where = {"workflow": "support", "shape": "agent-inbox"}
    running = beside(lambda: graphs.run(rq, compiled, given, config_of(desk), **where))
    ids = desk.decide_three_ways()
    assert len(running.result(60)["answers"]) == 3
    desk.assert_done(ids)


def test_langchain_awaited(desk: Desk, product: Product, beside: Beside) -> None:
    async def whole() -> Any:
        async with AsyncClient(product.url, product.token) as rq:

            @rq.guard(workflow="support")
            async def send_email(to: str, subject: str, body: str) -> str:
                """Sends an e-mail."""
                desk.sent.append({"to": to, "subject": subject, "body": body})
                return f"sent to {to}"

            agent = chain(send_email, calls_of(desk.three()))
            given = {"messages": [("user", "Write to them.")]}
            return await graphs.arun(rq, agent, given, config_of(desk), workflow="support")

    running = beside(lambda: asyncio.run(whole()))
    ids = desk.decide_three_ways()
    assert running.result(60)["messages"][-1].content == "All done."
    desk.assert_done(ids)


def test_openai_agents(desk: Desk, product: Product, send_email: Send, beside: Beside) -> None:
    set_tracing_disabled(True)
    tool = function_tool(needs_approval=True)(send_email)
    model = ScriptedByOpenAI(desk.three())
    agent = OpenAIAgent(name="mailer", model=model, tools=[tool])

    async def whole() -> Any:
        async with AsyncClient(product.url, product.token) as rq:
            return await openai.run(rq, agent, "Write to them.", workflow="support")

    running = beside(lambda: asyncio.run(whole()))
    ids = desk.decide_three_ways()
    assert running.result(60).final_output == "All done."
    desk.assert_done(ids)


def writer(desk: Desk, send_email: Send) -> Agent[None, Any]:
    """An agent of Pydantic AI whose model sends three e-mails in one turn."""
    turns = iter([calls_of(desk.three())])

    def say(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        calls = next(turns, [])
        parts = [
            ToolCallPart(c["name"], json.dumps(c["args"]), f"c-{n}") for n, c in enumerate(calls)
        ]
        return ModelResponse(parts=parts or [TextPart("All done.")])

    agent: Agent[None, Any] = Agent(FunctionModel(say), output_type=[str, DeferredToolRequests])
    agent.tool_plain(requires_approval=True)(send_email)
    return agent


def test_pydantic_ai(desk: Desk, rq: Client, send_email: Send, beside: Beside) -> None:
    agent = writer(desk, send_email)
    running = beside(lambda: pydantic.run_sync(rq, agent, "Write to them.", workflow="support"))
    ids = desk.decide_three_ways()
    assert running.result(60).output == "All done."
    desk.assert_done(ids)


def test_pydantic_ai_awaited(
    desk: Desk, product: Product, send_email: Send, beside: Beside
) -> None:
    agent = writer(desk, send_email)

    async def whole() -> Any:
        async with AsyncClient(product.url, product.token) as rq:
            return await pydantic.run(rq, agent, "Write to them.", workflow="support")

    running = beside(lambda: asyncio.run(whole()))
    ids = desk.decide_three_ways()
    assert running.result(60).output == "All done."
    desk.assert_done(ids)


@pytest.mark.parametrize("session", ["its own", "the caller's"])
def test_agent_framework(
    session: str, desk: Desk, product: Product, send_email: Send, beside: Beside
) -> None:
    model = ScriptedByFramework([desk.mail("ana"), desk.mail("eve")], [desk.mail("bob")])
    tools = [framework_tool(approval_mode="always_require")(send_email)]
    agent = FrameworkAgent(model, "You write e-mails.", name="mailer", tools=tools)
    given = {"session": agent.create_session()} if session == "the caller's" else {}

    async def whole() -> Any:
        async with AsyncClient(product.url, product.token) as rq:
            options = {"instructions": "Be kind."}
            return await framework.run(
                rq, agent, "Write to them.", workflow="support", options=options, **given
            )

    running = beside(lambda: asyncio.run(whole()))
    first, third = (action["id"] for action in desk.waiting(2))
    desk.decide(first, "approve")
    desk.decide(third, "reject", comment=REASON)
    (second,) = (action["id"] for action in desk.waiting(1))
    desk.decide(second, "approve")
    assert running.result(60).text == "All done."
    assert desk.sent == [desk.mail("ana"), desk.mail("bob")]
    assert desk.states([first, second, third]) == ["succeeded", "succeeded", "rejected"]
    always = "You write e-mails.\nBe kind."
    why = f"These calls were not done:\nsend_email (call-0-1): {REFUSED}"
    assert model.instructions == [always, f"{always}\n{why}", always]


def test_agent_framework_runs_a_guarded_tool_with_what_a_person_made_of_it(
    desk: Desk, send_email: Send, beside: Beside
) -> None:
    model = ScriptedByFramework([desk.mail("bob")])
    agent = FrameworkAgent(model, name="mailer", tools=[framework_tool(send_email)])
    running = beside(lambda: asyncio.run(_run(agent)))
    (action,) = desk.waiting(1)
    desk.decide(action["id"], "edit", {"body": CHANGED})
    running.result(60)
    assert desk.sent == [desk.mail("bob", CHANGED)]
    assert desk.states([action["id"]]) == ["succeeded"]


async def _run(agent: Any) -> Any:
    return await agent.run("Write to him.")


def test_a_guarded_tool_needs_no_interrupt(desk: Desk, send_email: Send, beside: Beside) -> None:
    """The shortest way: the tool itself waits."""
    turn = AIMessage("", tool_calls=[{**calls_of([desk.mail("bob")])[0], "id": "c"}])
    model = Scripted(messages=iter([turn, AIMessage("All done.")]))
    agent = create_agent(model, tools=[send_email])
    running = beside(lambda: agent.invoke({"messages": [("user", "Write to him.")]}))
    (action,) = desk.waiting(1)
    desk.decide(action["id"], "edit", {"body": "Shorter."})
    running.result(60)
    assert desk.sent == [desk.mail("bob", "Shorter.")]
    assert desk.states([action["id"]]) == ["succeeded"]
