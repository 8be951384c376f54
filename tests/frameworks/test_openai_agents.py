"""Agents of the OpenAI Agents SDK with a scripted model, resumed by the running product."""

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from agents import Agent, ModelResponse, Usage, function_tool, set_tracing_disabled
from agents.models.interface import Model
from openai.types.responses import (
    ResponseFunctionToolCall,
    ResponseOutputMessage,
    ResponseOutputText,
)

from tests.frameworks import snippets
from tests.frameworks.mailing import REASON, REFUSED, Decide, Desk, Soon
from tests.frameworks.product import Product

Beside = Callable[[Callable[[], Any]], Future[Any]]


class Scripted(Model):
    """Sends the e-mails of each turn, and is then done; remembers what it was told."""

    def __init__(self, *turns: list[dict[str, str]]) -> None:
        self.turns, self.asked = turns, list[Any]()

    async def get_response(
        self, system_instructions: Any, input: Any, *rest: Any, **options: Any
    ) -> ModelResponse:
        number = len(self.asked)
        self.asked.append(input)
        output = self._calls(number) if number < len(self.turns) else [_text("All done.")]
        return ModelResponse(output=output, usage=Usage(), response_id=None)

    def stream_response(self, *rest: Any, **options: Any) -> Any:
        raise NotImplementedError("nothing here streams")

    def told(self) -> dict[str, str]:
        return {
            item["call_id"]: item["output"]
            for item in self.asked[-1]
            if item.get("type") == "function_call_output"
        }

    def _calls(self, number: int) -> list[Any]:
        return [
            ResponseFunctionToolCall(
                type="function_call",
                name="send_email",
                call_id=f"call-{number}-{place}",
                arguments=json.dumps(mail),
            )
            for place, mail in enumerate(self.turns[number])
        ]


def _text(text: str) -> ResponseOutputMessage:
    content = ResponseOutputText(type="output_text", text=text, annotations=[])
    return ResponseOutputMessage(
        id="m", type="message", role="assistant", status="completed", content=[content]
    )


@pytest.fixture
def desk(product: Product, api: httpx.Client, decide: Decide, soon: Soon) -> Desk:
    set_tracing_disabled(True)
    return Desk(product, api, decide, soon)


@pytest.fixture
def snippet(product: Product) -> SimpleNamespace:
    return snippets.under("OpenAI Agents SDK", product)


def mailer(desk: Desk, snippet: SimpleNamespace, model: Model) -> Agent[Any]:
    @function_tool(needs_approval=True)
    def send_email(to: str, subject: str, body: str) -> str:
        """Sends an e-mail."""
        desk.sent.append({"to": to, "subject": subject, "body": body})
        return f"sent to {to}"

    return Agent(name="mailer", model=model, tools=[snippet.with_edits(send_email)])


def test_three_calls_are_approved_edited_and_rejected(
    desk: Desk, snippet: SimpleNamespace, beside: Beside
) -> None:
    model = Scripted(desk.three())
    agent = mailer(desk, snippet, model)
    running = beside(lambda: asyncio.run(snippet.run(agent, "Write to them.")))
    ids = desk.decide_three_ways()
    assert running.result(60).final_output == "All done."
    desk.assert_done(ids)
    assert model.told() == {
        "call-0-0": f"sent to {desk.mail('ana')['to']}",
        "call-0-1": f"sent to {desk.mail('bob')['to']}",
        "call-0-2": REFUSED,
    }


def test_what_was_sent_back_is_proposed_anew_and_what_is_taken_over_is_not_done(
    desk: Desk, snippet: SimpleNamespace, beside: Beside
) -> None:
    model = Scripted([desk.mail("ana"), desk.mail("bob")], [desk.mail("ana", "Short.")])
    agent = mailer(desk, snippet, model)
    running = beside(lambda: asyncio.run(snippet.run(agent, "Write to them.")))
    first, second = desk.waiting(2)
    desk.decide(first["id"], "ask_for_changes", comment="Make it shorter.")
    desk.decide(second["id"], "take_over", comment=REASON)
    (third,) = desk.waiting(1)
    desk.decide(third["id"], "approve")
    assert running.result(60).final_output == "All done."
    assert desk.sent == [desk.mail("ana", "Short.")]
    assert "Make it shorter." in model.told()["call-0-0"]
    assert REASON in model.told()["call-0-1"]
