"""The MCP server with a real MCP client, over stdio and HTTP, as `rq` and `manage.py` start it."""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import httpx2
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from tests.frameworks.product import PYTHON, ROOT, Product

REFUND = {"order": "A-1", "amount": 120, "currency": "USD"}
RQ = [sys.executable, "-m", "review_queue", "mcp"]
MANAGE = [str(PYTHON), str(ROOT / "manage.py"), "mcp"]
Decide = Callable[..., None]
Ask = Callable[..., Any]


def environment(product: Product) -> dict[str, str]:
    return {
        "REVIEW_QUEUE_URL": product.url,
        "REVIEW_QUEUE_TOKEN": product.token,
        "SECRET_KEY": "only-for-tests",
        "PYTHONPATH": str(ROOT / "clients" / "python" / "src"),
    }


@asynccontextmanager
async def session(product: Product, command: list[str] = RQ) -> AsyncIterator[Ask]:
    """A session of its own, in which tools can be asked."""
    server = StdioServerParameters(
        command=command[0], args=command[1:], env=environment(product), cwd=ROOT
    )
    async with Client(server) as client:
        yield asking(client)


def asking(client: Client) -> Ask:
    """Calls a tool: what it answered, or the words with which it refused."""

    async def ask(tool: str, **arguments: Any) -> Any:
        result = await client.call_tool(tool, arguments)
        return result.content[0].text if result.is_error else result.structured_content

    return ask


def staged(product: Product, **more: Any) -> dict[str, Any]:
    return {"workflow": product.workflow, "action_type": "refund", "payload": REFUND, **more}


async def to_the_end(product: Product, decide: Callable[[str], None]) -> dict[str, Any]:
    """Every step in a session of its own: nothing but the action's id is carried over."""
    async with session(product) as ask:
        action = await ask("stage", **staged(product, details={"confidence": 0.9}))
    assert action["state"] == "pending"
    assert "wait" in action["next"]
    async with session(product) as ask:
        waiting = asyncio.create_task(ask("wait", action_id=action["id"]))
        await asyncio.to_thread(decide, action["id"])
        return await waiting


@pytest.mark.parametrize(
    ("verdict", "payload"), [("approve", REFUND), ("edit", {**REFUND, "amount": 80})]
)
def test_what_is_approved_is_done_as_approved_and_reported(
    verdict: str, payload: dict[str, Any], product: Product, decide: Decide, api: httpx.Client
) -> None:
    async def whole() -> str:
        decided = await to_the_end(product, lambda key: decide(key, verdict, {"amount": 80}))
        assert decided["state"] == "approved"
        async with session(product) as ask:
            release = await ask("take", action_id=decided["id"])
        assert release["payload"] == payload
        async with session(product) as ask:
            given = {"action_id": decided["id"], "lease_id": release["lease_id"]}
            done = await ask("report", **given, status="succeeded", after=release["payload"])
        assert done["state"] == "succeeded"
        return str(decided["id"])

    assert api.get(f"/actions/{asyncio.run(whole())}").json()["state"] == "succeeded"


def test_what_is_rejected_is_told_with_its_reason_and_cannot_be_taken(
    product: Product, decide: Decide
) -> None:
    async def whole() -> None:
        decided = await to_the_end(product, lambda key: decide(key, "reject", comment="No."))
        assert decided["state"] == "rejected"
        assert decided["decision"] == {
            "verdict": "rejected",
            "by": product.username,
            "reason": "wrong_facts",
            "comment": "No.",
        }
        assert decided["next"] == "It is over: do not do it."
        async with session(product) as ask:
            assert "(not_approved)" in await ask("take", action_id=decided["id"])

    asyncio.run(whole())


def test_a_repeated_call_in_a_conversation_stages_once(product: Product) -> None:
    async def whole() -> None:
        async with session(product) as ask:
            first = await ask("stage", **staged(product))
            again = await ask("stage", **staged(product))
            other = await ask("stage", **staged(product, key="the second refund of A-1"))
        assert first["id"] == again["id"] != other["id"]

    asyncio.run(whole())


def test_a_key_names_a_thing_across_conversations(product: Product) -> None:
    async def whole() -> None:
        ids = []
        for _ in range(2):
            async with session(product) as ask:
                ids.append((await ask("stage", **staged(product, key="refund of A-7")))["id"])
        assert ids[0] == ids[1]

    asyncio.run(whole())


def test_manage_py_serves_the_same_tools(product: Product) -> None:
    async def whole() -> None:
        async with session(product, MANAGE) as ask:
            me = await ask("me")
            check = await ask("check", **staged(product))
        assert [workflow["slug"] for workflow in me["workflows"]] == [product.workflow]
        assert check["needs_person"] is True

    asyncio.run(whole())


def test_a_model_is_told_what_it_did_wrong(product: Product) -> None:
    async def whole() -> None:
        wrong = staged(product, payload={**REFUND, "amount": "a lot"})
        async with session(product) as ask:
            assert "/payload/amount" in await ask("stage", **wrong)

    asyncio.run(whole())


@pytest.fixture(params=[RQ, MANAGE], ids=["rq", "manage.py"])
def address(request: pytest.FixtureRequest, product: Product) -> Iterator[str]:
    """Where it is served over HTTP, by a process that has no token of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    own = environment(product) | {"REVIEW_QUEUE_TOKEN": "", "PATH": os.environ["PATH"]}
    server = subprocess.Popen([*request.param, "--http", str(port)], cwd=ROOT, env=own)
    try:
        with httpx.Client(transport=httpx.HTTPTransport(retries=10)) as client:
            while server.poll() is None:
                try:
                    client.get(f"http://127.0.0.1:{port}/mcp")
                except httpx.ConnectError:
                    continue
                break
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        server.terminate()
        server.wait()


def test_over_http_each_caller_is_the_agent_of_its_own_token(
    address: str, product: Product, decide: Decide
) -> None:
    async def whole() -> None:
        headers = {"Authorization": f"Bearer {product.token}"}
        async with (
            httpx2.AsyncClient(headers=headers, timeout=60) as http,
            Client(streamable_http_client(address, http_client=http)) as client,
        ):
            ask = asking(client)
            action = await ask("stage", **staged(product))
            await asyncio.to_thread(decide, action["id"], "approve")
            assert (await ask("wait", action_id=action["id"]))["state"] == "approved"
            release = await ask("take", action_id=action["id"])
            done = await ask(
                "report",
                action_id=action["id"],
                lease_id=release["lease_id"],
                status="failed",
                error="The bank is closed.",
            )
            assert done["state"] == "failed"

    asyncio.run(whole())


def test_over_http_nobody_comes_in_without_a_token(address: str) -> None:
    async def whole() -> None:
        async with Client(address) as client:
            assert "REVIEW_QUEUE_TOKEN" in await asking(client)("me")

    asyncio.run(whole())
