"""What every test may ask for: a desk with an agent and a gated refund, people, and a stranger."""

from typing import Any

import hypothesis
import pytest
from django.test import Client

from agents_registry import rates
from agents_registry.models import ActionType, Agent, Person, Workflow
from approvals.models import Action
from tests import factories

# No test asserts a timing: how long an example takes depends on the machine.
hypothesis.settings.register_profile("suite", deadline=None)
hypothesis.settings.load_profile("suite")


@pytest.fixture(autouse=True, scope="session")
def redis_may_take_its_time() -> None:
    """Where a machine is busy it answers late, and what is not counted in time is let through."""
    rates.TIMEOUT_SECONDS = 10.0


@pytest.fixture(autouse=True)
def nobody_is_asked_again(settings: Any) -> None:
    """`force_login` signs in without a password, which proves nothing."""
    settings.REAUTHENTICATE_MINUTES = 0


@pytest.fixture
def desk(db: None) -> tuple[Agent, Workflow, ActionType]:
    """An agent, its workflow with four owners and a pool, and a refund that a person approves."""
    return factories.create_desk()


@pytest.fixture
def agent(desk: tuple[Agent, Workflow, ActionType]) -> Agent:
    return desk[0]


@pytest.fixture
def workflow(desk: tuple[Agent, Workflow, ActionType]) -> Workflow:
    return desk[1]


@pytest.fixture
def refund(desk: tuple[Agent, Workflow, ActionType]) -> ActionType:
    return desk[2]


@pytest.fixture
def action(agent: Agent, refund: ActionType) -> Action:
    """A refund that waits for a person."""
    return factories.create_action(agent, refund)


@pytest.fixture
def reviewer(workflow: Workflow) -> Person:
    return factories.reviewer_of(workflow)


@pytest.fixture
def stranger(db: None) -> Person:
    """Somebody of another team."""
    return factories.create_person(team=factories.create_team())


@pytest.fixture
def signed_in(client: Client, reviewer: Person) -> Client:
    client.force_login(reviewer)
    return client
