"""An agent with a token, and bodies that its desk accepts."""

from collections.abc import Iterator
from typing import Any

import pytest

from agents_registry.models import ActionType, Agent
from tests import factories
from tests.api.client import AgentClient
from tests.api.server import running


@pytest.fixture
def token(agent: Agent) -> str:
    return factories.create_token(agent)


@pytest.fixture
def api(token: str) -> AgentClient:
    return AgentClient(token)


@pytest.fixture
def body(refund: ActionType) -> dict[str, Any]:
    """A refund that waits for a person."""
    return {
        "workflow": refund.workflow.slug,
        "action_type": "refund",
        "payload": {"order": "A-1", "amount": 120, "currency": "USD"},
        "before": {"order": "A-1", "refunded": 0},
        "trace": {"model": "test"},
    }


@pytest.fixture
def read_body(refund: ActionType) -> dict[str, Any]:
    """A look-up that needs nobody."""
    factories.create_read_type(refund.workflow)
    return {
        "workflow": refund.workflow.slug,
        "action_type": "look_up_order",
        "payload": {"order": "A-1"},
    }


@pytest.fixture(scope="module")
def server(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real server; tests that use it commit what they write."""
    with running(tmp_path_factory.mktemp("server") / "server.log") as url:
        yield url
