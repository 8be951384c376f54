"""LangChain's HumanInTheLoopMiddleware with a scripted model, resumed by the running product."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import httpx
import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, ToolMessage
from langgraph.checkpoint.memory import InMemorySaver

from tests.frameworks import snippets
from tests.frameworks.mailing import CHANGED, REASON, REFUSED, Decide, Desk, Soon
from tests.frameworks.product import Product

Beside = Callable[[Callable[[], Any]], Future[Any]]
MODES = ["batched", "per_call"]
EVERYTHING = ["approve", "edit", "reject", "respond"]


class Scripted(GenericFakeChatModel):
    """Says what it is told to, whatever tools it is given."""

    def bind_tools(self, tools: Any, **options: Any) -> "Scripted":
        return self


@pytest.fixture
def desk(product: Product, api: httpx.Client, decide: Decide, soon: Soon) -> Desk:
    return Desk(product, api, decide, soon)


def mailer(
    desk: Desk, mode: str, *turns: list[dict[str, str]], allowed: list[str] = EVERYTHING
) -> Any:
    """An agent whose model sends the e-mails of each turn, and is then done."""

    def send_email(to: str, subject: str, body: str) -> str:
        """Sends an e-mail."""
        desk.sent.append({"to": to, "subject": subject, "body": body})
        return f"sent to {to}"

    def turn(number: int, mails: list[dict[str, str]]) -> AIMessage:
        calls = [
            {"name": "send_email", "args": mail, "id": f"call-{number}-{place}"}
            for place, mail in enumerate(mails)
        ]
        return AIMessage("", tool_calls=calls)

    said = [turn(number, mails) for number, mails in enumerate(turns)]
    return create_agent(
        Scripted(messages=iter([*said, AIMessage("All done.")])),
        tools=[send_email],
        middleware=[
            HumanInTheLoopMiddleware(
                {"send_email": {"allowed_decisions": allowed}}, interrupt_mode=mode
            )
        ],
        checkpointer=InMemorySaver(),
    )


def start(desk: Desk, agent: Any, beside: Beside) -> Future[Any]:
    run = snippets.under("LangChain", desk.product).run
    config = {"configurable": {"thread_id": desk.domain}}
    return beside(lambda: run(agent, [("user", "Write to them.")], config))


def told(result: Any) -> dict[str, str]:
    """What the model was told of each call."""
    messages = [each for each in result["messages"] if isinstance(each, ToolMessage)]
    return {message.tool_call_id: str(message.content) for message in messages}


@pytest.mark.parametrize("mode", MODES)
def test_three_calls_are_approved_edited_and_rejected(
    mode: str, desk: Desk, beside: Beside
) -> None:
    running = start(desk, mailer(desk, mode, desk.three()), beside)
    ids = desk.decide_three_ways()
    result = running.result(60)
    desk.assert_done(ids)
    assert result["messages"][-1].content == "All done."
    assert told(result)["call-0-0"] == f"sent to {desk.mail('ana')['to']}"
    assert CHANGED in told(result)["call-0-1"], "the model learns what was done instead"
    assert told(result)["call-0-2"].endswith(REFUSED)


@pytest.mark.parametrize("mode", MODES)
def test_what_was_sent_back_is_proposed_anew_and_decided_again(
    mode: str, desk: Desk, beside: Beside
) -> None:
    shorter = desk.mail("ana", CHANGED)
    running = start(desk, mailer(desk, mode, [desk.mail("ana")], [shorter]), beside)
    (first,) = desk.waiting(1)
    desk.decide(first["id"], "ask_for_changes", comment="Make it shorter.")
    (second,) = desk.waiting(1)
    desk.decide(second["id"], "approve")
    result = running.result(60)
    assert desk.sent == [shorter]
    assert "Make it shorter." in told(result)["call-0-0"]
    assert desk.states([first["id"], second["id"]]) == ["withdrawn", "succeeded"]


@pytest.mark.parametrize("mode", MODES)
def test_a_person_has_no_form_for_an_edit_that_the_tool_does_not_take(
    mode: str, desk: Desk, beside: Beside
) -> None:
    agent = mailer(desk, mode, [desk.mail("ana")], allowed=["approve", "reject"])
    running = start(desk, agent, beside)
    (action,) = desk.waiting(1)
    with pytest.raises(StopIteration):
        desk.decide(action["id"], "edit", {"body": CHANGED})
    desk.decide(action["id"], "reject", comment=REASON)
    result = running.result(60)
    assert desk.sent == []
    assert told(result)["call-0-0"].endswith(REFUSED)


@pytest.mark.parametrize("mode", MODES)
def test_what_a_person_takes_over_is_not_done(mode: str, desk: Desk, beside: Beside) -> None:
    running = start(desk, mailer(desk, mode, [desk.mail("ana")]), beside)
    (action,) = desk.waiting(1)
    desk.decide(action["id"], "take_over", comment=REASON)
    result = running.result(60)
    assert desk.sent == []
    assert f"A person does this themselves. Do not do it. {REASON}" in told(result)["call-0-0"]
