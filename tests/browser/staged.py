"""Actions for a browser to decide, staged by the agent of the demo that nobody plays."""

from typing import Any
from uuid import uuid4

import httpx

LETTERS = "abcdefghijklmnopqrstuvwxyz"


def new_run() -> str:
    """A run id that no other test's search finds."""
    return f"run-{uuid4().hex[:12]}"


def stage_mail(demo: dict[str, Any], run: str, number: int = 0, *, wrong: bool = False) -> str:
    """A mail that the agent is unsure of, so of the top tier; a wrong one goes to somebody else
    than the thread says. Its id."""
    to = f"{LETTERS[number]}.{run}@customer.example"
    asker = f"x.{run}@customer.example" if wrong else to
    payload = {
        "to": to,
        "recipient_role": "staff",
        "subject": f"Question {number}",
        "body": f"The export runs at six.\n\n{run}",
    }
    asked = f"From {asker}: when does it run?"
    return _stage(demo, "send_email", run, payload, asked, confidence=0.6, before=None)


def stage_list(demo: dict[str, Any], run: str, number: int = 0, *, wrong: bool = False) -> str:
    """An enrolment that is reviewed in batches; a wrong one names somebody of no source. Its id."""
    first = f"{LETTERS[number]}.{run}@customer.example"
    found = f"x.{run}@customer.example" if wrong else first
    payload = {"sequence": "Webinar follow-up", "contacts": [first], "reason": run}
    before = {"contacts": []}
    return _stage(
        demo, "enrol_in_sequence", run, payload, f"Came: {found}", confidence=0.9, before=before
    )


def _stage(
    demo: dict[str, Any],
    kind: str,
    run: str,
    payload: dict[str, Any],
    excerpt: str,
    *,
    confidence: float,
    before: Any,
) -> str:
    answer = _call(
        demo,
        "POST",
        "/actions",
        json={
            "workflow": "outreach",
            "action_type": kind,
            "payload": payload,
            "before": before,
            "confidence": confidence,
            "evidence": [{"title": "What was read", "source": "mail", "excerpt": excerpt}],
            "handoff": {
                "trigger": "They asked",
                "decision_asked": "May this be done?",
                "next_steps": ["Do it"],
            },
            "trace": {"model": "demo", "tool_calls": []},
            "subject": {"type": "run", "id": run, "label": run},
            "run_id": run,
        },
    )
    assert answer["state"] == "pending", answer
    return str(answer["id"])


def take(demo: dict[str, Any], action_id: str) -> None:
    """The agent takes what was approved."""
    _call(demo, "POST", f"/actions/{action_id}/release", json={"lease_seconds": 300})


def revise(demo: dict[str, Any], action_id: str, payload: dict[str, Any]) -> None:
    """The agent's next revision of what was sent back."""
    _call(demo, "POST", f"/actions/{action_id}/revise", json={"payload": payload})


def verdict_on(demo: dict[str, Any], action_id: str) -> dict[str, Any]:
    """The action as its agent reads it."""
    return _call(demo, "GET", f"/actions/{action_id}")


def decided(demo: dict[str, Any], action_id: str) -> str:
    """Its state once its agent is told of a decision, which may be held back for a few seconds."""
    answer = _call(demo, "GET", f"/actions/{action_id}", wait=20)
    return str(answer["state"])


def _call(
    demo: dict[str, Any], method: str, path: str, *, wait: int = 0, **options: Any
) -> dict[str, Any]:
    token = next(each["token"] for each in demo["agents"] if each["slug"] == "your-agent")
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": str(uuid4())}
    if wait:
        headers["Prefer"] = f"wait={wait}"
    options = {"headers": headers, "timeout": 60, **options}
    answer = httpx.request(method, f"{demo['url']}/api/v1{path}", **options)
    assert answer.is_success, answer.text
    found: dict[str, Any] = answer.json()
    return found
