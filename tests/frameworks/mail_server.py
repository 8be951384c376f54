"""Somebody's MCP server, which knows nothing of a queue: it writes its mails to a file."""

import json
import os
from pathlib import Path

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError

server: MCPServer = MCPServer("mail")


@server.tool()
def send_email(to: str, subject: str, body: str) -> str:
    """Sends an e-mail."""
    if subject == "Bounce":
        raise ToolError("no such mailbox")
    assert "REVIEW_QUEUE_TOKEN" not in os.environ
    with Path(os.environ["OUTBOX"]).open("a") as outbox:
        outbox.write(json.dumps({"to": to, "subject": subject, "body": body}) + "\n")
    return f"sent to {to}"


server.run("stdio")
