"""Agents of Microsoft Agent Framework with a scripted model, resumed by the running product."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from agent_framework import (
    Agent,
    BaseChatClient,
    ChatResponse,
    Content,
    FunctionInvocationLayer,
    Message,
    tool,
)

from tests.frameworks import snippets
from tests.frameworks.mailing import CHANGED, REASON, REFUSED, Decide, Desk, Soon
from tests.frameworks.product import Product

Beside = Callable[[Callable[[], Any]], Future[Any]]


class Scripted(FunctionInvocationLayer[Any], BaseChatClient[Any]):
    """Sends the e-mails of each turn, and is then done; remembers what it was told."""

    def __init__(self, *turns: list[dict[str, str]]) -> None:
        super().__init__()
        self.turns, self.asked = turns, list[list[Message]]()
        self.instructions = list[str]()

    async def _inner_get_response(
        self,
        *,
        messages: Sequence[Message],
        stream: bool,
        options: Mapping[str, Any],
        **rest: Any,
    ) -> ChatResponse:
        number = len(self.asked)
        self.asked.append(list(messages))
        self.instructions.append(options.get("instructions") or "")
        contents = self._calls(number) if number < len(self.turns) else ["All done."]
        return ChatResponse(messages=Message("assistant", contents))

    def told(self) -> dict[str, str]:
        """What came of each call, as the model had it when it was asked last."""
        contents = [content for message in self.asked[-1] for content in message.contents]
        results = [content for content in contents if content.type == "function_result"]
        return {content.call_id: str(content.result) for content in results}

    def _calls(self, number: int) -> list[Content]:
        return [
            Content.from_function_call(
                call_id=f"call-{number}-{place}", name="send_email", arguments=json.dumps(mail)
            )
            for place, mail in enumerate(self.turns[number])
        ]


BY_THE_FRAMEWORK = "Error: Tool call invocation was rejected by user."
"""All that it says of any rejection in the place of a result."""


@pytest.fixture
def desk(product: Product, api: httpx.Client, decide: Decide, soon: Soon) -> Desk:
    return Desk(product, api, decide, soon)


@pytest.fixture
def snippet(product: Product) -> SimpleNamespace:
    return snippets.under("Microsoft Agent Framework", product)


def mailer(desk: Desk, model: Scripted) -> Agent[Any]:
    @tool(approval_mode="always_require")
    def send_email(to: str, subject: str, body: str) -> str:
        """Sends an e-mail."""
        desk.sent.append({"to": to, "subject": subject, "body": body})
        return f"sent to {to}"

    return Agent(model, "You write e-mails.", name="mailer", tools=[send_email])


def test_three_calls_are_approved_and_rejected_and_none_can_be_edited(
    desk: Desk, snippet: SimpleNamespace, beside: Beside
) -> None:
    model = Scripted(desk.three())
    running = beside(lambda: asyncio.run(snippet.run(mailer(desk, model), "Write to them.")))
    first, second, third = ids = [action["id"] for action in desk.waiting(3)]
    desk.decide(first, "approve")
    with pytest.raises(StopIteration):
        desk.decide(second, "edit", {"body": CHANGED})
    desk.decide(second, "approve")
    desk.decide(third, "reject", comment=REASON)
    assert running.result(60).text == "All done."
    assert desk.sent == [desk.mail("ana"), desk.mail("bob")]
    assert desk.states(ids) == ["succeeded", "succeeded", "rejected"]
    assert model.told() == {
        "call-0-0": f"sent to {desk.mail('ana')['to']}",
        "call-0-1": f"sent to {desk.mail('bob')['to']}",
        "call-0-2": BY_THE_FRAMEWORK,
    }
    assert model.instructions == [
        "You write e-mails.",
        f"You write e-mails.\nThese calls were not done:\nsend_email (call-0-2): {REFUSED}",
    ]


def test_what_was_sent_back_is_proposed_anew_and_what_is_taken_over_is_not_done(
    desk: Desk, snippet: SimpleNamespace, beside: Beside
) -> None:
    shorter = desk.mail("ana", "Short.")
    model = Scripted([desk.mail("ana"), desk.mail("bob")], [shorter])
    running = beside(lambda: asyncio.run(snippet.run(mailer(desk, model), "Write to them.")))
    first, second = desk.waiting(2)
    desk.decide(first["id"], "ask_for_changes", comment="Make it shorter.")
    desk.decide(second["id"], "take_over", comment=REASON)
    (third,) = desk.waiting(1)
    desk.decide(third["id"], "approve")
    assert running.result(60).text == "All done."
    assert desk.sent == [shorter]
    assert "Make it shorter." in model.instructions[1]
    assert REASON in model.instructions[1]
    assert model.instructions[2] == "You write e-mails."


def test_the_framework_ignores_other_arguments_which_is_why_edits_are_ruled_out(
    desk: Desk,
) -> None:
    async def whole() -> None:
        agent = mailer(desk, Scripted([desk.mail("ana")]))
        session = agent.create_session()
        (request,) = (await agent.run("Write to her.", session=session)).user_input_requests
        response = request.to_function_approval_response(True).to_dict()
        response["function_call"]["arguments"] = desk.mail("ana", CHANGED)
        await agent.run(Message("user", [Content.from_dict(response)]), session=session)

    asyncio.run(whole())
    assert desk.sent == [desk.mail("ana")]
