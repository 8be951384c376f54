"""Any MCP server behind the queue: the agent calls its tools as before, and people decide."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from mcp import Client, StdioServerParameters

from tests.frameworks.mailing import CHANGED, REASON, Decide, Desk, Soon
from tests.frameworks.product import ROOT, Product
from tests.frameworks.test_mcp import environment

MAIL = [sys.executable, str(Path(__file__).with_name("mail_server.py"))]


@pytest.fixture
def desk(product: Product, api: httpx.Client, decide: Decide, soon: Soon) -> Desk:
    return Desk(product, api, decide, soon)


@pytest.fixture
def outbox(tmp_path: Path) -> Path:
    return tmp_path / "outbox.jsonl"


@asynccontextmanager
async def agent(product: Product, outbox: Path) -> AsyncIterator[Client]:
    """An agent with the mail server's tools, behind the proxy."""
    proxy = ["-m", "review_queue", "mcp-proxy", "--workflow", "support", "--", *MAIL]
    own = environment(product) | {"OUTBOX": str(outbox)}
    server = StdioServerParameters(command=sys.executable, args=proxy, env=own, cwd=ROOT)
    async with Client(server) as client:
        yield client


def test_three_calls_are_approved_edited_and_rejected(desk: Desk, outbox: Path) -> None:
    async def whole() -> tuple[list[Any], list[str]]:
        async with agent(desk.product, outbox) as client:
            (tool,) = (await client.list_tools()).tools
            assert (tool.name, tool.description) == ("send_email", "Sends an e-mail.")
            mails = zip(desk.three(), range(3), strict=True)
            calls = []
            for mail, before in mails:
                calls.append(asyncio.create_task(client.call_tool("send_email", mail)))
                await asyncio.to_thread(desk.waiting, before + 1)
            ids = await asyncio.to_thread(desk.decide_three_ways)
            return await asyncio.gather(*calls), ids

    results, ids = asyncio.run(whole())
    desk.sent = [json.loads(line) for line in outbox.read_text().splitlines()]
    desk.assert_done(ids)
    told = [result.content[0].text for result in results]
    assert told[:2] == [f"sent to {desk.mail(name)['to']}" for name in ("ana", "bob")]
    assert REASON.rstrip(".") in told[2]
    assert [result.is_error for result in results] == [False, False, True]
    assert desk.sent[0]["body"] != CHANGED or desk.sent[1]["body"] != CHANGED


def test_what_the_server_behind_fails_at_is_reported_as_failed(desk: Desk, outbox: Path) -> None:
    mail = {**desk.mail("ana"), "subject": "Bounce", "body": desk.domain}

    async def whole() -> Any:
        async with agent(desk.product, outbox) as client:
            call = asyncio.create_task(client.call_tool("send_email", mail))
            (action,) = await asyncio.to_thread(desk.waiting, 1)
            await asyncio.to_thread(desk.decide, action["id"], "approve")
            return await call, action["id"]

    result, action_id = asyncio.run(whole())
    assert result.is_error
    assert "no such mailbox" in result.content[0].text
    assert desk.states([action_id]) == ["failed"]
