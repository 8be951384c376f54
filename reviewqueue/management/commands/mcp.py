"""`manage.py mcp`: this installation as tools for an MCP client; `rq mcp` is the same code."""

import os
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from review_queue import mcp_server


class Command(BaseCommand):
    help = "Serves stage, check, wait, take and report over MCP, for the agent whose token it has."
    requires_system_checks = []  # what they print would stand between the messages

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--http", type=int, metavar="PORT", help="streamable HTTP; else stdio")

    def handle(self, *args: Any, **options: Any) -> None:
        token = os.environ.get("REVIEW_QUEUE_TOKEN")
        if not token and options["http"] is None:
            raise CommandError("Set REVIEW_QUEUE_TOKEN (manage.py issue_token AGENT makes one).")
        url = os.environ.get("REVIEW_QUEUE_URL", settings.PUBLIC_URL)
        mcp_server.serve(url=url, token=token, port=options["http"])
