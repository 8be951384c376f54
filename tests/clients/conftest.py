"""A running server, a client with an agent's token, and the two things it may do."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from review_queue import Client

from agents_registry.models import Agent, Person, Workflow
from approvals import review
from approvals.models import Action
from approvals.states import State
from tests import factories
from tests.api.server import running
from tests.clients.between import Between, between
from tests.factories import seen

REFUND = {"order": "A-1", "amount": 120, "currency": "USD"}
Decide = Callable[..., Any]


@pytest.fixture(scope="session")
def server(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real server; tests that use it commit what they write."""
    with running(tmp_path_factory.mktemp("server") / "server.log") as url:
        yield url


@pytest.fixture
def support(transactional_db: None, workflow: Workflow) -> str:
    """The workflow: a refund that a person approves, a look-up that nobody must."""
    factories.create_read_type(workflow)
    return workflow.slug


@pytest.fixture
def token(support: str, agent: Agent) -> str:
    return factories.create_token(agent)


@pytest.fixture
def rq(server: str, token: str) -> Iterator[Client]:
    with Client(server, token) as client:
        yield client


@pytest.fixture
def middle(server: str) -> Iterator[Between]:
    with between(server) as middle:
        yield middle


@pytest.fixture
def shaky(middle: Between, token: str) -> Iterator[Client]:
    """A client whose requests go through `middle`; it gives up after five seconds."""
    with Client(middle.url, token, patience=5) as client:
        yield client


@pytest.fixture
def approve(reviewer: Person) -> Decide:
    """Approves what waits; with a payload, in that version. The action's id."""

    def approve(payload: dict[str, Any] | None = None) -> str:
        action = Action.objects.get(state=State.PENDING)
        given = {"person": reviewer, "seen": seen(action), "checked": ["x"]}
        if payload is None:
            review.approve(action_id=action.pk, **given)
        else:
            review.edit_and_approve(action_id=action.pk, payload=payload, **given)
        return str(action.pk)

    return approve


@pytest.fixture
def reject(reviewer: Person) -> Decide:
    def reject(comment: str = "", reason: str = "wrong_facts") -> str:
        action = Action.objects.get(state=State.PENDING)
        words = {"reason": reason, "comment": comment}
        review.reject(action_id=action.pk, person=reviewer, seen=seen(action), **words)
        return str(action.pk)

    return reject
