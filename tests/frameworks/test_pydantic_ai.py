"""Pydantic AI agents with a scripted model, resumed by the running product."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import httpx
import pytest
from pydantic_ai import Agent, DeferredToolRequests
from pydantic_ai.messages import (
    ModelMessage,
    ModelResponse,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
)
from pydantic_ai.models.function import AgentInfo, FunctionModel

from tests.frameworks import snippets
from tests.frameworks.mailing import REASON, REFUSED, Decide, Desk, Soon
from tests.frameworks.product import Product

Beside = Callable[[Callable[[], Any]], Future[Any]]


@pytest.fixture
def desk(product: Product, api: httpx.Client, decide: Decide, soon: Soon) -> Desk:
    return Desk(product, api, decide, soon)


def mailer(desk: Desk, *turns: list[dict[str, str]]) -> Agent[None, Any]:
    """An agent whose model sends the e-mails of each turn, and is then done."""
    left = iter(enumerate(turns))

    def say(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        number, mails = next(left, (0, []))
        calls = [
            ToolCallPart("send_email", mail, f"call-{number}-{place}")
            for place, mail in enumerate(mails)
        ]
        return ModelResponse(parts=calls or [TextPart("All done.")])

    agent: Agent[None, Any] = Agent(FunctionModel(say), output_type=[str, DeferredToolRequests])

    @agent.tool_plain(requires_approval=True)
    def send_email(to: str, subject: str, body: str) -> str:
        desk.sent.append({"to": to, "subject": subject, "body": body})
        return f"sent to {to}"

    return agent


def start(desk: Desk, agent: Agent[None, Any], beside: Beside) -> Future[Any]:
    run = snippets.under("Pydantic AI", desk.product).run
    return beside(lambda: run(agent, "Write to them."))


def told(result: Any) -> dict[str, str]:
    """What the model was told of each call."""
    parts = [part for message in result.all_messages() for part in message.parts]
    returned = [part for part in parts if isinstance(part, ToolReturnPart)]
    return {part.tool_call_id: str(part.content) for part in returned}


def test_three_calls_are_approved_edited_and_rejected(desk: Desk, beside: Beside) -> None:
    running = start(desk, mailer(desk, desk.three()), beside)
    ids = desk.decide_three_ways()
    result = running.result(60)
    desk.assert_done(ids)
    assert result.output == "All done."
    assert told(result) == {
        "call-0-0": f"sent to {desk.mail('ana')['to']}",
        "call-0-1": f"sent to {desk.mail('bob')['to']}",
        "call-0-2": REFUSED,
    }


def test_what_was_sent_back_is_proposed_anew_and_what_is_taken_over_is_not_done(
    desk: Desk, beside: Beside
) -> None:
    shorter = desk.mail("ana", "Short.")
    agent = mailer(desk, [desk.mail("ana"), desk.mail("bob")], [shorter])
    running = start(desk, agent, beside)
    first, second = desk.waiting(2)
    desk.decide(first["id"], "ask_for_changes", comment="Make it shorter.")
    desk.decide(second["id"], "take_over", comment=REASON)
    (third,) = desk.waiting(1)
    desk.decide(third["id"], "approve")
    result = running.result(60)
    assert result.output == "All done."
    assert desk.sent == [shorter]
    assert "Make it shorter." in told(result)["call-0-0"]
    assert REASON in told(result)["call-0-1"]
