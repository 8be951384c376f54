"""An agent as the tests see it: it posts JSON with its token and reads what comes back."""

import json
from typing import Any

from django.http import HttpResponse
from django.test import Client

API = "/api/v1"


class AgentClient:
    """Calls the API in this process. `raise_request_exception` is off: a 500 is an answer."""

    def __init__(self, token: str) -> None:
        self.client = Client(raise_request_exception=False)
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}

    def get(self, path: str, **headers: str) -> HttpResponse:
        return self.client.get(API + path, headers={**self.headers, **_named(headers)})

    def post(self, path: str, body: Any = None, **headers: str) -> HttpResponse:
        text = body if isinstance(body, bytes) else json.dumps({} if body is None else body)
        return self.client.post(
            API + path,
            data=text,
            content_type="application/json",
            headers={**self.headers, **_named(headers)},
        )

    def stage(self, body: Any, key: str) -> HttpResponse:
        return self.post("/actions", body, idempotency_key=key)


def _named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def problem(response: HttpResponse, status: int, code: str) -> dict[str, Any]:
    """The problem that it carries, checked for its form."""
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    found: dict[str, Any] = response.json()
    known = {"type", "title", "status", "detail", "code", "errors"}
    assert set(found) - {"retry_at", "expected_wait_seconds"} == known
    assert found["code"] == code, found
    assert found["status"] == status
    assert found["type"].endswith(f"/api/v1/problems/{code}")
    return found


def pointers(found: dict[str, Any]) -> list[tuple[str, str]]:
    return [(fault["pointer"], fault["code"]) for fault in found["errors"]]
