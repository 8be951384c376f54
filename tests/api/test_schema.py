"""The API keeps to its own description: no 5xx, no answer that is not in it, whatever is sent."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.urls import get_resolver
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    allow_header_conformance,
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from agents_registry.models import ActionType, Agent, Person, Workflow
from approvals import review
from approvals.api.pages import description
from approvals.sweep import turn
from reviewqueue.wsgi import application
from tests import factories
from tests.api.client import AgentClient
from tests.api.wired import create_thread

pytestmark = pytest.mark.django_db

EXAMPLES = 25
CONFIG = schemathesis.Config.from_dict({"generation": {"with-security-parameters": False}})
"""Every request carries the token; what happens without one has its own tests."""

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
    negative_data_rejection,
    allow_header_conformance,
    unsupported_method,
]
OPERATIONS = [
    (method.upper(), path) for path, methods in description()["paths"].items() for method in methods
]


@pytest.fixture(autouse=True)
def one_connection() -> Iterator[None]:
    """Keeps the test's transaction over a request's end, as Django's own test client does."""
    ends = (request_started, request_finished)
    for signal in ends:
        signal.disconnect(close_old_connections)
    yield
    for signal in ends:
        signal.connect(close_old_connections)


@pytest.fixture
def ids(agent: Agent, refund: ActionType, reviewer: Person) -> list[str]:
    """Actions in several states, so that calls reach more than a 404."""
    waiting, refused, sent_back, released = (
        factories.create_action(agent, refund) for _ in range(4)
    )
    seen = factories.seen
    review.reject(action_id=refused.pk, person=reviewer, seen=seen(refused), reason="tone")
    review.ask_for_changes(
        action_id=sent_back.pk, person=reviewer, seen=seen(sent_back), comment="why?"
    )
    review.approve(action_id=released.pk, person=reviewer, seen=seen(released), checked=["amount"])
    return [str(action.pk) for action in (waiting, refused, sent_back, released)]


@pytest.fixture
def known(
    ids: list[str], agent: Agent, workflow: Workflow, reviewer: Person
) -> dict[str, st.SearchStrategy[Any]]:
    """What stands in this database, for the places where it belongs."""
    factories.create_read_type(workflow)
    waiting = create_thread(agent, workflow, "A")
    decided = create_thread(agent, workflow, "B", by=reviewer)
    turn()
    return {
        "action_id": st.sampled_from(ids),
        "workflow": st.just(workflow.slug),
        "action_type": st.sampled_from(["refund", "look_up_order", "nothing"]),
        "shape": st.just("langchain"),
        "thread_id": st.sampled_from([str(waiting), str(decided)]),
    }


def cases(method: str, path: str, known: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Requests that the description forbids, that it allows, and that name what there is."""
    schema = schemathesis.openapi.from_wsgi("/api/v1/schema", app=application, config=CONFIG)
    operation = schema[path][method]
    forbidden = operation.as_strategy(generation_mode=schemathesis.GenerationMode.NEGATIVE)
    allowed = operation.as_strategy(generation_mode=schemathesis.GenerationMode.POSITIVE)
    named = st.tuples(allowed, st.fixed_dictionaries(known)).map(lambda drawn: _named(*drawn))
    return st.one_of(forbidden, allowed, named)


def _named(case: Any, values: dict[str, Any]) -> Any:
    for part in (case.path_parameters, case.query, case.body):
        if isinstance(part, dict):
            part.update({name: values[name] for name in values if name in part})
    return case


@pytest.mark.parametrize(("method", "path"), OPERATIONS, ids=lambda part: part)
def test_every_answer_is_as_described(
    token: str, known: dict[str, Any], method: str, path: str
) -> None:
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases(method, path, known))
    def answers_as_described(case: Any) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        case.call_and_validate(headers=headers, checks=CHECKS)

    answers_as_described()


def test_it_is_openapi_3_1_without_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", "--format", "openapi-json")
    assert json.loads(capsys.readouterr().out)["openapi"] == "3.1.0"


def test_every_address_of_the_api_is_described_or_explains_the_api() -> None:
    described = {path.removeprefix("/api/v1/") for path in description()["paths"]}
    namespace = get_resolver().namespace_dict["api"][1]
    routes = {str(pattern.pattern) for pattern in namespace.url_patterns}
    plain = {re.sub(r"<\w+:(\w+)>", r"{\1}", route) for route in routes}
    assert plain - described == {"schema", "docs", ""}


def test_the_description_and_the_pages_need_no_token_and_load_nothing_from_elsewhere(
    db: None,
) -> None:
    nobody = AgentClient("")
    assert nobody.get("/schema").json()["info"]["title"] == "Review Queue"
    page = nobody.get("/docs")
    assert page.status_code == 200
    assert b"://" not in page.content.replace(b"http://testserver", b"")
    script = nobody.get("/docs?script=")
    assert b"/api/v1/schema" in script.content
    policy = page["Content-Security-Policy"]
    assert "script-src 'self';" in policy + ";"
    assert "unsafe-inline" not in nobody.get("/schema")["Content-Security-Policy"]
