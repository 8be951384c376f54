"""An agent with a token, and bodies that its desk accepts."""

from typing import Any

import pytest

from agents_registry.models import ActionType, Agent
from tests import factories
from tests.api.client import AgentClient


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
