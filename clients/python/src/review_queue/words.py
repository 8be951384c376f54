"""Why something was not done, in sentences for a person or a model."""

from collections.abc import Sequence
from typing import Any

from review_queue.models import Action

WHY = {
    "rejected": "Rejected",
    "changes_requested": "Sent back for changes",
    "taken_over": "A person does it instead of you",
    "answered": "Answered by a person",
    "accepted": "Accepted as a draft: a person uses it, nothing is to be executed",
    "blocked": "The policy forbids it",
    "expired": "Nobody approved it in time",
    "withdrawn": "Withdrawn",
    "revoked": "The approval was taken back",
    "observed": "Judged as a test: nothing is to be executed",
    "released": "An earlier attempt has it and has not reported yet",
    "unknown": "An earlier attempt took it and never reported: a person finds out what happened",
    "succeeded": "It was done before, and is not done again",
    "failed": "It was tried before, and failed",
}


def why_not(action: Action) -> str:
    """One line: what was asked, what became of it, and what the person said."""
    why = WHY.get(action.state, f"Its state is {action.state}")
    return f"Not done: {action.sentence}. {why}{_said(action)}."


def of_problem(status: int, code: str, detail: str, errors: Sequence[dict[str, Any]]) -> str:
    """The detail, its code, and each place that is wrong."""
    places = "".join(f"\n  {error['pointer']}: {error['detail']}" for error in errors)
    return f"{detail or 'No detail'} ({code or status}){places}"


def _said(action: Action) -> str:
    if action.state == "blocked":
        return ": " + " ".join(action.because).rstrip(".")
    decision = action.decision
    if decision is None:
        return ""
    told = (decision.raw.get("answer") or {}).get("text") or decision.comment
    reason = (decision.reason or "").replace("_", " ")
    said = [part for part in (reason, f"“{told.rstrip('.')}”" if told else "") if part]
    return f" by {decision.by}" + (f": {', '.join(said)}" if said else "")
