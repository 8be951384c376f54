"""What can go wrong, sorted by the one question that counts: was it done?

ReviewQueueError
  NotDone           it was not done
    Refused           a person or the policy decided so, or it came to nothing
    Problem           the server refused the request (RFC 9457); `code` is stable
    StillPending      nobody has decided yet
    Unreachable       no answer from the server
  NotReported       it was done, and the server does not know it
  OutcomeUnknown    raised by a tool that cannot tell whether it was done
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from review_queue import words
from review_queue.models import Action


class ReviewQueueError(Exception):
    """Everything that this package raises."""


class NotDone(ReviewQueueError):
    """The guarded function did not run. `str()` is a sentence that a model can be told."""


class Refused(NotDone):
    """The action will not be done: rejected, sent back, taken over, blocked, expired…"""

    def __init__(self, action: Action) -> None:
        super().__init__(words.why_not(action))
        self.action = action


class StillPending(NotDone):
    """Nobody decided in the time that was given. The same call again goes on waiting."""

    def __init__(self, action: Action) -> None:
        super().__init__(f"Not decided yet: {action.sentence}. It waits at {action.review_url}.")
        self.action = action


class Problem(NotDone):
    """The server's refusal of a request. `errors` points at each fault by JSON Pointer."""

    def __init__(
        self, answer: Mapping[str, Any], *, status: int, retry_after: float | None = None
    ) -> None:
        self.status = status
        self.code: str = answer.get("code", "")
        self.detail: str = answer.get("detail", "")
        self.errors: list[dict[str, str]] = answer.get("errors", [])
        retry_at = answer.get("retry_at")
        self.retry_at = datetime.fromisoformat(retry_at) if retry_at else None
        self.retry_after = retry_after
        super().__init__(words.of_problem(status, self.code, self.detail, self.errors))


class Unreachable(NotDone):
    """The server gave no usable answer as long as we were patient."""


class NotReported(ReviewQueueError):
    """The function ran, and its outcome could not be reported; the cause says why.

    `result` is what it returned. Unless its type is idempotent a person settles the action.
    """

    def __init__(self, action_id: str, result: Any) -> None:
        super().__init__(f"Action {action_id} was carried out, and that could not be reported.")
        self.action_id = action_id
        self.result = result


class OutcomeUnknown(ReviewQueueError):
    """Raise it in a guarded function that cannot tell whether it was done: a bank that did not
    answer. Nothing is reported then, and when the lease ends a person finds out."""
