"""Puts the tools of any MCP server behind the queue: the agent sees the same tools and calls them
as before, and each call is staged, decided, and made once with what was approved."""

import os
from collections.abc import Sequence
from typing import Any

import anyio
from mcp import Client, StdioServerParameters
from mcp.server import Server, ServerRequestContext
from mcp.server.stdio import stdio_server
from mcp_types import (
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
)

from review_queue.asynchronous import AsyncClient
from review_queue.errors import NotDone, StillPending

LONGEST_WAIT = 50.0  # MCP clients give up on a call after a minute
AGAIN = "Call it again with the same arguments to go on waiting. Nothing was done so far."


class Failed(Exception):
    """The server behind says that its tool failed."""

    def __init__(self, result: CallToolResult) -> None:
        super().__init__(_text(result))
        self.result = result


def serve(command: Sequence[str], *, workflow: str) -> None:
    """Serves over stdio until the client leaves. `command` starts the server behind; the name of
    each of its tools is an action type of `workflow`."""
    anyio.run(_serve, list(command), workflow)


async def _serve(command: list[str], workflow: str) -> None:
    own = {name: value for name, value in os.environ.items() if name != "REVIEW_QUEUE_TOKEN"}
    behind = StdioServerParameters(command=command[0], args=command[1:], env=own)
    async with AsyncClient() as rq, Client(behind) as tools, stdio_server() as (read, write):
        server = made(rq, tools, workflow)
        await server.run(read, write, server.create_initialization_options())


def made(rq: AsyncClient, tools: Client, workflow: str) -> Server[Any]:
    """The server in front: the tools of the one behind, each guarded."""

    async def list_tools(
        context: ServerRequestContext[Any], params: PaginatedRequestParams | None
    ) -> ListToolsResult:
        return await tools.list_tools(cursor=params.cursor if params else None)

    async def call_tool(
        context: ServerRequestContext[Any], params: CallToolRequestParams
    ) -> CallToolResult:
        async def call(**arguments: Any) -> CallToolResult:
            result = await tools.call_tool(params.name, arguments)
            if result.is_error:
                raise Failed(result)
            return result

        guard = rq.guard(workflow=workflow, action_type=params.name, timeout=LONGEST_WAIT)
        try:
            return await guard(call)(**(params.arguments or {}))
        except Failed as failed:
            return failed.result
        except StillPending as waiting:
            return _told(f"{waiting} {AGAIN}")
        except NotDone as refusal:
            return _told(str(refusal))

    return Server("review-queue-proxy", on_list_tools=list_tools, on_call_tool=call_tool)


def _told(words: str) -> CallToolResult:
    return CallToolResult(content=[TextContent(type="text", text=words)], is_error=True)


def _text(result: CallToolResult) -> str:
    return " ".join(part.text for part in result.content if isinstance(part, TextContent))
