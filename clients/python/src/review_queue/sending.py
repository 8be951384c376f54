"""How a request is sent over HTTP, and when it is sent again."""

import os
import random
import time
from typing import Any

import httpx

from review_queue.errors import Problem, Unreachable
from review_queue.requests import Answer, Request

API = "/api/v1"
ANSWER_SECONDS = 30.0
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 10.0


def settings(url: str | None, token: str | None) -> dict[str, Any]:
    """What an httpx client is made of; TypeError where it is told nowhere."""
    url = _told("url", url, "REVIEW_QUEUE_URL").rstrip("/").removesuffix(API)
    token = _told("token", token, "REVIEW_QUEUE_TOKEN")
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
    return {"base_url": url + API, "headers": headers}


def _told(name: str, value: str | None, variable: str) -> str:
    told = value or os.environ.get(variable)
    if not told:
        raise TypeError(f"Give the client its {name}, or set {variable}.")
    return told


def options(request: Request) -> dict[str, Any]:
    """The arguments of `httpx.Client.request`."""
    return {
        "method": request.method,
        "url": request.path,
        "json": request.body,
        "params": request.query or None,
        "headers": request.headers(),
        "timeout": ANSWER_SECONDS + request.wait,
    }


def read(response: httpx.Response) -> Answer:
    """What it says; Problem where it refuses."""
    if response.is_success:
        replayed = response.headers.get("Idempotency-Replayed") == "true"
        return Answer(response.status_code, response.json(), replayed)
    after = response.headers.get("Retry-After", "")
    raise Problem(
        _object(response),
        status=response.status_code,
        retry_after=float(after) if after.isdigit() else None,
    )


def _object(response: httpx.Response) -> dict[str, Any]:
    """Its problem; something in front of the server may answer without one."""
    try:
        found = response.json()
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {"detail": response.reason_phrase}


class Attempts:
    """The tries of one request: repeated while the trouble may pass and patience lasts.

    Repeating is safe: what is staged carries its key, an outcome belongs to its lease, everything
    else reads, or takes what is still there.
    """

    def __init__(self, patience: float) -> None:
        self.end = time.monotonic() + patience
        self.pause = FIRST_PAUSE

    def pause_after(self, trouble: httpx.TransportError | Problem) -> float:
        """Seconds until the next try; raises where there is none."""
        if isinstance(trouble, Problem) and trouble.status != 429 and trouble.status < 500:
            raise trouble
        wished = trouble.retry_after if isinstance(trouble, Problem) else None
        # Not all at the same moment: a server that comes back is asked by everybody at once.
        pause = self.pause * random.uniform(0.5, 1.5) if wished is None else wished  # noqa: S311
        if time.monotonic() + pause > self.end:
            raise _final(trouble) from trouble
        self.pause = min(2 * self.pause, LONGEST_PAUSE)
        return pause


def _final(trouble: httpx.TransportError | Problem) -> Problem | Unreachable:
    if isinstance(trouble, Problem):
        return trouble
    words = str(trouble) or type(trouble).__name__
    return Unreachable(f"The review queue does not answer: {words}")
